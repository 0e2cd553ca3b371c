"""GeoJSON of label maps: read by json, shapely and rasterio themselves."""

import json
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from classicseg import DependencyError, ImageError, ParameterError
from classicseg.io.geojson import encode_geojson
from classicseg.io.outlines import outlines

maps = st.tuples(st.integers(1, 10), st.integers(1, 10)).flatmap(
    lambda shape: hnp.arrays(np.int32, shape, elements=st.integers(0, 3), fill=st.integers(0, 3))
)
NESTED = np.add.reduce([np.pad(np.ones((11 - 2 * k, 13 - 2 * k), int), k) for k in range(6)]) % 4


@dataclass
class Placed:
    """A picture whose place is said by a plain function."""

    function: object

    def to_lonlat(self, points):
        return self.function(np.asarray(points, dtype=float))


def utm():
    """20 m pixels near Vienna, turned by some degrees; south is down."""
    geo = pytest.importorskip("classicseg.io.geo")
    pytest.importorskip("rasterio")
    return geo.GeoReference((), (19.0, 6.0, 590_000.0, 6.0, -19.0, 5_340_000.0), "EPSG:32633")


def read(data):
    return json.loads(data.decode("utf-8"))


def rasterized(made, shape, transform=None):
    """The map, burnt by rasterio from the features as shapely reads them."""
    from rasterio.features import rasterize
    from rasterio.transform import IDENTITY
    from shapely.geometry import shape as as_shape

    pairs = [(as_shape(each["geometry"]), each["properties"]["label"]) for each in made["features"]]
    if not pairs:
        return np.zeros(shape, np.int32)
    return rasterize(pairs, out_shape=shape, transform=transform or IDENTITY, dtype="int32")


def polygons(made):
    for feature in made["features"]:
        geometry = feature["geometry"]
        yield from [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]


def assert_as_the_standard_wants(made):
    """Outer rings counter-clockwise, holes clockwise, all closed, of four positions or more; valid, also together."""
    shapely = pytest.importorskip("shapely")
    for outer, *holes in polygons(made):
        assert shapely.LinearRing(outer).is_ccw
        assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)
        assert all(ring[0] == ring[-1] and len(ring) >= 4 for ring in (outer, *holes))
    shapes = [shapely.geometry.shape(each["geometry"]) for each in made["features"]]
    assert all(shape.is_valid for shape in shapes)
    assert not shapes or shapely.coverage_is_valid(shapes)


@pytest.mark.small
@given(maps)
def test_any_map_reads_back(labels):
    pytest.importorskip("rasterio")
    made = read(encode_geojson(labels))
    assert_as_the_standard_wants(made)
    assert np.array_equal(rasterized(made, labels.shape), labels)
    assert [each["properties"] for each in made["features"]] == [{"label": k} for k in np.unique(labels[labels > 0])]


@pytest.mark.small
def test_a_collection_by_hand():
    made = encode_geojson(np.array([[1, 2], [2, 1], [0, 7]]))
    assert read(made) == {
        "type": "FeatureCollection",
        "classicseg": {
            "coordinates": "pixels: corners of the pixel grid, x to the right and y down from the upper left corner "
            "of the picture",
            "width": 2,
            "height": 3,
            "simplify": 0.0,
        },
        "features": [
            {
                "type": "Feature",
                "properties": {"label": 1},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [
                        [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]],
                        [[[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]],
                    ],
                },
            },
            {
                "type": "Feature",
                "properties": {"label": 2},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [
                        [[[1, 0], [2, 0], [2, 1], [1, 1], [1, 0]]],
                        [[[0, 1], [1, 1], [1, 2], [0, 2], [0, 1]]],
                    ],
                },
            },
            {
                "type": "Feature",
                "properties": {"label": 7},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[1, 2], [2, 2], [2, 3], [1, 3], [1, 2]]],
                },
            },
        ],
    }
    assert b'"coordinates":[[[1,2],[2,2],[2,3],[1,3],[1,2]]]' in made  # whole numbers stay whole, no space is lost


@pytest.mark.small
def test_simplified_outlines_are_written():
    labels = np.tri(16, dtype=int) + 1
    fewer = encode_geojson(labels, simplify=1.0)
    assert fewer == encode_geojson(outlines(labels), simplify=1.0)
    made = read(fewer)
    assert made["classicseg"]["simplify"] == 1.0
    assert_as_the_standard_wants(made)
    assert [len(outer) for outer, *_ in polygons(made)] == [4, 6]
    with pytest.raises(ParameterError, match="a tolerance of -1"):
        encode_geojson(labels, simplify=-1)


@pytest.mark.small
def test_properties_stand_beside_the_label():
    labels = np.array([[3, 0, 9]])
    given = {"area": np.array([1.0, np.nan]), "name": ["blé", 'a "b"'], "mean": np.eye(2), "label": [3, 9]}
    made = encode_geojson(labels, properties=given)
    assert [each["properties"] for each in read(made)["features"]] == [
        {"label": 3, "area": 1.0, "name": "blé", "mean": [1.0, 0.0]},
        {"label": 9, "area": None, "name": 'a "b"', "mean": [0.0, 1.0]},
    ]


@pytest.mark.small
@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"area": [1, 2, 3]}, "'area' came with 3 for 2 labels; it has one entry a label"),
        ({"area": 5}, "'area' came with int for 2 labels"),
        ({"label": [3, 8]}, "'label' is not the labels of the map"),
        ({4: [3, 8]}, "named 4; names are str"),
    ],
)
def test_properties_that_fit_no_label_are_refused(properties, told):
    with pytest.raises(ParameterError, match=told):
        encode_geojson(np.array([[3, 0, 9]]), properties=properties)


@pytest.mark.small
@pytest.mark.parametrize("flip", [1, -1])
def test_rings_turn_with_the_place(flip):
    """North up or down: outer rings are counter-clockwise in the numbers as written, and -0 is 0."""
    geo = Placed(lambda points: points * [0.5, 0.25 * flip])
    data = encode_geojson(NESTED, geo=geo)
    made = read(data)
    assert_as_the_standard_wants(made)
    assert made["classicseg"]["coordinates"] == "degrees: longitude and latitude, WGS 84"
    assert b"[0,0]" in data and b"[6.5,0]" in data and b"-0," not in data and b"-0]" not in data
    assert np.array_equal(
        rasterized({"features": [each | {"geometry": scaled(each["geometry"], flip)} for each in made["features"]]},
                   NESTED.shape), NESTED,
    )  # fmt: skip


def scaled(geometry, flip):
    def back(item):
        return [2 * item[0], 4 * flip * item[1]] if isinstance(item[0], int | float) else [back(each) for each in item]

    return geometry | {"coordinates": back(geometry["coordinates"])}


@pytest.mark.small
def test_a_placed_map_reads_back_where_it_lies():
    """From longitude and latitude back into the projection, and burnt into pixels by rasterio: the same map."""
    geo = utm()
    from rasterio.transform import Affine
    from rasterio.warp import transform_geom

    made = read(encode_geojson(NESTED, geo=geo))
    assert_as_the_standard_wants(made)
    corners = np.array([point for outer, *_ in polygons(made) for point in outer])
    assert (abs(corners - [16.2, 48.2]) < 0.2).all()
    for feature in made["features"]:
        feature["geometry"] = transform_geom("EPSG:4326", geo.crs, feature["geometry"])
    assert np.array_equal(rasterized(made, NESTED.shape, Affine(*geo.transform)), NESTED)


@pytest.mark.small
def test_a_place_that_is_none_is_refused():
    def beyond(points):
        points[points[:, 1] == 11, 0] = np.inf
        return points

    with pytest.raises(ImageError, match=r"column 0, row 11 of the picture has no longitude"):
        encode_geojson(NESTED, geo=Placed(beyond))
    assert read(encode_geojson(NESTED * 0, geo=Placed(lambda points: points)))["features"] == []


@pytest.mark.small
def test_places_need_rasterio(monkeypatch):
    geo = utm()
    monkeypatch.setitem(sys.modules, "rasterio.warp", None)
    with pytest.raises(DependencyError, match=r"classicseg\[geo\]"):
        encode_geojson(NESTED, geo=geo)
    assert encode_geojson(NESTED)


def test_a_segmented_photograph_reads_back(photograph):
    pytest.importorskip("rasterio")
    import classicseg

    labels = classicseg.segment(photograph, "slic", n_segments=60)
    made = read(encode_geojson(labels))
    assert_as_the_standard_wants(made)
    assert np.array_equal(rasterized(made, labels.shape), labels)
