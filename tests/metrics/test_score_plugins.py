"""Scores that other packages add: found by their entry points, guarded, and used like classicseg's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

MODULE = """
from classicseg.metrics import Fractions, Score


def agreement(table):
    same = table.predicted[table.rows] == table.true[table.columns]
    return Fractions.of(table.counts[same].sum(), table.total)


def falls_over(table, kind):
    raise RuntimeError("out of ink")


AGREEMENT = Score(
    name="agreement.plain", help="pixels with one label", paper="none", sums=agreement, options=(), kinds=("classes",)
)
NOTHING = Score(name="nothing", help="gives None", paper="none", function=lambda table, kind: None)
CLUMSY = Score(name="clumsy", help="falls over", paper="none", function=falls_over)
COVERING = Score(name="covering", help="a name that is taken", paper="none", sums=agreement)
"""

ENTRIES = """[classicseg.scores]
agreement.plain = ink_scores:AGREEMENT
clumsy = ink_scores:CLUMSY
nothing = ink_scores:NOTHING
covering = ink_scores:COVERING
misnamed = ink_scores:AGREEMENT
absent = ink_nowhere:SCORE
"""


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """An environment in which a package with one good and several bad scores is installed."""
    site = tmp_path_factory.mktemp("site")
    info = site / "ink_scores-1.0.dist-info"
    info.mkdir()
    (site / "ink_scores.py").write_text(MODULE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ink-scores\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    return os.environ | {"PYTHONPATH": str(site)}


def python(code, environment):
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, env=environment, check=False
    )


def test_a_score_of_another_package_is_used_by_name_and_pooled(plugins):
    code = (
        "from classicseg.metrics import score; print(score([[1, 2, 2]], [[1, 1, 2]], 'agreement.plain'));"
        "from classicseg.bench import Benchmark; from classicseg.datasets import open_dataset;"
        "scenes = open_dataset('scenes', kind='classes');"
        "print(Benchmark(['kmeans'], scenes, 'agreement.plain', averaging='pooled', workers=1).rows[0].averaging)"
    )
    done = python(code, plugins)
    assert done.stdout.split() == ["0.6666666666666666", "pooled"], done.stderr


def test_it_is_listed_and_broken_ones_are_reported_by_name(plugins):
    done = python("from classicseg_cli.main import main; main(['scores', '--json'])", plugins)
    listed = json.loads(done.stdout)
    assert listed["agreement.plain"]["kinds"] == ["classes"]
    assert listed["covering"]["paper"] == "Arbelaez et al. 2011"
    assert not {"misnamed", "absent"} & set(listed)
    assert "'covering' (ink_scores:COVERING) is left out: classicseg has that name already" in done.stderr
    assert "'misnamed' (ink_scores:AGREEMENT) is no classicseg.metrics.Score with name = 'misnamed'" in done.stderr
    assert "'absent' (ink_nowhere:SCORE) cannot be loaded: ModuleNotFoundError" in done.stderr


def test_a_score_that_falls_over_is_named(plugins):
    done = python("from classicseg.metrics import score; score([[1]], [[1]], 'clumsy')", plugins)
    assert "PluginError: the plug-in score 'clumsy' failed: RuntimeError: out of ink" in done.stderr
    done = python("from classicseg.metrics import score; score([[1]], [[1]], 'nothing')", plugins)
    assert "PluginError: the plug-in score 'nothing' failed: TypeError" in done.stderr


def test_a_file_whose_score_falls_over_is_named(plugins, tmp_path):
    map_of_ones = tmp_path / "ones.npy"
    np.save(map_of_ones, np.ones((2, 2), dtype=np.uint8))
    arguments = ["score", str(map_of_ones), str(map_of_ones), "--metric", "clumsy"]
    done = python(f"from classicseg_cli.main import main; main({arguments})", plugins)
    assert done.returncode == 1
    assert "ones.npy: the plug-in score 'clumsy' failed" in done.stderr and "Traceback" not in done.stderr
