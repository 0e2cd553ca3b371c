"""Sparse graphs, banded factors and rotations, against dense linear algebra."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classicseg.kernels import banded, graphs
from classicseg.kernels.rotation import classify


def some_rows(size, seed):
    """A random symmetric graph with loops on some nodes and no empty row: dense, and in rows."""
    rng = np.random.default_rng(seed)
    weights = rng.random((size, size)) * (rng.random((size, size)) < 0.3)
    weights = weights + weights.T + np.diag((rng.random(size) < 0.5) + (weights + weights.T).sum(axis=1) == 0)
    rows, ends = np.nonzero(weights)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))])
    return weights, (starts, ends.astype(np.int32), weights[rows, ends])


@pytest.mark.small
@given(st.integers(1, 20), st.integers(1, 9), st.integers(0, 99))
def test_products(size, width, seed):
    weights, rows = some_rows(size, seed)
    block = np.random.default_rng(seed).standard_normal((size, width))
    np.testing.assert_allclose(graphs.multiply_rows(*rows, block, 2), weights @ block, atol=1e-12)


@pytest.mark.small
@given(st.integers(1, 20), st.booleans(), st.integers(0, 99))
def test_groups_and_their_graph(size, apart, seed):
    weights, rows = some_rows(size, seed)
    alone = np.random.default_rng(seed).random(size) < 0.2 * apart
    group, count = graphs.aggregate(*rows, alone, 0.5)
    assert sorted(set(group.tolist())) == list(range(count))
    assert all(np.count_nonzero(group == group[node]) == 1 for node in np.flatnonzero(alone))
    order, starts = graphs.by_group(group, count)
    assert [group[order[a:b]].tolist() for a, b in pairwise(starts)] == [
        [g] * np.count_nonzero(group == g) for g in range(count)
    ]
    to_starts, ends, values = graphs.group_links(*rows, group, order, starts)
    found = np.zeros((count, count))
    found[np.repeat(np.arange(count), np.diff(to_starts)), ends] = values
    member = np.eye(count)[group]
    np.testing.assert_allclose(found, member.T @ weights @ member, atol=1e-12)


@pytest.mark.small
@given(st.integers(1, 40), st.floats(0.5, 6), st.integers(0, 99))
def test_near_places(size, radius, seed):
    positions = 9 * np.random.default_rng(seed).random((size, 2))
    starts, ends = graphs.near(positions, radius)
    apart = np.linalg.norm(positions[:, np.newaxis] - positions, axis=2)
    for i in range(size):
        expected = [j for j in range(size) if j != i and apart[i, j] <= radius]
        assert sorted(ends[starts[i] : starts[i + 1]].tolist()) == expected


@pytest.mark.small
@given(st.integers(1, 16), st.integers(1, 8), st.integers(0, 99))
def test_banded_solutions(size, width, seed):
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((size, width))
    columns[:, 0] = 2 * width + rng.random(size)
    dense = np.zeros((size, size))
    for t in range(min(width, size)):
        at = np.arange(size - t)
        dense[at + t, at] = dense[at, at + t] = columns[: size - t, t]
    vectors = rng.standard_normal((3, size))
    found = banded.solve(banded.factor(columns), vectors)
    np.testing.assert_allclose(found @ dense, vectors, atol=1e-10)


@pytest.mark.small
@given(st.integers(1, 5), st.integers(1, 30), st.integers(0, 99))
def test_classes_under_a_rotation(count, size, seed):
    rng = np.random.default_rng(seed)
    rows, rotation = rng.standard_normal((count, size)), rng.standard_normal((count, count))
    classes, sums = classify(rows, rotation, 2)
    assert classes.tolist() == np.argmax(rows.T @ rotation, axis=1).tolist()
    expected = [rows[:, classes == k].sum(axis=1) for k in range(count)]
    np.testing.assert_allclose(sums, expected, atol=1e-12)
