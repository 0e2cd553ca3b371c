"""A sweep of one parameter: rows for each way of choosing, against benchmarks at single values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from classicseg import KMeans
from classicseg.bench import Entry, run_benchmark, run_sweep
from classicseg.datasets import DataSet, Sample, Truths, made_scenes
from classicseg.errors import ImageError, ParameterError
from classicseg.io import Picture
from classicseg.metrics import find_score
from classicseg.metrics.comparison import compare
from classicseg.registry import make

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


def single(dataset, value, metric, **options):
    (row,) = run_benchmark(dataset, [Entry("k", KMeans(n_clusters=value))], metric, **options)
    return row.value


@pytest.mark.parametrize("averaging", ["mean", "pooled"])
def test_rows_are_the_best_of_benchmarks_at_single_values(data, train, averaging):
    entry = Entry("k", KMeans(random_state=0))
    options = {"averaging": averaging}
    rows = {row.chosen: row for row in run_sweep(data, entry, "n_clusters", VALUES, "covering", train=train, **options)}
    assert list(rows) == ["train", "ODS", "OIS", "best"]
    per_value = {value: single(data, value, "covering", **options) for value in VALUES}
    ods = max(per_value, key=per_value.get)
    assert (rows["ODS"].value, rows["ODS"].parameters["n_clusters"]) == (pytest.approx(per_value[ods]), ods)
    on_train = {value: single(train, value, "covering", **options) for value in VALUES}
    chosen = max(on_train, key=on_train.get)
    assert rows["train"].parameters["n_clusters"] == chosen
    assert rows["train"].value == pytest.approx(per_value[chosen])
    assert rows["best"].value >= rows["OIS"].value >= rows["ODS"].value >= rows["train"].value
    for row in rows.values():
        assert (row.family, row.pictures, row.scored, row.failed) == (3, len(data), len(data), 0)
        assert (row.averaging, row.dataset, row.metric) == (averaging, "odd", "covering")
        assert row.oracle == (row.chosen != "train")
        assert row.seconds > 0


def test_where_lower_is_better_the_lowest_is_taken(data):
    ods, ois = run_sweep(data, Entry("k", KMeans()), "n_clusters", VALUES, "vi")
    assert ods.value == pytest.approx(min(single(data, value, "vi") for value in VALUES))
    assert ois.value <= ods.value


def test_a_picture_that_fails_is_counted_and_the_rest_goes_on(data):
    def broken():
        raise ImageError("the picture is torn")

    troubled = DataSet("troubled", (Sample("torn", "classes", broken, broken), *data.samples))
    told = []
    rows = run_sweep(troubled, Entry("k", KMeans()), "n_clusters", [2, 3], "covering", advance=told.append)
    assert (rows[0].pictures, rows[0].scored, rows[0].failed) == (len(data) + 1, len(data), 1)
    assert (told[0].picture, told[0].error) == ("torn", "the picture is torn")
    assert math.isnan(told[0].score) and not any(each.error for each in told[1:])
    with pytest.raises(ImageError, match="no picture of all torn could be segmented"):
        run_sweep(DataSet("all torn", troubled.samples[:1]), Entry("k", KMeans()), "n_clusters", [2, 3], "covering")


@pytest.mark.parametrize(
    ("parameter", "values", "metric", "words"),
    [
        ("clusters", [2, 3], "covering", "no numerical parameter 'clusters'.*Did you mean 'n_clusters'"),
        ("space", [2, 3], "covering", "no numerical parameter 'space'"),
        ("n_clusters", [3, 3], "covering", "two values of n_clusters or more; 1 came"),
        ("n_clusters", [2, 2.5], "covering", "n_clusters=2.5 is not allowed in a sweep; each value is a whole number"),
        ("n_clusters", [2, math.inf], "covering", "n_clusters=inf is not allowed"),
        ("n_clusters", [math.nan, 2], "covering", "n_clusters=nan is not allowed"),
        ("n_clusters", [2, "3"], "covering", "n_clusters='3' is not allowed"),
        ("n_clusters", [2, 3], "iou.foreground", "does not apply to a truth of kind='classes'"),
        ("n_clusters", [0, 2], "covering", "n_clusters=0"),
        ("n_clusters", [2, 3], "coverage", "'coverage' is not known"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_runs(data, parameter, values, metric, words):
    with pytest.raises(ParameterError, match=words):
        run_sweep(data, Entry("k", KMeans()), parameter, values, metric)


def test_scores_that_do_not_pool_are_refused_at_once(data):
    for call in (
        lambda: run_sweep(data, Entry("k", KMeans()), "n_clusters", [2, 3], "vi", averaging="pooled"),
        lambda: run_benchmark(data, [Entry("k", KMeans())], "vi", averaging="pooled"),
    ):
        with pytest.raises(ParameterError, match="vi cannot be pooled over pictures"):
            call()


def test_a_pooled_benchmark_is_that_of_all_pixels_together(data):
    entries = [Entry("otsu", make("otsu")), Entry("k", KMeans(n_clusters=4))]
    for entry, row in zip(entries, run_benchmark(data, entries, "iou.majority", averaging="pooled"), strict=True):
        common, union = np.zeros((2, 9))
        for sample in data:
            loaded = sample.read()
            labels, truth = entry.segmenter.segment(loaded.image.array), loaded.truths[0]
            taken = np.zeros_like(truth)
            for label in np.unique(labels):
                taken[labels == label] = np.bincount(truth[labels == label]).argmax()
            for each in np.unique(truth):
                common[each] += np.count_nonzero((taken == each) & (truth == each))
                union[each] += np.count_nonzero((taken == each) | (truth == each))
        assert row.averaging == "pooled"
        assert row.value == pytest.approx((common[union > 0] / union[union > 0]).mean(), abs=1e-12)


def test_objects_are_pooled_as_objects_whatever_their_numbers():
    found = np.array([[0, 3, 3, 0], [0, 3, 0, 4]], np.int32)
    truths = [np.array([[0, 1, 1, 0], [0, 1, 1, 2]], np.int32), np.array([[0, 9, 0, 0], [0, 9, 9, 4]], np.int32)]
    values = []
    for renumbered in (truths, [truths[0], np.where(truths[1] == 9, 1, truths[1])]):
        sums = [find_score("iou.majority").sums_of(compare(found, truth, kind="instances")) for truth in renumbered]
        values.append((sums[0] + sums[1]).value)
    assert values[0] == values[1] == pytest.approx((3 / 4 + 1 + 2 / 4 + 1) / 4)


def test_an_oracle_stays_one_on_a_training_split_and_times_are_those_of_the_runs(data, train):
    rows = run_sweep(data, Entry("k", KMeans()), "n_clusters", [2, 3], "asa", train=train)
    assert [(row.chosen, row.oracle) for row in rows] == [("train", True), ("ODS", True), ("OIS", True)]
    assert 0 < rows[0].seconds < 1


def test_mask_and_data_range_of_a_sample_reach_the_method_and_the_score():
    # The right half is masked out and wrongly true; with the range 0..100 the left half has two classes, 0 and 100.
    image = np.zeros((4, 8), np.int16)
    image[2:, :4] = 100
    mask = np.zeros((4, 8), bool)
    mask[:, :4] = True
    truth = (image > 0).astype(np.int32)
    truth[:, 4:] = 5
    picture = Picture(image, mask, None, "half")
    sample = Sample("half", "classes", lambda: picture, lambda: Truths((truth,)))
    data = DataSet("half", (sample,), data_range=(0, 100))
    for rows in (
        run_benchmark(data, [Entry("k", KMeans(n_clusters=2))], "iou.hungarian"),
        run_sweep(data, Entry("k", KMeans()), "n_clusters", [2, 3], "iou.hungarian"),
    ):
        assert (rows[0].value, rows[0].failed) == (1, 0)
