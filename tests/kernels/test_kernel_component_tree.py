"""The best components of one flood beside those of each threshold by itself."""

import numpy as np
import pytest
from reference.component_tree import best_components as chosen_plainly

from classicseg.kernels.component_tree import best_components


def hills(seed, shape=(14, 16), count=4):
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    field = np.zeros(shape)
    for _ in range(count):
        y, x, width = rng.uniform(0, shape[0]), rng.uniform(0, shape[1]), rng.uniform(1, 4)
        field += rng.uniform(2, 9) * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * width**2))
    return (field + rng.uniform(0, 1, shape) + 1).astype(np.uint16)


@pytest.mark.small
@pytest.mark.parametrize("seed", range(12))
def test_equals_the_plain_twin(seed):
    levels = hills(seed)
    if seed % 3 == 1:
        levels[np.random.default_rng(seed).random(levels.shape) < 0.1] = 0
    for largest, lowest in ((levels.size / 2, 0.0), (60, 4.0)):
        found = best_components(levels, largest, lowest)
        assert np.array_equal(found, chosen_plainly(levels, largest, lowest))


@pytest.mark.small
def test_each_object_has_the_level_where_it_falls_most():
    levels = np.ones((12, 16), dtype=np.uint16)
    levels[2:8, 2:7] = 5  # a dim one: its foot is sharpest
    levels[2:10, 9:15] = 20  # a bright one with a halo: the halo does not count
    levels[3:9, 10:14] = 90
    found = best_components(levels, 96, 1.0)
    assert found[2:8, 2:7].all()
    assert found[3:9, 10:14].all()
    assert found.sum() == 30 + 24


@pytest.mark.small
def test_a_flat_picture_has_no_object():
    assert not best_components(np.full((8, 9), 7, dtype=np.uint16), 100, 0).any()
    assert not best_components(np.zeros((1, 2), dtype=np.uint16), 100, 0).any()
