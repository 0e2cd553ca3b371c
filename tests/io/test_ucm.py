"""Contour maps from MATLAB files."""

import numpy as np
import pytest
import scipy.io

from classicseg.errors import ImageError
from classicseg.io.ucm import read_ucm2

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
