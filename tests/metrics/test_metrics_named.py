"""Scores by name: the list, one score, all scores from one table, and means over pictures."""

import copy
import math
import pickle

import numpy as np
import pytest

from classicseg.errors import ImageError, ParameterError
from classicseg.labels import components
from classicseg.metrics import (
    TRUTH_KINDS,
    Fractions,
    Score,
    contingency_table,
    find_score,
    mean_score,
    score,
    score_all,
    scores,
)
from classicseg.metrics.comparison import compare
from classicseg.metrics.overlap import covering, foreground_iou

pytestmark = pytest.mark.small

TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 1], [0, 2, 2, 1]])
PREDICTION = np.array([[1, 1, 1, 3], [1, 1, 1, 3], [1, 1, 2, 3], [1, 1, 2, 3]])


def test_the_list_says_what_each_score_is():
    for name, each in scores().items():
        assert each.name == name
        assert each.help
        assert each.paper
        assert each.range[0] < each.range[1]
        assert each.best in ("higher", "lower")
    assert [name for name, each in scores().items() if each.oracle] == [
        "iou.majority",
        "asa",
        "undersegmentation.bergh",
    ]


@pytest.mark.parametrize("name", scores())
def test_values_lie_in_the_range_that_is_told_and_the_truth_itself_is_best(name):
    each = find_score(name)
    rng = np.random.default_rng(5)
    for kind in each.kinds:
        truth = np.kron(rng.integers(0, 3, (4, 4)), np.ones((4, 4), dtype=int))
        if kind == "instances":
            truth = components(truth, truth > 0)[0]
        prediction = rng.integers(0, 4, truth.shape)
        perfect = score(truth > 0 if kind == "binary" else truth, truth, name, kind=kind)
        noise, nothing = (score(each, truth, name, kind=kind) for each in (prediction, np.ones_like(truth)))
        low, high = each.range
        assert low <= noise <= high and low <= nothing <= high
        assert perfect == pytest.approx(high if each.best == "higher" else 0)
        assert min(noise, nothing) < perfect if each.best == "higher" else max(noise, nothing) > perfect


def test_a_score_has_a_function_or_sums_and_only_the_latter_pools():
    with pytest.raises(ParameterError, match="a function and sums, or neither"):
        Score(name="neither", help="", paper="")
    both = compare(PREDICTION, [TRUTH, TRUTH.T])
    assert find_score("covering").sums_of(both).value == pytest.approx(find_score("covering").of(both), abs=1e-15)
    with pytest.raises(ParameterError, match="vi cannot be pooled"):
        find_score("vi").sums_of(both)


def test_another_iou_threshold_can_be_asked_for():
    assert find_score("instance.f1@0.75").fixed["threshold"] == 0.75
    values = {name: score(TRUTH, TRUTH, name, kind="instances") for name in ("instance.f1@0.9", "instance.recall@1")}
    assert values == {"instance.f1@0.9": 1, "instance.recall@1": 1}
    for name in ("instance.f1@", "instance.f1@2", "instance.f1@x", "covering@0.5"):
        with pytest.raises(ParameterError, match="IoU threshold above 0 and up to 1 can follow"):
            find_score(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("instance.ap", "label maps have none. Take 'instance.ap.area'"),
        ("instance.ap.contrast", "needs the picture"),
        ("instance.ap.altitude", "needs the hierarchy"),
        ("pq", "needs the class of every segment"),
        ("instance.ap@0.5", "average_precision"),
        ("instance.f2@0.5", r"Did you mean 'instance.f1@0.5'\?"),
    ],
)
def test_what_a_label_map_does_not_tell_is_refused_with_the_way(name, words):
    with pytest.raises(ParameterError, match=words):
        score(PREDICTION, TRUTH, name, kind="instances")


def test_the_threshold_of_dsb2018_is_strict_and_that_of_average_recall_is_not():
    truth, half = np.array([[1, 1, 1, 1]]), np.array([[1, 1, 0, 0]])  # an IoU of exactly 1/2
    assert score(half, truth, "instance.dsb2018", kind="instances") == 0
    assert score(half, truth, "instance.average_recall", kind="instances") == 0.1


def test_a_label_at_the_end_of_what_can_be_numbered():
    last = 2**63 - 1
    assert score([[last, last - 1]], [[1, 0]], "iou.foreground", kind="binary", foreground=last) == 1


@pytest.mark.parametrize(
    ("prediction", "truth", "options", "words"),
    [
        ([[1, 2], [1]], [[1, 2], [1, 2]], {}, "rows of different lengths"),
        (np.ma.masked_equal([[1, 2]], 2), [[1, 2]], {}, "a masked array came as prediction"),
        ([[1, 2]], [[1, 2]], {"void": 11}, r"Give void=\(truth == 11\)"),
        ([[1, 2]], [[1, 2]], {"foreground": "banana"}, "foreground='banana' is not allowed"),
        ([[1, 2]], [[1, 2]], {"foreground": np.array([1, 2])}, "is not allowed"),
    ],
)
def test_what_cannot_be_compared_is_refused(prediction, truth, options, words):
    with pytest.raises((ImageError, ParameterError), match=words):
        score(prediction, truth, "covering", **options)


def test_a_name_that_is_no_text_is_refused_and_one_name_may_stand_for_a_list():
    with pytest.raises(ParameterError, match="the name of a score is a text"):
        score(PREDICTION, TRUTH, ["vi"])
    assert list(score_all(PREDICTION, TRUTH, names="vi")) == ["vi"]


def test_scores_that_are_parts_of_the_same_counts_count_once():
    calls = []

    def counts(table, kind, weight):
        calls.append((kind, weight))
        return Fractions.of(weight * table.counts.max(), table.total)

    def mine(name, weight=1, value=lambda found: found.value):
        return Score(name=name, help="", paper="", sums=counts, value=value, fixed={"weight": weight})

    both = compare(PREDICTION, [TRUTH, TRUTH.T])
    first, twice = mine("first"), mine("twice", value=lambda found: 2 * found.value)
    assert twice.of(both) == 2 * first.of(both)
    assert first.sums_of(both).value == pytest.approx(first.of(both))
    assert calls == [("classes", 1)] * 2  # once a truth
    assert mine("third", weight=3).of(both) == pytest.approx(3 * first.of(both))
    assert calls == [("classes", 1)] * 2 + [("classes", 3)] * 2


def test_a_score_of_ones_own_is_taken_as_it_is():
    mine = Score(name="mine", help="pixels", paper="none", function=lambda table: float(table.total), options=())
    assert score(PREDICTION, TRUTH, mine) == 16
    assert score_all(PREDICTION, TRUTH, names=[mine, "vi"])["mine"] == 16


def test_scores_can_be_pickled_copied_and_hashed():
    for each in scores().values():
        both = compare(PREDICTION, TRUTH, kind=each.kinds[0])
        for twin in (pickle.loads(pickle.dumps(each)), copy.deepcopy(each)):
            assert (twin.name, twin.fixed) == (each.name, each.fixed)
            assert twin.of(both) == pytest.approx(each.of(both), abs=0, nan_ok=True)
    assert len(set(scores().values())) == len(scores())


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kinds": "classes"}, "has kinds='classes'"),
        ({"kinds": ("objects",)}, "has kinds="),
        ({"best": "up"}, "has best='up'"),
        ({"range": (0, 1, 2)}, "has range="),
        ({"options": ("mask",)}, "has options="),
    ],
)
def test_a_score_of_wrong_fields_is_refused_where_it_is_made(fields, words):
    with pytest.raises(ParameterError, match=words):
        Score(name="mine", help="", paper="", function=len, **fields)


def test_several_truths_are_averaged():
    each = [score(PREDICTION, truth, "vi") for truth in (TRUTH, TRUTH.T)]
    for truths in ([TRUTH, TRUTH.T], (TRUTH, TRUTH.T), np.stack([TRUTH, TRUTH.T])):
        assert score(PREDICTION, truths, "vi") == pytest.approx(sum(each) / 2, abs=1e-15)
    assert score(PREDICTION.tolist(), TRUTH.tolist(), "vi") == each[0]
    with pytest.raises(ImageError, match="no truth came"):
        score(PREDICTION, [], "vi")


def test_the_list_that_is_handed_out_is_a_copy():
    scores().clear()
    assert "covering" in scores()


def test_a_score_by_name_is_the_function_of_the_table():
    table = contingency_table(PREDICTION, TRUTH)
    assert score(PREDICTION, TRUTH, "covering") == covering(table)
    assert score(PREDICTION, TRUTH, "covering", kind="instances") == covering(table, kind="instances")
    assert score(PREDICTION, TRUTH, "iou.foreground", kind="binary", foreground="bright") == foreground_iou(
        table, foreground="bright"
    )


@pytest.mark.parametrize("kind", TRUTH_KINDS)
def test_all_scores_are_the_single_ones_that_apply(kind):
    mask, void = TRUTH < 2, PREDICTION == 2
    options = {"kind": kind, "foreground": 3, "mask": mask, "void": void}
    found = score_all(PREDICTION, TRUTH, **options)
    assert list(found) == [name for name, each in scores().items() if kind in each.kinds and not each.costly]
    assert ("iou.foreground" in found) == (kind != "classes")
    alone = score_all(PREDICTION, TRUTH, kind=kind)
    assert found["iou.hungarian"] != alone["iou.hungarian"]  # mask and void do reach the table
    for name, value in found.items():
        assert value == score(PREDICTION, TRUTH, name, **options)


def test_an_unknown_name_is_refused_with_the_nearest_and_the_place_of_the_list():
    with pytest.raises(
        ParameterError, match=r"'iou.hungarain' is not known. Did you mean 'iou.hungarian'\? 'classicseg scores'"
    ):
        score(PREDICTION, TRUTH, "iou.hungarain")


def test_a_score_is_refused_for_a_truth_that_it_does_not_apply_to():
    with pytest.raises(ParameterError, match=r"iou.foreground does not apply.*'classes'.*'binary', 'instances'"):
        score(PREDICTION, TRUTH, "iou.foreground")


def test_an_unknown_kind_is_refused():
    for call in (score_all, lambda *maps, kind: score(*maps, "covering", kind=kind)):
        with pytest.raises(ParameterError, match=r"kind='objects'.*'binary' .*'classes' .*'instances'"):
            call(PREDICTION, TRUTH, kind="objects")


def test_shapes_that_differ_are_refused():
    with pytest.raises(ImageError, match=r"\(4, 4\).*\(4, 3\)"):
        score_all(PREDICTION, TRUTH[:, :3])


def test_means_leave_out_what_is_not_defined():
    assert mean_score([0.25, math.nan, 0.75, math.nan, 0.5]) == (0.5, 3)
    assert mean_score(np.array([0.25, 0.75])) == (0.5, 2)
    mean, count = mean_score([math.nan])
    assert math.isnan(mean)
    assert count == 0
    mean, count = mean_score(iter([]))
    assert math.isnan(mean)
    assert count == 0
