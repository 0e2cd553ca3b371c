"""The eigensolver on graphs where others stumble: many parts, parts that all but hang together, noise."""

from __future__ import annotations

import numpy as np
import pytest

import classicseg
from classicseg import eigen
from classicseg.datasets import made_scene
from classicseg.graphs import Graph

small = pytest.mark.small


def graph_of_parts(parts, size, weak, seed):
    """Random graphs of `size` nodes each, joined in a row by links of weight `weak`."""
    rng = np.random.default_rng(seed)
    count = parts * size
    weights = np.zeros((count, count))
    for part in range(parts):
        inside = slice(part * size, (part + 1) * size)
        block = rng.random((size, size)) * (rng.random((size, size)) < 0.2)
        weights[inside, inside] = block + block.T + np.diag(np.ones(size - 1), 1) + np.diag(np.ones(size - 1), -1)
        if part:
            weights[part * size - 1, part * size] = weights[part * size, part * size - 1] = weak
    np.fill_diagonal(weights, 0)
    return weights


def in_rows(weights):
    rows, ends = np.nonzero(weights)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(weights)))])
    return Graph(starts, ends.astype(np.int32), weights[rows, ends])


@pytest.mark.parametrize(("work", "solver"), [(1e9, "banded"), (0, "multilevel")])
@pytest.mark.parametrize("weak", [0.0, pytest.param(1e-12, marks=small), 1e-6, 1e-2])
def test_equals_the_dense_solution_however_weakly_parts_are_joined(monkeypatch, weak, work, solver):
    monkeypatch.setattr(eigen, "BANDED_WORK", work)
    weights = graph_of_parts(parts=30, size=12, weak=weak, seed=4)
    root = np.sqrt(weights.sum(axis=1))
    normalised = weights / np.outer(root, root)
    expected = np.linalg.eigvalsh(normalised)[::-1][:9]
    values, vectors, by = eigen.normalised_eigenpairs(in_rows(weights), 9)
    assert by == solver
    assert np.abs(values - expected).max() < 1e-9
    solutions = vectors * root[:, np.newaxis]
    assert np.abs(normalised @ solutions - solutions * values).max() < 1e-8
    assert np.abs(solutions.T @ solutions - np.eye(9)).max() < 1e-9


def test_runs_agree_on_flat_scenes_and_on_noise():
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    for image, parameters in ((made_scene("shading", 3)[0], {}), (noise, {"n_superpixels": 0, "n_clusters": 4})):
        first = classicseg.segment(image, "spectral", **parameters)
        for _ in range(3):
            assert np.array_equal(classicseg.segment(image, "spectral", **parameters), first)


def noisy_line():
    """Thousands of parts that all but hang together: eigenvalues crowd at 1, far more than a block of vectors holds."""
    return np.random.default_rng(0).integers(0, 256, (1, 6000), dtype=np.uint8)


def test_rounds_that_no_longer_help_are_left_out():
    told = []
    result = classicseg.run(noisy_line(), "spectral", n_superpixels=0, n_clusters=4, progress=told.append)
    assert result.findings["solver"] == "banded"
    assert result.findings["residual"] < 1e-7
    assert 1 < len(set(told)) < 20  # it is told the same share again after chunks of other work
    assert told == sorted(told)


def test_a_long_solution_can_be_ended_while_it_runs():
    def end(share):
        raise InterruptedError(f"at {share:.3f}")

    with pytest.raises(InterruptedError, match=r"at 0\.0"):
        classicseg.run(noisy_line(), "spectral", n_superpixels=0, n_clusters=4, progress=end)
