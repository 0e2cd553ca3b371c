"""The contingency table: against scikit-image, against counting by hand, and what it refuses."""

import numpy as np
import pytest

from classicseg.errors import ImageError
from classicseg.metrics import contingency_table

pytestmark = pytest.mark.small

EYE = np.eye(4, dtype=int)


def maps(seed, labels=6, shape=(9, 13)):
    rng = np.random.default_rng(seed)
    return rng.integers(0, labels, shape), rng.integers(0, labels, shape)


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_scikit_image(seed):
    from skimage.metrics import contingency_table as of_skimage

    prediction, truth = maps(seed)
    table = contingency_table(prediction, truth)
    theirs = np.asarray(of_skimage(prediction, truth, normalize=False).todense())
    np.testing.assert_array_equal(table.dense(), theirs[np.ix_(table.predicted, table.true)])
    assert table.total == theirs.sum() == prediction.size


def test_a_table_worked_out_by_hand():
    prediction = np.array([[1, 1, 2, 2], [1, 1, 2, 2], [4, 4, 4, 4]])
    truth = np.array([[0, 0, 0, 9], [0, 3, 9, 9], [0, 3, 3, 9]])
    table = contingency_table(prediction, truth)
    assert table.predicted.tolist() == [1, 2, 4]
    assert table.true.tolist() == [0, 3, 9]
    assert table.dense().tolist() == [[3, 1, 0], [1, 0, 3], [1, 2, 1]]
    assert table.predicted_areas.tolist() == [4, 4, 4]
    assert table.true_areas.tolist() == [5, 3, 4]
    assert list(zip(table.rows.tolist(), table.columns.tolist(), table.counts.tolist(), strict=True)) == [
        (0, 0, 3), (0, 1, 1), (1, 0, 1), (1, 2, 3), (2, 0, 1), (2, 1, 2), (2, 2, 1),
    ]  # fmt: skip


def test_binarised_is_the_table_of_the_binarised_truth():
    prediction, truth = maps(5)
    truth -= 2
    merged, direct = contingency_table(prediction, truth).binarised(), contingency_table(prediction, truth > 0)
    assert merged.true.tolist() == [0, 1]
    np.testing.assert_array_equal(merged.dense(), direct.dense())
    np.testing.assert_array_equal(merged.true_areas, direct.true_areas)
    np.testing.assert_array_equal(merged.predicted_areas, direct.predicted_areas)


def test_label_values_may_be_far_apart():
    prediction, truth = maps(1)
    values = np.array([-(2**63), -7, 0, 1, 10**9, 2**63 - 1])
    table = contingency_table(values[prediction], truth)
    assert table.predicted.tolist() == values.tolist()
    np.testing.assert_array_equal(table.dense(), contingency_table(prediction, truth).dense())


def test_many_labels_on_both_sides_keep_only_the_cells_that_occur():
    numbers = np.arange(256).reshape(16, 16)
    table = contingency_table(numbers, numbers[::-1])
    assert table.counts.tolist() == [1] * 256  # the dense table has 65,536 cells
    np.testing.assert_array_equal(table.columns, numbers[::-1].ravel())


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_every_integer_type_gives_the_same_table(dtype):
    prediction, truth = maps(2, labels=2)
    expected = contingency_table(prediction, truth)
    table = contingency_table(np.asfortranarray(prediction.astype(dtype)), truth.astype(dtype)[:, ::-1][:, ::-1])
    np.testing.assert_array_equal(table.dense(), expected.dense())
    assert table.predicted.dtype == table.true.dtype == table.counts.dtype == np.int64


def test_mask_and_void_leave_pixels_out():
    prediction, truth = maps(3)
    rng = np.random.default_rng(0)
    mask, void = rng.random(truth.shape) < 0.7, rng.random(truth.shape) < 0.2
    table = contingency_table(prediction, truth, mask=mask, void=void)
    expected = np.zeros((6, 6), dtype=int)
    for i, j in np.ndindex(truth.shape):
        if mask[i, j] and not void[i, j]:
            expected[prediction[i, j], truth[i, j]] += 1
    np.testing.assert_array_equal(table.dense(), expected[np.ix_(table.predicted, table.true)])
    assert table.total == expected.sum() < truth.size
    only_void = contingency_table(prediction, truth, void=~mask)
    np.testing.assert_array_equal(only_void.dense(), contingency_table(prediction, truth, mask=mask).dense())


def test_void_areas_are_the_pixels_that_void_alone_left_out():
    prediction = np.array([[1, 1, 2, 2], [3, 3, 2, 9], [9, 9, 9, 9]])
    void = np.array([[0, 1, 1, 1], [1, 1, 0, 1], [0, 0, 0, 0]], dtype=bool)
    mask = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1]], dtype=bool)
    truth = np.ones_like(prediction)
    table = contingency_table(prediction, truth, mask=mask, void=void)
    assert table.predicted.tolist() == [1, 2, 9]  # 3 lies in void wholly
    assert table.void_areas.tolist() == [1, 1, 1]  # the second 2 of void is outside the mask
    assert table.binarised().void_areas.tolist() == [1, 1, 1]
    assert contingency_table(prediction, truth, void=void).void_areas.tolist() == [1, 2, 1]
    without = contingency_table(prediction, truth, mask=mask)
    assert without.void_areas.tolist() == [0, 0, 0, 0]
    assert without.void_areas.dtype == table.void_areas.dtype == np.int64


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint64, np.int64])
def test_void_areas_of_every_kind_of_label(dtype):
    prediction, truth = maps(6, labels=2)
    void = np.random.default_rng(6).random(truth.shape) < 0.3
    table = contingency_table(prediction.astype(dtype), truth, void=void)
    assert table.void_areas.tolist() == [np.sum(void & (prediction == 0)), np.sum(void & (prediction == 1))]
    assert contingency_table(prediction, truth, void=np.ones_like(void)).void_areas.tolist() == []


def test_no_pixel_that_counts_gives_an_empty_table():
    prediction, truth = maps(4)
    table = contingency_table(prediction, truth, mask=np.zeros(truth.shape, bool))
    assert table.total == len(table.predicted) == len(table.true) == len(table.counts) == 0
    assert table.binarised().total == 0


@pytest.mark.parametrize(
    ("prediction", "truth", "options", "words"),
    [
        (np.zeros((3, 4), int), np.zeros((4, 3), int), {}, r"\(3, 4\).*\(4, 3\).*Give label maps"),
        (np.zeros((3, 4)), np.zeros((3, 4), int), {}, r"prediction of type float64.*astype"),
        (np.zeros((3, 4), int), np.zeros((3, 4), np.float32), {}, r"truth of type float32.*astype"),
        (np.zeros((3, 4, 1), int), np.zeros((3, 4, 1), int), {}, r"\(3, 4, 1\).*\(H, W\)"),
        (np.zeros((0, 4), int), np.zeros((0, 4), int), {}, r"\(0, 4\).*at least one pixel"),
        (np.full((1, 1), 2**63, np.uint64), np.zeros((1, 1), int), {}, r"9223372036854775808.*anew"),
        (EYE, EYE, {"mask": np.ones((4, 4), int)}, r"mask of type int.*Give mask != 0"),
        (EYE, EYE, {"mask": np.ones((3, 4), bool)}, r"mask has shape \(3, 4\).*\(4, 4\)"),
        (EYE, EYE, {"void": np.ones((4, 1), bool)}, r"void has shape \(4, 1\).*\(4, 4\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(prediction, truth, options, words):
    with pytest.raises(ImageError, match=words):
        contingency_table(prediction, truth, **options)
