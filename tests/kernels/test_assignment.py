"""The sparse assignment by total cost: against trying everything, and against SciPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import assignment as plain
from scipy.optimize import linear_sum_assignment

from classicseg.kernels import assignment
from classicseg.kernels.assignment import assign, pairs_within, steps_within


def arrays_of(edges):
    """A list of dicts right -> cost as the arrays that `assign` takes."""
    ordered = [sorted(each.items(), key=lambda edge: (edge[1], edge[0])) for each in edges]
    starts = np.cumsum([0] + [len(each) for each in ordered]).astype(np.int64)
    flat = np.array([edge for each in ordered for edge in each], dtype=np.int32).reshape(-1, 2)
    return starts, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])


def cost_of(edges, partner, alone):
    """What an assignment costs; fails unless it is one."""
    taken = partner[partner >= 0].tolist()
    assert len(set(taken)) == len(taken)
    return sum(alone if right < 0 else each[right] for each, right in zip(edges, partner.tolist(), strict=True))


def dense_cost(edges, rights, alone):
    """The least cost by SciPy's dense solver: one extra column a left node stands for staying alone."""
    never = 10**9
    table = np.full((len(edges), rights + len(edges)), never)
    for node, each in enumerate(edges):
        table[node, list(each)] = list(each.values())
        table[node, rights + node] = alone
    return int(table[linear_sum_assignment(table)].sum())


def random_graph(rng, lefts, rights, degree, highest):
    edges = []
    for _ in range(lefts):
        found = rng.choice(rights, size=min(rights, int(rng.integers(0, degree + 1))), replace=False).tolist()
        edges.append(
            {right: int(cost) for right, cost in zip(found, rng.integers(0, highest + 1, len(found)), strict=True)}
        )
    return edges


edge_lists = st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 9), max_size=5), max_size=6)


@pytest.mark.small
@given(edges=edge_lists, alone=st.sampled_from([0, 3, 8, 30]))
def test_the_cost_is_the_least_of_all(edges, alone):
    partner = assign(*arrays_of(edges), 5, alone)
    assert cost_of(edges, partner, alone) == plain.least_cost(edges, alone)


@pytest.mark.small
@pytest.mark.parametrize("bids", [0, 1, 1000])
def test_the_cost_does_not_depend_on_the_bids(bids, monkeypatch):
    monkeypatch.setattr(assignment, "_BIDS_A_NODE", bids)
    rng = np.random.default_rng(bids)
    for _ in range(8):
        edges = random_graph(rng, 12, 10, 5, 20)
        assert cost_of(edges, assign(*arrays_of(edges), 10, 50), 50) == dense_cost(edges, 10, 50)


@pytest.mark.parametrize(("lefts", "rights"), [(150, 150), (100, 200), (200, 100)])
@pytest.mark.parametrize("alone", [5, 40, 4000])
def test_larger_graphs_against_scipy(lefts, rights, alone):
    rng = np.random.default_rng(lefts + alone)
    edges = random_graph(rng, lefts, rights, 9, 40)
    assert cost_of(edges, assign(*arrays_of(edges), rights, alone), alone) == dense_cost(edges, rights, alone)


@pytest.mark.parametrize("density", [0.05, 0.2, 0.5])
def test_pixels_against_scipy(density):
    rng = np.random.default_rng(int(density * 100))
    left, right = rng.random((30, 40)) < density, rng.random((30, 40)) < density
    left[:, :15] &= rng.random((30, 15)) < 0.4  # too few on one side of each half
    right[:, 25:] &= rng.random((30, 15)) < 0.4
    steps, distances = steps_within(2.9, left.shape)
    starts, targets, which = pairs_within(left, right, steps)
    costs = np.rint(100 * distances).astype(np.int32)[which]
    edges = [dict(zip(targets[a:b].tolist(), costs[a:b].tolist(), strict=True)) for a, b in itertools.pairwise(starts)]
    partner = assign(starts, targets, costs, int(right.sum()), 29_000)
    assert cost_of(edges, partner, 29_000) == dense_cost(edges, int(right.sum()), 29_000)
    assert np.array_equal(partner, assign(starts, targets, costs, int(right.sum()), 29_000))


@pytest.mark.small
def test_a_contested_node_goes_to_who_can_spare_it_least():
    edges = [{0: 1, 1: 2}, {0: 1}]
    assert assign(*arrays_of(edges), 2, 10).tolist() == [1, 0]
    assert assign(*arrays_of([{0: 4}, {0: 3}]), 1, 10).tolist() == [-1, 0]
    assert assign(*arrays_of([{0: 4}, {}]), 1, 3).tolist() == [-1, -1]  # dearer than to stay alone


@pytest.mark.small
def test_nothing_to_assign():
    nothing = np.zeros(0, dtype=np.int32)
    assert assign(np.zeros(1, dtype=np.int64), nothing, nothing, 0, 5).tolist() == []
    assert assign(np.zeros(3, dtype=np.int64), nothing, nothing, 4, 5).tolist() == [-1, -1]


@pytest.mark.small
def test_steps_are_those_within_reach_the_nearest_first():
    steps, distances = steps_within(1.5, (9, 9))
    assert steps[0].tolist() == [0, 0]
    assert {tuple(step) for step in steps.tolist()} == {(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1)}
    assert distances.tolist() == [0, 1, 1, 1, 1] + [np.sqrt(2)] * 4
    assert len(steps_within(1.0, (9, 9))[0]) == 5
    assert len(steps_within(0.99, (9, 9))[0]) == 1


@pytest.mark.small
@pytest.mark.parametrize("reach", [0.5, 1.0, 2.3, 5.0])
def test_pairs_are_those_within_reach(reach):
    rng = np.random.default_rng(4)
    left, right = rng.random((9, 11)) < 0.3, rng.random((9, 11)) < 0.3
    steps, distances = steps_within(reach, left.shape)
    starts, targets, which = pairs_within(left, right, steps)
    costs = np.rint(100 * distances)[which].astype(int)
    found = [dict(zip(targets[a:b].tolist(), costs[a:b].tolist(), strict=True)) for a, b in itertools.pairwise(starts)]
    assert found == plain.edges_within(left, right, reach, 100)
    for a, b in itertools.pairwise(starts):
        assert (np.diff(costs[a:b]) >= 0).all()
