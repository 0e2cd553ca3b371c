"""Outlines as polygons: read back by shapely and rasterio themselves, and as few points as are asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from classicseg import ImageError, ParameterError
from classicseg.io.outlines import outlines

SPIRAL = ["#########", "#.......#", "#.#####.#", "#.#...#.#", "#.#.#.#.#", "#.#.###.#", "#.#.....#", "#.#######"]
MAPS = {
    "one pixel": [[1]],
    "background": [[0, 0], [0, 0]],
    "one label": [[7, 7, 7], [7, 7, 7]],
    "islands in holes": np.add.reduce([np.pad(np.ones((11 - 2 * k,) * 2, int), k) for k in range(6)]) % 3,
    "holes that touch": [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 2, 1], [1, 1, 1, 1]],
    "a hole that touches the outside": [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 0]],
    "a chessboard": np.indices((6, 7)).sum(axis=0) % 2,
    "a chessboard of two": np.indices((6, 7)).sum(axis=0) % 2 + 1,
    "diagonal touches": np.eye(6, dtype=int) * 3 + np.eye(6, dtype=int)[::-1] * 5,
    "spiral": [[mark == "#" for mark in row] for row in SPIRAL],
    "spiral beside spiral": [[1 + (mark == "#") for mark in row] for row in SPIRAL],
    "far labels": [[2**31 - 1, 5], [5, 2**31 - 1]],
}
maps = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: hnp.arrays(np.int32, shape, elements=st.integers(0, 3), fill=st.integers(0, 3))
)


def as_shapes(found):
    """All labels as MultiPolygons."""
    shapely = pytest.importorskip("shapely")
    offsets = (found.point_offsets, found.ring_offsets, found.polygon_offsets)
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, found.coordinates.astype(np.float64), offsets)


def rasterized(shapes, found):
    from rasterio.features import rasterize

    pairs = list(zip(shapes, found.labels.tolist(), strict=True))
    return rasterize(pairs, out_shape=found.shape, dtype="int32") if pairs else np.zeros(found.shape, np.int32)


def assert_valid(shapes, found):
    """Valid alone and together: edges that lie on one another are the same to the last point."""
    import shapely

    assert shapely.is_valid(shapes).all()
    parts = shapely.get_parts(shapes)
    assert shapely.is_valid(parts).all()
    assert len(parts) == len(found.ring_offsets) - 1
    assert len(parts) == 0 or shapely.coverage_is_valid(parts)
    exteriors = shapely.get_exterior_ring(parts)
    assert shapely.is_ccw(exteriors).all()
    holes = [hole for part in parts for hole in part.interiors]
    assert not any(hole.is_ccw for hole in holes)


@pytest.mark.small
@pytest.mark.parametrize("name", MAPS)
def test_maps_read_back(name):
    pytest.importorskip("rasterio")
    labels = np.array(MAPS[name], dtype=np.int64 if name == "far labels" else np.int32)
    for turned in (labels, labels.T, labels[::-1], labels[:, ::-1]):
        found = outlines(turned)
        shapes = as_shapes(found)
        assert_valid(shapes, found)
        assert np.array_equal(rasterized(shapes, found), turned)


@pytest.mark.small
@given(maps)
def test_any_map_reads_back(labels):
    pytest.importorskip("rasterio")
    found = outlines(labels)
    shapes = as_shapes(found)
    assert_valid(shapes, found)
    assert np.array_equal(rasterized(shapes, found), labels)
    assert found.labels.tolist() == np.unique(labels[labels > 0]).tolist()
    assert [shape.area for shape in shapes] == [np.count_nonzero(labels == label) for label in found.labels]


@pytest.mark.small
@given(maps)
def test_neighbours_share_their_borders_point_by_point(labels):
    """Each edge comes once each way, but those with nothing on their other side: so long as there are such sides."""
    found = outlines(labels)
    points = found.coordinates.tolist()
    edges = [(*points[place], *points[place + 1]) for place in range(len(points) - 1)]
    edges = [edge for place, edge in enumerate(edges, 1) if place not in set(found.point_offsets.tolist())]
    assert len(edges) == len(set(edges))
    alone = [edge for edge in edges if (*edge[2:], *edge[:2]) not in set(edges)]
    there = np.pad(labels > 0, 1).astype(int)
    sides = abs(np.diff(there, axis=0)).sum() + abs(np.diff(there, axis=1)).sum()
    assert sum(abs(x - to_x) + abs(y - to_y) for x, y, to_x, to_y in alone) == sides


def test_polygons_are_those_of_rasterio():
    features, shapely = pytest.importorskip("rasterio.features"), pytest.importorskip("shapely")
    from skimage import data

    labels = (data.camera()[::8, ::8] // 40 + 1).astype(np.int32)
    found = outlines(labels)
    ours = [(label, part) for label, shape in zip(found.labels, as_shapes(found), strict=True) for part in shape.geoms]
    theirs = [(value, shapely.geometry.shape(shape)) for shape, value in features.shapes(labels, connectivity=4)]
    assert len(ours) == len(theirs) == len(found.ring_offsets) - 1

    def rank(pair):
        return (int(pair[0]), *pair[1].bounds, pair[1].area)

    for (label, one), (value, other) in zip(sorted(ours, key=rank), sorted(theirs, key=rank), strict=True):
        assert label == value
        assert shapely.equals(one, other)


@pytest.mark.small
def test_polygons_by_hand():
    found = outlines(np.array([[1, 1, 1, 0], [1, 2, 1, 0], [1, 1, 1, 2]]))
    assert repr(found) == "Outlines(shape=(3, 4), labels=2, polygons=3, points=21)"
    assert len(found) == 2
    ((outer, holes),) = found.polygons(1)
    assert outer.dtype == np.int32
    assert {tuple(point) for point in outer.tolist()} == {(0, 0), (3, 0), (3, 2), (3, 3), (0, 3)}
    assert [hole.tolist() for hole in holes] == [[[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]]
    first, second = found.polygons(2)
    assert first[0].tolist() == [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
    assert sorted(map(tuple, second[0][:-1].tolist())) == [(3, 2), (3, 3), (4, 2), (4, 3)]
    assert found.polygons(0) == found.polygons(3) == []
    assert [label for label, _ in found.items()] == [1, 2]


@pytest.mark.small
def test_outside_the_mask_is_no_label():
    labels, mask = np.full((4, 5), 3), np.ones((4, 5), dtype=bool)
    mask[1:3, 1:4] = False
    mask[0, 0] = False
    found = outlines(labels, mask)
    assert np.array_equal(found.coordinates, outlines(labels * mask).coordinates)
    assert found.polygons(3)[0][1][0].tolist() == [[1, 1], [1, 3], [4, 3], [4, 1], [1, 1]]


@pytest.mark.small
@pytest.mark.parametrize(
    ("labels", "mask", "told"),
    [
        (np.zeros((2, 2, 3), int), None, r"shape \(2, 2, 3\) .*a label map is \(H, W\) integers"),
        (np.zeros((2, 2)), None, r"float64 came"),
        (np.zeros((0, 2), int), None, r"shape \(0, 2\)"),
        (np.array([[-1, 2]]), None, r"labels from -1 to 2 came"),
        (np.array([[2**31]]), None, r"to 2147483648 came; 0 to 2147483647 are allowed"),
        (np.ones((2, 2), int), np.ones((2, 3), bool), r"mask of shape \(2, 3\) .*labels of shape \(2, 2\)"),
    ],
)
def test_what_is_no_label_map_is_refused(labels, mask, told):
    with pytest.raises(ImageError, match=told):
        outlines(labels, mask)


@pytest.mark.small
@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf"), "2", None])
def test_what_is_no_tolerance_is_refused(tolerance):
    with pytest.raises(ParameterError, match="a number of pixels, 0 or above"):
        outlines(np.eye(3, dtype=int)).simplify(tolerance)


@pytest.mark.small
@given(labels=maps, tolerance=st.sampled_from([0.5, 0.71, 1.0, 2.0, 5.0, 100.0]))
def test_simplified_borders_move_together_and_never_cross(labels, tolerance):
    shapely = pytest.importorskip("shapely")
    exact = outlines(labels)
    fewer = exact.simplify(tolerance)
    before, after = as_shapes(exact), as_shapes(fewer)
    assert_valid(after, fewer)
    assert np.array_equal(fewer.ring_offsets, exact.ring_offsets)
    assert len(fewer.points) <= len(exact.points)
    assert {tuple(point) for point in fewer.points.tolist()} <= {tuple(point) for point in exact.points.tolist()}
    near = shapely.hausdorff_distance(shapely.boundary(before), shapely.boundary(after))
    assert (near <= tolerance + 1e-9).all()
    if labels.all():
        assert shapely.area(after).sum() == pytest.approx(labels.size)
    with_same = shapely.area(before) - shapely.area(after)
    assert (abs(with_same) <= tolerance * shapely.length(before)).all()


def test_simplified_blobs_have_far_fewer_points():
    from skimage import data, measure

    labels = measure.label(data.binary_blobs(300, rng=3)).astype(np.int32)
    exact = outlines(labels)
    counts = [len(exact.simplify(tolerance).points) for tolerance in (0, 0.75, 1, 2, 4)]
    assert counts == sorted(counts, reverse=True)
    assert counts[2] < 0.4 * counts[0]
    assert counts[4] < 0.12 * counts[0]
    fewer = exact.simplify(1)
    shapes = as_shapes(fewer)
    assert_valid(shapes, fewer)
    assert np.mean(rasterized(shapes, fewer) == labels) > 0.98


@pytest.mark.small
def test_islands_and_stairs_by_hand():
    """A border at 45 degrees becomes one line; a diamond, which no node touches, keeps three corners at the least."""
    stairs = outlines(np.tri(16, dtype=int) + 1).simplify(0.71)
    assert stairs.polygons(1)[0][0].tolist() == [[1, 0], [16, 0], [16, 15], [1, 0]]
    assert len(stairs.polygons(2)[0][0]) == 6
    rows, columns = np.indices((16, 16))
    diamond = outlines((abs(rows - 8) + abs(columns - 8) < 6).astype(int))
    assert diamond.simplify(0) is diamond
    assert 4 <= len(diamond.simplify(1).polygons(1)[0][0]) - 1 <= 8
    assert len(diamond.simplify(100).polygons(1)[0][0]) - 1 == 3
    frame = outlines(np.ones((5, 9), int)).simplify(100)
    assert frame.polygons(1)[0][0].tolist() == [[0, 0], [9, 0], [9, 5], [0, 5], [0, 0]]
