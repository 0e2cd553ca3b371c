"""TIFF: depths, bands in any order, alpha by its tag, palettes, compressions, pages, truncation."""

import struct
from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from classicseg.errors import ImageError
from classicseg.io.read import read_labels, read_picture

pytestmark = pytest.mark.small

SHAPE = (12, 15)


def samples(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def tiff(array, **options):
    buffer = BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def by_pillow(array, compression, **options):
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, "TIFF", compression=compression, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.int32, np.float32, np.float64])
@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib", "predictor": True}, {"byteorder": ">"}, {"bigtiff": True}]
)
def test_grey_of_every_type_comes_back(dtype, options):
    if np.dtype(dtype).kind == "f":
        array = np.random.default_rng(0).normal(size=SHAPE).astype(dtype)
        options = {name: value for name, value in options.items() if name != "predictor"}
    else:
        array = samples(*SHAPE, dtype=dtype)
    picture = read_picture(tiff(array, photometric="minisblack", **options))
    assert picture.array.dtype == dtype
    np.testing.assert_array_equal(picture.array, array)
    assert (picture.mask, picture.color) == (None, None)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_colour_comes_back_from_both_layouts(dtype, planar, tile):
    array = samples(*SHAPE, 3, dtype=dtype)
    stored = array if planar == "contig" else np.moveaxis(array, -1, 0)
    picture = read_picture(tiff(stored, photometric="rgb", planarconfig=planar, tile=tile))
    np.testing.assert_array_equal(picture.array, array)
    assert (picture.array.dtype, picture.mask, picture.color) == (dtype, None, "rgb")


@pytest.mark.parametrize("bands", [2, 3, 4, 7])
@pytest.mark.parametrize("layout", ["contig", "separate", "pages"])
def test_bands_come_last(bands, layout):
    array = samples(*SHAPE, bands, dtype=np.uint16)
    if layout == "contig":
        data = tiff(array, photometric="minisblack", planarconfig="contig")
    elif layout == "separate":
        data = tiff(np.moveaxis(array, -1, 0), photometric="minisblack", planarconfig="separate")
    else:
        data = tiff(np.moveaxis(array, -1, 0), photometric="minisblack", metadata={"axes": "CYX"})
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.array, array)
    assert (picture.mask, picture.color) == (None, "multiband")


def test_four_samples_without_a_declared_alpha_are_four_bands():
    array = samples(*SHAPE, 4)
    picture = read_picture(tiff(array, photometric="rgb", extrasamples=["unspecified"]))
    np.testing.assert_array_equal(picture.array, array)
    assert (picture.mask, picture.color) == (None, "multiband")


def test_a_declared_alpha_becomes_the_mask():
    array = samples(*SHAPE, 4, dtype=np.uint16)
    array[2:6, 3:8, 3] = 0
    rgba = read_picture(tiff(array, photometric="rgb", extrasamples=["unassalpha"]))
    np.testing.assert_array_equal(rgba.array, array[..., :3])
    np.testing.assert_array_equal(rgba.mask, array[..., 3] > 0)
    assert rgba.color == "rgb"
    grey = read_picture(
        tiff(array[..., 2:], photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    )
    np.testing.assert_array_equal(grey.array, array[..., 2])
    np.testing.assert_array_equal(grey.mask, array[..., 3] > 0)
    assert grey.color is None


def test_an_alpha_among_other_extra_samples():
    array = samples(*SHAPE, 5)
    array[0, :4, 4] = 0
    picture = read_picture(tiff(array, photometric="rgb", extrasamples=["unspecified", "unassalpha"]))
    np.testing.assert_array_equal(picture.array, array[..., :4])
    np.testing.assert_array_equal(picture.mask, array[..., 4] > 0)
    assert picture.color == "multiband"


def test_colours_multiplied_by_alpha_become_straight():
    stored = np.zeros((1, 4, 4), dtype=np.uint8)
    stored[0] = [(50, 100, 0, 100), (128, 0, 7, 255), (0, 0, 0, 0), (3, 2, 1, 51)]
    picture = read_picture(tiff(stored, photometric="rgb", extrasamples=["assocalpha"]))
    assert picture.array[0].tolist() == [[128, 255, 0], [128, 0, 7], [0, 0, 0], [15, 10, 5]]
    assert picture.mask.tolist() == [[True, True, False, True]]


def test_of_several_pages_the_first_is_read():
    stack = samples(5, *SHAPE, dtype=np.uint16)
    np.testing.assert_array_equal(read_picture(tiff(stack, photometric="minisblack")).array, stack[0])
    times = samples(2, 3, *SHAPE)
    picture = read_picture(tiff(times, imagej=True, metadata={"axes": "TCYX"}, photometric="minisblack"))
    np.testing.assert_array_equal(picture.array, np.moveaxis(times[0], 0, -1))
    depths = samples(4, 3, *SHAPE)
    picture = read_picture(tiff(depths, ome=True, metadata={"axes": "CZYX"}, photometric="minisblack"))
    np.testing.assert_array_equal(picture.array, np.moveaxis(depths[:, 0], 0, -1))


def test_zero_means_white_where_the_file_says_so():
    array = samples(*SHAPE)
    inverted = tiff(array, photometric="miniswhite")
    np.testing.assert_array_equal(read_picture(inverted).array, 255 - array)
    np.testing.assert_array_equal(read_labels(inverted), array)
    bits = tiff(array > 99, photometric="miniswhite")
    np.testing.assert_array_equal(read_picture(bits).array, np.asarray(Image.open(BytesIO(bits))))
    np.testing.assert_array_equal(read_labels(bits), array > 99)


@pytest.mark.parametrize("compression", ["raw", "packbits", "tiff_lzw"])  # the last decoded by Pillow
@pytest.mark.parametrize("bits", [1, 8])
def test_zero_means_white_whoever_decodes_it(compression, bits):
    array = samples(*SHAPE) if bits == 8 else samples(*SHAPE) > 99
    black, white = (struct.pack("<HHII", 262, 3, 1, value) for value in (1, 0))
    data = by_pillow(array, compression)
    assert data.count(black) == 1
    data = data.replace(black, white)
    np.testing.assert_array_equal(read_picture(data).array, ~array)
    np.testing.assert_array_equal(read_labels(data), array)


def test_a_palette_of_one_bit():
    indices, palette = samples(*SHAPE) > 99, samples(3, 2, seed=1).astype(np.uint16) * 257
    grey = tiff(indices, photometric="minisblack", extratags=[(320, 3, 6, palette.ravel().tolist(), True)])
    data = grey.replace(struct.pack("<HHII", 262, 3, 1, 1), struct.pack("<HHII", 262, 3, 1, 3))
    assert data != grey
    np.testing.assert_array_equal(read_picture(data).array, np.moveaxis(palette[:, indices * 1] // 257, 0, -1))
    np.testing.assert_array_equal(read_labels(data), indices)


def test_a_palette_becomes_its_colours_and_in_label_maps_its_indices():
    indices, palette = samples(*SHAPE), samples(3, 256, seed=1).astype(np.uint16) * 257
    data = tiff(indices, photometric="palette", colormap=palette)
    picture = read_picture(data)
    np.testing.assert_array_equal(picture.array, np.moveaxis(palette[:, indices] // 257, 0, -1))
    assert (picture.array.dtype, picture.color) == (np.uint8, "rgb")
    np.testing.assert_array_equal(read_labels(data), indices)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "raw"])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_8_bit_in_every_lossless_compression(compression, channels):
    array = samples(*SHAPE, *channels)
    picture = read_picture(by_pillow(array, compression))
    np.testing.assert_array_equal(picture.array, array[..., :3] if channels else array)
    if channels == (4,):
        np.testing.assert_array_equal(picture.mask, array[..., 3] > 0)


def test_lossy_and_fax_compression_are_what_pillow_decodes():
    smooth = np.linspace(0, 255, 15 * 16 * 3).reshape(15, 16, 3).astype(np.uint8)
    for data in (by_pillow(smooth, "jpeg"), by_pillow(smooth[..., 0] > 100, "group4")):
        np.testing.assert_array_equal(read_picture(data).array, np.asarray(Image.open(BytesIO(data))))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_deep_samples_in_lzw_keep_their_bits(dtype, channels):
    array = samples(*SHAPE, *channels, dtype=np.uint16).astype(dtype)
    data = cv2.imencode(".tiff", array, [cv2.IMWRITE_TIFF_COMPRESSION, 5])[1].tobytes()
    with tifffile.TiffFile(BytesIO(data)) as file:
        assert int(file.pages[0].compression) == 5
    picture = read_picture(data)
    order = [2, 1, 0, 3][: channels[0]] if channels else ...  # cv2 takes arrays as BGR(A)
    expected = array[..., order] if channels else array
    if channels == (4,) and picture.color == "rgb":
        np.testing.assert_array_equal(picture.mask if picture.mask is not None else True, expected[..., 3] > 0)
        expected = expected[..., :3]
    np.testing.assert_array_equal(picture.array, expected)
    assert picture.array.dtype == dtype


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_pages_of_channels_in_lzw(dtype, compression):
    array = samples(*SHAPE, 3, dtype=dtype)
    pages = [Image.fromarray(np.ascontiguousarray(array[..., band])) for band in range(3)]
    description = "ImageJ=1.11a\nimages=3\nchannels=3\nhyperstack=true\n"
    buffer = BytesIO()
    pages[0].save(
        buffer, "TIFF", compression=compression, save_all=True, append_images=pages[1:], tiffinfo={270: description}
    )
    picture = read_picture(buffer.getvalue())
    np.testing.assert_array_equal(picture.array, array)
    assert (picture.array.dtype, picture.color) == (dtype, "multiband")


def test_what_no_library_here_decodes_is_answered_with_a_cure():
    data = by_pillow(samples(*SHAPE, 3), "tiff_lzw").replace(
        struct.pack("<HHII", 277, 3, 1, 3), struct.pack("<HHII", 277, 3, 1, 5)
    )
    with pytest.raises(
        ImageError, match=r"5 x uint8, compression LZW\) that cannot be decoded here.*pip install imagecodecs"
    ):
        read_picture(data)


def test_few_bits_are_spread_in_pictures_and_kept_in_labels():
    levels = samples(*SHAPE) % 16
    packed = np.pad(levels, ((0, 0), (0, 1)))
    rows = (packed[:, ::2] << 4 | packed[:, 1::2]).astype(np.uint8)
    data = tiff(rows, photometric="minisblack", metadata=None)
    for tag, old, new in ((258, 8, 4), (256, rows.shape[1], SHAPE[1])):  # bits a sample, width
        kind = 3 if tag == 258 else 4
        assert struct.pack("<HHII", tag, kind, 1, old) in data
        data = data.replace(struct.pack("<HHII", tag, kind, 1, old), struct.pack("<HHII", tag, kind, 1, new))
    np.testing.assert_array_equal(read_picture(data).array, levels * 17)
    np.testing.assert_array_equal(read_labels(data), levels)


def test_labels_of_32_bits():
    labels = samples(*SHAPE, dtype=np.int32) & 0xFFFFF
    np.testing.assert_array_equal(read_labels(tiff(labels.astype(np.uint32))), labels)


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"rowsperstrip": 2}, {"tile": (16, 16)}])
def test_a_file_cut_off_anywhere_is_refused_without_a_word_elsewhere(options, capfd, caplog):
    data = tiff(samples(*SHAPE, 3, dtype=np.uint16), photometric="rgb", **options)
    for length in [*range(1, len(data), 37), len(data) - 1]:
        with pytest.raises(ImageError) as caught:
            read_picture(data[:length], name="cut.tif")
        message = str(caught.value)
        assert message.startswith("cut.tif is ")
        assert "\n" not in message
        assert "0x" not in message
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


@pytest.mark.parametrize("compression", [1, 5])
def test_a_file_of_opencv_cut_off_anywhere_is_refused(compression, capfd):
    array = samples(*SHAPE, 3, dtype=np.uint16)
    data = cv2.imencode(".tiff", array, [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
    for length in [*range(1, len(data), 23), len(data) - 1]:
        with pytest.raises(ImageError, match=r"^stdin is "):
            read_picture(data[:length])
    assert capfd.readouterr() == ("", "")


def test_complex_samples_are_refused():
    with pytest.raises(ImageError, match=r"complex64.*real floats"):
        read_picture(tiff(np.ones(SHAPE, dtype=np.complex64)))
