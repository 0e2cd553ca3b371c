"""Tables of segments against scikit-image, and their CSV read back by pandas and by the csv module."""

import csv
import io

import numpy as np
import pandas
import pytest
from skimage.measure import regionprops_table

import classicseg
from classicseg import ImageError
from classicseg.io import encode_measurements, measure

PROPERTIES = ("label", "area", "centroid", "bbox", "perimeter", "intensity_mean", "intensity_std")


def compare(labels, picture):
    """Hold a table to scikit-image's own, which has the same columns but for the numbers' types."""
    expected = regionprops_table(labels, picture, properties=PROPERTIES)
    found = measure(labels, picture).columns
    assert list(found) == list(expected)
    for name, column in expected.items():
        if name.split("-")[0] in ("perimeter", "intensity_mean", "intensity_std"):
            np.testing.assert_allclose(found[name], column, rtol=1e-10, atol=1e-12, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], column, err_msg=name)


@pytest.mark.small
@pytest.mark.parametrize("seed", range(6))
def test_a_table_is_that_of_scikit_image(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (5, 8)).repeat(3, axis=0).repeat(2, axis=1) * 7
    labels[labels == 14] = 0
    pictures = [
        rng.integers(0, 256, (15, 16), dtype=np.uint8),
        rng.integers(0, 65536, (15, 16, 3), dtype=np.uint16),
        rng.normal(5, 200, (15, 16, 1)),
    ]
    compare(labels, pictures[seed % 3])


def test_a_table_of_a_photograph_is_that_of_scikit_image(photograph):
    for method in ("meanshift", "kmeans", "slic"):
        compare(classicseg.segment(photograph, method), photograph)


@pytest.mark.small
def test_labels_far_apart_the_background_and_what_is_masked():
    labels = np.array([[0, 5, 5], [0, 2_000_000_000, 5]], dtype=np.uint32)
    picture = np.array([[1.0, 2.0, np.nan], [3.0, np.inf, 4.0]])
    mask = np.isfinite(picture)
    assert measure(labels, picture)["label"].tolist() == [5, 2_000_000_000]
    found = measure(labels, picture, mask, background=True)
    assert found["label"].tolist() == [0, 5]
    assert found["area"].tolist() == [2, 2]
    assert found["intensity_mean"].tolist() == [2.0, 3.0]
    assert found["bbox-3"].tolist() == [1, 3]
    assert len(found) == 2 and next(iter(found)) == "label"
    assert np.isnan(measure(labels, picture)["intensity_mean"]).all()
    whole = measure(labels, mask=mask)
    assert list(whole.columns) == [name for name in found if not name.startswith("intensity")]
    alone = measure(np.where(mask, labels, 0))
    assert all(np.array_equal(whole[name], alone[name]) for name in whole)


@pytest.mark.small
def test_a_map_of_nothing_gives_a_table_of_no_row():
    found = measure(np.zeros((3, 4), dtype=np.uint8), np.zeros((3, 4)))
    assert len(found) == 0
    assert encode_measurements(found).count(b"\r\n") == 1


@pytest.mark.small
@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((3, 5)), r"\(3, 5\)"),
        (np.zeros((3, 4, 0)), r"\(3, 4, 0\)"),
        (np.zeros((3, 4), dtype=complex), "complex128"),
        (np.zeros(12), r"\(12,\)"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(picture, words):
    with pytest.raises(ImageError, match=f"{words}.* labels of shape .3, 4.*height and width of the labels"):
        measure(np.ones((3, 4), dtype=int), picture)


@pytest.mark.small
@pytest.mark.parametrize(
    ("labels", "mask", "words"),
    [
        (np.ones((2, 2)), None, "float64 came; a label map is"),
        (np.zeros((0, 2), dtype=int), None, r"\(0, 2\)"),
        (np.array([[-1, 2]]), None, "labels from -1 to 2 came"),
        (np.array([[1, 2**31]]), None, "Renumber"),
        (np.ones((2, 2), dtype=int), np.ones((2, 3), dtype=bool), r"a mask of shape \(2, 3\) came"),
    ],
)
def test_what_is_no_label_map_is_refused(labels, mask, words):
    with pytest.raises(ImageError, match=words):
        measure(labels, mask=mask)


@pytest.mark.small
def test_pandas_and_the_csv_module_read_the_same_numbers_back(small_picture):
    labels = np.arange(12 * 14).reshape(12, 14) // 5
    bands = small_picture / 3
    bands[0, 6] = np.nan
    found = measure(labels, bands)
    data = encode_measurements(found)
    exactly = {"float_precision": "round_trip"} if pandas.__version__ < "3" else {}
    read = pandas.read_csv(io.BytesIO(data), **exactly)
    pandas.testing.assert_frame_equal(read, pandas.DataFrame(found.columns), check_exact=True)
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert header == list(found.columns)
    empty = np.isnan(list(found.columns.values())).T.tolist()
    assert [[cell == "" for cell in row] for row in rows] == empty
    assert sum(map(sum, empty)) == 6
    for name, *cells in zip(header, *rows, strict=True):
        assert [float(cell or "nan") for cell in cells] == pytest.approx(
            found[name].tolist(), rel=0, abs=0, nan_ok=True
        )
    assert data.endswith(b"\r\n") and data.count(b"\r\n") == data.count(b"\n") == len(found) + 1
