"""Contour maps from MATLAB files."""

import numpy as np
import pytest
import scipy.io

from classicseg.errors import ImageError
from classicseg.hierarchy import Hierarchy
from classicseg.io.ucm import encode_ucm, read_ucm2, write_ucm2

pytestmark = pytest.mark.small


@pytest.fixture
def ucm2():
    array = np.zeros((3, 7))
    array[:, 2], array[:, 4] = 0.75, 0.25
    return array


@pytest.mark.parametrize("version", ["4", "5"])
def test_a_map_is_read_from_its_variable(tmp_path, ucm2, version):
    path = tmp_path / "map.mat"
    scipy.io.savemat(path, {"other": np.ones((3, 3)), "ucm2": ucm2}, format=version)
    for name in (path, str(path)):
        hierarchy = read_ucm2(name)
        assert hierarchy.leaves.tolist() == [[1, 2, 3]]
        assert hierarchy.cut(threshold=0.25).tolist() == [[1, 2, 2]]


def test_what_is_no_map_is_refused_by_the_name_of_the_file(tmp_path, ucm2):
    path = tmp_path / "map.mat"
    with pytest.raises(ImageError, match=r"map.mat does not exist"):
        read_ucm2(path)
    scipy.io.savemat(path, {"ucm": ucm2})
    with pytest.raises(ImageError, match=r"map.mat has no variable 'ucm2'; it holds ucm"):
        read_ucm2(path)
    scipy.io.savemat(path, {"ucm2": ucm2[:2]})
    with pytest.raises(ImageError, match=r"map.mat: an array of type float64 and shape \(2, 7\) came") as raised:
        read_ucm2(path)
    assert str(raised.value).count("map.mat") == 1
    scipy.io.savemat(path, {"ucm2": {"field": ucm2}})
    with pytest.raises(ImageError, match=r"map.mat: an array of type \[\('field'"):
        read_ucm2(path)


@pytest.mark.parametrize("values", [[0.1, 0.7], [0.25, 3.0], []])
def test_what_is_written_is_read_with_the_same_cuts(tmp_path, values):
    made = Hierarchy.from_merges([[1, 1, 2], [1, 3, 3]], [(0, 1), (3, 2)][: len(values)], values)
    path = tmp_path / "deep" / "map.mat"
    write_ucm2(path, made)
    assert np.array_equal(scipy.io.loadmat(path)["ucm2"], made.ucm())
    back = read_ucm2(path)
    assert back.thresholds()[: len(values)].tolist() == values
    for threshold in (0, 0.1, 0.25, 0.5, 0.9):
        assert np.array_equal(back.cut(threshold=threshold), made.cut(threshold=threshold))


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(ImageError, match="altitudes down to -1"):
        write_ucm2(tmp_path / "map.mat", Hierarchy.from_merges([[1, 2]], [(0, 1)], [-1]))
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_contours_has_255_where_the_altitude_is_1_and_above(tmp_path):
    from io import BytesIO

    from PIL import Image

    made = Hierarchy([[1, 2, 3, 4]], [4, 4, 5, 3, 5, 5], [0, 0, 0, 0, 0.5, 1.5])
    assert np.asarray(Image.open(BytesIO(encode_ucm(made)))).tolist() == [[128, 255, 255, 0]]
