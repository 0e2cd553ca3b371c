"""The disc test beside its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.splitting import squared_distances as distances_of_all_pairs

from classicseg.kernels.distance import farther_than, squared_distances


@pytest.mark.small
@given(
    arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 9).map(bool)),
    st.sampled_from([0, 0.5, 1, 1.4, 1.5, 2, 2.5, 3, 5, 7.07, 50, 250]),
)
def test_no_blocked_pixel_is_as_near(free, distance):
    blocked = np.argwhere(~free)
    expected = [
        [all((y - r) ** 2 + (x - c) ** 2 > distance**2 for r, c in blocked) for x in range(free.shape[1])]
        for y in range(free.shape[0])
    ]
    assert farther_than(free, distance).tolist() == expected


@pytest.mark.parametrize("distance", [1, 2, 12.5, 50])
def test_equals_scipys_distance_on_a_photograph(photograph, distance):
    from scipy.ndimage import distance_transform_edt

    free = photograph[:, :, 0] > np.percentile(photograph[:, :, 0], 5)
    far = farther_than(free, distance)
    assert np.array_equal(far, distance_transform_edt(free) > distance)
    assert 0 < far.sum() < free.sum()


@pytest.mark.small
@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 9).map(bool)))
def test_squared_distances_equal_those_of_all_pairs(free):
    assert squared_distances(free).tolist() == distances_of_all_pairs(free.tolist())


def test_squared_distances_equal_scipys_on_a_photograph(photograph):
    from scipy.ndimage import distance_transform_edt

    for share in (1, 20, 60):
        free = photograph[:, :, 0] > np.percentile(photograph[:, :, 0], share)
        theirs = distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1]
        assert np.array_equal(squared_distances(np.asfortranarray(free)), np.rint(theirs**2))
