"""Sparse graphs, banded factors and rotations, against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import graphs as plain
from reference import rotation as plain_rotation

from classicseg.kernels import banded, graphs, rotation


def some_rows(size, seed):
    """A random symmetric graph with loops on some nodes and no empty row; and its rows as lists of (end, weight)."""
    rng = np.random.default_rng(seed)
    weights = rng.random((size, size)) * (rng.random((size, size)) < 0.3)
    weights = weights + weights.T + np.diag((rng.random(size) < 0.5) | ((weights + weights.T).sum(axis=1) == 0))
    rows, ends = np.nonzero(weights)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))])
    return graphs.Graph(starts, ends.astype(np.int32), weights[rows, ends]), listed(weights)


def listed(weights):
    return [[(j, float(w)) for j, w in enumerate(row) if w] for row in weights]


def dense(graph):
    matrix = np.zeros((graph.size, graph.size))
    matrix[graph.rows, graph.ends] = graph.weights
    return matrix


@pytest.mark.small
@given(st.integers(1, 14), st.integers(1, 6), st.integers(0, 99))
def test_products(size, width, seed):
    graph, rows = some_rows(size, seed)
    block, before = np.random.default_rng(seed).standard_normal((2, size, width))
    expected = np.array(plain.product(rows, block.tolist()))
    np.testing.assert_allclose(graphs.multiply_rows(graph, block, 2), expected, atol=1e-12)
    found = graphs.multiply_rows(graph, block, 2, 2.0, 0.5, -1.0, before.copy())
    np.testing.assert_allclose(found, 2 * expected + 0.5 * block - before, atol=1e-12)
    scaled, root, leaving = plain.normalised(rows)
    normalised, found_root, found_leaving = graphs.normalise(graph)
    assert listed(dense(normalised)) == [[(j, pytest.approx(w)) for j, w in row] for row in scaled]
    np.testing.assert_allclose(found_root, root)
    np.testing.assert_allclose(found_leaving, leaving, atol=1e-12)


@pytest.mark.small
@given(st.integers(1, 14), st.booleans(), st.integers(0, 99))
def test_groups_and_their_graph(size, apart, seed):
    graph, rows = some_rows(size, seed)
    alone = np.random.default_rng(seed).random(size) < 0.2 * apart
    group, count = graphs.aggregate(graph, alone, 0.5)
    assert group.tolist() == plain.groups(rows, alone.tolist(), 0.5)
    assert sorted(set(group.tolist())) == list(range(count))
    order, starts = graphs.by_group(group, count)
    assert [part.tolist() for part in np.split(order, starts[1:-1])] == plain.members(group.tolist(), count)
    found = graphs.group_links(graph, group, order, starts)
    np.testing.assert_allclose(dense(found), plain.between(rows, group.tolist(), count), atol=1e-12)


@pytest.mark.small
@given(st.integers(1, 9), st.integers(0, 99))
def test_rows_and_their_transpose(size, seed):
    rng = np.random.default_rng(seed)
    weights = rng.random((size, size)) * (rng.random((size, size)) < 0.4)
    rows, ends = np.nonzero(weights)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))])
    both = graphs.both_ways(graphs.Graph(starts, ends.astype(np.int32), weights[rows, ends]))
    np.testing.assert_allclose(dense(both), weights + weights.T)
    assert len(both.ends) == np.count_nonzero(weights + weights.T)


@pytest.mark.small
@given(st.integers(1, 30), st.floats(0.5, 6), st.integers(0, 99))
def test_near_places(size, radius, seed):
    positions = 9 * np.random.default_rng(seed).random((size, 2))
    starts, ends = graphs.near(positions, radius)
    found = [sorted(part.tolist()) for part in np.split(ends, starts[1:-1])]
    assert found == plain.near(positions.tolist(), radius)


@pytest.mark.small
@given(st.integers(1, 12), st.integers(1, 8), st.integers(0, 99))
def test_banded_solutions(size, width, seed):
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((size, width))
    columns[:, 0] = 2 * width + rng.random(size)
    vectors = rng.standard_normal((3, size))
    lower = plain.banded_factor(columns.tolist())
    factored = banded.factor(columns)
    inside = np.add.outer(np.arange(size), np.arange(width)) < size
    np.testing.assert_allclose(np.where(inside, factored.columns, 0), lower, atol=1e-12)
    found = banded.solve(factored, vectors)
    np.testing.assert_allclose(found, [plain.banded_solution(lower, each) for each in vectors.tolist()], atol=1e-12)


@pytest.mark.small
@given(st.integers(1, 5), st.integers(1, 30), st.integers(0, 99))
def test_classes_under_a_rotation(count, size, seed):
    rng = np.random.default_rng(seed)
    rows, turn = rng.standard_normal((count, size)), rng.standard_normal((count, count))
    classes, sums = rotation.classify(rows, turn, 2)
    assert classes.tolist() == plain_rotation.nearest(rows.T.tolist(), turn.tolist())
    expected = [rows[:, classes == k].sum(axis=1) for k in range(count)]
    np.testing.assert_allclose(sums, expected, atol=1e-12)
    root = (rng.random(size) > 0.2).astype(np.float32)
    found = rotation.nearest(rows.astype(np.float32), turn, root, 2)
    assert found.tolist() == np.where(root > 0, classes, -1).tolist()
    counts = rng.integers(1, 9, size)
    found = rotation.sum_unit_rows(rows.T, classes, counts)
    expected = plain_rotation.sums_of_unit_rows(rows.T.tolist(), classes.tolist(), counts.tolist())
    np.testing.assert_allclose(found, expected, atol=1e-12)
