"""Families of label maps: best scale for all and for each, at a scale chosen elsewhere, means and pooled."""

import math

import numpy as np
import pytest

from classicseg.errors import ParameterError
from classicseg.metrics import FamilyScores, Fractions, choose_scale, score, score_family, summarise

pytestmark = pytest.mark.small


def family(values, metric="covering", weights=None, **others):
    scales = np.arange(1.0, len(values) + 1)
    weights = weights or [1] * len(values)
    sums = {metric: tuple(Fractions.of(value * w, w) for value, w in zip(values, weights, strict=True))}
    return FamilyScores(scales, np.arange(len(values)), {metric: np.array(values)}, sums=sums, **others)


def test_a_family_holds_what_its_maps_reach_one_by_one():
    rng = np.random.default_rng(0)
    maps = [rng.integers(1, count, (6, 7)) for count in (2, 4, 9)]
    truths = [rng.integers(0, 3, (6, 7)) for _ in range(3)]
    found = score_family(maps, truths, scales=[0.1, 0.2, 0.7])
    assert (found.scales == [0.1, 0.2, 0.7]).all()
    assert (found.segments == [len(np.unique(each)) for each in maps]).all()
    for name, values in found.values.items():
        assert values.tolist() == [score(each, truths, name) for each in maps]
    assert found.sums["covering"][1].value == pytest.approx(found.values["covering"][1], abs=1e-15)
    assert "vi" in found.values and "vi" not in found.sums  # nothing to be pooled


def test_best_scale_for_all_and_for_each_worked_out_by_hand():
    families = [family([0.5, 0.7, 0.6]), family([0.9, 0.6, 0.5]), family([0.2, 0.3, 0.8])]
    found = summarise(families, "covering", scale=1.0)
    assert (found.pictures, found.family) == (3, 3)
    assert found.ods == pytest.approx(1.9 / 3) and found.ods_scale == 3
    assert found.ois == pytest.approx((0.7 + 0.9 + 0.8) / 3)
    assert found.at_scale == pytest.approx(1.6 / 3) and found.scale == 1
    assert math.isnan(summarise(families, "covering").at_scale)
    assert choose_scale(families, "covering") == 3


def test_where_lower_is_better():
    families = [family([2.0, 1.0], "vi"), family([1.0, 1.5], "vi")]
    found = summarise(families, "vi")
    assert (found.ods, found.ods_scale, found.ois) == (1.25, 2, 1)


def test_pooled_is_weighted_by_what_is_counted():
    families = [family([0.5, 1.0], weights=[1, 1]), family([0.5, 0.0], weights=[9, 9])]
    assert summarise(families, "covering").ods == 0.5
    pooled = summarise(families, "covering", averaging="pooled")
    assert (pooled.ods, pooled.ods_scale) == (0.5, 1)
    assert pooled.ois == pytest.approx((1.0 + 4.5) / 10)
    with pytest.raises(ParameterError, match="cannot be pooled"):
        without = FamilyScores(np.array([1.0]), np.array([1]), {"vi": np.array([1.0])})
        summarise([without], "vi", averaging="pooled")
    with pytest.raises(ParameterError, match="'mean' or 'pooled'"):
        summarise(families, "covering", averaging="median")


def test_each_region_may_take_its_best_segment_from_any_map():
    # The halves of the truth are each whole in one of two maps, cut through in the other.
    maps = [[[1, 1, 2, 3]], [[1, 2, 3, 3]]]
    found = score_family(maps, [[[5, 5, 6, 6]]], names=["covering"])
    assert found.values["covering"].tolist() == [0.75, 0.75]
    assert found.best_covering == 1
    two = score_family(maps, [np.array([[5, 5, 6, 6]]), np.array([[5, 5, 5, 5]])], names=["covering"])
    assert two.best_covering == (1 + 0.5) / 2
    assert summarise([two, found], "covering").best == (0.75 + 1) / 2
    assert summarise([two, found], "covering", averaging="pooled").best == (4 + 2 + 4) / 12  # pixels of all truths


def test_equal_scales_take_the_lowest_and_undefined_pictures_are_left_out():
    assert choose_scale([family([0.5, 0.5])], "covering") == 1
    nan = math.nan
    found = summarise([family([nan, nan]), family([0.2, 0.4])], "covering")
    assert (found.ods, found.ods_scale, found.ois) == (0.4, 2, 0.4)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ParameterError, match="maps is empty"):
        score_family([], [[[1]]])
    with pytest.raises(ParameterError, match="one number a map, ascending"):
        score_family([[[1]], [[1]]], [[[1]]], scales=[2, 1])
    with pytest.raises(ParameterError, match="different scales"):
        summarise([family([1.0]), family([1.0, 0.5])], "covering")
    with pytest.raises(ParameterError, match="have no 'vi'; they have covering"):
        summarise([family([1.0])], "vi")
    with pytest.raises(ParameterError, match="scale=7 is none of the family's: 1, 2"):
        summarise([family([1.0, 0.5])], "covering", scale=7)
    with pytest.raises(ParameterError, match="families is a list of FamilyScores"):
        summarise([], "covering")


def test_a_picture_without_fault_at_some_scale_is_left_out_at_its_best():
    # The second picture is empty: at the second scale nothing was found either, which is no score and no fault.
    families = [family([0.5, 0.8]), family([0.0, math.nan])]
    found = summarise(families, "covering")
    assert (found.ods, found.ods_scale, found.ois) == (0.8, 2, 0.8)
    assert found.scored == {"ods": 1, "ois": 1, "best": 0}
    assert summarise(families, "covering", scale=1.0).scored["at_scale"] == 2
    lower = [family([1.0, 2.0], "vi"), family([math.nan, 3.0], "vi")]
    assert summarise(lower, "vi").ois == 1


def test_no_scale_is_chosen_where_nothing_is_defined():
    with pytest.raises(ParameterError, match="covering is defined for none of the 1 pictures"):
        choose_scale([family([math.nan, math.nan])], "covering")


def test_a_threshold_may_be_written_in_several_ways():
    truth = [[0, 1, 1, 2]]
    found = score_family([truth, [[0, 1, 0, 2]]], truth, names=["instance.f1@0.70"], kind="instances")
    assert list(found.values) == ["instance.f1@0.7"]
    assert summarise([found], "instance.f1@0.700").ods == 1
