"""The benchmark object: frames, families against runs at single values, the same bytes whatever the workers."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from classicseg import KMeans
from classicseg.bench import Benchmark, Entry, Grid, MethodSource, read_results
from classicseg.bench.grids import entries_of, entry_of
from classicseg.bench.panels import Measure, Panel, run_panels
from classicseg.datasets import DataSet, made_scenes
from classicseg.errors import ParameterError
from classicseg.metrics import find_score
from classicseg.registry import make

small = pytest.mark.small

VALUES = [2, 3, 5]


@pytest.fixture(scope="module")
def scenes():
    return [sample for sample in made_scenes(size=64) if sample.name.split("-")[0] in ("flat", "noise")]


@pytest.fixture(scope="module")
def data(scenes):
    return DataSet("odd", tuple(scenes[::2]))


@pytest.fixture(scope="module")
def train(scenes):
    return DataSet("even", tuple(scenes[1::2]))


def single(dataset, value, metric, averaging):
    (row,) = Benchmark({"k": KMeans(n_clusters=value)}, dataset, metric, averaging=averaging, workers=1).rows
    return row.value


@pytest.mark.parametrize("averaging", ["mean", "pooled"])
def test_rows_of_a_family_are_the_best_of_benchmarks_at_single_values(data, train, averaging):
    found = Benchmark(
        {"k": Grid("kmeans", n_clusters=VALUES)}, data, "covering", averaging=averaging, train=train, workers=1
    )
    rows = {row.chosen: row for row in found.rows}
    assert list(rows) == ["train", "ODS", "OIS", "best"]
    per_value = {value: single(data, value, "covering", averaging) for value in VALUES}
    ods = max(per_value, key=per_value.get)
    assert (rows["ODS"].value, rows["ODS"].parameters["n_clusters"]) == (pytest.approx(per_value[ods]), ods)
    on_train = {value: single(train, value, "covering", averaging) for value in VALUES}
    chosen = max(on_train, key=on_train.get)
    assert rows["train"].parameters["n_clusters"] == chosen
    assert rows["train"].value == pytest.approx(per_value[chosen])
    assert rows["best"].value >= rows["OIS"].value >= rows["ODS"].value >= rows["train"].value
    for row in rows.values():
        assert (row.family, row.pictures, row.scored, row.failed) == (3, len(data), len(data), 0)
        assert (row.averaging, row.dataset, row.metric) == (averaging, "odd", "covering")
        assert row.oracle == (row.chosen != "train")
        assert row.low <= row.value <= row.high


def test_a_score_that_is_better_the_lower_takes_the_lowest(data):
    ods, ois = Benchmark({"k": Grid("kmeans", n_clusters=VALUES)}, data, "vi", workers=1).rows
    per_value = {value: single(data, value, "vi", "mean") for value in VALUES}
    assert ods.value == pytest.approx(min(per_value.values()))
    assert ois.value <= ods.value


def test_frames_hold_rows_and_scores(data):
    pandas = pytest.importorskip("pandas")
    benchmark = Benchmark(["otsu", "kmeans"], data, ["covering", "vi"], workers=1)
    tidy, table = benchmark.run(), benchmark.table()
    assert isinstance(tidy, pandas.DataFrame)
    whole = tidy[tidy["truth"] == "all"]
    assert len(whole) == len(data) * 2 * 2
    means = whole.groupby(["metric", "entry"])["value"].mean()
    for _, row in table.iterrows():
        assert row["value"] == pytest.approx(means[row["metric"], row["entry"]])
    assert set(table["rank"]) <= {1.0, 1.5, 2.0} or table["rank"].between(1, 2).all()


def test_functions_and_entries_stand_beside_methods(data):
    def bright(image):
        return image.mean(axis=-1) > 100 if image.ndim == 3 else image > 100

    entry = Entry("", (MethodSource(make("otsu")),))
    rows = Benchmark({"bright": bright, "o": entry, "k": KMeans()}, data, "covering", workers=1).rows
    assert [(row.entry, row.method) for row in rows] == [("bright", "callable"), ("o", "threshold"), ("k", "kmeans")]
    assert [each.name for each in entries_of([bright, "otsu", KMeans()])] == ["bright", "otsu", "kmeans"]
    with pytest.raises(ParameterError, match="stands for int"):
        entry_of("x", 3)


def test_tables_are_the_same_bytes_whatever_the_workers(data, train, tmp_path):
    def run(folder, workers):
        panel = Panel(
            data,
            entries_of({"k": Grid("kmeans", n_clusters=[2, 3]), "otsu": "otsu"}),
            (Measure(find_score("covering"), "pooled"), Measure(find_score("vi"))),
            train=train,
        )
        from classicseg.bench import write_results

        write_results(run_panels([panel], folder=folder, workers=workers, overlays=True), folder)
        return {name: (folder / name).read_bytes() for name in ("scores.csv", "scores.parquet", "pictures.csv")}

    one = run(tmp_path / "one", 1)
    assert run(tmp_path / "two", 2) == one
    assert run(tmp_path / "one", 1) == one
    results = read_results(tmp_path / "one")
    assert [each["role"] for each in results.manifest["datasets"]] == ["report", "train"]
    shown = {(run.entry, json.loads(run.parameters).get("n_clusters")) for run in results.runs if run.overlay}
    assert ("otsu", None) in shown
    assert len(shown) == 2  # of the family, the member that is reported
    for row in results.runs:
        assert not row.overlay or (tmp_path / "one" / "overlays" / row.overlay).is_file()


@small
def test_results_read_back_as_they_were_written(data, tmp_path):
    benchmark = Benchmark(["otsu"], data, ["covering"], folder=tmp_path, workers=1)
    written, read = benchmark.results, read_results(tmp_path)
    assert (read.scores, read.pictures, read.manifest) == (written.scores, written.pictures, written.manifest)
    assert [run for run in read.runs if math.isnan(run.seconds)] == []
    parquet = pytest.importorskip("pyarrow.parquet").read_table(tmp_path / "scores.parquet").to_pylist()
    assert [row["value"] for row in parquet] == [row.value for row in read.scores]


@small
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n_cluster": [2, 3]}, "Did you mean 'n_clusters'"),
        ({"n_clusters": [2, 2]}, "takes two values"),
        ({"n_clusters": [2, 2.5]}, "whole number"),
        ({"n_clusters": [2, math.inf]}, "whole number"),
        ({"n_clusters": [0, 3]}, "n_clusters=0 is not allowed"),
        ({"space": ["lab", "xyz"]}, "space='xyz'"),
        ({}, "one parameter or more"),
    ],
)
def test_a_grid_refuses_what_makes_no_family(values, words):
    with pytest.raises(ParameterError, match=words):
        Grid("kmeans", **values)


@small
def test_a_grid_walks_ascending_and_knows_its_scale():
    grid = Grid(KMeans(random_state=1), n_clusters=[5, np.int64(2), 3.0])
    assert [each.n_clusters for each in grid.segmenters] == [2, 3, 5]
    assert {each.random_state for each in grid.segmenters} == {1}
    assert grid.scale == "n_clusters"
    assert Grid("kmeans", space=["rgb", "lab"]).scale == ""
    assert Grid("kmeans", n_clusters=["auto", 4, 2]).scale == ""  # a word has no place on a scale
    assert [each.n_clusters for each in Grid("kmeans", n_clusters=np.arange(2, 4)).segmenters] == [2, 3]


@small
def test_a_panel_refuses_what_cannot_be_reported(data):
    measure = Measure(find_score("covering"))
    for entries, measures, train, words in (
        ((), (measure,), None, "nothing is to be run"),
        (entries_of(["otsu"]), (), None, "nothing is to be run"),
        (entries_of(["otsu"]), (measure,), data, "is what is reported"),
    ):
        with pytest.raises(ParameterError, match=words):
            Panel(data, entries, measures, train=train)
    with pytest.raises(ParameterError, match="cannot be pooled"):
        Measure(find_score("vi"), "pooled")
    panel = Panel(data, entries_of(["otsu"]), (measure,))
    with pytest.raises(ParameterError, match="two data sets have one name"):
        run_panels([panel, panel])


@small
def test_a_picture_is_known_again_whatever_its_samples_are_said_to_mean(data):
    entry = Entry("k", (MethodSource(make("kmeans")),), chosen="train", tuned={"pictures": hashes_of(data)})
    meant = DataSet("meant otherwise", data.samples, data_range=(0, 250))
    with pytest.raises(ParameterError, match="tuned on 3 of the 3 pictures"):
        Benchmark([entry], meant, "covering", workers=1).results  # noqa: B018 - computed


def hashes_of(data):
    from classicseg.bench.run import compute

    return {each.picture: each.picture_hash for each in compute(data, [], []).pictures}


def test_a_score_that_no_package_brings_is_pooled_too(data, train, tmp_path):
    own = dataclasses.replace(find_score("covering"), name="covering.own")
    options = {"train": train, "averaging": "pooled", "workers": 1, "folder": tmp_path}
    found = Benchmark({"k": Grid("kmeans", n_clusters=VALUES)}, data, [own, "covering"], **options).rows
    values = {(row.metric, row.chosen): (row.value, row.low, row.high) for row in found}
    for chosen in ("train", "ODS", "OIS"):
        assert values["covering.own", chosen] == values["covering", chosen]
