"""GeoTIFF: what is read is compared with what rasterio says of the same file."""

import sys
import warnings
from io import BytesIO

import numpy as np
import pytest
import tifffile

from classicseg.errors import DependencyError, ImageError
from classicseg.io.geo import parse_nodata, with_data
from classicseg.io.read import read_labels, read_picture

rasterio = pytest.importorskip("rasterio")
from rasterio.transform import Affine  # noqa: E402
from rasterio.warp import transform as warp  # noqa: E402

pytestmark = pytest.mark.small

SHAPE = (3, 7, 9)
ROTATED = Affine(9.5630475, 3.6546463, 500000.5, 2.9237170, -11.9538094, 4649776.25)  # turned by 17 degrees
OWN = (
    'PROJCS["mine",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",3],'
    'PARAMETER["central_meridian",7],PARAMETER["scale_factor",0.9],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def from_origin(x, y, width, height):
    return Affine(width, 0, x, 0, -height, y)


def samples(*shape, dtype=np.uint16, high=5, seed=0):
    return np.random.default_rng(seed).integers(0, high, shape or SHAPE).astype(dtype)


def geotiff(bands, mask=None, tags=None, **options):
    """Written by rasterio; `bands` is (C, H, W)."""
    count, height, width = bands.shape
    options |= {"height": height, "width": width, "count": count, "dtype": bands.dtype, "driver": "GTiff"}
    with warnings.catch_warnings(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.MemoryFile() as file:
        warnings.simplefilter("ignore")
        with rasterio.open(file.name, "w", **options) as picture:
            picture.write(bands)
            picture.update_tags(**(tags or {}))
            if mask is not None:
                picture.write_mask(mask)
        return bytes(file.getbuffer())


def placed(transform, columns, rows):
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * columns + b * rows + c, d * columns + e * rows + f


def opened(data, look):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.MemoryFile(data) as file, file.open() as picture:
            return look(picture)


@pytest.mark.parametrize(
    "options",
    [
        {"crs": "EPSG:32633", "transform": ROTATED},
        {"crs": "EPSG:4326", "transform": from_origin(10, 50, 0.1, 0.2)},
        {"crs": "EPSG:3035", "transform": from_origin(4e6, 3e6, 30, 30), "BIGTIFF": "YES", "ENDIANNESS": "BIG"},
        {"crs": "EPSG:3857", "transform": from_origin(1e6, 6e6, 30, 30), "tags": {"AREA_OR_POINT": "Point"}},
        {"crs": "EPSG:32633", "transform": ROTATED, "tags": {"AREA_OR_POINT": "Point"}},
    ],
)
def test_reference_is_that_of_rasterio(options):
    data = geotiff(samples(), **options)
    geo = read_picture(data).geo
    np.testing.assert_allclose(geo.transform, opened(data, lambda picture: tuple(picture.transform)[:6]), rtol=1e-14)
    assert geo.crs == opened(data, lambda picture: picture.crs.to_string()) == options["crs"]
    corners = np.array([[0, 0], [9, 0], [9, 7], [0.5, 3.25]])
    x, y = placed(opened(data, lambda picture: picture.transform), *corners.T)
    expected = np.column_stack(warp(options["crs"], "EPSG:4326", x, y))
    np.testing.assert_allclose(geo.to_lonlat(corners), expected, rtol=0, atol=1e-9)


def test_a_reference_system_that_is_described_and_not_named():
    data = geotiff(samples(), crs=OWN, transform=ROTATED)
    geo = read_picture(data).geo
    assert geo.crs is None
    x, y = placed(ROTATED, np.array([0.0, 9]), np.array([0.0, 7]))
    np.testing.assert_allclose(geo.to_lonlat([[0, 0], [9, 7]]), np.column_stack(warp(OWN, "EPSG:4326", x, y)))


def test_tags_go_into_another_file_as_they_came():
    picture = read_picture(geotiff(samples(), crs="EPSG:32633", transform=ROTATED))
    buffer = BytesIO()
    tifffile.imwrite(buffer, picture.array[..., 0], extratags=picture.geo.tags)
    assert read_picture(buffer.getvalue()).geo == picture.geo
    assert opened(buffer.getvalue(), lambda other: (other.crs.to_epsg(), other.transform)) == (32633, ROTATED)


def test_what_tells_no_place():
    plain = read_picture(geotiff(samples()))
    assert plain.geo is None
    no_transform = read_picture(geotiff(samples(), crs="EPSG:4326")).geo
    assert (no_transform.transform, no_transform.crs) == (None, "EPSG:4326")
    with pytest.raises(ImageError, match=r"do not tell where on Earth"):
        no_transform.to_lonlat([[0, 0]])
    no_crs = read_picture(geotiff(samples(), transform=ROTATED)).geo
    assert no_crs.crs is None
    with pytest.raises(ImageError, match=r"do not tell where on Earth"):
        no_crs.to_lonlat([[0, 0]])
    points = [rasterio.control.GroundControlPoint(row, col, 5 * col, -row) for row, col in ((0, 0), (0, 9), (7, 0))]
    assert read_picture(geotiff(samples(), gcps=points, crs="EPSG:4326")).geo.transform is None


def test_without_rasterio_the_reference_is_kept_and_coordinates_name_the_extra(monkeypatch):
    data = geotiff(samples(), crs="EPSG:32633", transform=ROTATED)
    lerc = geotiff(samples(dtype=np.float32), compress="lerc")
    monkeypatch.setitem(sys.modules, "rasterio", None)
    for module in [name for name in sys.modules if name.startswith("rasterio.")]:
        monkeypatch.setitem(sys.modules, module, None)
    geo = read_picture(data).geo
    np.testing.assert_allclose(geo.transform, tuple(ROTATED)[:6])
    with pytest.raises(DependencyError, match=r"pip install 'classicseg\[geo\]'"):
        geo.to_lonlat([[0, 0]])
    with pytest.raises(ImageError, match=r"compression LERC\) that cannot be decoded here.*classicseg\[geo\]"):
        read_picture(lerc)


@pytest.mark.parametrize("compress", ["deflate", "lzw", "zstd", "packbits", "lerc", "lzma", "webp", "jpeg"])
def test_compressions_of_gdal(compress, capfd):
    bands = samples(dtype=np.uint8 if compress in ("webp", "jpeg") else np.float32)
    data = geotiff(bands, compress=compress, crs="EPSG:32633", transform=ROTATED)
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.array, np.moveaxis(opened(data, lambda file: file.read()), 0, -1))
    assert picture.array.dtype == bands.dtype
    assert picture.geo is not None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("dtype", "nodata", "options"),
    [
        (np.uint8, 0, {}),
        (np.uint16, 3, {}),
        (np.int16, -9999, {}),
        (np.float32, -9999, {}),
        (np.float32, np.nan, {}),
        (np.float32, float(np.finfo(np.float32).min), {}),
        (np.float64, 1e-3, {"compress": "lzw"}),
        (np.uint16, 0, {"compress": "zstd"}),
    ],
)
def test_nodata_becomes_the_mask_that_rasterio_makes_of_it(dtype, nodata, options):
    bands = samples(dtype=dtype) + 7
    bands = bands.astype(dtype)
    bands[:, 2, 3:5] = bands[:, 5, 0] = nodata
    if not np.isnan(nodata):
        bands[1, 6, 6] = nodata  # one band alone is data
    data = geotiff(bands, nodata=nodata, **options)
    expected = opened(data, lambda picture: picture.dataset_mask()) > 0
    assert expected.sum() == bands[0].size - 3
    np.testing.assert_array_equal(read_picture(data).mask, expected)


@pytest.mark.parametrize("compress", ["none", "lzw"])
@pytest.mark.parametrize("options", [{"photometric": "miniswhite"}, {"nbits": 4}, {"nbits": 2}, {"nbits": 1}])
def test_nodata_is_one_of_the_numbers_that_are_stored(compress, options):
    bands = samples(1, *SHAPE[1:], dtype=np.uint8, high=min(5, 2 ** options.get("nbits", 8)))
    data = geotiff(bands, nodata=1, compress=compress, **options)
    assert (bands == 1).any()
    np.testing.assert_array_equal(read_picture(data).mask, bands[0] != 1)
    np.testing.assert_array_equal(read_labels(data), bands[0])


@pytest.mark.parametrize("compress", ["none", "lzw", "deflate"])
def test_nodata_of_a_palette_is_an_index(compress):
    indices = samples(*SHAPE[1:], dtype=np.uint8)
    options = {"height": SHAPE[1], "width": SHAPE[2], "count": 1, "dtype": "uint8", "compress": compress}
    with warnings.catch_warnings(), rasterio.MemoryFile() as file:
        warnings.simplefilter("ignore")
        with rasterio.open(file.name, "w", driver="GTiff", photometric="palette", nodata=1, **options) as picture:
            picture.write_colormap(1, {index: (40 * index, 0, index // 3, 255) for index in range(256 // 40)})
            picture.write(indices, 1)
        data = bytes(file.getbuffer())
    picture = read_picture(data)
    assert picture.color == "rgb"
    np.testing.assert_array_equal(picture.array[..., 0], 40 * indices)
    np.testing.assert_array_equal(picture.mask, opened(data, lambda file: file.dataset_mask()) > 0)
    np.testing.assert_array_equal(picture.mask, indices != 1)


def test_a_mask_page_is_heeded_before_alpha():
    mask = samples(*SHAPE[1:], high=2, seed=1) > 0
    bands = samples(4, *SHAPE[1:], dtype=np.uint8)
    data = geotiff(bands, mask=mask, photometric="rgb", alpha="yes")
    np.testing.assert_array_equal(opened(data, lambda file: file.dataset_mask()) > 0, mask)
    np.testing.assert_array_equal(read_picture(data).mask, mask)


def test_nan_where_there_are_no_data_is_no_error():
    import classicseg

    bands = samples(dtype=np.float32) / 8
    bands[:, 2, 3] = np.nan
    bands[1, 4, 4] = np.nan  # rasterio calls this one data, and there is no colour to take
    picture = read_picture(geotiff(bands, nodata=np.nan))
    expected = np.ones(SHAPE[1:], dtype=bool)
    expected[[2, 4], [3, 4]] = False
    np.testing.assert_array_equal(picture.mask, expected)
    labels = classicseg.segment(picture.array, "otsu", mask=picture.mask, color=picture.color)
    assert labels.shape == SHAPE[1:]


def test_nodata_of_picked_bands_is_theirs():
    bands = samples() + 1
    bands[0, 2, 2] = bands[1, 2, 2] = bands[:, 4, 4] = 0
    data = geotiff(bands, nodata=0)
    np.testing.assert_array_equal(np.argwhere(~read_picture(data).mask), [[4, 4]])
    np.testing.assert_array_equal(np.argwhere(~read_picture(data, bands=(2, 1)).mask), [[2, 2], [4, 4]])


def test_nodata_that_the_samples_cannot_hold_leaves_nothing_out():
    array = samples(dtype=np.uint8)
    for nodata in (-1, 256, 2.5, np.nan, np.inf):
        assert with_data(array, nodata) is None
    assert with_data(array > 2, 1).sum() == (~(array > 2)).any(axis=2).sum()
    assert [parse_nodata(text) for text in ("-9999", "1e3\0", "none", None)] == [-9999, 1000, None, None]
    assert np.isnan(parse_nodata("nan"))


@pytest.mark.parametrize("options", [{}, {"compress": "lzw"}, {"compress": "deflate"}, {"nodata": 0}])
def test_a_mask_page_becomes_the_mask_and_is_no_page(options):
    mask = samples(*SHAPE[1:], high=2, seed=1) > 0
    data = geotiff(samples(), mask=mask, crs="EPSG:32633", transform=ROTATED, **options)
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.mask, opened(data, lambda file: file.dataset_mask()) > 0)
    np.testing.assert_array_equal(picture.mask, mask)
    assert picture.pages == 1


@pytest.mark.parametrize("bigtiff", [False, True])
def test_smaller_copies_are_no_pages(bigtiff):
    first, second = samples(*SHAPE[1:]), samples(*SHAPE[1:], seed=1)
    buffer = BytesIO()
    with tifffile.TiffWriter(buffer, bigtiff=bigtiff, byteorder=">") as writer:
        for page in (first, second):
            writer.write(page, photometric="minisblack")
            writer.write(page[::2, ::2], photometric="minisblack", subfiletype=1)
    picture = read_picture(buffer.getvalue(), page=2)
    np.testing.assert_array_equal(picture.array, second)
    assert picture.pages == 2
    with pytest.raises(ImageError, match=r"stdin has 2 pages, and no page 3"):
        read_picture(buffer.getvalue(), page=3)
