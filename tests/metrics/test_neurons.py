"""V_Rand and V_Info of the ISBI 2012 challenge: border thinning, what counts, figures by hand, a plain twin."""

import math
from collections import Counter

import numpy as np
import pytest
from reference import flooding as plain

from classicseg.errors import ImageError
from classicseg.metrics import score
from classicseg.metrics.neurons import thin_borders, v_info, v_rand

pytestmark = pytest.mark.small


def test_a_thick_border_becomes_a_line_of_one_pixel():
    thick = np.ones((5, 9), dtype=int)
    thick[:, 3:6] = 0
    thin = thin_borders(thick)
    assert (thin[:, :4] == 1).all() and (thin[:, 5:] == 2).all() and (thin[:, 4] == 0).all()
    assert thin.dtype == np.int32


def test_thinning_parts_components_and_leaves_touching_segments_alone():
    assert (thin_borders(np.array([[3, 3, 7, 7]])) == [[1, 1, 2, 2]]).all()
    assert (thin_borders(np.array([[5, 0, 5]])) == [[1, 0, 2]]).all()  # one label, two components
    assert (thin_borders(np.array([[0, 0, 5]])) == [[1, 1, 1]]).all()  # a border at the edge belongs to the segment
    assert (thin_borders(np.zeros((2, 2), dtype=bool)) == 1).all()  # no segment: everything is one, as in the challenge


def test_the_width_of_the_border_costs_nothing():
    truth = np.ones((8, 9), dtype=int)
    truth[:, 4] = 0
    wide = truth.copy()
    wide[:, 3:6] = 0
    assert v_rand(wide, truth) == v_info(wide, truth) == 1
    assert v_rand(truth, truth) == v_info(truth, truth) == 1


def test_a_split_and_a_merge_worked_out_by_hand():
    # Two true cells of 2 pixels; the prediction makes one segment of all. Together 2^2 + 2^2 of 4^2.
    truth = [[1, 1, 0, 1, 1]]
    assert v_rand([[1, 1, 1, 1, 1]], truth) == 2 * 8 / (16 + 8)
    assert v_info([[1, 1, 1, 1, 1]], truth) == 0  # one segment tells nothing of the two cells
    # One true cell of 5 pixels; the prediction parts it by a line, whose pixel is a segment of its own: 2, 1, 2.
    assert v_rand([[1, 1, 0, 1, 1]], [[1, 1, 1, 1, 1]]) == 2 * (4 + 1 + 4) / (9 + 25)
    # A cell of 2 and one of 4 pixels; the second is split in 2 + 2: H(T) = 0.9183, H(S) = log2(3), I = H(T).
    mixed = v_info([[1, 1, 0, 2, 2, 3, 3]], [[1, 1, 0, 1, 1, 1, 1]])
    information = math.log2(6) - (2 + 8) / 6
    assert mixed == pytest.approx(2 * information / (information + math.log2(3)), abs=1e-14)


@pytest.mark.parametrize("seed", range(4))
def test_a_twin_on_thinned_labels_agrees(seed):
    rng = np.random.default_rng(seed)
    truth = (rng.random((12, 12)) < 0.8).astype(int)
    prediction = (rng.random((12, 12)) < 0.8).astype(int)
    cells, segments = _components(truth), np.array(plain.flood(_components(prediction).tolist()))
    pairs = Counter()
    for place in np.argwhere(truth):
        place = tuple(place)
        pairs[segments[place] or ("alone", place), cells[place]] += 1
    n = sum(pairs.values())
    rows, columns = Counter(), Counter()
    for (row, column), count in pairs.items():
        rows[row] += count
        columns[column] += count
    squares = [sum(count**2 for count in each.values()) for each in (pairs, rows, columns)]
    assert v_rand(prediction, truth) == pytest.approx(2 * squares[0] / (squares[1] + squares[2]), abs=1e-14)
    entropies = [-sum(c / n * math.log2(c / n) for c in each.values()) for each in (pairs, rows, columns)]
    information = entropies[1] + entropies[2] - entropies[0]
    assert v_info(prediction, truth) == pytest.approx(2 * information / (entropies[1] + entropies[2]), abs=1e-12)


def _components(mask):
    """4-connected components by flood fill."""
    found, number = np.zeros(mask.shape, dtype=int), 0
    for start in map(tuple, np.argwhere(mask)):
        if found[start]:
            continue
        number += 1
        stack = [start]
        while stack:
            row, column = stack.pop()
            inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
            if inside and mask[row, column] and not found[row, column]:
                found[row, column] = number
                stack += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_lines_lie_where_the_published_flood_puts_them(seed):
    rng = np.random.default_rng(seed)
    cells = _components(rng.random((14, 16)) < (0.15, 0.4, 0.7)[seed % 3])
    assert thin_borders(cells).tolist() == plain.flood(cells.tolist())


@pytest.mark.parametrize("bad", [np.ones((2, 2, 2), dtype=int), np.ones((2, 2)), np.zeros((0, 3), dtype=int)])
def test_what_is_no_label_map_is_refused(bad):
    with pytest.raises(ImageError, match="label map"):
        thin_borders(bad)


@pytest.mark.parametrize("void", [np.zeros((1, 4), dtype=bool), np.zeros((1, 1), dtype=bool), np.zeros((1, 5))])
def test_void_that_does_not_fit_is_refused(void):
    with pytest.raises(ImageError, match="void"):
        v_rand([[1, 1, 0, 2, 2]], [[1, 1, 0, 2, 2]], void=void)


def test_what_does_not_count():
    truth = np.array([[1, 1, 0, 2, 2]])
    assert math.isnan(v_rand(truth, np.zeros_like(truth))) and math.isnan(v_info(truth, np.zeros_like(truth)))
    merged = np.ones_like(truth)
    assert v_rand(merged, truth, mask=np.array([[True, True, True, False, False]])) == 1
    assert v_rand(merged, truth, void=np.array([[True, True, True, False, False]])) == 1
    with pytest.raises(ImageError, match="height and width"):
        v_rand(np.ones((2, 2), dtype=int), truth)


def test_by_name_the_mean_over_truths():
    prediction = np.ones((1, 5), dtype=int)
    truths = [np.array([[1, 1, 0, 1, 1]]), np.array([[1, 1, 1, 1, 1]])]
    assert score(prediction, truths, "vrand.isbi2012", kind="binary") == pytest.approx((2 / 3 + 1) / 2)
    assert score(prediction, truths, "vinfo.isbi2012", kind="instances") == pytest.approx((0 + 1) / 2)
