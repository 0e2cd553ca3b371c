"""Moves that lower the normalised cut, against plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import ncut, pixel_graph
from reference import refining as plain

from classicseg.kernels import refining, stencil
from classicseg.kernels.graphs import Graph


def some_weights(size, seed):
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((size, size)) * (rng.random((size, size)) < 0.4))
    weights += np.triu(weights, 1).T
    np.fill_diagonal(weights, weights.diagonal() + (weights.sum(axis=1) == 0))
    return weights


def in_rows(weights):
    rows, ends = np.nonzero(weights)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(weights)))])
    return Graph(starts, ends.astype(np.int32), weights[rows, ends])


@pytest.mark.small
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_nodes_move_as_in_the_plain_twin(size, count, sweeps, seed):
    weights = some_weights(size, seed)
    classes = np.random.default_rng(seed).integers(0, count, size).astype(np.int32)
    inner, total = refining.sum_classes(in_rows(weights), classes, count)
    np.testing.assert_allclose((inner, total), plain.shares(weights.tolist(), classes.tolist(), count))
    expected = plain.refined(weights.tolist(), classes.tolist(), count, sweeps)
    refining.refine_rows(in_rows(weights), classes, inner, total, sweeps)
    assert classes.tolist() == expected
    np.testing.assert_allclose((inner, total), plain.shares(weights.tolist(), expected, count), atol=1e-9)


@pytest.mark.small
@given(st.integers(1, 4), st.integers(1, 5), st.sampled_from([1.0, 2.0]), st.integers(0, 99))
def test_pixels_move_as_in_the_plain_twin(height, width, radius, seed):
    rng = np.random.default_rng(seed)
    planes = (12 * rng.random((2, height, width))).astype(np.float32)
    mask = rng.random((height, width)) > 0.2
    mask[0, 0] = True
    graph, _ = stencil.pixel_stencil(planes, mask, 6.0, 2.0, radius, 2)
    links = pixel_graph.weights(planes.tolist(), mask.tolist(), 6.0, 2.0, radius)
    weights = np.array([[own.get(other, 0.0) for other in links] for own in links.values()])
    classes = rng.integers(0, 3, len(weights)).astype(np.int32)
    flat = np.full(graph.frame.size, -1, dtype=np.int32)
    graph.frame.picture(flat)[mask] = classes
    awake = refining.awake_pixels(graph, flat, 2)
    near = (weights > 0) & (classes[:, np.newaxis] != classes)
    assert graph.frame.picture(awake)[mask].tolist() == near.any(axis=1).tolist()
    inner, total = refining.sum_pixel_classes(graph, flat, awake, 3)
    np.testing.assert_allclose((inner, total), plain.shares(weights, classes.tolist(), 3), rtol=1e-4, atol=1e-6)
    refining.refine(graph, flat, inner, total, awake, 3)
    refined = graph.frame.picture(flat)[mask].tolist()
    assert refined == plain.refined(weights.tolist(), classes.tolist(), 3, 3)
    assert ncut.normalised_cut(weights, refined) <= ncut.normalised_cut(weights, classes) + 1e-5
    np.testing.assert_allclose((inner, total), plain.shares(weights, refined, 3), rtol=1e-4, atol=1e-6)
