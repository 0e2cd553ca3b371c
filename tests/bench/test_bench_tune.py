"""Tuning on pictures: what is chosen and told, that it goes on where it was stopped, and the file of parameters."""

from __future__ import annotations

import dataclasses
import math
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classicseg.bench.fingerprints import hash_of_picture
from classicseg.bench.grids import entries_of
from classicseg.bench.panels import Measure, Panel, run_panels
from classicseg.bench.sources import Entry, MethodSource
from classicseg.bench.tuning import Tuned, Tuning, read_params, refuse_same_pictures, tune, write_params
from classicseg.bench.tuning.params_file import params_text
from classicseg.bench.tuning.tune import draw_pictures
from classicseg.datasets import DataSet, made_scenes
from classicseg.errors import ImageError, ParameterError
from classicseg.metrics import find_score, score
from classicseg.registry import make

small = pytest.mark.small


@pytest.fixture(scope="module")
def scenes():
    return DataSet("made/train", tuple(made_scenes(size=64).samples[:6]))


@pytest.fixture
def steps(monkeypatch):
    """The segmentations that are begun."""
    begun = []
    cls = type(make("watershed"))
    real = cls._cut

    def counting(self, *arguments):
        begun.append(self)
        return real(self, *arguments)

    monkeypatch.setattr(cls, "_cut", counting)
    return begun


QUICK = {"budget": 5, "pictures": 3, "workers": 1}


def by_hand(segmenter, data, metric):
    """The mean score over pictures, each by `segment` and `score`."""
    values = []
    for sample in data:
        loaded = sample.read()
        labels = segmenter.segment(loaded.image.array)
        values.append(score(labels, list(loaded.truths), metric, kind=loaded.kind))
    return math.fsum(values) / len(values)


# --- what is chosen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["covering", "vi"])  # higher is better, lower is better
def test_the_best_of_those_tried_is_chosen(scenes, metric):
    found = tune(scenes, ["watershed"], metric, search="grid", narrowed={"watershed": {"height": "0.3,1.2,9",
                 "sigma": "3.5", "min_size": "0"}}, **QUICK)  # fmt: skip
    subset = draw_pictures(scenes, 3, 0)
    values = {height: by_hand(make("watershed", height=height), subset, metric) for height in (0.3, 1.2, 9.0)}
    best = max(values, key=values.get) if metric == "covering" else min(values, key=values.get)
    (tuned,) = found.methods
    assert (tuned.segmenter, tuned.tried, tuned.failed) == (make("watershed", height=best), 3, 0)
    assert tuned.value == pytest.approx(values[best], abs=1e-12)
    assert tuned.default == pytest.approx(values[1.2], abs=1e-12)
    assert tuned.value != tuned.default
    assert tuned.seconds > 0
    assert list(found.facts["pictures"]) == [sample.name for sample in subset]
    for sample in subset:
        assert hash_of_picture(sample.read()).startswith(found.facts["pictures"][sample.name])


def test_pooled_scores_are_tuned_by_their_sums(scenes):
    options = {
        **QUICK,
        "search": "grid",
        "narrowed": {"watershed": {"height": "1.2,9", "sigma": "3.5", "min_size": "0"}},
    }
    means, pooled = (
        tune(scenes, ["watershed"], "covering", averaging=each, **options).methods[0] for each in ("mean", "pooled")
    )
    covered, area = 0.0, 0
    for sample in draw_pictures(scenes, 3, 0):
        loaded = sample.read()
        for truth in loaded.truths:
            own = score(make("watershed").segment(loaded.image.array), [truth], "covering", kind=loaded.kind)
            covered, area = covered + own * truth.size, area + truth.size
    assert pooled.default == pytest.approx(covered / area, abs=1e-9)
    assert means.default == pytest.approx(by_hand(make("watershed"), draw_pictures(scenes, 3, 0), "covering"))


@small
def test_the_subset_is_drawn_by_the_seed(scenes):
    names = [[sample.name for sample in draw_pictures(scenes, 4, seed)] for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]
    assert len(set(names[0])) == 4
    assert {sample.name for sample in draw_pictures(scenes, 40, 0)} == {sample.name for sample in scenes}


def test_presets_keep_what_they_set(scenes):
    found = tune(scenes, ["multiotsu"], "covering", **QUICK)
    assert found.methods[0].segmenter.classes == 3
    assert found.methods[0].segmenter.rule == "otsu"


@pytest.mark.parametrize("search", ["random", "halving", "tpe"])
def test_workers_and_results_on_disk_change_nothing(scenes, search, tmp_path):
    if search == "tpe":
        pytest.importorskip("optuna")
    one, kept = (
        tune(scenes, ["watershed"], "covering", search=search, budget=6, pictures=6, workers=1, folder=folder)
        for folder in (None, tmp_path)
    )
    assert one.facts == kept.facts
    assert dataclasses.replace(one.methods[0], seconds=0) == dataclasses.replace(kept.methods[0], seconds=0)


@pytest.mark.parametrize("search", ["random", "halving", "tpe"])
def test_a_search_that_was_stopped_goes_on(scenes, search, tmp_path, steps):
    if search == "tpe":
        pytest.importorskip("optuna")
    options = {"search": search, "budget": 6, "pictures": 6, "workers": 1}
    whole = tune(scenes, ["watershed"], "covering", **options).methods[0]
    total = len(steps)
    steps.clear()

    def stop(_outcome):
        if len(steps) >= 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(scenes, ["watershed"], "covering", folder=tmp_path, advance=stop, **options)
    done = len(steps)
    assert 10 <= done < total
    resumed = tune(scenes, ["watershed"], "covering", folder=tmp_path, **options).methods[0]
    assert dataclasses.replace(resumed, seconds=0) == dataclasses.replace(whole, seconds=0)
    assert len(steps) <= total + 6  # what was under way on one picture is done again, nothing else
    steps.clear()
    tune(scenes, ["watershed"], "covering", folder=tmp_path, **options)
    assert not steps


def test_no_picture_is_segmented_twice_by_halving(scenes, steps):
    found = tune(scenes, ["watershed"], "covering", search="halving", budget=4, pictures=6, workers=1)
    assert found.methods[0].tried >= 4
    assert len(steps) <= 4 * 6


# --- what fails -----------------------------------------------------------------------------------------------------


def test_parameters_that_fail_are_not_chosen_and_pictures_that_cannot_be_read_are_left_out(scenes, monkeypatch):
    def torn():
        raise ImageError("the picture is torn")

    real = type(make("watershed"))._cut

    def failing(self, *arguments):
        if self.height != 1.2:
            raise ImageError("too deep")
        return real(self, *arguments)

    monkeypatch.setattr(type(make("watershed")), "_cut", failing)
    subset = draw_pictures(scenes, 3, 0)
    samples = (dataclasses.replace(subset.samples[0], image_loader=torn), *subset.samples[1:])
    errors = []
    found = tune(
        dataclasses.replace(scenes, samples=samples),
        ["watershed"],
        "covering",
        **QUICK,
        advance=lambda outcome: errors.append(outcome.error),
    )
    assert found.unreadable == {samples[0].name: "the picture is torn"}
    assert set(found.facts["pictures"]) == {sample.name for sample in samples[1:]}
    (tuned,) = found.methods
    assert (tuned.segmenter, tuned.tried, tuned.failed, tuned.error) == (make("watershed"), 5, 4, "")
    assert errors.count("too deep") == 8
    monkeypatch.setattr(type(make("watershed")), "_cut", lambda *_: torn())
    (tuned,) = tune(scenes, ["watershed"], "covering", **QUICK).methods
    assert (tuned.error, tuned.failed) == ("the picture is torn", 5)
    assert math.isnan(tuned.value)
    broken = tuple(dataclasses.replace(sample, image_loader=torn) for sample in scenes)
    with pytest.raises(ImageError, match="no picture of made/train can be read: the picture is torn"):
        tune(dataclasses.replace(scenes, samples=broken), ["watershed"], "covering", **QUICK)


@small
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"search": "radnom"}, "Did you mean 'random'"),
        ({"budget": 0}, "budget=0 is not allowed; it is an integer of at least 1"),
        ({"pictures": True}, "pictures=True"),
        ({"seed": -1}, "seed=-1"),
        ({"averaging": "median"}, "averaging='median'"),
        ({"narrowed": {"kmeans": {"n_clusters": "2,3"}}}, "kmeans is narrowed, but it is not tuned; watershed"),
    ],
)
def test_wrong_use_is_refused(scenes, options, words):
    with pytest.raises(ParameterError, match=words):
        tune(scenes, ["watershed"], "covering", **{**QUICK, **options})


# --- the file -------------------------------------------------------------------------------------------------------


def tuning_of(*segmenters, **facts):
    told = {"dataset": "made/train", "search": "random", "budget": 40, "pictures": {"a": "0123456789abcdef01234567"}}
    methods = tuple(
        Tuned(name=each.name, segmenter=each, value=0.75, default=0.5, tried=40, failed=0, seconds=12.5)
        for each in segmenters
    )
    return Tuning(facts=told | facts, methods=methods)


@small
def test_every_method_comes_back_as_it_was_written(method, tmp_path):
    segmenter = make(method)
    write_params(tuning_of(segmenter), tmp_path / "tuned.toml")
    (entry,) = read_params(tmp_path / "tuned.toml")
    assert entry.sources == (MethodSource(segmenter),)
    given = entry.sources[0].segmenter.get_params()
    assert {name: type(value) for name, value in given.items()} == {
        name: type(value) for name, value in segmenter.get_params().items()
    }
    assert (entry.name, entry.chosen, entry.scale) == (method, "train", "")
    assert entry.tuned["pictures"] == {"a": "0123456789abcdef01234567"}
    assert (entry.tuned["value"], entry.tuned["tried"], entry.tuned["seconds"]) == (0.75, 40, 12.5)


@settings(max_examples=30)
@given(st.text(st.characters(codec="utf-8")), st.floats(), st.integers(-(2**62), 2**62), st.booleans())
def test_any_fact_is_read_back_as_it_was_told(text, number, whole, flag):
    facts = {"text": text, "number": number, "whole": whole, "flag": flag, "list": [text, whole], "names": {text: text}}
    tuning = tuning_of(make("otsu"), **facts)
    assert repr(tomllib.loads(params_text(tuning))["tuned"]) == repr(values_before_tables(tuning.facts))


def values_before_tables(facts):
    """In the order of the file."""
    return dict(sorted(facts.items(), key=lambda item: isinstance(item[1], dict)))


@small
def test_none_is_said_by_a_word(tmp_path):
    segmenter = make("meanshift", spatial_bandwidth=None)
    write_params(tuning_of(segmenter), tmp_path / "tuned.toml")
    assert 'spatial_bandwidth = "none"' in (tmp_path / "tuned.toml").read_text()
    assert read_params(tmp_path / "tuned.toml")[0].sources[0].segmenter == segmenter


@small
def test_a_file_by_hand(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('format = 1\n[methods.coarse]\nmethod = "kmeans"\nparameters = {n_clusters = 2}\n[methods.otsu]\n')
    coarse, otsu = read_params(path)
    assert coarse == Entry("coarse", (MethodSource(make("kmeans", n_clusters=2)),))
    assert (coarse.chosen, coarse.tuned) == ("fixed", None)
    assert otsu.sources[0].segmenter == make("otsu")


@small
@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (None, ImageError, "does not exist. Give a file that"),
        ("format = ", ImageError, "is no TOML"),
        ("[methods.otsu]\n", ParameterError, "format=None is not known; write format = 1"),
        ("format = 1\n", ParameterError, r"names no method. Give it a table \[methods.NAME\]"),
        ("format = 1\nmethod = 3\n", ParameterError, "'method' is not known.*Did you mean 'methods'"),
        ("format = 1\nmethods = 3\n", ParameterError, "methods = 3 came; it is a table"),
        ("format = 1\n[methods.otto]\n", ParameterError, r"\[methods.otto\]: .*otto"),
        ("format = 1\n[methods.otsu]\nparameter = 1\n", ParameterError, "Did you mean 'parameters'"),
        ("format = 1\n[methods.x]\nmethod = 7\n", ParameterError, "method=7 is not allowed"),
        (
            "format = 1\n[methods.kmeans.parameters]\nn_cluster = 2\n",
            ParameterError,
            r"\[methods.kmeans\]: kmeans has no parameter 'n_cluster'; .*Did you mean 'n_clusters'",
        ),
        ("format = 1\n[methods.kmeans.parameters]\nn_clusters = 0\n", ParameterError, "n_clusters=0 is not allowed"),
        ("format = 1\n[tuned]\n[methods.otsu]\n", ParameterError, r"\[tuned.pictures\] has to name the pictures"),
        ('format = 1\n[tuned.pictures]\na = "zz"\n[methods.otsu]\n', ParameterError, r"\[tuned.pictures\] has to"),
        ('format = 1\n[tuned.pictures]\na = ""\n[methods.otsu]\n', ParameterError, r"\[tuned.pictures\] has to"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_its_own_words(text, error, words, tmp_path):
    path = tmp_path / "tuned.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=words) as caught:
        read_params(path)
    assert str(path) in str(caught.value)


@small
def test_pictures_that_were_tuned_on_are_refused_by_what_they_are():
    entry = Entry(
        "otsu", (MethodSource(make("otsu")),), chosen="train", tuned={"pictures": {"a": "a" * 24, "b": "b" * 24}}
    )
    fixed = Entry("li", (MethodSource(make("threshold", rule="li")),))
    others = ["c" * 64, "d" * 64]
    assert refuse_same_pictures([entry, fixed], others) == [entry, fixed]
    with pytest.raises(ParameterError, match="otsu: its parameters were tuned on 1 of the 3 pictures"):
        refuse_same_pictures([fixed, entry], [*others, "b" * 64])
    same, untouched = refuse_same_pictures([entry, fixed], [*others, "b" * 64], allowed=True)
    assert same.tuned["same_split"] is True
    assert untouched is fixed
    assert "same_split" not in entry.tuned


def test_what_was_tuned_is_refused_on_the_same_pictures_under_another_name(scenes, tmp_path):
    write_params(tune(scenes, ["watershed"], "covering", **QUICK), tmp_path / "tuned.toml")
    entries = read_params(tmp_path / "tuned.toml")
    (tuned_on, other) = draw_pictures(scenes, 4, 0).samples[2:4]  # three were drawn
    copy = dataclasses.replace(tuned_on, name="copy")
    with pytest.raises(ParameterError, match="tuned on 1 of the 2"):
        refuse_same_pictures(entries, [hash_of_picture(each.read()) for each in (copy, other)])
    assert refuse_same_pictures(entries, [hash_of_picture(other.read())]) == entries


def test_nothing_runs_where_what_a_later_data_set_reports_was_tuned_on(scenes, tmp_path, steps):
    write_params(tune(scenes, ["watershed"], "covering", **QUICK), tmp_path / "tuned.toml")
    entries = tuple(read_params(tmp_path / "tuned.toml"))
    other = DataSet("made/other", tuple(made_scenes(size=64).samples[6:8]))
    measures = (Measure(find_score("covering")),)
    steps.clear()
    panels = [Panel(other, tuple(entries_of(["watershed"])), measures), Panel(scenes, entries, measures)]
    with pytest.raises(ParameterError, match="tuned on 3 of the 6"):
        run_panels(panels, workers=1)
    assert steps == []
    run_panels(panels[:1], workers=1)
    assert steps


def test_pictures_are_read_once_to_know_them_and_once_for_each_step_of_the_search(scenes, monkeypatch):
    reads = []
    read = type(scenes.samples[0]).read

    def counting(self):
        reads.append(self.name)
        return read(self)

    monkeypatch.setattr(type(scenes.samples[0]), "read", counting)
    tune(scenes, ["watershed", "otsu"], "covering", **QUICK)
    assert max(map(reads.count, reads)) <= 1 + 2  # each method's search is a single step
