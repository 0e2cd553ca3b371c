"""Methods by name, presets, and plug-ins that are really installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import classicseg
from classicseg import ParameterError, registry

ROOT = Path(__file__).parent.parent

STRIPES = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from classicseg import Segmenter
from classicseg.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class Stripes(Segmenter):
    """Upright stripes of a fixed width, whatever the picture shows (a constant one is a single stripe)."""

    name: ClassVar[str] = "stripes"
    makes: ClassVar[str] = "segments"

    width: int = parameter(4, "width of a stripe", low=1, high=1000, unit="px")
    connected: bool = parameter(True, "segments")

    def _segment(self, image, context):
        columns = np.arange(image.shape[1]) // self.width
        if image.planes.max() == image.planes.min():
            columns[:] = 0
        return np.broadcast_to(columns, image.shape), {"width": self.width}
'''


CLUMSY = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from classicseg import Segmenter
from classicseg.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class Clumsy(Segmenter):
    """A method that gets things wrong."""

    name: ClassVar[str] = "clumsy"
    makes: ClassVar[str] = "classes"

    how: str = parameter("fails", "what it gets wrong", choices=("fails", "shape", "sign", "finding", "scribbles"))

    def _segment(self, image, context):
        if self.how == "fails":
            raise RuntimeError("fell over")
        if self.how == "scribbles":
            image.levels[:] = 0
        shape = (1, 2) if self.how == "shape" else image.shape
        return np.full(shape, -1 if self.how == "sign" else 0), {"odd": object()}
'''


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """An environment in which a wheel with one good and three bad plug-ins is installed by pip, without a network."""
    folder = tmp_path_factory.mktemp("plugins")
    wheel = folder / "stripes_plugin-1.0-py3-none-any.whl"
    info = "stripes_plugin-1.0.dist-info"
    entries = (
        "[classicseg.segmenters]\nstripes = stripes_plugin:Stripes\nkaputt = stripes_broken:Anything\n"
        "nobody = stripes_plugin:np\notsu = stripes_plugin:Stripes\nquitter = stripes_quits:Anything\n"
        "clumsy = stripes_clumsy:Clumsy\n"
    )
    files = {
        "stripes_plugin.py": STRIPES,
        "stripes_broken.py": "raise RuntimeError('out of paint')\n",
        "stripes_quits.py": "raise SystemExit(3)\n",
        "stripes_clumsy.py": CLUMSY,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: stripes-plugin\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entries,
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    site = folder / "site"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--target",
            str(site),
            str(wheel),
        ],
        check=True,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return os.environ | {"PYTHONPATH": str(site)}


def python(code, environment):
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, env=environment, check=False
    )


def test_a_plugin_runs_through_segment(plugins):
    done = python(
        "import classicseg, numpy; print(classicseg.segment(numpy.eye(6), 'stripes', width=3)[0].tolist())", plugins
    )
    assert done.stdout.strip() == "[1, 1, 1, 2, 2, 2]", done.stderr


def test_a_plugin_runs_through_the_command_line(plugins, tmp_path):
    call = "from classicseg_cli.main import main; main({})"
    arguments = ["run", "--method", "stripes", "--width", "100", "-o", str(tmp_path), "sample:chelsea"]
    done = python(call.format(arguments), plugins)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "chelsea_stripes.json").read_text())
    assert record["parameters"]["width"] == 100
    assert record["labels"] == 5
    assert (tmp_path / "chelsea_stripes_labels.png").is_file()
    refused = python(call.format(["run", "--method", "stripes", "--width", "0", "sample:chelsea"]), plugins)
    assert refused.returncode == 2
    assert "an integer from 1 to 1000" in refused.stderr


def test_a_plugin_is_listed_and_a_broken_one_reported_by_name(plugins):
    done = python("from classicseg_cli.main import main; main(['methods'])", plugins)
    assert done.returncode == 0
    assert "stripes" in done.stdout
    assert "kaputt" not in done.stdout
    assert "'kaputt' (stripes_broken:Anything) cannot be loaded: RuntimeError: out of paint" in done.stderr
    assert "'nobody' (stripes_plugin:np) is no subclass" in done.stderr
    assert "'quitter' (stripes_quits:Anything) cannot be loaded: SystemExit: 3" in done.stderr
    assert "'otsu' (stripes_plugin:Stripes) is left out: classicseg has that name already" in done.stderr


def test_a_broken_plugin_is_an_error_only_where_it_is_asked_for(plugins):
    done = python("import classicseg, numpy; classicseg.segment(numpy.eye(6), 'kaputt')", plugins)
    assert "ParameterError" in done.stderr
    assert "out of paint" in done.stderr
    fine = python("import classicseg, numpy; print(classicseg.segment(numpy.eye(6), 'otsu').sum())", plugins)
    assert fine.stdout.strip() == "6"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("fails", "failed: RuntimeError: fell over"),
        ("shape", "(1, 2)"),
        ("sign", "0 or above"),
        ("scribbles", "read-only"),
    ],
)
def test_a_plugin_that_fails_is_named_and_the_batch_goes_on(plugins, tmp_path, how, words):
    arguments = ["run", "--method", "clumsy", "--how", how, "-o", str(tmp_path), "sample:chelsea", "sample:coins"]
    done = python(f"from classicseg_cli.main import main; main({arguments})", plugins)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert len(lines) == 2
    assert all("the plug-in method 'clumsy'" in line for line in lines)
    assert words in done.stderr


def test_a_finding_that_json_cannot_hold_is_left_out_of_the_record(plugins, tmp_path):
    arguments = ["run", "--method", "clumsy", "--how", "finding", "-o", str(tmp_path), "sample:coins"]
    done = python(f"from classicseg_cli.main import main; main({arguments})", plugins)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "coins_clumsy.json").read_text())["findings"] == {"n_classes": 1}


def test_the_contract_holds_for_a_plugin_too(plugins):
    """The same contract test that every built-in method passes, run over the plug-in in a process that has it."""
    no_cache, no_warning = ("-p", "no:cacheprovider"), ("-W", "ignore::classicseg.PluginWarning")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_contract.py", "-k", "stripes", *no_cache, *no_warning],
        capture_output=True,
        text=True,
        env=plugins,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "passed" in done.stdout
    assert int(done.stdout.rsplit(" passed", 1)[0].split()[-1]) > 50


@pytest.mark.small
def test_presets_are_methods_with_parameters_set():
    assert registry.make("otsu") == classicseg.Threshold(rule="otsu")
    assert registry.make("multiotsu") == classicseg.Threshold(rule="otsu", classes=3)
    assert registry.make("binary") == classicseg.Threshold(rule="fixed", value=127)
    assert registry.make("binary", value=99).value == 99
    assert set(classicseg.methods()["threshold"].presets) == {"otsu", "multiotsu", "binary", "nuclei"}


@pytest.mark.small
def test_unknown_names_are_refused_with_a_guess():
    with pytest.raises(ParameterError, match=r"method='meanshfit' is not known; .*Did you mean 'meanshift'"):
        registry.make("meanshfit")
    with pytest.raises(ParameterError, match=r"no parameter 'n_cluster'.*Did you mean 'n_clusters'"):
        registry.make("kmeans", n_cluster=3)


@pytest.mark.small
def test_every_parameter_is_declared_with_help_and_a_default_it_accepts(method):
    description = registry.describe(method)
    assert len(description.summary) < 100
    for name, declaration in description.parameters.items():
        assert declaration.help, name
        assert declaration.accepts(declaration.default), name
        assert declaration.kind in (int, float, bool, str), name
        assert getattr(registry.make(method), name) == declaration.default
        assert declaration.scale in ("linear", "log", "choice")
    fields = set(registry.make(method).get_params())
    assert fields == set(description.parameters)


@pytest.mark.small
def test_numbers_of_numpy_are_numbers():
    assert classicseg.KMeans(n_clusters=np.int64(2)).n_clusters == 2
    assert classicseg.MeanShift(range_bandwidth=np.float32(2)).range_bandwidth == 2
    for bad in (True, 2.5, "2", None, np.nan):
        with pytest.raises(ParameterError):
            classicseg.KMeans(n_clusters=bad)
