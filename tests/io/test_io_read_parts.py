"""Pages and bands are picked by number, from 1."""

from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from classicseg.errors import ImageError, ParameterError
from classicseg.io.read import read_picture

pytestmark = pytest.mark.small

SHAPE = (6, 7)


def samples(*shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def tiff(array, **options):
    buffer = BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def animation(format, frames, **options):
    images = [Image.fromarray(frame) for frame in frames]
    buffer = BytesIO()
    images[0].save(buffer, format, save_all=True, append_images=images[1:], **options)
    return buffer.getvalue()


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"compression": "zlib"}])
def test_pages_of_a_tiff(options):
    stack = samples(4, *SHAPE, dtype=np.uint16)
    data = tiff(stack, photometric="minisblack", **options)
    for page in range(1, 5):
        picture = read_picture(data, page=page)
        np.testing.assert_array_equal(picture.array, stack[page - 1])
        assert picture.pages == 4
    np.testing.assert_array_equal(read_picture(data).array, stack[0])


def test_pages_of_channels_make_one_picture_each():
    stack = samples(3, 2, *SHAPE, dtype=np.uint16)  # times, channels
    data = tiff(stack, imagej=True, metadata={"axes": "TCYX"})
    for page in (1, 2, 3):
        picture = read_picture(data, page=page)
        np.testing.assert_array_equal(picture.array, np.moveaxis(stack[page - 1], 0, -1))
        assert (picture.pages, picture.color) == (3, "multiband")
    with pytest.raises(ImageError, match=r"stdin has 3 pages, and no page 4 \(1 is the first\)"):
        read_picture(data, page=4)


@pytest.mark.parametrize(("format", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("GIF", {}), ("TIFF", {})])
def test_frames_of_an_animation(format, options):
    frames = [np.repeat(np.repeat(samples(2, 2, 3, seed=seed) // 85 * 85, 4, 0), 4, 1) for seed in range(3)]
    data = animation(format, frames, **options)
    for page, frame in enumerate(frames, start=1):
        picture = read_picture(data, page=page)
        np.testing.assert_array_equal(picture.array, frame)
        assert picture.pages == 3
    with pytest.raises(ImageError, match=r"stdin has 3 pages, and no page 4"):
        read_picture(data, page=4)


def test_each_page_has_its_own_orientation():
    stack = samples(2, *SHAPE)
    buffer = BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for array, orientation in zip(stack, (1, 6), strict=True):
            writer.write(array, extratags=[(274, 3, 1, orientation, True)])
    data = buffer.getvalue()
    assert [read_picture(data, page=page).array.shape for page in (1, 2)] == [SHAPE, SHAPE[::-1]]


def test_files_of_one_page_have_one(tmp_path):
    np.save(tmp_path / "a.npy", samples(*SHAPE))
    Image.fromarray(samples(*SHAPE)).save(tmp_path / "a.png")
    for name in ("a.npy", "a.png"):
        assert read_picture(tmp_path / name, page=1).pages == 1
        with pytest.raises(ImageError, match=rf"{name} has one page, and no page 2"):
            read_picture(tmp_path / name, page=2)


@pytest.mark.parametrize("planarconfig", ["contig", "separate"])
def test_bands_of_a_tiff_in_the_order_that_is_asked_for(planarconfig):
    array = samples(*SHAPE, 6, dtype=np.uint16)
    stored = array if planarconfig == "contig" else np.moveaxis(array, -1, 0)
    data = tiff(stored, photometric="minisblack", planarconfig=planarconfig)
    picture = read_picture(data, bands=(4, 3, 2))
    np.testing.assert_array_equal(picture.array, array[..., [3, 2, 1]])
    assert (picture.color, picture.array.flags.c_contiguous) == ("multiband", True)
    single = read_picture(data, bands=[5])
    np.testing.assert_array_equal(single.array, array[..., 4])
    assert single.color is None
    with pytest.raises(ImageError, match=r"stdin has 6 bands .*, and no band 7 \(1 is the first\)"):
        read_picture(data, bands=(7, 1))


@pytest.mark.parametrize(
    ("bands", "color"), [((3, 2, 1), "rgb"), ((1, 2, 3), "rgb"), ((1, 1, 2), "multiband"), ((2, 3), "multiband")]
)
def test_bands_of_colours(bands, color):
    array = samples(*SHAPE, 4)
    array[..., 3] = 255
    array[0, 0, 3] = 0
    picture = read_picture(cv2.imencode(".png", array[..., [2, 1, 0, 3]])[1].tobytes(), bands=bands)
    np.testing.assert_array_equal(picture.array, array[..., [band - 1 for band in bands]])
    assert picture.color == color
    assert picture.mask.sum() == picture.mask.size - 1
    with pytest.raises(ImageError, match=r"has 3 bands \(alpha left aside\), and no band 4"):
        read_picture(cv2.imencode(".png", array)[1].tobytes(), bands=(4,))


def test_bands_of_npy(tmp_path):
    array = samples(*SHAPE, 5).astype(np.float32)
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.npy", bands=(5, 1)).array, array[..., [4, 0]])
    np.save(tmp_path / "grey.npy", array[..., 0])
    np.testing.assert_array_equal(read_picture(tmp_path / "grey.npy", bands=(1,)).array, array[..., 0])
    with pytest.raises(ImageError, match=r"grey\.npy has one band .*, and no band 2"):
        read_picture(tmp_path / "grey.npy", bands=(2,))


@pytest.mark.parametrize("options", [{"page": 0}, {"bands": ()}, {"bands": (1, 0)}])
def test_numbers_are_counted_from_1(options):
    with pytest.raises(ParameterError, match="counted from 1"):
        read_picture(tiff(samples(*SHAPE, 3)), **options)
