"""What may be loaded when, and who may import whom."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"numba", "scipy", "sklearn", "skimage", "cv2"}
ROOT = Path(__file__).parent.parent


def loaded_by(code: str) -> set[str]:
    """The top-level modules that stand in sys.modules after `code` ran in a process of its own."""
    report = "; import sys, json; print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def call(*arguments: str) -> str:
    return f"from classicseg_cli.main import _exit_code; assert _exit_code({list(arguments)}) == 0"


@pytest.mark.parametrize(
    "code",
    [
        "import classicseg",
        "from classicseg import *",
        call("--help"),
        call("run", "--help"),
        call("run", "--method", "meanshift", "--help"),
        call("methods"),
        call("methods", "spectral"),
        call("score", "--help"),
        call("bench", "--help"),
        "import numpy, classicseg; classicseg.segment(numpy.eye(9), 'otsu')",
        "import numpy, classicseg; classicseg.segment(numpy.eye(9) * 0.123, 'otsu')",
    ],
)
def test_no_heavy_library_is_loaded_by(code):
    assert not loaded_by(code) & HEAVY


def test_help_does_not_even_load_numpy():
    assert "numpy" not in loaded_by(call("--help"))


def test_force_is_at_hand_where_nothing_but_the_package_is_imported():
    assert "numpy" not in loaded_by("import classicseg; classicseg.memory.forced()")


def test_multi_otsu_and_kmeans_do_without_cv2():
    for method in ("multiotsu", "kmeans", "meanshift", "quickshift", "gmm"):
        code = f"import numpy, classicseg; classicseg.segment(numpy.eye(9), {method!r})"
        assert "cv2" not in loaded_by(code)


def test_public_names_are_what_they_say():
    import classicseg

    for name in classicseg.__all__:
        assert getattr(classicseg, name).__name__ == name
    assert set(classicseg.__all__) < set(dir(classicseg))
    assert classicseg.__version__[0].isdigit()
    with pytest.raises(AttributeError, match="nonsense"):
        classicseg.nonsense  # noqa: B018


def test_imports_go_downward_only():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "setup.cfg"), no_cache=True) == 0
