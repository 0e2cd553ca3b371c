"""All cuts of a hierarchy from one table: as if each cut's label map were scored by itself."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import hierarchy as plain

from classicseg.errors import ImageError, ParameterError
from classicseg.hierarchy import Hierarchy
from classicseg.metrics import score_family, scores, summarise
from classicseg.metrics.cuts import score_hierarchy, scores_along_hierarchies

pytestmark = pytest.mark.small

# Leaves a a b c c d: a and b at .2, c and d at .6, all at .8.
HIERARCHY = Hierarchy.from_merges([[1, 1, 2, 3, 3, 4]], [(0, 1), (2, 3), (4, 5)], [0.2, 0.6, 0.8])
TRUTH = np.array([[7, 7, 7, 9, 9, 9]])
TABLE = {  # one value for each of the cuts a a b c c d, a a a c c d, a a a c c c, and all
    "covering": [2 / 3, 5 / 6, 1, 1 / 2],
    "iou.best_overlap": [2 / 3, 5 / 6, 1, 1 / 2],
    "iou.majority": [1, 1, 1, 1 / 4],  # all in one go to class 7: IoU 1/2 and 0
    "asa": [1, 1, 1, 1 / 2],
    "rand.probabilistic": [11 / 15, 13 / 15, 1, 6 / 15],  # of 15 pairs 4, 2, 0 and 9 disagree
    "rand.adjusted": [3 / 8, 12 / 17, 1, 0],  # chance would keep .8 and 1.6 of the 2 and 4 pairs together
    "vi": [math.log2(3) - 2 / 3, (math.log2(3) - 2 / 3) / 2, 0, 1],
    "vi.split": [math.log2(3) - 2 / 3, (math.log2(3) - 2 / 3) / 2, 0, 0],
    "vi.merge": [0, 0, 0, 1],
}


@st.composite
def problems(draw):
    """A random forest with falling altitudes, truths, their kind, what counts, and where to cut."""
    leaves, parents, raw = draw(plain.forests())
    shape = leaves.shape
    truths = draw(st.lists(hnp.arrays(np.int32, shape, elements=st.integers(0, 3)), min_size=1, max_size=3))
    options = {
        "kind": draw(st.sampled_from(["classes", "binary", "instances"])),
        "mask": draw(st.none() | hnp.arrays(bool, shape)),
        "void": draw(st.none() | hnp.arrays(bool, shape)),
        "thresholds": draw(st.none() | st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=6, unique=True).map(sorted)),
    }
    return Hierarchy.from_parents(leaves, parents, raw), truths, options


def mean(values):
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan


@given(problem=problems())
def test_every_cut_scores_as_its_label_map_by_the_plain_twin(problem):
    hierarchy, truths, options = problem
    found = score_hierarchy(hierarchy, truths, **options)
    counted = hierarchy.leaves > 0
    if options["mask"] is not None:
        counted &= options["mask"]
    if options["void"] is not None:
        counted &= ~options["void"]
    labels = [hierarchy.cut(threshold=threshold) for threshold in found.scales]
    assert found.segments.tolist() == [len(np.unique(each[counted])) for each in labels]
    for index, each in enumerate(labels):
        expected = [plain.scores(each, truth, options["kind"], counted) for truth in truths]
        for name in scores_along_hierarchies():
            wanted = mean([values[name] for values in expected])
            assert found.values[name][index] == pytest.approx(wanted, rel=0, abs=1e-12, nan_ok=True), name
    best = mean([plain.best_covering(labels, truth, options["kind"], counted) for truth in truths])
    assert found.best_covering == pytest.approx(best, rel=0, abs=1e-12, nan_ok=True)


@given(problem=problems())
def test_it_gives_what_scoring_the_family_of_cuts_gives(problem):
    hierarchy, truths, options = problem
    options["thresholds"] = [-0.1, 0.0, 0.3, 0.5, 1.0]
    found = score_hierarchy(hierarchy, truths, **options)
    inside = (hierarchy.leaves > 0) if options["mask"] is None else (hierarchy.leaves > 0) & options["mask"]
    family = score_family(
        [hierarchy.cut(threshold=threshold) for threshold in found.scales],
        truths,
        names=scores_along_hierarchies(),
        scales=found.scales,
        kind=options["kind"],
        mask=inside,
        void=options["void"],
    )
    assert np.array_equal(found.segments, family.segments)
    assert found.best_covering == pytest.approx(family.best_covering, rel=0, abs=1e-12, nan_ok=True)
    for name, values in found.values.items():
        assert np.allclose(values, family.values[name], rtol=0, atol=1e-12, equal_nan=True), name
    for name, sums in found.sums.items():
        for here, there in zip(sums, family.sums[name], strict=True):
            assert np.allclose(here.numerators, there.numerators, rtol=1e-12, atol=0)
            assert np.array_equal(here.denominators, there.denominators)
            assert here.keys.tolist() == there.keys.tolist()


def test_a_table_worked_out_by_hand():
    found = score_hierarchy(HIERARCHY, TRUTH, names=TABLE)
    assert found.scales.tolist() == [0, 0.2, 0.6, 0.8]
    assert found.segments.tolist() == [4, 3, 2, 1]
    assert list(found.values) == list(TABLE)
    for name, expected in TABLE.items():
        assert found.values[name].tolist() == pytest.approx(expected, rel=0, abs=1e-15), name
    assert found.best_covering == 1
    assert found.values["vi"][2] == 0  # exactly: nothing cancels
    assert found.sums == {}  # no scales in common with other pictures


def test_each_region_takes_its_best_segment_from_any_cut():
    truth = np.array([[1, 1, 1, 2, 2, 3]])
    found = score_hierarchy(HIERARCHY, truth, thresholds=[0.1, 0.7], names=["covering"])
    # Region 1 from the cut at .7, whose a a a is the region; 2 and 3 from the leaves.
    assert found.values["covering"].tolist() == pytest.approx([(2 + 2 + 1) / 6, (3 + 4 / 3 + 1 / 3) / 6])
    assert found.best_covering == 1
    assert score_hierarchy(HIERARCHY, truth, thresholds=[0.7]).best_covering == pytest.approx((3 + 4 / 3 + 1 / 3) / 6)


def test_truths_are_averaged_and_one_may_come_alone():
    other = np.array([[1, 1, 2, 2, 2, 2]])
    both = score_hierarchy(HIERARCHY, [TRUTH, other])
    stacked = score_hierarchy(HIERARCHY, np.stack([TRUTH, other]))
    for name, values in both.values.items():
        one, two = (score_hierarchy(HIERARCHY, truth).values[name] for truth in (TRUTH, other))
        assert np.allclose(values, (one + two) / 2, rtol=0, atol=1e-15)
        assert np.array_equal(values, stacked.values[name])


def test_sums_pool_over_pictures_by_the_summary():
    thresholds = [0.1, 0.7]
    families = [
        score_hierarchy(HIERARCHY, truths, thresholds=thresholds)
        for truths in ([TRUTH], [np.array([[1, 1, 2, 2, 2, 2]])] * 3)
    ]
    assert set(families[0].sums) == {"covering", "iou.best_overlap", "asa", "rand.probabilistic"}
    pooled = summarise(families, "covering", averaging="pooled", scale=0.7)
    values = [family.values["covering"][1] for family in families]
    assert pooled.at_scale == pytest.approx((values[0] + 3 * values[1]) / 4)
    assert summarise(families, "covering", scale=0.7).at_scale == pytest.approx(sum(values) / 2)


def test_leaves_of_merges_at_their_own_altitude_are_in_the_family_too():
    hierarchy = Hierarchy.from_merges([[1, 2, 3]], [(0, 1), (3, 2)], [0.0, 0.5])
    found = score_hierarchy(hierarchy, [[1, 2, 3]], names=["covering"])
    assert found.segments.tolist() == [3, 2, 1]
    assert found.scales.tolist() == [np.nextafter(0, -1), 0, 0.5]
    assert found.values["covering"][0] == 1
    assert score_hierarchy(Hierarchy([[1]], [0], [0.5]), [[4]]).scales.tolist() == [0.5]


def test_background_of_instances_is_no_region_to_cover():
    truth = np.array([[0, 0, 0, 9, 9, 9]])
    found = score_hierarchy(HIERARCHY, truth, kind="instances", names=["covering", "iou.majority", "asa"])
    assert found.values["covering"].tolist() == pytest.approx([2 / 3, 2 / 3, 1, 1 / 2])
    assert found.values["iou.majority"].tolist() == [1, 1, 1, 0]
    assert found.values["asa"].tolist() == [1, 1, 1, 0.5]
    nothing = score_hierarchy(HIERARCHY, [np.zeros_like(truth), truth], kind="instances", names=["covering", "vi"])
    assert nothing.values["covering"].tolist() == found.values["covering"].tolist()  # the empty truth is left out
    assert math.isnan(score_hierarchy(HIERARCHY, np.zeros_like(truth), kind="instances").best_covering)


def test_where_no_pixel_counts_nothing_is_defined():
    found = score_hierarchy(HIERARCHY, TRUTH, mask=np.zeros((1, 6), dtype=bool), thresholds=[0.5])
    assert found.segments.tolist() == [0]
    assert all(np.isnan(values).all() for values in found.values.values())
    assert math.isnan(found.best_covering)


def test_its_names_are_those_of_the_scores():
    assert set(scores_along_hierarchies()) <= set(scores())
    assert list(score_hierarchy(HIERARCHY, TRUTH).values) == list(scores_along_hierarchies())
    assert list(score_hierarchy(HIERARCHY, TRUTH, names="vi").values) == ["vi"]


def test_other_scores_are_refused_with_those_that_can_be_had():
    with pytest.raises(ParameterError, match=r"'iou.hungarian' cannot be had along a hierarchy; covering, .*vi.split"):
        score_hierarchy(HIERARCHY, TRUTH, names=["covering", "iou.hungarian"])
    with pytest.raises(ParameterError, match=r"Did you mean 'covering'\?"):
        score_hierarchy(HIERARCHY, TRUTH, names=["coverin"])


@pytest.mark.parametrize(
    "thresholds", [[], [0.5, 0.5], [0.6, 0.5], [np.nan], [0.1, np.nan], 0.5, [[0.5]], ["a"], [True]]
)
def test_thresholds_that_do_not_ascend_are_refused(thresholds):
    with pytest.raises(ParameterError, match=r"thresholds of type .* ascending"):
        score_hierarchy(HIERARCHY, TRUTH, thresholds=thresholds)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(ParameterError, match="a ndarray came"):
        score_hierarchy(HIERARCHY.leaves, TRUTH)
    with pytest.raises(ParameterError, match="kind='objects'"):
        score_hierarchy(HIERARCHY, TRUTH, kind="objects")
    with pytest.raises(ImageError, match="no truth came"):
        score_hierarchy(HIERARCHY, [])
    with pytest.raises(ImageError, match=r"\(1, 6\).*\(1, 5\)"):
        score_hierarchy(HIERARCHY, [TRUTH, TRUTH[:, 1:]])
