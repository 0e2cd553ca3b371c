"""Figures and paired differences of `benchmarks.hierarchies`, beside the package's own summaries."""

import numpy as np
import pytest

from benchmarks.hierarchies.figures import Scored, figures_of
from benchmarks.hierarchies.numbers import BoundaryFamily, stacked
from benchmarks.hierarchies.pictures import Picture, drawn
from benchmarks.hierarchies.plot import _offsets
from benchmarks.hierarchies.resampling import difference, two_sided
from benchmarks.hierarchies.scoring import REGIONS, regions_of_hierarchy, regions_of_maps
from classicseg.bench.analysis.figures import best_of, mean_figure
from classicseg.hierarchy import Hierarchy
from classicseg.metrics import score_family, summarise
from classicseg.metrics.curves import boundary_summary

SCALES = np.array([0.25, 0.5, 0.75])


def pictures(count):
    return [Picture("val", str(index), None) for index in range(count)]


@pytest.fixture
def maps():
    """Three label maps of each of four pictures, and two truths of each."""
    rng = np.random.default_rng(0)
    found = rng.integers(1, 5, (4, 3, 6, 7))
    return found, rng.integers(1, 4, (4, 2, 6, 7))


def test_figures_are_those_of_the_package(maps):
    families = [score_family(list(f), list(t), names=REGIONS, scales=SCALES) for f, t in zip(*maps, strict=True)]
    family = stacked(pictures(4), [regions_of_maps(f, list(t), SCALES) for f, t in zip(*maps, strict=True)])
    ones = family.everything()
    covering = summarise(families, "covering", averaging="pooled")
    assert family.ods_covering() == pytest.approx(covering.ods, rel=1e-12)
    assert family.ois_covering(ones)[0] == pytest.approx(covering.ois, rel=1e-12)
    assert family.best_covering(ones)[0] == pytest.approx(covering.best, rel=1e-12)
    found = {(each.metric, each.chosen): each.value for each in figures_of(Scored("row", "ours", {}, family), 10)}
    assert found["covering", "ODS"] == pytest.approx(covering.ods, rel=1e-11)  # told to twelve digits
    for metric, name, best in (("pri", "rand.probabilistic", "higher"), ("vi", "vi", "lower")):
        wanted = summarise(families, name)
        exact = best_of(mean_figure(getattr(family, metric)), best)(ones)[0]
        assert exact == pytest.approx(wanted.ods, rel=1e-12)
        assert found[metric, "ODS"] == pytest.approx(wanted.ods, rel=1e-11)
        assert found[metric, "OIS"] == pytest.approx(wanted.ois, rel=1e-11)


def test_a_weight_of_two_is_a_picture_that_stands_there_twice(maps):
    each = [regions_of_maps(f, list(t), SCALES) for f, t in zip(*maps, strict=True)]
    once, twice = stacked(pictures(4), each), stacked(pictures(5), [*each, each[1]])
    weights = np.array([[1, 2, 1, 1]])
    for figure in ("covering", "ois_covering", "best_covering"):
        np.testing.assert_allclose(getattr(once, figure)(weights), getattr(twice, figure)(twice.everything()))
    np.testing.assert_allclose(mean_figure(once.vi)(weights), mean_figure(twice.vi)(twice.everything()))


def test_cuts_of_a_hierarchy_are_scored_like_their_maps(maps):
    leaves = np.arange(1, 43).reshape(6, 7)
    tree = Hierarchy.from_merges(leaves, [(0, 1), (42, 7), (2, 9), (44, 43)], [0.25, 0.4, 0.6, 0.75])
    cuts = np.stack([tree.cut(threshold=scale) for scale in SCALES])
    one, other = regions_of_hierarchy(tree, maps[1][0], SCALES), regions_of_maps(cuts, list(maps[1][0]), SCALES)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-12)


def test_boundary_figures_are_those_of_the_package():
    rng = np.random.default_rng(1)
    totals = rng.integers(50, 90, (6, 1, 1))
    hits = rng.integers(0, 50, (6, 5, 2))
    counts = np.concatenate([hits[..., :1], totals + 0 * hits[..., :1], hits[..., 1:], totals + 0 * hits[..., :1]], 2)
    family, scales = BoundaryFamily(np.arange(5.0), counts), np.arange(5.0)
    summary = boundary_summary(counts, scales)
    ones = np.ones((1, 6), dtype=np.int64)
    assert family.ods(ones)[0] == pytest.approx(summary.ods.f, rel=1e-12)
    assert family.ois(ones)[0] == pytest.approx(summary.ois.f, rel=1e-12)
    drawn_twice = np.array([[2, 1, 0, 1, 1, 1]])
    counted = boundary_summary(counts[[0, 0, 1, 3, 4, 5]], scales)
    assert family.ods(drawn_twice)[0] == pytest.approx(counted.ods.f, rel=1e-12)


def test_a_row_does_not_differ_from_itself_and_a_clear_shift_is_found():
    values = np.random.default_rng(4).normal(0.5, 0.2, (80, 3))

    def ods(shift):
        return best_of(mean_figure(values + shift), "higher")

    same = difference(ods(0.0), ods(0.0), 80, 2000)
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    higher = difference(ods(0.01), ods(0.0), 80, 2000)  # far below the spread of pictures, which the pairing removes
    assert higher.value == pytest.approx(0.01)
    assert higher.low > 0
    assert higher.p == pytest.approx(2 / 2001)


def test_p_counts_the_resamples_on_the_other_side():
    assert two_sided(np.array([-1.0, *[1.0] * 98, 2.0])) == pytest.approx(2 * 2 / 101)


def test_fewer_pictures_are_among_the_more():
    few, more = drawn(pictures(50), 10), drawn(pictures(50), 20)
    assert len(few) == 10
    assert set(few) < set(more)
    assert drawn(pictures(3), None) == pictures(3)


def test_numbers_beside_crowded_marks_meet_neither_each_other_nor_a_mark():
    marks = np.array([(10, 10), (12, 11), (14, 10), (40, 10), (12, 18)])
    numbers = marks + _offsets(marks.tolist())
    everything = np.concatenate([marks, numbers])
    apart = np.abs(numbers[:, None] - everything)
    near = ((apart[..., 0] < 8) & (apart[..., 1] < 7)).sum(axis=1)
    assert near.tolist() == [1] * len(marks)  # itself alone
