"""Rows and paired comparisons from tables written by hand, beside plain loops, SciPy, and the package's summaries."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
import scipy.stats
from made_results import FAILED, dataset, entry, made, metric

from classicseg.bench.analysis.comparisons import compare_all
from classicseg.bench.analysis.figures import FEWER
from classicseg.bench.analysis.rows import rows_of
from classicseg.bench.analysis.statistics import estimate
from classicseg.bench.results import read_results, write_results
from classicseg.errors import ParameterError
from classicseg.metrics import find_score
from classicseg.metrics.families import FamilyScores, summarise
from classicseg.metrics.fractions import Fractions
from classicseg.metrics.instances import InstanceCounts
from classicseg.metrics.named import plugins

small = pytest.mark.small

NAN = math.nan
TRAIN = {"p": [0.2, 0.5, 0.4], "q": [0.3, 0.4, 0.6]}  # member 1: .45, member 2: .5
VAL = {"a": [0.9, 0.2, 0.6], "b": [0.5, 0.4, 0.6], "c": [0.8, 0.1, 0.3]}  # means .7333, .2333, .5
FAMILY = [entry("family", members=[2, 4, 8], train="train")]
BOTH = [dataset(), dataset("train", "train")]


def family(values=VAL, train=TRAIN, *, entries=FAMILY, metrics=None, name="covering", **others):
    along = {("val", "family", name): values, ("train", "family", name): train}
    return made(BOTH, metrics or [metric(name)], entries, along, **others)


def by_choice(rows):
    return {row.chosen: row for row in rows}


@small
def test_a_family_by_hand():
    rows = rows_of(family(), resamples=50)
    assert [row.chosen for row in rows] == ["train", "ODS", "OIS"]
    assert [row.value for row in rows] == pytest.approx([0.5, 2.2 / 3, 2.3 / 3])
    assert [row.parameters for row in rows] == [
        {"k": 8, "space": "lab"},
        {"k": 2, "space": "lab"},
        {"k": "each picture's own", "space": "lab"},
    ]
    assert [row.oracle for row in rows] == [False, True, True]
    assert [row.rank for row in rows] == pytest.approx([1.0, NAN, NAN], nan_ok=True)
    for row in rows:
        assert (row.entry, row.method, row.metric, row.averaging) == ("family", "kmeans", "covering", "mean")
        assert (row.family, row.pictures, row.scored, row.failed) == (3, 3, 3, 0)
        assert (row.dataset, row.truth, row.foreground, row.version, row.remark) == ("val", "classes", "", "0.1.0", "")
        assert row.low <= row.value <= row.high
    # Picture n took (n + 1) / 4 seconds, and each later member one second more.
    assert [row.seconds for row in rows] == [2.5, 0.5, 1.5]


@small
def test_one_source_is_one_row_chosen_as_the_manifest_says():
    entries = [entry("plain"), entry("tuned", chosen="train")]
    along = {("val", each["name"], "vi"): {"a": [0.5], "b": [NAN], "c": [1.0]} for each in entries}
    vi = metric("vi", best="lower", range=[0.0, None], oracle=True)
    rows = rows_of(made([dataset()], [vi], entries, along), resamples=50)
    assert [(row.entry, row.chosen, row.family, row.value, row.scored) for row in rows] == [
        ("plain", "fixed", 1, 0.75, 2),
        ("tuned", "train", 1, 0.75, 2),
    ]
    assert all(row.oracle and math.isnan(row.rank) and row.ranked == 0 for row in rows)  # since the score is one


@small
def test_where_lower_is_better_the_lowest_is_taken_and_ties_go_to_the_first():
    tied = {"a": [0.5, 0.25, 0.75], "b": [0.5, 0.75, 0.25]}
    rows = by_choice(rows_of(family(tied, tied, name="vi", metrics=[metric("vi", best="lower")]), resamples=0))
    assert [rows[chosen].value for chosen in ("train", "ODS", "OIS")] == [0.5, 0.5, 0.25]
    assert rows["train"].parameters["k"] == rows["ODS"].parameters["k"] == 2
    assert math.isnan(rows["ODS"].low)


@small
def test_a_picture_that_fails_for_one_member_fails_for_all():
    rows = by_choice(rows_of(family({**VAL, "d": [1.0, FAILED, 1.0]}), resamples=0))
    for row in rows.values():
        assert (row.pictures, row.scored, row.failed) == (4, 3, 1)
    assert rows["ODS"].value == pytest.approx(2.2 / 3)
    everywhere = rows_of(family({"d": [FAILED] * 3}), resamples=10)
    assert [(row.scored, row.failed, math.isnan(row.value)) for row in everywhere] == [(0, 1, True)] * 3


@small
def test_where_nothing_is_defined_on_train_no_member_is_chosen_and_the_row_says_so():
    row = by_choice(rows_of(family(train={"p": [NAN] * 3}), resamples=10))["train"]
    assert math.isnan(row.value) and math.isnan(row.low)
    assert row.remark == "the score is defined for no picture of train"
    assert row.parameters["k"] == "none could be chosen"


def random_family(rng, pictures, *, holes):
    values = rng.random((pictures, 3))
    values[rng.random((pictures, 3)) < holes] = NAN
    return {f"{number:02}": row.tolist() for number, row in enumerate(values)}


def fractions(values, rng):
    """Sums whose value is this (none where it is NaN), of as many pixels as the picture pleases."""
    weights = rng.integers(1, 9, len(values))
    return {
        name: [Fractions.of(0, 0) if math.isnan(each) else Fractions.of(each * weight, weight) for each in row]
        for (name, row), weight in zip(values.items(), weights, strict=True)
    }


@small
@pytest.mark.parametrize("averaging", ["mean", "pooled"])
@pytest.mark.parametrize("name", ["covering", "undersegmentation.bergh"])
def test_choices_are_those_of_summarise(averaging, name):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        val, train = (random_family(rng, count, holes=0.2) for count in (7, 5))
        sums = {("val", "family", name): fractions(val, rng), ("train", "family", name): fractions(train, rng)}
        about = metric(name, averaging=averaging, best=find_score(name).best)
        rows = by_choice(rows_of(family(val, train, name=name, metrics=[about], sums=sums), resamples=20))

        def scored(data, values, name=name, sums=sums):
            own = sums[data, "family", name]
            return [
                FamilyScores(np.arange(3.0), np.zeros(3), {name: np.array(row)}, sums={name: tuple(own[picture])})
                for picture, row in values.items()
            ]

        scale = summarise(scored("train", train), name, averaging=averaging).ods_scale
        expected = summarise(scored("val", val), name, averaging=averaging, scale=scale)
        found = [rows[chosen].value for chosen in ("train", "ODS", "OIS")]
        assert found == pytest.approx([expected.at_scale, expected.ods, expected.ois], nan_ok=True)
        assert [rows[chosen].scored for chosen in ("train", "ODS", "OIS")] == [
            expected.scored[key] for key in ("at_scale", "ods", "ois")
        ]
        assert rows["ODS"].parameters["k"] == [2, 4, 8][int(expected.ods_scale)]
        assert rows["train"].parameters["k"] == [2, 4, 8][int(scale)]


@small
def test_ods_is_chosen_anew_in_each_resample_and_train_is_not():
    rows = by_choice(rows_of(family(), resamples=2000))
    values = np.array(list(VAL.values()))
    every = [values[list(drawn)] for drawn in itertools.product(range(3), repeat=3)]  # all 27 resamples
    ods = sorted(sample.mean(axis=0).max() for sample in every)
    train = sorted(sample.mean(axis=0)[2] for sample in every)
    assert rows["ODS"].low >= ods[0] - 1e-12 and rows["ODS"].high <= ods[-1] + 1e-12
    assert (rows["train"].low, rows["train"].high) == pytest.approx((train[0], train[-1]), abs=0.1)
    one_each = {"a": [1.0, 0.0], "b": [0.0, 0.9]}
    entries = [entry("family", members=[2, 4])]
    (row, _) = rows_of(made([dataset()], [metric("x")], entries, {("val", "family", "x"): one_each}), resamples=500)
    assert row.value == 0.5
    assert row.high == 1.0  # the resample of a alone; with the member kept, 1 too, but never .9
    assert row.low == 0.5  # never 0, which the kept member has on b alone


@small
def test_the_interval_of_a_mean_leaves_out_what_is_not_defined():
    values = np.random.default_rng(0).random(12)
    along = {f"{at:02}": [value] for at, value in enumerate(values)} | {"undefined": [NAN]}
    (row,) = rows_of(made([dataset()], [metric("x")], [entry("one")], {("val", "one", "x"): along}), resamples=300)
    expected = estimate(lambda weights: weights @ values / weights.sum(axis=1), 12, resamples=300)
    assert (row.value, row.low, row.high) == pytest.approx((values.mean(), expected.low, expected.high))
    assert (row.pictures, row.scored, row.failed) == (13, 12, 0)


@small
def test_pooled_values_and_intervals_are_of_added_sums():
    parts = {"a": (3, 1, 0), "b": (1, 0, 2), "c": (0, 0, 0), "d": (4, 4, 1)}
    sums = {picture: [InstanceCounts(*part)] for picture, part in parts.items()}
    values = {picture: [counts[0].f1] for picture, counts in sums.items()}
    name, key = "instance.f1@0.5", ("val", "one", "instance.f1@0.5")
    result = made([dataset()], [metric(name, averaging="pooled")], [entry("one")], {key: values}, sums={key: sums})
    (row,) = rows_of(result, resamples=200)
    assert row.value == pytest.approx(16 / (16 + 5 + 3))
    assert row.scored == 3
    kept = np.array([parts[each] for each in "abd"])  # c has nothing to find and nothing found, and adds nothing

    def f1(weights):
        tp, fp, fn = (weights @ kept).T
        return 2 * tp / (2 * tp + fp + fn)

    expected = estimate(f1, 3, resamples=200)
    assert (row.low, row.high) == pytest.approx((expected.low, expected.high))


@small
def test_a_picture_without_a_score_of_its_own_is_drawn_too_where_its_sums_count(monkeypatch):
    total = dataclasses.replace(find_score("covering"), value=lambda added: float(added.numerators.sum()))
    monkeypatch.setattr("classicseg.bench.analysis.members.find_score", lambda _: total)
    key, parts = ("val", "one", "covering"), {"a": 1.0, "b": 2.0, "c": 5.0}
    sums = {key: {picture: [Fractions.of(part, 1)] for picture, part in parts.items()}}
    along = {key: {"a": [1.0], "b": [2.0], "c": [NAN]}}
    result = made([dataset()], [metric("covering", averaging="pooled")], [entry("one")], along, sums=sums)
    (row,) = rows_of(result, resamples=200)
    expected = estimate(lambda weights: weights @ np.array([1.0, 2.0, 5.0]), 3, resamples=200)
    assert (row.value, row.low, row.high, row.scored) == (8.0, expected.low, expected.high, 2)


@small
def test_best_is_read_from_its_own_score_and_is_an_oracle():
    best = {"a": [0.95], "b": [0.7], "c": [0.9]}
    sums = {picture: [Fractions.of(9 * value[0], 9)] for picture, value in best.items()}
    for averaging in ("mean", "pooled"):
        about = metric("covering", averaging=averaging)
        own = {picture: [Fractions.of(9 * each, 9) for each in row] for picture, row in VAL.items()}
        result = made(
            [dataset()],
            [about],
            [entry("family", members=[2, 4, 8])],
            {("val", "family", "covering"): VAL, ("val", "family", "covering.best"): best},
            sums={("val", "family", "covering"): own, ("val", "family", "covering.best"): sums},
        )
        rows = by_choice(rows_of(result, resamples=100))
        assert list(rows) == ["ODS", "OIS", "best"]
        assert rows["best"].value == pytest.approx(0.85)
        assert rows["best"].oracle and rows["best"].low < 0.85 < rows["best"].high


@small
@pytest.mark.parametrize(
    ("tuned", "remark"),
    [
        ({"dataset": "train", "fingerprint": "of train", "same_split": False}, ""),
        ({"dataset": "val", "fingerprint": "other", "same_split": False}, "tuned on the pictures that are reported"),
        ({"dataset": "copy", "fingerprint": "of val", "same_split": False}, "tuned on the pictures that are reported"),
        ({"dataset": "part", "same_split": True}, "tuned on the pictures that are reported"),
        ({"dataset": "val", "pictures": {"p": "val/p"}, "same_split": False}, ""),
        ({"pictures": {"p": "other", "q": "val/b"}}, "tuned on 1 of the 2 pictures that are reported"),
    ],
)
def test_what_was_tuned_on_the_reported_pictures_is_an_oracle_and_says_so(tuned, remark):
    along = {("val", "one", "x"): {"a": [0.5], "b": [0.75]}}
    (row,) = rows_of(made([dataset()], [metric("x")], [entry("one", chosen="train", tuned=tuned)], along), resamples=0)
    assert row.oracle is bool(remark)
    assert row.remark == remark


@small
def test_a_train_set_that_shares_pictures_is_found_by_their_fingerprints():
    rows = by_choice(rows_of(family(hashes={("val", "a"): "one", ("train", "q"): "one"}), resamples=0))
    assert rows["train"].oracle
    assert rows["train"].remark == "chosen on train, which has 1 of the pictures that are reported"
    assert rows["ODS"].remark == ""


def table(values, **about):
    """Entries of one source under one score: `values` by entry, then along the pictures a, b, c, ..."""
    along = {
        ("val", name, "x"): {chr(97 + at): [value] for at, value in enumerate(row)} for name, row in values.items()
    }
    return made([dataset()], [metric("x", **about)], [entry(name) for name in values], along)


@small
def test_ranks_are_among_rows_that_are_no_oracles_on_the_pictures_that_all_have():
    values = {"one": [0.9, 0.5, 0.7, NAN], "two": [0.8, 0.5, 0.2, 0.9], "none": [NAN] * 4, "bad": [FAILED, 0.1, 0.3, 1]}
    rows = {row.entry: row for row in rows_of(table(values), resamples=0)}
    assert [rows[name].rank for name in ("one", "two", "bad")] == [(1.5 + 1) / 2, (1.5 + 3) / 2, (3 + 2) / 2]
    assert [row.ranked for row in rows.values()] == [2, 2, 0, 2]  # b and c
    assert math.isnan(rows["none"].rank)
    assert (rows["bad"].scored, rows["bad"].failed) == (3, 1)


@small
def test_pooling_by_a_score_that_is_gone_is_an_error_and_its_mean_is_not(monkeypatch):
    monkeypatch.setattr(plugins, "found", lambda *_: {})
    assert rows_of(table({"one": [0.5, 1.0]}), resamples=0)[0].value == 0.75
    with pytest.raises(ParameterError, match=r"pooled by the score 'x', which is not installed here\. Install"):
        rows_of(table({"one": [0.5, 1.0]}, averaging="pooled"))
    lacking = family(metrics=[metric("covering", averaging="pooled")])
    with pytest.raises(ParameterError, match=r"scores\.csv has not got its sums for a"):
        rows_of(lacking)


@small
@pytest.mark.parametrize(("part", "count"), [((1.0,), FEWER), (Fractions.of(1, 2), 700)])
def test_sums_that_are_added_one_by_one_have_fewer_resamples(monkeypatch, part, count):
    asked = []

    def recorded(figure, *pictures, resamples, **options):
        asked.append(resamples)
        return estimate(figure, *pictures, resamples=9, **options)

    monkeypatch.setattr("classicseg.bench.analysis.rows.estimate", recorded)
    total = dataclasses.replace(find_score("covering"), value=lambda added: sum(getattr(added, "numerators", added)))
    monkeypatch.setattr("classicseg.bench.analysis.members.find_score", lambda _: total)
    key = ("val", "one", "covering")
    sums = {key: {"a": [part], "b": [part]}}
    about = metric("covering", averaging="pooled")
    (row,) = rows_of(
        made([dataset()], [about], [entry("one")], {key: {"a": [0.5], "b": [1.0]}}, sums=sums), resamples=700
    )
    assert (row.value, asked) == (2.0, [count])


@small
def test_the_same_results_give_the_same_rows_to_the_last_bit_also_from_files(tmp_path):
    results = family()
    rows = rows_of(results, resamples=100, seed=7)
    write_results(results, tmp_path)
    again = rows_of(read_results(tmp_path), resamples=100, seed=7)
    assert repr(again) == repr(rows)
    assert repr(rows_of(results, resamples=100, seed=8)) != repr(rows)


# ---- comparisons ----

RNG = np.random.default_rng(3)
HARD = RNG.random(20)
METHODS = {
    "good": (HARD + 0.3 + 0.05 * RNG.random(20)).tolist(),
    "middle": (HARD + 0.1 * RNG.random(20)).tolist(),
    "twin": (HARD + 0.1 * RNG.random(20)).tolist(),
}


@small
def test_pairs_are_compared_picture_by_picture():
    found = {(each.one, each.other): each for each in compare_all(table(METHODS), resamples=400)}
    assert list(found) == [("good", "middle"), ("good", "twin"), ("middle", "twin")]
    for (one, other), each in found.items():
        differences = np.array(METHODS[one]) - np.array(METHODS[other])
        expected = estimate(lambda weights, d=differences: weights @ d / weights.sum(axis=1), 20, resamples=400)
        assert (each.value, each.low, each.high) == pytest.approx((differences.mean(), expected.low, expected.high))
        assert each.p == pytest.approx(scipy.stats.wilcoxon(METHODS[one], METHODS[other]).pvalue)
        assert (each.pictures, each.dataset, each.metric, each.averaging) == (20, "val", "x", "mean")
    ordered = sorted(found.values(), key=lambda each: each.p)
    assert [each.corrected for each in ordered] == pytest.approx(
        [3 * ordered[0].p, max(3 * ordered[0].p, 2 * ordered[1].p), max(2 * ordered[1].p, ordered[2].p)]
    )
    assert [each.better for each in found.values()] == ["good", "good", ""]


@small
def test_against_one_entry_fewer_are_corrected_for_and_lower_may_be_better():
    found = compare_all(table(METHODS, best="lower"), against="middle", resamples=50)
    assert [(each.one, each.other) for each in found] == [("good", "middle"), ("twin", "middle")]
    assert found[0].corrected == 2 * found[0].p
    assert found[0].better == "middle"
    with pytest.raises(ParameterError, match=r"no entry 'midle' to compare with; .* Did you mean 'middle'"):
        compare_all(table(METHODS), against="midle")


@small
def test_the_entry_to_compare_with_may_be_missing_from_some_data_sets():
    entries = [entry("one"), entry("two"), entry("one", "other"), entry("three", "other")]
    along = {
        (data, name, "x"): {"a": [0.5], "b": [0.25]}
        for data, name in (("val", "one"), ("val", "two"), ("other", "one"), ("other", "three"))
    }
    results = made([dataset(), dataset("other")], [metric("x"), metric("x", "other")], entries, along)
    found = compare_all(results, against="two", resamples=20)
    assert [(each.dataset, each.one, each.other) for each in found] == [("val", "one", "two")]
    with pytest.raises(ParameterError, match="have no entry 'four' to compare with; they have one, two, three"):
        compare_all(results, against="four")


@small
def test_no_difference_is_claimed_where_the_mean_may_be_none():
    gains = np.linspace(0.01, 0.03, 30)
    gains[7] = -1.5  # one picture is far worse: the ranks speak for a gain, the mean does not
    values = {"one": (0.5 + gains).tolist(), "other": [0.5] * 30}
    (found,) = compare_all(table(values), resamples=400)
    assert found.corrected < 0.01
    assert found.low < 0 < found.high
    assert found.better == ""


@small
def test_only_pictures_that_both_have_are_compared():
    values = {"one": [0.5, NAN, 0.75, 0.5], "same": [0.5, 0.1, 0.75, FAILED], "none": [NAN, 0.5, NAN, NAN]}
    found = compare_all(table(values), resamples=50)
    same, apart, _ = found
    assert (same.value, same.low, same.high, same.p, same.corrected, same.pictures) == (0, 0, 0, 1, 1, 2)
    assert apart.pictures == 0
    assert all(map(math.isnan, (apart.value, apart.low, apart.p, apart.corrected)))
    assert {each.better for each in found} == {""}


@small
def test_oracles_are_not_compared_and_train_rows_are():
    entries = [*FAMILY, entry("one"), entry("seen", tuned={"same_split": True})]
    along = {("val", name, "x"): {picture: [0.1] for picture in VAL} for name in ("one", "seen")}
    along |= {("val", "family", "x"): VAL, ("train", "family", "x"): TRAIN}
    found = compare_all(made(BOTH, [metric("x")], entries, along), resamples=20)
    assert [(each.one, each.other, each.value) for each in found] == [("family", "one", pytest.approx(0.4))]
    assert compare_all(made(BOTH, [metric("x")], entries, along), against="seen") == []
