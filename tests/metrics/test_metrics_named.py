"""Scores by name: the list, one score, all scores from one table, and means over pictures."""

import math

import numpy as np
import pytest

from classicseg.errors import ImageError, ParameterError
from classicseg.metrics import TRUTH_KINDS, contingency_table, mean_score, score, score_all, scores
from classicseg.metrics.overlap import covering, foreground_iou

pytestmark = pytest.mark.small

TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 1], [0, 2, 2, 1]])
PREDICTION = np.array([[1, 1, 1, 3], [1, 1, 1, 3], [1, 1, 2, 3], [1, 1, 2, 3]])


def test_the_list_says_what_each_score_is():
    assert set(scores()) == {"iou.foreground", "iou.hungarian", "iou.majority", "iou.best_overlap", "covering"}
    for name, each in scores().items():
        assert each.name == name
        assert each.help
        assert each.paper
        assert each.range == (0, 1)
        assert each.best == "higher"
    assert [name for name, each in scores().items() if each.oracle] == ["iou.majority"]


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
    assert list(found) == [name for name, each in scores().items() if kind in each.kinds]
    assert ("iou.foreground" in found) == (kind != "classes")
    for name, value in found.items():
        assert value == score(PREDICTION, TRUTH, name, **options)
        assert value != score(PREDICTION, TRUTH, name, kind=kind)  # the options do reach the table


def test_an_unknown_name_is_refused_with_the_names_that_there_are():
    with pytest.raises(
        ParameterError, match=r"'iou.hungarain' is not known.*iou.best_overlap.*Did you mean 'iou.hungarian'"
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
