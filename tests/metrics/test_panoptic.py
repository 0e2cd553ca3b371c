"""Panoptic quality: by hand, against a plain twin, and against figures of torchmetrics."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import panoptic as plain

from classicseg.errors import ParameterError
from classicseg.metrics.contingency import contingency_table
from classicseg.metrics.instances import instance_counts
from classicseg.metrics.panoptic import panoptic_quality, pq_agnostic, rq_agnostic, sq_agnostic

pytestmark = pytest.mark.small


def row(*runs):
    """A label map of one row from (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs])[None]


def as_dict(counts):
    columns = (counts.iou_sum, counts.tp, counts.fp, counts.fn)
    return dict(
        zip(counts.categories.tolist(), map(list, zip(*(x.tolist() for x in columns), strict=True)), strict=True)
    )


# Predicted 1 has IoU 3/4 with 7, 2 has 1/2 with 8; 3 lies on 9 and covers it, with IoU 1.
TRUTH = row((7, 4), (8, 4), (9, 2))
FOUND = row((1, 3), (0, 1), (2, 2), (0, 2), (3, 2))


def test_instances_worked_out_by_hand():
    counts = panoptic_quality(contingency_table(FOUND, TRUTH), kind="instances")
    assert as_dict(counts) == {0: [1.75, 2, 1, 1]}  # exactly 1/2 is no match
    assert (counts.pq, counts.sq, counts.rq) == (1.75 / 3, 1.75 / 2, 2 / 3)


def test_categories_worked_out_by_hand():
    table = contingency_table(FOUND, TRUTH)
    counts = panoptic_quality(
        table, kind="instances", predicted_categories={1: 10, 2: 20, 3: 30}, true_categories={7: 10, 8: 20, 9: 10}
    )
    # 3 and 9 have different categories: one false in 30, one missed in 10.
    assert as_dict(counts) == {10: [0.75, 1, 0, 1], 20: [0.0, 0, 1, 1], 30: [0.0, 0, 1, 0]}
    assert counts.per_category() == {10: (0.5, 0.75, 2 / 3), 20: (0, 0, 0), 30: (0, 0, 0)}
    assert counts.pq == pytest.approx(0.5 / 3, abs=1e-15)
    assert counts.sq == 0.25 and counts.rq == pytest.approx(2 / 9, abs=1e-15)
    things = counts.only({10, 30, 99})
    assert as_dict(things) == {10: [0.75, 1, 0, 1], 30: [0.0, 0, 1, 0]} and things.pq == 0.25


def test_the_toy_example_of_the_paper():
    # Kirillov et al., figure 2: of the persons two match, one is false and one is missed.
    truth = row((1, 5), (2, 5), (3, 5))
    found = row((1, 4), (0, 1), (2, 5), (0, 3), (4, 2))
    counts = panoptic_quality(contingency_table(found, truth), kind="instances")
    assert as_dict(counts) == {0: [1.8, 2, 1, 1]}
    assert counts.pq == pytest.approx(1.8 / (2 + 1 / 2 + 1 / 2), abs=1e-15)


def test_ties_at_one_half_are_no_match():
    for found, truth in ((row((1, 4)), row((1, 2), (2, 2))), (row((1, 2), (2, 2)), row((1, 4)))):
        table = contingency_table(found, truth)
        assert pq_agnostic(table) == sq_agnostic(table) == rq_agnostic(table) == 0
    assert pq_agnostic(contingency_table(row((1, 5)), row((1, 3), (2, 2)))) == pytest.approx(0.6 / 1.5, abs=1e-15)


def test_where_a_side_has_no_segment():
    nothing, something = row((0, 4)), row((1, 4))
    for found, truth in ((nothing, something), (something, nothing)):
        assert pq_agnostic(contingency_table(found, truth), kind="instances") == 0
    for void in (None, np.ones((1, 4), bool)):
        table = contingency_table(nothing if void is None else something, nothing, void=void)
        counts = panoptic_quality(table, kind="instances")
        assert as_dict(counts) == {} and counts.per_category() == {}
        assert math.isnan(counts.pq) and math.isnan(counts.sq) and math.isnan(counts.rq)
        assert math.isnan(pq_agnostic(table, kind="instances"))
    assert pq_agnostic(contingency_table(nothing, nothing)) == 1  # every value is a class


def test_void_takes_pixels_out_and_excuses_what_lies_in_it():
    truth, void = row((1, 4), (0, 6)), row((0, 5), (1, 5)).astype(bool)

    def counts(*runs):
        return as_dict(panoptic_quality(contingency_table(row(*runs), truth, void=void), kind="instances"))

    assert counts((1, 8), (0, 2)) == {0: [0.8, 1, 0, 0]}  # IoU 4/5, not 4/8
    assert counts((0, 4), (1, 2), (0, 4)) == {0: [0.0, 0, 1, 1]}  # half of it in void: false
    assert counts((0, 4), (1, 3), (0, 3)) == {0: [0.0, 0, 0, 1]}  # two thirds: excused
    assert counts((0, 6), (1, 4)) == {0: [0.0, 0, 0, 1]}


def test_a_crowd_excuses_segments_of_its_category():
    truth = row((1, 4), (7, 4), (0, 2))
    table = contingency_table(row((1, 4), (2, 3), (0, 3)), truth)
    as_object = panoptic_quality(table, kind="instances")
    assert as_dict(as_object) == {0: [1.75, 2, 0, 0]}
    assert as_dict(panoptic_quality(table, kind="instances", crowds=[7])) == {0: [1.0, 1, 0, 0]}
    other = panoptic_quality(
        table, kind="instances", crowds=[7], predicted_categories={1: 5, 2: 5}, true_categories={1: 5, 7: 6}
    )
    assert as_dict(other) == {5: [1.0, 1, 1, 0]}
    # Crowd and void add up: of 4 pixels 2 lie in the crowd and 1 in void.
    void = row((0, 8), (1, 1), (0, 1)).astype(bool)
    both = contingency_table(row((0, 6), (2, 4)), truth, void=void)
    assert as_dict(panoptic_quality(both, kind="instances", crowds=[7])) == {0: [0.0, 0, 0, 1]}
    assert as_dict(panoptic_quality(both, kind="instances")) == {0: [0.0, 0, 1, 2]}


def scene(seed, labels=7, categories=3):
    """Two label maps of blocks, the prediction moved and speckled, categories of both sides, void, crowds."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.repeat(rng.integers(0, labels, (4, 4)), 4, axis=0), 4, axis=1)
    found = np.where(rng.random(truth.shape) < 0.1, rng.integers(0, labels, truth.shape), truth)
    found[:, 8:] = np.roll(found[:, 8:], seed % 2, axis=1)
    true_categories = {label: int(rng.integers(0, categories)) for label in range(labels)}
    predicted_categories = {**true_categories, 3: int(rng.integers(0, categories))}
    void = np.repeat(rng.random((4, 16)) < 0.25, 4, axis=0)
    return found, truth, predicted_categories, true_categories, void, {1, 2}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["instances", "classes"])
@pytest.mark.parametrize("left_out", ["nothing", "void", "void and crowds"])
def test_the_plain_twin_agrees(seed, kind, left_out):
    found, truth, categories, true_categories, void, crowds = scene(seed)
    void, crowds = (void if "void" in left_out else None), (crowds if "crowds" in left_out else set())
    counts = panoptic_quality(
        contingency_table(found, truth, void=void),
        kind=kind,
        predicted_categories=categories,
        true_categories=true_categories,
        crowds=crowds,
    )
    lists = None if void is None else void.tolist()
    background = 0 if kind == "instances" else None
    expected = plain.counts(found.tolist(), truth.tolist(), categories, true_categories, crowds, lists, background)
    result = as_dict(counts)
    assert result.keys() == expected.keys() and counts.tp.sum() > 0
    for category, values in expected.items():
        assert result[category] == pytest.approx(values, abs=1e-12)
    assert (counts.pq, counts.sq, counts.rq) == pytest.approx(plain.figures(expected), abs=1e-12)


def test_pictures_are_pooled_by_their_counts():
    scenes, pooled, expected = [scene(seed) for seed in range(4)], None, {}
    for number, (found, truth, categories, true_categories, _, _) in enumerate(scenes):
        categories = {label: category + number // 2 for label, category in categories.items()}
        true_categories = {label: category + number // 2 for label, category in true_categories.items()}
        counts = panoptic_quality(
            contingency_table(found, truth),
            kind="classes",
            predicted_categories=categories,
            true_categories=true_categories,
        )
        pooled = counts if pooled is None else pooled + counts
        of_picture = plain.counts(found.tolist(), truth.tolist(), categories, true_categories)
        for category, values in of_picture.items():
            before = expected.setdefault(category, [0.0, 0, 0, 0])
            expected[category] = [one + two for one, two in zip(before, values, strict=True)]
    assert as_dict(pooled) == {category: pytest.approx(expected[category]) for category in sorted(expected)}
    assert pooled.tp.dtype == pooled.categories.dtype == np.int64 and len(pooled.categories) == 4
    assert (pooled.pq, pooled.sq, pooled.rq) == pytest.approx(plain.figures(expected), abs=1e-12)


@pytest.mark.parametrize(
    ("with_void", "figures"),
    [
        (False, (0.6242882183600189, 0.7847722450892131, 0.7928853631019592)),
        (True, (0.6309295234952099, 0.808777516859549, 0.7757576107978821)),
    ],
)
def test_torchmetrics_agrees(with_void, figures):
    # What torchmetrics 1.9.0 gave for these scenes (PanopticQuality, three classes of things, void as an unknown
    # class); it adds in float32.
    counts = []
    for seed in range(4):
        found, truth, categories, true_categories, void, _ = scene(seed)
        table = contingency_table(found, truth, void=void if with_void else None)
        counts.append(
            panoptic_quality(table, kind="classes", predicted_categories=categories, true_categories=true_categories)
        )
    pooled = sum(counts[1:], start=counts[0])
    assert (pooled.pq, pooled.sq, pooled.rq) == pytest.approx(figures, abs=1e-7)


LABEL_MAPS = st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=3, max_size=3).map(np.array)


@given(LABEL_MAPS, LABEL_MAPS)
def test_what_holds_for_all_label_maps(found, truth):
    table = contingency_table(found, truth)
    for kind in ("instances", "classes", "binary"):
        counts, matches = panoptic_quality(table, kind=kind), instance_counts(table, 0.5, kind=kind, strict=True)
        if len(counts.categories):
            assert (counts.tp[0], counts.fp[0], counts.fn[0]) == (matches.tp, matches.fp, matches.fn)
            assert rq_agnostic(table, kind=kind) == pytest.approx(matches.f1)
            assert pq_agnostic(table, kind=kind) == pytest.approx(
                sq_agnostic(table, kind=kind) * rq_agnostic(table, kind=kind)
            )
    turned = contingency_table(truth, found)
    assert pq_agnostic(table) == pytest.approx(pq_agnostic(turned))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "panoptic"}, "kind='panoptic' is not allowed"),
        ({"true_categories": {7: 1, 8: 1, 9: 1}}, "true_categories came without predicted_categories"),
        ({"predicted_categories": {}, "true_categories": {}}, "lack the predicted segments 1, 2, 3"),
        ({"predicted_categories": {1: 0, 2: 0, 3: 0}, "true_categories": {7: 1}}, "lack the true segments 8, 9"),
    ],
)
def test_what_is_not_allowed_is_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        panoptic_quality(contingency_table(FOUND, TRUTH), **{"kind": "instances", **options})
