"""Arcs and rings of label maps, and fewer points of them, against plain walks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference.components import flood_fill_components
from reference.outlines import cracks, outline_rings, simplified
from scipy.ndimage import gaussian_filter

from classicseg.kernels.outlines import find_arcs, find_rings, spell_rings
from classicseg.kernels.simplifying import simplify_arcs

shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))


@st.composite
def label_maps(draw):
    """Noise of a few labels, the background among them or not."""
    lowest, kinds = draw(st.sampled_from([0, 0, 1])), draw(st.sampled_from([1, 2, 4]))
    return draw(hnp.arrays(np.int32, draw(shapes), elements=st.integers(lowest, lowest + kinds)))


def specked_map(seed):
    """Blobs with single pixels strewn over them: what stands in the way of their borders."""
    rng = np.random.default_rng(seed)
    labels = np.argmax(gaussian_filter(rng.normal(size=(3, 14, 14)), (0, 1.2, 1.2)), axis=0).astype(np.int32)
    labels[rng.random(labels.shape) < 0.05] = 4
    return labels


def regions_of(labels):
    return flood_fill_components(labels, labels > 0)


def steps(points):
    """The unit edges of a line along the grid."""
    for (x, y), (to_x, to_y) in pairwise(points):
        assert (x == to_x) != (y == to_y)
        dx, dy = np.sign(to_x - x), np.sign(to_y - y)
        while (x, y) != (to_x, to_y):
            yield (x, y), (x + dx, y + dy)
            x, y = x + dx, y + dy


def points_of(arcs):
    return [arcs.points[start:stop].tolist() for start, stop in pairwise(arcs.starts)]


def sides_of(regions, edge):
    """The regions to the left and to the right, in the numbers, of a unit edge."""
    around = np.pad(regions, 1)
    (x, y), (to_x, to_y) = edge
    dx, dy = to_x - x, to_y - y
    middle = np.array([x + to_x, y + to_y]) / 2 + 0.5  # half a pixel further: the map is padded
    left, right = middle + np.array([-dy, dx]) / 2, middle - np.array([-dy, dx]) / 2
    return [int(around[round(b), round(a)]) for a, b in (left, right)]


@pytest.mark.small
@given(label_maps())
def test_arcs_hold_each_edge_once_with_its_sides(labels):
    regions = regions_of(labels)
    arcs = find_arcs(regions)
    edges = []
    for number, points in enumerate(points_of(arcs)):
        closed = arcs.nodes[number].tolist() == [-1, -1]
        assert not closed or points[0] == points[-1]
        for edge in steps(points):
            edges.append(tuple(sorted(edge)))
            assert sides_of(regions, edge) == arcs.sides[number].tolist()
    assert len(edges) == len(set(edges))
    assert set(edges) == cracks(labels)


@pytest.mark.small
@given(label_maps())
def test_arcs_run_between_corners_where_regions_meet(labels):
    arcs = find_arcs(regions_of(labels))
    meeting = {}
    for edge in cracks(labels):
        for corner in edge:
            meeting.setdefault(corner, []).append(edge)
    height, width = labels.shape
    nodes = []
    for (x, y), each in meeting.items():
        on_frame = x in (0, width) or y in (0, height)
        turns = (
            len({end[0] for edge in each for end in edge}) > 1 and len({end[1] for edge in each for end in edge}) > 1
        )
        if len(each) > 2 or (on_frame and turns):
            nodes.append((y, x))
    nodes.sort()
    for (start, end), points in zip(arcs.nodes.tolist(), points_of(arcs), strict=True):
        inner = {(y, x) for x, y in points[1:-1]}
        assert not inner & set(nodes)
        if start >= 0:
            assert [nodes[start], nodes[end]] == [tuple(points[0][::-1]), tuple(points[-1][::-1])]
    assert len(arcs.leaving) == len(nodes)
    used = arcs.leaving[arcs.leaving >= 0]
    assert sorted(used.tolist()) == [half for half in range(2 * len(arcs.nodes)) if arcs.nodes[half // 2, 0] >= 0]


def rings_by_region(arcs):
    rings = find_rings(arcs)
    places, offsets = spell_rings(arcs.starts, rings, np.arange(len(rings.regions)))
    found = {}
    for number, region in enumerate(rings.regions.tolist()):
        points = [tuple(point) for point in arcs.points[places[offsets[number] : offsets[number + 1]]].tolist()]
        assert points[0] == points[-1]
        doubled = sum(x * b - a * y for (x, y), (a, b) in pairwise(points))
        assert (doubled < 0) == rings.holes[number]
        least = points.index(min(points[:-1]))
        found.setdefault(region, set()).add(tuple(points[least:-1] + points[:least]))
    return found


@pytest.mark.small
@given(label_maps())
def test_rings_equal_plain_walks(labels):
    assert rings_by_region(find_arcs(regions_of(labels))) == outline_rings(labels)


def assert_simplified(labels, tolerance):
    arcs = find_arcs(regions_of(labels))
    closed = (arcs.nodes[:, 0] < 0).tolist()
    plain = [
        ([tuple(point) for point in (points[:-1] if ring else points)], ring)
        for points, ring in zip(points_of(arcs), closed, strict=True)
    ]
    fewer = simplify_arcs(arcs, labels.shape, tolerance)
    found = [[tuple(point) for point in points] for points in points_of(fewer)]
    for points, ring in zip(found, closed, strict=True):
        assert not ring or points.pop() == points[0]
    assert found == simplified(plain, tolerance)


@pytest.mark.small
@given(labels=label_maps(), tolerance=st.sampled_from([0.5, 0.75, 1.0, 2.5, 40.0]))
def test_fewer_points_equal_a_search_of_all(labels, tolerance):
    assert_simplified(labels, tolerance)


@pytest.mark.small
@pytest.mark.parametrize("seed", [3, 5, 6, 14, 17])
def test_points_that_stood_in_the_way_are_minded_until_they_go(seed):
    """In each of these maps a point stays at first, and goes when what stood in its triangle has gone."""
    for tolerance in (1.0, 40.0):
        assert_simplified(specked_map(seed), tolerance)


@pytest.mark.small
def test_the_arcs_that_came_stay_as_they_are():
    arcs = find_arcs(regions_of(np.pad(np.tri(6, dtype=np.int32), 2)))
    before = arcs.points.copy()
    assert len(simplify_arcs(arcs, (10, 10), 2.0).points) < len(before)
    assert np.array_equal(arcs.points, before)
