"""The graph of pixels in planes, against the dense affinities by formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import ncut as plain

from classicseg.kernels import graphs, stencil

SIZES = (
    st.integers(1, 7),
    st.integers(1, 8),
    st.sampled_from([1.0, 1.5, 2.0, 3.2]),
    st.integers(1, 4),
    st.integers(0, 99),
)


def some_graph(height, width, radius, depth, seed):
    """A stencil of random colours under a random mask, its dense weights, and the strongest link at each place."""
    rng = np.random.default_rng(seed)
    planes = (12 * rng.random((depth, height, width))).astype(np.float32)
    mask = rng.random((height, width)) > 0.2
    mask[0, 0] = True
    graph, strongest = stencil.pixel_stencil(planes, mask, 6.0, 2.0, radius, 2)
    weights = plain.dense_affinity(planes[:, mask].T.tolist(), np.argwhere(mask).tolist(), 6.0, 2.0, radius)
    return graph, weights, mask, strongest


def spread(graph, mask, values):
    """Rows of values inside the mask as flat planes."""
    flat = np.zeros((len(values), graph.frame.size), dtype=values.dtype)
    graph.frame.picture(flat)[:, mask] = values
    return flat


def inside(graph, mask, flat):
    return graph.frame.picture(flat)[..., mask]


@pytest.mark.small
@given(*SIZES)
def test_degrees_and_products_equal_the_dense_ones(height, width, radius, depth, seed):
    graph, weights, mask, strongest = some_graph(height, width, radius, depth, seed)
    root = np.sqrt(weights.sum(axis=1))
    np.testing.assert_allclose(inside(graph, mask, graph.root), root, rtol=1e-5)
    dense = weights / np.outer(root, root)
    x = np.random.default_rng(seed).standard_normal((3, len(root)))
    found = np.zeros((3, graph.frame.size))
    stencil.multiply(graph, spread(graph, mask, x), 2, 0.5, 2.0, found)
    np.testing.assert_allclose(inside(graph, mask, found), 0.5 * x @ dense + 2 * x, atol=2e-5)
    assert np.count_nonzero(graph.frame.picture(found)[:, ~mask]) == 0
    np.fill_diagonal(weights, 0)
    np.testing.assert_allclose(inside(graph, mask, strongest), weights.max(axis=1), rtol=1e-5)


@pytest.mark.small
@given(*SIZES)
def test_groups_and_their_links(height, width, radius, depth, seed):
    graph, weights, mask, strongest = some_graph(height, width, radius, depth, seed)
    group = stencil.aggregate(graph, strongest, 0.5, 2)
    of_node = inside(graph, mask, group)
    count = int(of_node.max()) + 1
    assert sorted(set(of_node.tolist())) == list(range(count))
    assert np.count_nonzero(group >= 0) == np.count_nonzero(mask)
    order, starts = graphs.by_group(group, count)
    rows, ends, values = stencil.group_links(graph, group, order, starts, 2)
    found = np.zeros((count, count))
    found[np.repeat(np.arange(count), np.diff(rows)), ends] = values
    member = np.eye(count)[of_node]
    np.testing.assert_allclose(found, member.T @ weights @ member, rtol=1e-4, atol=1e-9)
    share = np.where(group >= 0, 0.5, 0.0)
    coarse = np.random.default_rng(seed).standard_normal((2, count))
    fine = stencil.prolong(graph, coarse, share, group, 2)
    np.testing.assert_allclose(inside(graph, mask, fine), 0.5 * coarse @ member.T, atol=1e-12)


@pytest.mark.small
@given(*SIZES)
def test_refining_keeps_count_and_never_raises_the_cut(height, width, radius, depth, seed):
    graph, weights, mask, _ = some_graph(height, width, radius, depth, seed)
    classes = np.random.default_rng(seed).integers(0, 3, len(weights)).astype(np.int32)
    flat = np.full(graph.frame.size, -1, dtype=np.int32)
    graph.frame.picture(flat)[mask] = classes
    kept = inside(graph, mask, stencil.kept_links(graph, flat, 2))
    same = classes[:, np.newaxis] == classes
    np.testing.assert_allclose(kept, (weights * same).sum(axis=1), rtol=1e-4, atol=1e-9)
    total = np.bincount(classes, weights.sum(axis=1), 3)
    inner = np.bincount(classes, kept, 3)
    stencil.refine(graph, flat, inner, total, 3)
    refined = inside(graph, mask, flat)
    assert set(refined.tolist()) == set(classes.tolist())
    assert plain.normalised_cut(weights, refined) <= plain.normalised_cut(weights, classes) + 1e-5
    same = refined[:, np.newaxis] == refined
    np.testing.assert_allclose(inner, np.bincount(refined, (weights * same).sum(axis=1), 3), rtol=1e-4, atol=1e-6)


def test_half_of_all_offsets():
    offsets = stencil.half_offsets(2.0).tolist()
    assert offsets == [[0, 1], [0, 2], [1, -1], [1, 0], [1, 1], [2, 0]]
