"""The graph of pixels in planes, and groups of pixels, against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import graphs as plain
from reference import pixel_graph

from classicseg.kernels import graphs, pixel_groups, stencil

SIZES = (
    st.integers(1, 7),
    st.integers(1, 8),
    st.sampled_from([1.0, 1.5, 2.0, 3.2]),
    st.integers(1, 4),
    st.integers(0, 99),
)


def some_graph(height, width, radius, depth, seed):
    """A stencil of random colours under a random mask, the mask, the strongest link at each place, and all links."""
    rng = np.random.default_rng(seed)
    planes = (12 * rng.random((depth, height, width))).astype(np.float32)
    mask = rng.random((height, width)) > 0.2
    mask[0, 0] = True
    graph, strongest = stencil.pixel_stencil(planes, mask, 6.0, 2.0, radius, 2)
    return graph, mask, strongest, pixel_graph.weights(planes.tolist(), mask.tolist(), 6.0, 2.0, radius)


def spread(graph, mask, values):
    """Rows of values inside the mask as flat planes."""
    flat = np.zeros((len(values), graph.frame.size), dtype=values.dtype)
    graph.frame.picture(flat)[:, mask] = values
    return flat


def inside(graph, mask, flat):
    return graph.frame.picture(flat)[..., mask]


def by_pixel(mask, values):
    """Values in raster order of the pixels inside, as a dictionary by (row, column)."""
    return dict(zip(map(tuple, np.argwhere(mask).tolist()), values, strict=True))


@pytest.mark.small
@given(*SIZES)
def test_weights_and_products_equal_the_plain_twin(height, width, radius, depth, seed):
    graph, mask, strongest, links = some_graph(height, width, radius, depth, seed)
    degrees = [sum(own.values()) for own in links.values()]
    np.testing.assert_allclose(inside(graph, mask, graph.root), np.sqrt(degrees), rtol=1e-5)
    x = np.random.default_rng(seed).standard_normal((3, len(degrees))).astype(np.float32)
    before = np.random.default_rng(seed + 1).standard_normal(x.shape).astype(np.float32)
    found = spread(graph, mask, before)
    stencil.multiply(graph, spread(graph, mask, x), 2, 0.5, 2.0, -1.0, found)
    products = [list(pixel_graph.product(links, by_pixel(mask, row)).values()) for row in x.astype(float).tolist()]
    np.testing.assert_allclose(inside(graph, mask, found), 0.5 * np.array(products) + 2 * x - before, atol=2e-5)
    assert np.count_nonzero(graph.frame.picture(found)[:, ~mask]) == 0
    expected = [max((w for q, w in own.items() if q != p), default=0) for p, own in links.items()]
    np.testing.assert_allclose(inside(graph, mask, strongest), expected, rtol=1e-5)


@pytest.mark.small
@given(*SIZES)
def test_groups_and_their_links_equal_the_plain_twins(height, width, radius, depth, seed):
    graph, mask, strongest, links = some_graph(height, width, radius, depth, seed)
    group = pixel_groups.aggregate(graph, strongest, 0.5, 2)
    of_node = inside(graph, mask, group).tolist()
    count = max(of_node) + 1
    assert sorted(set(of_node)) == list(range(count))
    assert np.count_nonzero(group >= 0) == np.count_nonzero(mask)
    groups = pixel_graph.groups(links, 0.5, radius)
    expected = [groups[pixel] for pixel in links]
    assert len(set(zip(of_node, expected, strict=True))) == count == len(set(expected))
    order, starts = graphs.by_group(group, count)
    found = pixel_groups.group_links(graph, group, order, starts, 2)
    dense = np.zeros((count, count))
    dense[found.rows, found.ends] = found.weights
    number = {pixel: i for i, pixel in enumerate(links)}
    rows = [[(number[other], weight) for other, weight in own.items()] for own in links.values()]
    np.testing.assert_allclose(dense, plain.between(rows, of_node, count), rtol=1e-4, atol=1e-9)
    coarse, group_root = np.random.default_rng(seed).standard_normal((count, 2)), np.sqrt(dense.sum(axis=1))
    fine = np.zeros((2, graph.frame.size), dtype=np.float32)
    pixel_groups.prolong(graph, coarse, group_root, group, 2, fine)
    share = inside(graph, mask, graph.root) / group_root[of_node]
    np.testing.assert_allclose(inside(graph, mask, fine), share * coarse[of_node].T, rtol=1e-4, atol=1e-9)


def test_half_of_all_offsets():
    offsets = stencil.half_offsets(2.0, (9, 9)).tolist()
    assert offsets == [[0, 1], [0, 2], [1, -1], [1, 0], [1, 1], [2, 0]]
    assert stencil.half_offsets(2.0, (2, 2)).tolist() == [[0, 1], [1, -1], [1, 0], [1, 1]]
    assert stencil.half_offsets(2.0, (1, 9)).tolist() == [[0, 1], [0, 2]]
