"""Boundary maps, matching and counts, worked out by hand on a few pixels, and against plain twins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import assignment as plain

from classicseg.errors import ImageError, ParameterError
from classicseg.metrics.boundaries import (
    BoundaryCounts,
    boundary_counts,
    boundary_f,
    boundary_precision,
    boundary_recall,
    contour_counts,
    count_boundaries,
)
from classicseg.metrics.boundary_maps import boundary_map, contour_thresholds, thin, ucm_contour
from classicseg.metrics.boundary_matching import match_boundaries, prices
from classicseg.metrics.superpixels import superpixel_boundary_recall

small = pytest.mark.small


def drawn(*rows):
    """A bool map from rows of '.' and '#'."""
    return np.array([[mark == "#" for mark in row] for row in rows])


def share(pixels, shape):
    """The tolerance that reaches so many pixels, and a little more."""
    return (pixels + 1e-6) / math.hypot(*shape)


# ---- boundary maps ----


def seg2bdry(labels):
    """The benchmark's recipe on the grid of doubled size: cracks, corners where cracks meet, a copied rim."""
    height, width = labels.shape
    grid = np.zeros((2 * height + 1, 2 * width + 1), dtype=bool)
    for r in range(height):
        for c in range(width):
            if r + 1 < height:
                grid[2 * r + 2, 2 * c + 1] = labels[r, c] != labels[r + 1, c]
            if c + 1 < width:
                grid[2 * r + 1, 2 * c + 2] = labels[r, c] != labels[r, c + 1]
    for r in range(2, 2 * height, 2):
        for c in range(2, 2 * width, 2):
            grid[r, c] = grid[r - 1, c] or grid[r + 1, c] or grid[r, c - 1] or grid[r, c + 1]
    grid[0], grid[-1] = grid[1], grid[-2]
    grid[:, 0], grid[:, -1] = grid[:, 1], grid[:, -2]
    return grid[2::2, 2::2]


@small
@settings(derandomize=True, max_examples=80, deadline=None, database=None)
@given(
    labels=st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
        lambda shape: hnp.arrays(np.int32, shape, elements=st.integers(0, 2))
    )
)
def test_boundary_map_equals_the_doubled_grid(labels):
    assert np.array_equal(boundary_map(labels), seg2bdry(labels))


@small
def test_boundary_map_of_one_label_or_one_pixel_is_empty():
    assert not boundary_map(np.full((3, 4), 7)).any()
    assert boundary_map([[5]]).tolist() == [[False]]


@small
def test_changes_from_and_to_pixels_that_do_not_count_are_no_boundary():
    labels = np.array([[1, 1, 2, 3, 3]] * 2)
    void = labels == 2
    assert boundary_map(labels).tolist() == [[False, True, True, False, False]] * 2
    assert not boundary_map(labels, void=void).any()
    assert not boundary_map(labels, mask=~void).any()
    # One void row: the change stays in the other, and pixels of the void row hold none of it.
    void = np.zeros((2, 5), dtype=bool)
    void[0] = True
    assert boundary_map(labels, void=void).tolist() == [[False] * 5, [False, True, True, False, False]]


@small
def test_label_maps_that_cannot_be_used_are_refused():
    with pytest.raises(ImageError, match="label map"):
        boundary_map([[0.5, 1.0]])
    with pytest.raises(ImageError, match=r"void has shape \(1, 3\)"):
        boundary_map([[1, 2]], void=np.zeros((1, 3), dtype=bool))


@small
def test_ucm_is_sampled_at_the_lower_right_corner_of_each_pixel():
    ucm2 = np.arange(35).reshape(5, 7)
    assert ucm_contour(ucm2).tolist() == [[16, 18, 20], [30, 32, 34]]
    assert ucm_contour(np.zeros((3, 3))).shape == (1, 1)


@small
@pytest.mark.parametrize("shape", [(4, 5), (5, 4), (1, 3), (5,)])
def test_maps_that_are_no_ucm_are_refused(shape):
    with pytest.raises(ImageError, match="UCM"):
        ucm_contour(np.zeros(shape))
    with pytest.raises(ImageError, match="NaN"):
        ucm_contour(np.full((5, 5), np.nan))


@small
def test_thin_takes_bool_maps_only():
    assert thin(np.zeros((2, 3), dtype=bool)).tolist() == [[False] * 3] * 2
    assert thin(np.ones((1, 1), dtype=bool)).tolist() == [[True]]
    for wrong in (np.ones((2, 2)), np.ones(4, dtype=bool), np.zeros((0, 3), dtype=bool)):
        with pytest.raises(ImageError, match="boundary map is bool"):
            thin(wrong)


# ---- matching ----


@small
def test_pixels_match_one_to_one_within_the_tolerance():
    prediction = drawn("##......")
    truth = drawn("#...#...")
    found, wanted = match_boundaries(prediction, truth, tolerance=share(3, (1, 8)))
    assert np.array_equal(found, prediction)  # the second lies exactly 3 from its partner
    assert np.array_equal(wanted, truth)
    found, wanted = match_boundaries(prediction, truth, tolerance=share(2.9, (1, 8)))
    assert np.array_equal(found, drawn("#......."))
    assert np.array_equal(wanted, drawn("#......."))


@small
def test_the_nearest_of_several_is_matched():
    found, wanted = match_boundaries(drawn("#.#.", "...."), drawn("....", "..#."), tolerance=share(3, (2, 4)))
    assert np.array_equal(found, drawn("..#.", "...."))
    assert np.array_equal(wanted, drawn("....", "..#."))


@small
def test_one_more_pair_is_worth_longer_distances():
    # The second predicted pixel lies on the first true one, but both find a partner only if it moves on.
    found, wanted = match_boundaries(drawn("##.."), drawn(".##."), tolerance=share(1, (1, 4)))
    assert found.sum() == wanted.sum() == 2


@pytest.mark.parametrize(("length", "matched"), [(99, 99), (102, 101)])
def test_one_more_pair_is_not_worth_more_than_a_hundred_reaches(length, matched):
    """A line shifted by one pixel: to match its first pixel too, all others leave a partner in place (100 x 1 pixel).

    The bound 100 D is that of the original's graph, in which a pair also costs the two outliers that it sets free.
    """
    truth = np.zeros((1, length + 1), dtype=bool)
    truth[0, 1:] = True
    prediction = truth[:, ::-1].copy()
    tolerance = share(1, truth.shape)
    for found in match_boundaries(prediction, truth, tolerance=tolerance):
        assert found.sum() == matched


@small
@settings(derandomize=True, max_examples=60, deadline=None, database=None)
@given(
    cells=st.lists(st.integers(0, 29), max_size=6, unique=True),
    others=st.lists(st.integers(0, 29), max_size=6, unique=True),
    pixels=st.sampled_from([0.5, 1.0, 1.5, 2.3]),
)
def test_as_many_are_matched_as_at_the_least_cost(cells, others, pixels):
    prediction, truth = np.zeros((5, 6), dtype=bool), np.zeros((5, 6), dtype=bool)
    prediction.flat[cells], truth.flat[others] = True, True
    tolerance = share(pixels, truth.shape)
    found, wanted = match_boundaries(prediction, truth, tolerance=tolerance)
    reach = tolerance * math.hypot(5, 6)
    alone = math.ceil(100 * 100 * reach)
    least = plain.least_cost(plain.edges_within(prediction, truth, reach, 100), alone)
    # Distances never add up to one outlier here, so that the cost tells the number of pairs and their distances.
    assert prediction.sum() - found.sum() == least // alone
    assert wanted.sum() == found.sum()
    assert not (found & ~prediction).any()
    assert not (wanted & ~truth).any()
    # The matched pixels alone cost the same: they are pixels of an optimum.
    assert plain.least_cost(plain.edges_within(found, wanted, reach, 100), alone) == least % alone


@small
def test_empty_maps_match_nothing():
    empty, full = np.zeros((3, 3), dtype=bool), np.ones((3, 3), dtype=bool)
    for pair in ((empty, full), (full, empty), (empty, empty)):
        assert not any(each.any() for each in match_boundaries(*pair))
    assert all(each.all() for each in match_boundaries(full, full))
    assert all(each.all() for each in match_boundaries(full[:1, :1], full[:1, :1]))


@small
@pytest.mark.parametrize("tolerance", [0, -0.1, 1.01, math.nan, math.inf, True, "0.1", None])
def test_tolerances_that_are_no_share_of_the_diagonal_are_refused(tolerance):
    one = np.ones((2, 2), dtype=bool)
    calls = (
        lambda: match_boundaries(one, one, tolerance=tolerance),
        lambda: count_boundaries(one, [one], tolerance=tolerance),
        lambda: boundary_counts([[1]], [[[1]]], tolerance=tolerance),
        lambda: contour_counts(one, [one], [0.5], tolerance=tolerance),
        lambda: superpixel_boundary_recall([[1]], [[[1]]], tolerance=tolerance),
    )
    for call in calls:
        with pytest.raises(ParameterError, match="share of the diagonal"):
            call()


# ---- counts ----


@small
def test_precision_counts_a_pixel_once_and_recall_sums_over_truths():
    prediction = drawn("#..#..#")
    truths = [drawn("#......"), drawn("#..#..."), drawn("#.#...."), drawn(".......")]
    counts = count_boundaries(prediction, truths)
    assert counts == BoundaryCounts(recall_hits=4, recall_total=5, precision_hits=2, precision_total=3)
    assert (counts.recall, counts.precision) == (4 / 5, 2 / 3)
    assert counts.f == pytest.approx(2 * (4 / 5) * (2 / 3) / (4 / 5 + 2 / 3))


@small
def test_empty_sides_give_zero_as_in_the_benchmark():
    empty, one = drawn("..."), drawn("#..")
    assert count_boundaries(empty, [empty]) == BoundaryCounts(0, 0, 0, 0)
    assert count_boundaries(empty, [one]) == BoundaryCounts(0, 1, 0, 0)
    assert count_boundaries(one, [empty]) == BoundaryCounts(0, 0, 0, 1)
    for counts in (BoundaryCounts(0, 0, 0, 0), BoundaryCounts(0, 1, 0, 0), BoundaryCounts(0, 0, 0, 1)):
        assert (counts.precision, counts.recall, counts.f) == (0, 0, 0)


@small
def test_counts_add_up():
    parts = [BoundaryCounts(1, 2, 3, 4), BoundaryCounts(10, 20, 30, 40)]
    assert sum(parts, BoundaryCounts()) == BoundaryCounts(11, 22, 33, 44)
    with pytest.raises(TypeError):
        parts[0] + 1


@small
def test_pixels_that_do_not_count_are_taken_out_of_both_sides():
    prediction, truth = drawn("##..#"), drawn(".#..#")
    void = drawn("....#")
    expected = BoundaryCounts(1, 1, 1, 2)
    assert count_boundaries(prediction, [truth], void=void) == expected
    assert count_boundaries(prediction, [truth], mask=~void) == expected
    assert count_boundaries(prediction, [truth], mask=~void, void=void) == expected
    # A void pixel is no partner for one that counts, though it lies in reach.
    assert count_boundaries(drawn("#...."), [drawn(".#...")], tolerance=0.3, void=drawn(".#...")).recall_total == 0
    assert count_boundaries(prediction, [truth], void=np.ones((1, 5), dtype=bool)) == BoundaryCounts()


@small
def test_label_maps_are_thinned_on_both_sides():
    labels = np.array([[1, 1, 1, 1], [1, 2, 2, 2], [1, 2, 2, 2], [1, 2, 2, 2]])
    edge = boundary_map(labels)
    assert edge.sum() == 7
    assert thin(edge).sum() == 6  # the corner is cut
    assert boundary_counts(labels, [labels]) == BoundaryCounts(6, 6, 6, 6)
    assert count_boundaries(thin(edge), [edge]) == BoundaryCounts(6, 7, 6, 6)


@small
def test_label_values_do_not_matter_and_one_truth_may_stand_alone():
    labels, truth = np.array([[1, 1, 1, 2, 2, 2]] * 3), np.array([[9, 9, 9, 0, 0, 0]] * 3)
    expected = BoundaryCounts(3, 3, 3, 3)
    for truths in ([truth], (truth,), truth, truth[np.newaxis], truth.tolist(), [truth.tolist()]):
        assert boundary_counts(labels, truths) == expected
    assert count_boundaries(boundary_map(labels), boundary_map(truth)) == expected


@small
def test_single_labels_single_pixels_and_all_void():
    one, two = np.full((4, 4), 3), np.array([[1, 1, 2, 2]] * 4)
    assert boundary_counts(one, [two]) == BoundaryCounts(0, 4, 0, 0)
    assert boundary_counts(two, [one]) == BoundaryCounts(0, 0, 0, 4)
    assert boundary_counts([[1]], [[[1]]]) == BoundaryCounts()
    assert boundary_counts(two, [two], void=np.ones((4, 4), dtype=bool)) == BoundaryCounts()


@small
def test_scores_on_top_of_the_counts():
    two = np.array([[1, 1, 1, 1, 2, 2, 2, 2]] * 4)
    three = np.array([[3, 3, 1, 1, 2, 2, 2, 2]] * 4)
    assert boundary_precision(three, [two, two]) == 1 / 2
    assert boundary_recall(three, [two, two]) == boundary_precision(two, [three]) == 1
    assert boundary_recall(two, [three]) == 1 / 2
    assert boundary_f(three, [two]) == boundary_f(two, [three]) == 2 / 3
    one = np.ones((4, 8), dtype=int)
    for score in (boundary_f, boundary_precision, boundary_recall):
        assert score(two, [two]) == 1
        assert score(one, [two]) == score(two, [one]) == 0
        assert math.isnan(score(one, [one]))
        assert math.isnan(score(two, [two], void=one > 0))


@small
def test_truths_that_cannot_be_used_are_refused():
    prediction, labels = np.zeros((2, 3), dtype=bool), np.ones((2, 3), dtype=int)
    for call in (
        lambda: count_boundaries(prediction, []),
        lambda: boundary_counts(labels, []),
        lambda: superpixel_boundary_recall(labels, []),
        lambda: contour_counts(prediction, [], [0.5]),
    ):
        with pytest.raises(ImageError, match=r"\[\] came as truths; .* one or more"):
            call()
    for nothing in (None, 5, np.ones(3, dtype=bool)):
        with pytest.raises(ImageError, match="came as truths"):
            boundary_counts(labels, nothing)
    with pytest.raises(ImageError, match="rows of different lengths"):
        boundary_counts(labels, [[[1, 2, 3], [1, 2]]])
    with pytest.raises(ImageError, match="rows of different lengths"):
        match_boundaries([[True, False], [True]], prediction)
    for call in (
        lambda: count_boundaries(prediction, [prediction[:, :2]]),
        lambda: boundary_counts(labels, [labels[:, :2]]),
        lambda: superpixel_boundary_recall(labels, [labels[:, :2]]),
        lambda: contour_counts(prediction, [prediction[:, :2]], [0.5]),
        lambda: match_boundaries(prediction, prediction[:, :2]),
    ):
        with pytest.raises(ImageError, match=r"a truth \(2, 2\)"):
            call()
    with pytest.raises(ImageError, match="bool"):
        count_boundaries(prediction, [labels])


# ---- contours ----


@small
def test_thresholds_lie_equally_far_apart():
    assert contour_thresholds(1).tolist() == [0.5]
    assert contour_thresholds(3).tolist() == [0.25, 0.5, 0.75]
    assert contour_thresholds().shape == (99,)
    assert np.allclose(contour_thresholds(99), np.arange(1, 100) / 100, rtol=0, atol=1e-15)
    # MATLAB: linspace(a, b, n) = a + (0:n-1) * (b - a) / (n - 1), rounded after each operation, and b itself at the end
    a, b = 1 / 100, 1 - 1 / 100
    assert contour_thresholds(99).tolist() == [*(a + k * (b - a) / 98 for k in range(98)), b]
    assert contour_thresholds(99).tolist() != np.linspace(a, b, 99).tolist()
    for wrong in (0, -1, 2.0, True, "3"):
        with pytest.raises(ParameterError, match="number of thresholds"):
            contour_thresholds(wrong)


@small
def test_a_contour_counts_where_it_reaches_the_threshold():
    contour = np.array([[0.25, 0, 0, 0.75, 0, 0, 0.5]])
    truth = drawn("#..#...")
    assert contour_counts(contour, [truth, truth], [0.25, 0.5, 0.6, 0.75, 0.8]) == [
        BoundaryCounts(4, 4, 2, 3),
        BoundaryCounts(2, 4, 1, 2),
        BoundaryCounts(2, 4, 1, 1),
        BoundaryCounts(2, 4, 1, 1),
        BoundaryCounts(0, 4, 0, 0),
    ]


@small
def test_each_threshold_is_thinned():
    contour = np.zeros((7, 7))
    contour[1:6, 2:5] = 0.4
    contour[3, 3] = 0.9
    counts = contour_counts(contour, [np.zeros((7, 7), dtype=bool)], [0.3, 0.5])
    assert [each.precision_total for each in counts] == [int(thin(contour > 0).sum()), 1]
    assert counts[0].precision_total == 3


@small
def test_contours_leave_out_pixels_that_do_not_count():
    contour = np.array([[1.0, 0, 0, 1.0]])
    assert contour_counts(contour, [drawn("#..#")], [0.5], void=drawn("...#")) == [BoundaryCounts(1, 1, 1, 1)]


@small
def test_contours_and_thresholds_that_cannot_be_used_are_refused():
    truth = drawn("#.")
    for wrong in ([[0.1, np.nan]], [[np.inf, 0]], [0.1, 0.2], [["a", "b"]]):
        with pytest.raises(ImageError, match="contour map"):
            contour_counts(wrong, [truth], [0.5])
    for wrong in ([], 0.5, [np.nan], [[0.5]], ["a"]):
        with pytest.raises(ParameterError, match="thresholds"):
            contour_counts([[0.1, 0.2]], [truth], wrong)


# ---- several truths ----


@small
def test_prices_are_whole_hundredths_as_the_original_rounds_them():
    costs, alone = prices(np.array([0, 1, math.sqrt(2), math.sqrt(5), math.sqrt(8)]), 1.5001)
    assert costs.tolist() == [0, 100, 141, 224, 283]
    assert alone == 15001  # 100 reaches of 1.5001 pixels, rounded up
    assert prices(np.zeros(1), 1.000001)[1] == 10001


@small
def test_the_order_of_the_truths_does_not_matter():
    rng = np.random.default_rng(4)
    maps = [rng.random((12, 12)) < 0.3 for _ in range(5)]
    expected = count_boundaries(maps[0], maps[1:], tolerance=0.15)
    for _ in range(4):
        shuffled = [maps[index] for index in 1 + rng.permutation(4)]
        assert count_boundaries(maps[0], shuffled, tolerance=0.15) == expected


def test_ties_are_broken_otherwise_for_each_truth(data_root):
    """Against several truths, the pixels left over must not be the same each time: a flip would change the score."""
    from skimage.segmentation import felzenszwalb

    from classicseg.datasets import open_dataset

    if not (data_root / "BSDS500").is_dir():
        pytest.skip("needs BSDS500")
    (sample,) = [
        each for each in open_dataset(f"bsds500:{data_root / 'BSDS500'}", split="val") if each.name == "106024"
    ]
    loaded = sample.read()
    labels = felzenszwalb(loaded.image.array, scale=50, sigma=0.8, min_size=30)
    found, truths = thin(boundary_map(labels)), [thin(boundary_map(truth)) for truth in loaded.truths]
    flips = [lambda m: m, lambda m: m[::-1], lambda m: m[:, ::-1], lambda m: m[::-1, ::-1]]
    precisions = [count_boundaries(flip(found), [flip(truth) for truth in truths]).precision for flip in flips]
    assert max(precisions) - min(precisions) < 0.002


# ---- superpixels ----


@small
def test_any_predicted_boundary_nearby_serves_any_number_of_true_pixels():
    labels, truth = np.array([[1, 1, 1, 1, 2, 2, 2, 2]]), np.array([[1, 1, 2, 2, 3, 3, 4, 4]])
    # Predicted: pixels 3, 4. True: pixels 1 to 6. Reach 0: 2 of 6; 1: 4 of 6; 2: all.
    for reach, found in ((0.4, 2), (1, 4), (2, 6)):
        assert superpixel_boundary_recall(labels, [truth], tolerance=share(reach, (1, 8))) == found / 6


@small
def test_the_window_is_a_square():
    labels, truth = np.ones((5, 5), dtype=int), np.ones((5, 5), dtype=int)
    labels[0, 0], truth[4, 4] = 2, 2
    # Predicted: (0, 0), (0, 1), (1, 0). True: (4, 4), (4, 3), (3, 4). (3, 4) is 3 down and 3 right of (0, 1).
    assert superpixel_boundary_recall(labels, [truth], tolerance=share(2, (5, 5))) == 0
    assert superpixel_boundary_recall(labels, [truth], tolerance=share(3, (5, 5))) == 2 / 3
    assert superpixel_boundary_recall(labels, [truth], tolerance=share(4, (5, 5))) == 1
    truth = np.ones((5, 5), dtype=int)
    truth[3, 3] = 2  # true: (3, 3) and its four neighbours; (2, 3) and (3, 2) lie 2 over from (0, 1) and (1, 0)
    assert superpixel_boundary_recall(labels, [truth], tolerance=share(2, (5, 5))) == 2 / 5


def test_superpixel_recall_is_the_mean_over_truths_that_have_a_boundary():
    labels = np.array([[1, 1, 2, 2, 2, 2]])
    half = np.array([[1, 1, 2, 2, 3, 3]])
    one = np.ones_like(labels)
    assert superpixel_boundary_recall(labels, [labels, half, one]) == (1 + 1 / 2) / 2
    # The reach is rounded: 0.0035 of a diagonal of 578.3 pixels is 2.02, and 0.0043 of it 2.49.
    wide, far, farther = (np.ones((481, 321), dtype=int) for _ in range(3))
    wide[:, 100:], far[:, 103:], farther[:, 104:] = 2, 2, 2
    for tolerance in (0.0035, 0.0043):
        assert superpixel_boundary_recall(far, [wide], tolerance=tolerance) == 1 / 2
        assert superpixel_boundary_recall(farther, [wide], tolerance=tolerance) == 0
    assert superpixel_boundary_recall(one, [labels]) == 0
    assert math.isnan(superpixel_boundary_recall(labels, [one]))
    assert math.isnan(superpixel_boundary_recall([[1]], [[[2]]]))
    assert superpixel_boundary_recall(labels, [half], void=drawn("....##")) == 1
    assert math.isnan(superpixel_boundary_recall(labels, [labels], mask=np.zeros((1, 6), dtype=bool)))


def test_scores_of_a_larger_picture_do_not_depend_on_how_it_lies_in_memory():
    rng = np.random.default_rng(5)
    labels, truth = (np.kron(rng.integers(0, 3, (6, 8)), np.ones((9, 9), dtype=int)) for _ in range(2))
    expected = boundary_counts(labels, [truth])
    assert 0 < expected.f < 1
    assert boundary_counts(np.asfortranarray(labels), [np.asfortranarray(truth)]) == expected
    assert boundary_counts(np.repeat(labels, 2, axis=0)[::2].astype(np.uint8), [truth.astype(np.int64)]) == expected
    exchanged = boundary_counts(truth, [labels])
    assert (exchanged.recall_hits, exchanged.precision_hits) == (expected.precision_hits, expected.recall_hits)
