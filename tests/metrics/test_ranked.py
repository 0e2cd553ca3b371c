"""Average precision: by hand, against a plain twin, and against pycocotools where it is installed."""

import contextlib
import io
import math

import numpy as np
import pytest
from reference import ranked as plain
from reference.overlap import pixel_sets, without

from classicseg.errors import ImageError, ParameterError
from classicseg.metrics.contingency import contingency_table
from classicseg.metrics.contrast import contrast_scores
from classicseg.metrics.ranked import (
    STAND_INS,
    ap_name,
    average_precision,
    average_precisions,
    ranked_matches,
)

pytestmark = pytest.mark.small

TWENTIETHS = [k / 20 for k in range(10, 20)]


def row(*runs):
    """A label map of one row from (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs])[None]


def test_a_ranking_worked_out_by_hand():
    # Four objects of 4 pixels. By falling score: a right one, a false one, a right one, a false one; two are missed.
    truth = row((1, 4), (2, 4), (3, 4), (4, 4))
    found = row((5, 4), (0, 4), (6, 4), (7, 1), (8, 2), (0, 1))
    table = contingency_table(found, truth)
    ranked = ranked_matches(table, {5: 0.9, 7: 0.8, 6: 0.7, 8: 0.1}, thresholds=[0.9])
    assert ranked.matched.tolist() == [[True, False, True, False]]
    assert ranked.scores.tolist() == [0.9, 0.8, 0.7, 0.1]
    # Recall .25 at precision 1 and .5 at 2/3: 26 recalls (0 to .25) count 1, 25 (.26 to .5) count 2/3.
    assert average_precision([ranked]) == pytest.approx((26 + 25 * 2 / 3) / 101, abs=1e-15)
    # At 0.5 segment 8 is right as well: it covers 2 of 4 pixels. Recall .75 at precision 3/4 lifts .26 to .75.
    lower = ranked_matches(table, {5: 0.9, 7: 0.8, 6: 0.7, 8: 0.1}, thresholds=[0.5])
    assert average_precision([lower]) == pytest.approx((26 + 50 * 3 / 4) / 101, abs=1e-15)
    both = ranked_matches(table, {5: 0.9, 7: 0.8, 6: 0.7, 8: 0.1}, thresholds=[0.5, 0.9])
    by_threshold = average_precisions([both])[0]
    assert by_threshold == pytest.approx([average_precision([lower]), average_precision([ranked])], abs=1e-15)


def test_segments_of_all_pictures_are_ranked_together():
    # Picture one: a right segment of score .3; picture two: a false one of score .6 and nothing to be found.
    one = ranked_matches(contingency_table(row((1, 2), (0, 2)), row((9, 2), (0, 2))), {1: 0.3})
    two = ranked_matches(contingency_table(row((1, 2), (0, 2)), row((0, 4))), {1: 0.6})
    assert average_precision([one]) == 1
    assert math.isnan(average_precision([two])) and average_precisions([two]) == {}
    assert average_precision([one, two]) == pytest.approx(0.5, abs=1e-15)
    assert math.isnan(average_precision([]))


def test_nothing_found_is_zero():
    ranked = ranked_matches(contingency_table(row((0, 4)), row((9, 2), (0, 2))), {})
    assert average_precision([ranked]) == 0 and ranked.wanted == {0: 1}


def test_only_segments_of_equal_categories_match():
    truth, found = row((1, 3), (2, 3), (3, 3)), row((1, 3), (2, 3), (3, 3))
    true_categories = {1: 10, 2: 10, 3: 20}
    ranked = ranked_matches(
        contingency_table(found, truth),
        {1: 0.9, 2: 0.8, 3: 0.7},
        predicted_categories={1: 10, 2: 20, 3: 20},
        true_categories=true_categories,
    )
    # Category 10: one of two found, none false: recalls 0 to .5. Category 20: the right one comes after a false one.
    values = average_precisions([ranked])
    assert values[10] == pytest.approx([51 / 101] * 10, abs=1e-15) and values[20].tolist() == [0.5] * 10
    assert average_precision([ranked]) == pytest.approx((51 / 101 + 0.5) / 2, abs=1e-15)


def test_ties_at_one_half():
    # One segment over two objects of its half each, and two segments on the halves of one object.
    one_over_two = ranked_matches(contingency_table(row((1, 4)), row((1, 2), (2, 2))), {1: 0.5}, thresholds=[0.5])
    assert one_over_two.matched.tolist() == [[True]]
    two_in_one = contingency_table(row((1, 2), (2, 2)), row((1, 4)))
    ranked = ranked_matches(two_in_one, {1: 0.1, 2: 0.9}, thresholds=[0.5, 0.55])
    assert ranked.matched.tolist() == [[True, False], [False, False]]  # 2 comes first, and takes the object


def test_each_segment_in_turn_takes_the_best_object_that_is_free():
    # 1 has IoU 8/12 with 7 and 2/11 with 8, 2 has 2/10 with 7.
    table = contingency_table(row((2, 2), (1, 10), (0, 1)), row((7, 10), (8, 3)))
    assert ranked_matches(table, {1: 0.9, 2: 0.1}, thresholds=[0.15]).matched.tolist() == [[True, False]]
    assert ranked_matches(table, {1: 0.1, 2: 0.9}, thresholds=[0.15]).matched.tolist() == [[True, True]]


def test_a_crowd_excuses_and_is_not_to_be_found():
    truth = row((1, 4), (7, 8))
    found = row((1, 4), (2, 4), (0, 4))
    table = contingency_table(found, truth)
    scores = {1: 0.5, 2: 0.9}
    # As an object, 7 (8 pixels) is found at 0.5 by 2; at the other nine thresholds 2 is false and comes first.
    as_object = average_precision([ranked_matches(table, scores)])
    assert as_object == pytest.approx((1 + 9 * 51 / 101 / 2) / 10, abs=1e-15)
    with_crowd = ranked_matches(table, scores, crowds=[7])
    assert with_crowd.ignored.tolist() == [[True, False]] * 10 and with_crowd.wanted == {0: 1}
    assert average_precision([with_crowd]) == 1
    elsewhere = ranked_matches(
        table, scores, crowds=[7], predicted_categories={1: 1, 2: 1}, true_categories={1: 1, 7: 2}
    )
    assert average_precision([elsewhere]) == 0.5  # a crowd of another category excuses nothing


def test_void_excuses_by_the_share_that_lies_in_it():
    truth, found = row((1, 4), (0, 6)), row((1, 4), (2, 3), (3, 2), (0, 1))
    void = row((0, 5), (1, 4), (0, 1)).astype(bool)  # two thirds of segment 2, all of 3
    table = contingency_table(found, truth, void=void)
    ranked = ranked_matches(table, {1: 0.5, 2: 0.9}, thresholds=[0.65, 0.7])
    assert ranked.ignored.tolist() == [[True, False], [False, False]]
    assert average_precisions([ranked])[0].tolist() == [1.0, 0.5]
    # Void pixels stay in the area of a segment: 1 has 4 pixels on its object and 2 in void.
    wide = contingency_table(row((1, 6), (0, 4)), truth, void=row((0, 4), (1, 2), (0, 4)).astype(bool))
    assert ranked_matches(wide, {1: 1.0}, thresholds=[0.65, 0.7]).matched.tolist() == [[True], [False]]


def test_only_the_highest_scores_count():
    truth = row(*((label, 1) for label in range(1, 13)))
    table = contingency_table(truth, truth)
    scores = np.arange(12.0)  # one for each entry of table.predicted
    assert average_precision([ranked_matches(table, scores, max_detections=None)]) == 1
    few = ranked_matches(table, scores, max_detections=3)
    assert few.scores.tolist() == [11, 10, 9]
    assert average_precision([few]) == pytest.approx(26 / 101, abs=1e-15)
    halves = {label: label % 2 for label in range(1, 13)}
    each = ranked_matches(table, scores, max_detections=3, predicted_categories=halves, true_categories=halves)
    assert each.scores.tolist() == [11, 9, 7, 10, 8, 6]  # the limit holds within a category


def shifted_objects(rng, shape=(16, 16), count=7):
    """An instance map of overlapping squares, and a prediction in which they were moved, changed, joined or lost."""
    truth, found = np.zeros(shape, int), np.zeros(shape, int)
    i, j = np.indices(shape)
    for label in range(1, count + 1):
        row_of, column_of, size = rng.integers(1, 14), rng.integers(1, 14), rng.integers(2, 5)
        truth[np.maximum(abs(i - row_of), abs(j - column_of)) < size] = label
        if rng.random() < 0.85:
            row_of, size = row_of + rng.integers(0, 2), size + (rng.random() < 0.3)
            found[np.maximum(abs(i - row_of), abs(j - column_of)) < size] = label if rng.random() < 0.8 else 9
    return found, truth


def scene(seed, categories, crowds):
    """Four pictures: label maps, scores with ties, categories, crowds."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(4):
        found, truth = shifted_objects(rng)
        category_of = {label: int(rng.integers(0, categories)) for label in range(1, 10)}
        pictures.append(
            {
                "found": found,
                "truth": truth,
                "scores": {label: int(rng.integers(0, 12)) / 8 for label in range(1, 10)},
                "categories": {**category_of, 3: int(rng.integers(0, categories))},
                "true_categories": category_of,
                "crowds": {label for label in range(1, 8) if rng.random() < crowds},
            }
        )
    return pictures


def ours(pictures, void=None, **options):
    return average_precision(
        ranked_matches(
            contingency_table(each["found"], each["truth"], void=void),
            each["scores"],
            predicted_categories=each["categories"],
            true_categories=each["true_categories"],
            crowds=each["crowds"],
            **options,
        )
        for each in pictures
    )


SCENES = [(1, 0.0), (1, 0.4), (3, 0.0), (3, 0.3)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("categories", "crowds"), SCENES)
def test_the_plain_twin_agrees(seed, categories, crowds):
    pictures = scene(seed, categories, crowds)
    void = np.random.default_rng(seed).random(pictures[0]["truth"].shape) < 0.2
    pixels = set(zip(*(side.tolist() for side in np.nonzero(void)), strict=True))
    for limit in (2, 100):
        for thresholds in (TWENTIETHS, [0.2, 0.35]):
            for left_out in (set(), pixels):
                sets = [
                    {
                        **each,
                        "predicted": {
                            a: part for a, part in pixel_sets(each["found"]).items() if a and part - left_out
                        },
                        "true": {a: part for a, part in without(pixel_sets(each["truth"]), left_out).items() if a},
                        "void": left_out,
                    }
                    for each in pictures
                ]
                expected = plain.average_precision(sets, thresholds, limit)
                result = ours(pictures, void=void if left_out else None, thresholds=thresholds, max_detections=limit)
                assert 0 < expected < 1 and result == pytest.approx(expected, abs=1e-12)


def coco_figures(pictures):
    """Average precision of each category at each threshold by pycocotools: {category: (10,) array}."""
    reason = "pycocotools is not installed; the plain twin stands in for it"
    coco, cocoeval, mask = (
        pytest.importorskip(f"pycocotools.{name}", reason=reason) for name in ("coco", "cocoeval", "mask")
    )
    annotations, detections = [], []
    for number, each in enumerate(pictures, 1):
        for labels, kept in ((each["truth"], annotations), (each["found"], detections)):
            for label in np.unique(labels[labels > 0]).tolist():
                code = mask.encode(np.asfortranarray(labels == label, dtype=np.uint8))
                kept.append(
                    {"image_id": number, "id": len(kept) + 1, "segmentation": code, "area": 50, "bbox": [0] * 4}
                )
                if kept is annotations:
                    kept[-1].update(category_id=each["true_categories"][label], iscrowd=int(label in each["crowds"]))
                else:
                    kept[-1].update(category_id=each["categories"][label], score=each["scores"][label])
    names = sorted({each["category_id"] for each in annotations + detections})
    truth = coco.COCO()
    truth.dataset = {
        "images": [
            {"id": number, "height": each["truth"].shape[0], "width": each["truth"].shape[1]}
            for number, each in enumerate(pictures, 1)
        ],
        "annotations": annotations,
        "categories": [{"id": name} for name in names],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = cocoeval.COCOeval(truth, truth.loadRes(detections), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]  # (threshold, recall, category); -1: nothing to be found
    return {name: precision[:, :, at].mean(axis=1) for at, name in enumerate(names) if precision[0, 0, at] > -1}


def check_against_coco(pictures, with_categories):
    matches = []
    for each in pictures:
        table = contingency_table(each["found"], each["truth"])
        if with_categories:
            of_both = {"predicted_categories": each["categories"], "true_categories": each["true_categories"]}
            matches.append(ranked_matches(table, each["scores"], crowds=each["crowds"], **of_both))
        else:
            matches.append(ranked_matches(table, each["scores"], crowds=each["crowds"]))
            each["categories"] = each["true_categories"] = dict.fromkeys(range(1000), 0)
    theirs, found = coco_figures(pictures), average_precisions(matches)
    assert found.keys() == theirs.keys()
    for category, values in theirs.items():
        np.testing.assert_allclose(found[category], values, atol=1e-12)
    assert average_precision(matches) == pytest.approx(np.mean(list(theirs.values())), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("categories", "crowds"), SCENES)
def test_pycocotools_agrees(seed, categories, crowds):
    check_against_coco(scene(seed, categories, crowds), with_categories=categories > 1)


def test_scores_that_are_missing_are_refused():
    table = contingency_table(row((1, 2), (2, 2)), row((1, 4)))
    with pytest.raises(ParameterError, match=r"instance\.ap ranks.*none came.*stand_in='area'"):
        ranked_matches(table)
    with pytest.raises(ParameterError, match=r"instance\.ap\.contrast ranks.*contrast_scores"):
        ranked_matches(table, stand_in="contrast")
    with pytest.raises(ParameterError, match="segments 2 have no score"):
        ranked_matches(table, {1: 0.5})
    with pytest.raises(ParameterError, match="segments 1 have no score, or NaN"):
        ranked_matches(table, np.array([np.nan, 1]))
    with pytest.raises(ParameterError, match=r"shape \(3,\) came for 2 predicted labels"):
        ranked_matches(table, [0.1, 0.2, 0.3])
    with pytest.raises(ParameterError, match="together with stand_in='area'"):
        ranked_matches(table, {1: 0.5, 2: 0.5}, stand_in="area")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stand_in": "size"}, r"stand_in='size' is not allowed.*'area', 'contrast', 'altitude'"),
        ({"max_detections": 0}, "max_detections=0 is not allowed.*Give 100"),
        ({"max_detections": True}, "max_detections=True"),
        ({"thresholds": [0.0]}, "threshold=0.0 is not allowed"),
        ({"kind": "things"}, "kind='things' is not allowed"),
        ({"predicted_categories": {1: 1, 2: 1}}, "predicted_categories came without true_categories"),
        ({"predicted_categories": {1: 1}, "true_categories": {1: 1}}, "lack the predicted segments 2"),
        ({"predicted_categories": {1: 1, 2: 1}, "true_categories": {}}, "lack the true segments 1"),
    ],
)
def test_what_is_not_allowed_is_refused(options, words):
    table = contingency_table(row((1, 2), (2, 2)), row((1, 4)))
    with pytest.raises(ParameterError, match=words):
        ranked_matches(table, {1: 0.5, 2: 0.4}, **options)


def test_the_name_holds_the_stand_in():
    assert [ap_name(), *map(ap_name, STAND_INS)] == [
        "instance.ap", "instance.ap.area", "instance.ap.contrast", "instance.ap.altitude",
    ]  # fmt: skip
    with pytest.raises(ParameterError, match="stand_in='score'"):
        ap_name("score")


def test_area_stands_in_with_void_counted():
    table = contingency_table(row((1, 3), (2, 5)), row((1, 3), (2, 5)), void=row((0, 4), (1, 4)).astype(bool))
    ranked = ranked_matches(table, stand_in="area")
    assert ranked.scores.tolist() == [5, 3] and ranked.stand_in == "area"


def test_pictures_ranked_in_different_ways_are_not_mixed():
    table = contingency_table(row((1, 2), (2, 2)), row((1, 4)))
    by_area = ranked_matches(table, stand_in="area")
    by_altitude = ranked_matches(table, {1: 3.0, 2: 4.0}, stand_in="altitude")
    with pytest.raises(ParameterError, match=r"instance\.ap\.altitude, instance\.ap\.area"):
        average_precision([by_area, by_altitude])
    with pytest.raises(ParameterError, match="different thresholds"):
        average_precision([by_area, ranked_matches(table, stand_in="area", thresholds=[0.5])])


def test_background_needs_no_score():
    table = contingency_table(row((0, 2), (2, 2)), row((0, 2), (1, 2)))
    assert average_precision([ranked_matches(table, {2: 0.5})]) == 1
    assert average_precision([ranked_matches(table, np.array([np.nan, 0.5]))]) == 1
    with pytest.raises(ParameterError, match="segments 0 have no score"):
        ranked_matches(table, {2: 0.5}, kind="classes")


def contrast_by_pixels(labels, lightness, width, mask):
    scores = {}
    inside = [(i, j) for i, j in np.ndindex(labels.shape) if mask[i, j]]
    for label in sorted({int(labels[at]) for at in inside}):
        segment = [at for at in inside if labels[at] == label]
        ring = [
            at
            for at in inside
            if labels[at] != label and any(max(abs(at[0] - i), abs(at[1] - j)) <= width for i, j in segment)
        ]
        means = [sum(float(lightness[at]) for at in part) / max(len(part), 1) for part in (segment, ring)]
        scores[label] = abs(means[0] - means[1]) if ring else 0.0
    return scores


@pytest.mark.parametrize("width", [1, 2])
def test_contrast_is_that_counted_pixel_by_pixel(width):
    rng = np.random.default_rng(width)
    labels = np.repeat(np.repeat(rng.integers(-1, 4, (4, 5)), 3, axis=0), 2, axis=1)
    lightness = rng.integers(0, 256, labels.shape).astype(np.uint8)
    mask = rng.random(labels.shape) < 0.8
    expected = contrast_by_pixels(labels, lightness, width, mask)
    assert contrast_scores(labels, lightness, width=width, mask=mask) == pytest.approx(expected, abs=1e-9)


def test_contrast_of_what_has_no_ring_is_zero():
    assert contrast_scores(np.ones((3, 3), int), np.ones((3, 3))) == {1: 0.0}
    mask = row((0, 2), (1, 2)).astype(bool)
    assert contrast_scores(row((1, 2), (2, 2)), row((np.nan, 2), (5.0, 2)), mask=mask) == {2: 0.0}


@pytest.mark.parametrize(
    ("error", "arguments", "options", "words"),
    [
        (ImageError, (np.ones((2, 2)), np.ones((2, 2))), {}, "float64"),
        (ImageError, (np.ones((2, 2), int), np.ones((2, 3))), {}, r"\(2, 3\).*\(2, 2\)"),
        (ImageError, (np.ones((2, 2), int), np.full((2, 2), np.nan)), {}, "NaN"),
        (ImageError, (np.ones((2, 2), int), np.ones((2, 2))), {"mask": np.ones((2, 2))}, "mask of type float64"),
        (ParameterError, (np.ones((2, 2), int), np.ones((2, 2))), {"width": 0}, "width=0"),
        (ParameterError, (np.ones((2, 2), int), np.ones((2, 2))), {"width": 1.5}, "width=1.5"),
    ],
)
def test_contrast_refuses_what_it_cannot_use(error, arguments, options, words):
    with pytest.raises(error, match=words):
        contrast_scores(*arguments, **options)
