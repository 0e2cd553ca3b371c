"""Suites: what their files may say, halves by name, and the ones that belong to the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classicseg.bench.suites.suite import half, read_suite, suite_names
from classicseg.datasets import DataSet, Sample, made_scenes
from classicseg.errors import ImageError, ParameterError
from classicseg.io.write import encode_labels
from classicseg.registry import make

small = pytest.mark.small

HERE = Path(__file__).parents[2] / "benchmarks" / "suites"

WHOLE = """
about = "two tables"
pictures = 5
budget = 7
search = "grid"
seed = 3
fixed = { classes = { connected = true }, kmeans = { n_clusters = 4 } }

[[tables]]
name = "mine"
data = "instances:mine"
halves = true
metrics = ["instance.f1@0.5", { name = "pq.agnostic", averaging = "pooled" }]
tune = "pq.agnostic"
methods = ["classes", "nuclei", "slic"]

[[tables]]
name = "fore"
data = "instances:mine"
view = "binary"
train = "train"
report = "val"
foreground = "dark"
metrics = ["iou.foreground"]
methods = "segments"
"""


def named(*names):
    return DataSet("set", tuple(Sample(name, "classes", int, int) for name in names))


def segmenters(table):
    """The methods of a table with what is fixed for them."""
    return {name: make(name, **table.fixed.get(name, {})) for name in table.methods}


@pytest.fixture
def suite_file(tmp_path):
    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return write


@small
def test_a_file_says_everything(suite_file):
    suite = read_suite(suite_file(WHOLE))
    assert (suite.name, suite.pictures, suite.budget, suite.search, suite.seed) == ("mine", 5, 7, "grid", 3)
    first, second = suite.tables
    assert [(each.score.name, each.averaging) for each in first.measures] == [
        ("instance.f1@0.5", "mean"),
        ("pq.agnostic", "pooled"),
    ]
    assert (first.tuned_for.score.name, first.tuned_for.averaging) == ("pq.agnostic", "pooled")
    assert second.tuned_for.score.name == "iou.foreground"
    assert first.methods == ("threshold", "kmeans", "gmm", "spectral", "nuclei", "slic")
    made = segmenters(first)
    assert [made[name].connected for name in first.methods] == [True] * 6
    assert made["kmeans"].n_clusters == 4
    assert made["nuclei"].rule == "objects"
    assert "threshold" not in second.methods
    assert "meanshift" in second.methods
    assert segmenters(second)["slic"].connected
    assert (second.foreground, second.view, second.train, second.report) == ("dark", "binary", "train", "val")


@small
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("budget = 7", "budgets = 7", "the key 'budgets' is not known; .* mean 'budget'"),
        ("budget = 7", "budget = 0", "budget = 0 is not allowed; it is a whole number from 1 on"),
        ("budget = 7", "budget = true", "budget = True is not allowed"),
        ('search = "grid"', 'search = "luck"', "search = 'luck' is not allowed"),
        ('name = "fore"', 'name = "mine"', "two tables are called 'mine'"),
        ('name = "fore"', "", r"tables\[1\] has no name"),
        ('data = "instances:mine"\nhalves', 'data = "mine"\nhalves', "it is READER:FOLDER"),
        ('data = "instances:mine"\nhalves', 'data = "nuclides:mine"\nhalves', "before the colon stands a reader"),
        ("halves = true", 'halves = true\ntrain = "x"', "halves as well as train"),
        ("halves = true", "", "does not say what is tuned on"),
        ('report = "val"', 'report = "train"', "'train' is tuned on and reported"),
        ('"instance.f1@0.5"', '"instance.f1@5"', r"metrics\[0\]: the score 'instance.f1@5' is not known"),
        ('["iou.foreground"]', "[]", "metrics = \\[\\] is not allowed"),
        ('["iou.foreground"]', '["vi", "vi"]', "one score twice"),
        ('["iou.foreground"]', '[{ name = "vi", averaging = "pooled" }]', "vi cannot be pooled"),
        ('["iou.foreground"]', '["iou.majority"]', "no oracle: none"),
        ('tune = "pq.agnostic"', 'tune = "vi"', "tune = 'vi' is not allowed"),
        ('foreground = "dark"', 'foreground = "black"', "foreground='black' is not allowed"),
        ('methods = "segments"', 'methods = ["otsuu"]', "methods: .*otsu"),
        ("n_clusters = 4", "n_clusters = 0", "fixed: .*n_clusters"),
        ("kmeans = {", "kmeanz = {", "fixed: the key 'kmeanz' is not known"),
        ('about = "two tables"', "about = ", "is no TOML file"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_place(suite_file, old, new, words):
    assert old in WHOLE
    path = suite_file(WHOLE.replace(old, new, 1))
    with pytest.raises(ParameterError, match=words) as raised:
        read_suite(path)
    assert str(path) in str(raised.value)


@small
def test_a_table_needs_not_know_what_the_suite_fixes_for_other_methods(suite_file):
    path = suite_file(WHOLE.replace('methods = "segments"', 'methods = "segments"\nfixed = {}'))
    assert read_suite(path).tables[1].fixed == {}


@small
def test_suites_are_found_by_name_in_the_checkout_or_here(tmp_path, monkeypatch):
    assert suite_names() == ["bsds500", "foreground", "nuclei", "semantic"]
    monkeypatch.chdir(tmp_path)
    assert read_suite("nuclei").name == "nuclei"  # of the checkout
    folder = tmp_path / "benchmarks" / "suites"
    folder.mkdir(parents=True)
    (folder / "nuclei.toml").write_text(WHOLE)
    assert read_suite("nuclei").about == "two tables"  # the one that is here comes first
    with pytest.raises(ParameterError, match=r"'nuclie' is not known; there are .*mean 'nuclei'"):
        read_suite("nuclie")
    with pytest.raises(ParameterError, match="cannot be read"):
        read_suite(tmp_path / "none.toml")


@small
def test_halves_are_cut_in_the_middle_of_the_names_sorted_by_their_numbers():
    whole = named("s10", "s9", "s2", "t1", "s1")
    first, second = half(whole, "first"), half(whole, "second")
    assert [sample.name for sample in first] == ["s1", "s2"]
    assert [sample.name for sample in second] == ["s9", "s10", "t1"]
    assert (first.name, second.name) == ("set/first half", "set/second half")
    with pytest.raises(ParameterError, match="1 picture"):
        half(named("x"), "first")
    with pytest.raises(ParameterError, match="'third' is not allowed"):
        half(whole, "third")


@small
def test_a_table_opens_its_halves_under_the_folder_of_all_sets(suite_file, tmp_path, monkeypatch):
    table = read_suite(suite_file(WHOLE)).tables[0]
    monkeypatch.delenv("CLASSICSEG_DATA", raising=False)
    with pytest.raises(ParameterError, match="CLASSICSEG_DATA"):
        table.open()
    with pytest.raises(ImageError, match="mine is looked for in"):
        table.open(tmp_path)
    for sub in ("images", "labels"):
        (tmp_path / "mine" / sub).mkdir(parents=True)
        for number in range(5):
            content = encode_labels(np.full((4, 4), number, np.int32), "png")
            (tmp_path / "mine" / sub / f"{number}.png").write_bytes(content)
    monkeypatch.setenv("CLASSICSEG_DATA", str(tmp_path))
    train, report = table.open()
    assert (train.name, len(train), report.name, len(report)) == ("mine/first half", 2, "mine/second half", 3)
    assert not {sample.name for sample in train} & {sample.name for sample in report}


@small
def test_made_scenes_are_halved_whole():
    scenes = made_scenes(size=64)
    names = {sample.name for which in ("first", "second") for sample in half(scenes, which)}
    assert names == {sample.name for sample in scenes}


@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("*.toml")))
def test_each_suite_of_the_checkout_opens_with_scores_that_fit_its_truths(name, data_root):
    suite = read_suite(HERE / f"{name}.toml")
    assert (suite.pictures, suite.budget) == (40, 40)
    for table in suite.tables:
        folder = data_root / table.spec.partition(":")[2]
        if not folder.is_dir():
            pytest.skip(f"needs {folder.name}")
        train, report = table.open(data_root)
        assert not {sample.name for sample in train} & {sample.name for sample in report}
        for measure in table.measures:
            measure.score.require_kind(report.kind)
            measure.score.require_kind(train.kind)
        assert segmenters(table)


@small
def test_a_suite_of_some_methods_leaves_out_tables_without_them(suite_file):
    suite = read_suite(suite_file(WHOLE))
    some = suite.of_methods(["kmeans", "slic"])
    assert [(table.name, table.methods) for table in some.tables] == [("mine", ("kmeans", "slic")), ("fore", ("slic",))]
    assert [table.name for table in suite.of_methods(["kmeans"]).tables] == ["mine"]
    with pytest.raises(ParameterError, match="no method 'otsu'"):
        suite.of_methods(["otsu"])


@small
def test_methods_that_could_not_be_tuned_are_told(suite_file, tmp_path, monkeypatch):
    from classicseg import KMeans
    from classicseg.bench.suites.run import tuned_panel

    def fail(*_):
        raise ImageError("too small")

    suite = read_suite(suite_file(WHOLE.replace("budget = 7", "budget = 2")))
    scenes = [sample for sample in made_scenes(size=64) if sample.kind == "instances"][:2]
    halves = DataSet("mine/first half", tuple(scenes[:1])), DataSet("mine/second half", tuple(scenes[1:]))
    monkeypatch.setattr(KMeans, "_segment", fail)
    told = []
    (table,) = suite.of_methods(["kmeans", "nuclei"]).tables[:1]
    panel = tuned_panel(suite, table, *halves, folder=tmp_path, workers=1, tell=told.append)
    assert [entry.name for entry in panel.entries] == ["nuclei"]
    assert told == ["mine: kmeans: nothing could be chosen: too small"]
    (table,) = suite.of_methods(["kmeans"]).tables
    with pytest.raises(ImageError, match="no method could be tuned"):
        tuned_panel(suite, table, *halves, folder=tmp_path, workers=1)
