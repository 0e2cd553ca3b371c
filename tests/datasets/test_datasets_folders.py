"""Folder pairs: trees of real files, what pairs with what, how truths are read, and what is refused."""

import pickle

import cv2
import numpy as np
import pytest

from classicseg.datasets import folder_pairs, folder_root
from classicseg.errors import ImageError, ParameterError

small = pytest.mark.small

PICTURE = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
OBJECTS = np.zeros((6, 8), dtype=np.uint16)
OBJECTS[1:3, 1:4], OBJECTS[4:, 5:] = 7, 300


def write(path, array, webp_quality=101):  # above 100: lossless
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".gif":  # OpenCV's GIF writer wants colour
        from PIL import Image

        Image.fromarray(array).save(path)
    else:
        assert cv2.imwrite(str(path), array, [cv2.IMWRITE_WEBP_QUALITY, webp_quality])
    return path


def write_pairs(root, names, truth=OBJECTS, images="images", masks="masks"):
    for name in names:
        write(root / images / f"{name}.png", PICTURE)
        write(root / masks / f"{name}.tif", truth)
    return root / images, root / masks


@small
def test_pairs_are_found_and_read(tmp_path):
    data = folder_pairs(*write_pairs(tmp_path, ["a", "b"]), "instances")
    assert (data.name, data.kind, len(data), data.data_range) == ("images", "instances", 2, None)
    for name, sample in zip("ab", data, strict=True):
        assert (sample.name, sample.kind, sample.path) == (name, "instances", tmp_path / "images" / f"{name}.png")
        loaded = sample.read()
        np.testing.assert_array_equal(loaded.image.array, PICTURE[:, :, ::-1])  # OpenCV writes BGR
        assert loaded.image.name == name
        (truth,) = loaded.truths
        assert truth.dtype == np.int32
        np.testing.assert_array_equal(truth, OBJECTS)
        assert loaded.void is None
        np.testing.assert_array_equal(sample.read_image().array, loaded.image.array)
        np.testing.assert_array_equal(sample.read_truths()[0], truth)
        assert sample.read_void() is None


@small
def test_names_are_in_natural_order(tmp_path):
    names = ["10", "9", "1", "b2", "b10", "b1", "a", "slice 3.5 x", "slice 3.10 x"]
    data = folder_pairs(*write_pairs(tmp_path, names), "instances")
    assert [sample.name for sample in data] == ["1", "9", "10", "a", "b1", "b2", "b10", "slice 3.5 x", "slice 3.10 x"]


@small
@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".bmp", ".webp", ".npy", ".PNG"])
def test_every_lossless_format_holds_a_truth(tmp_path, suffix):
    truth = (OBJECTS // 7).astype(np.uint8)  # 0, 1, 42
    write(tmp_path / "images" / "a.jpg", PICTURE)
    write(tmp_path / "masks" / f"a{suffix}", truth)
    (sample,) = folder_pairs(tmp_path / "images", tmp_path / "masks", "classes")
    np.testing.assert_array_equal(sample.read().truths[0], truth)


@small
def test_what_is_no_picture_is_left_alone(tmp_path):
    images, masks = write_pairs(tmp_path, ["a"])
    (images / "Thumbs.db").write_bytes(b"x")
    (images / "notes.txt").write_text("x")
    (masks / "._a.tif").write_bytes(b"x")
    (masks / "more.png").mkdir()
    assert [sample.name for sample in folder_pairs(images, masks, "classes")] == ["a"]


@small
def test_files_are_found_at_once_and_read_later(tmp_path):
    images, masks = write_pairs(tmp_path, ["a", "b"])
    (images / "b.png").write_bytes(b"no picture at all")
    first, second = folder_pairs(images, masks, "classes")
    assert first.read().image.array.shape == (6, 8, 3)
    with pytest.raises(ImageError, match=r"b\.png"):
        second.read()


@small
def test_a_sample_can_be_sent_to_another_process(tmp_path):
    (sample,) = folder_pairs(*write_pairs(tmp_path, ["a"]), "binary")
    sent = pickle.loads(pickle.dumps(sample)).read()
    np.testing.assert_array_equal(sent.truths[0], OBJECTS > 0)


@small
def test_the_data_range_is_kept(tmp_path):
    assert folder_pairs(*write_pairs(tmp_path, ["a"]), "binary", data_range=(0, 4095)).data_range == (0, 4095)
    assert folder_root(tmp_path, "binary", data_range="image").data_range == "image"


@small
@pytest.mark.parametrize(
    ("values", "suffix"),
    [
        ((0, 255), ".png"),
        ((0, 1), ".gif"),
        ((0, 1, 2), ".png"),
        ((0, 3, 1000), ".tif"),
        ((0, 255), ".npy"),
        ((0, 1), ".webp"),
    ],
)
def test_a_binary_truth_is_what_is_above_zero(tmp_path, values, suffix):
    stored = np.array(values, dtype=np.uint16 if max(values) > 255 else np.uint8)[
        np.arange(48).reshape(6, 8) % len(values)
    ]
    write(tmp_path / "image" / "a.png", PICTURE)
    write(tmp_path / "label" / f"a{suffix}", stored)
    (truth,) = folder_root(tmp_path, "binary").samples[0].read_truths()
    assert truth.dtype == np.int32
    np.testing.assert_array_equal(truth, stored > 0)


@small
@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_binary_truth_in_a_lossy_file_is_what_is_above_127(tmp_path, suffix, channels):
    disc = np.hypot(*(np.indices((48, 64)) - np.array([[[24]], [[30]]]))) < 15
    mask = np.repeat(255 * disc[:, :, np.newaxis], channels, axis=2).astype(np.uint8)
    path = write(tmp_path / "masks" / f"a{suffix}", mask, webp_quality=50)
    write(tmp_path / "images" / "a.png", np.zeros((48, 64), np.uint8))
    stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert ((stored > 0) & ~disc).any()  # compression has smeared the mask: above 0 is not the foreground
    (truth,) = folder_root(tmp_path, "binary").samples[0].read_truths()
    np.testing.assert_array_equal(truth, disc)


@small
def test_labels_in_a_jpeg_are_refused(tmp_path):
    write(tmp_path / "masks" / "a.jpg", OBJECTS.astype(np.uint8))
    write(tmp_path / "images" / "a.png", PICTURE)
    with pytest.raises(ImageError, match=r"a\.jpg is a JPEG"):
        folder_root(tmp_path, "instances").samples[0].read()


@small
def test_sizes_that_differ_are_refused_when_read(tmp_path):
    images, masks = write_pairs(tmp_path, ["a", "b"])
    write(masks / "b.tif", OBJECTS[:, :5])
    first, second = folder_pairs(images, masks, "instances")
    assert first.read().truths[0].shape == (6, 8)
    with pytest.raises(ImageError, match=r"b: the picture has 6 x 8 pixels .*its truth 6 x 5"):
        second.read()


@small
def test_pictures_and_truths_without_a_partner_are_refused(tmp_path):
    images, masks = write_pairs(tmp_path, ["a", "p1", "p2", "p10", "p11", "t1"])
    (images / "t1.png").unlink()
    for name in ("p1", "p2", "p10", "p11"):
        (masks / f"{name}.tif").unlink()
    with pytest.raises(ImageError) as refusal:
        folder_pairs(images, masks, "classes")
    assert "4 of 5 pictures" in str(refusal.value)
    assert "(p1, p2, p10, ...)" in str(refusal.value)
    assert "1 of 2 truths" in str(refusal.value)
    assert "(t1)" in str(refusal.value)
    assert "rename" in str(refusal.value).lower()


@small
def test_stems_are_matched_with_their_case(tmp_path):
    write(tmp_path / "images" / "Cell.png", PICTURE)
    write(tmp_path / "masks" / "cell.png", OBJECTS)
    with pytest.raises(ImageError, match=r"1 of 1 pictures .*Cell.*1 of 1 truths .*cell.*upper and lower case"):
        folder_root(tmp_path, "classes")


@small
@pytest.mark.parametrize("part", ["images", "masks"])
def test_two_files_of_one_stem_are_refused(tmp_path, part):
    write_pairs(tmp_path, ["a", "b"])
    write(tmp_path / part / "a.bmp", PICTURE)
    with pytest.raises(ImageError, match=rf"{part} has two files of one stem, a\.bmp and a\."):
        folder_root(tmp_path, "classes")


@small
def test_folders_that_cannot_be_used_are_refused(tmp_path):
    images, masks = write_pairs(tmp_path, ["a"])
    with pytest.raises(ImageError, match="nowhere does not exist"):
        folder_pairs(images, tmp_path / "nowhere", "classes")
    with pytest.raises(ImageError, match=r"a\.png is a file"):
        folder_pairs(images / "a.png", masks, "classes")
    with pytest.raises(ImageError, match="both looked for in"):
        folder_pairs(images, masks / ".." / "images", "classes")
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    with pytest.raises(ImageError, match=r"hold no picture file.*\.png"):
        folder_pairs(tmp_path / "x", tmp_path / "y", "classes")


@small
def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"kind='objects'.*'binary'.*'classes'.*'instances'"):
        folder_pairs(*write_pairs(tmp_path, ["a"]), "objects")


@small
@pytest.mark.parametrize("images", ["images", "image", "Images"])
@pytest.mark.parametrize("masks", ["labels", "masks", "label"])
def test_a_root_has_its_folders_under_the_names_that_are_in_use(tmp_path, images, masks):
    write_pairs(tmp_path / "nuclei", ["a"], images=images, masks=masks)
    (tmp_path / "nuclei" / "notes").mkdir()
    data = folder_root(tmp_path / "nuclei", "instances")
    assert data.name == "nuclei"
    np.testing.assert_array_equal(data.samples[0].read().truths[0], OBJECTS)


@small
@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ((), r"one folder of pictures, named images or image, and has none of them \(there: no folder\)"),
        (("pictures", "masks"), r"has none of them \(there: masks, pictures\)"),
        (("images", "image", "masks"), r"pictures, .* has image and images \(there"),
        (("images", "notes"), r"one folder of truths, named labels or masks or label, and has none of them"),
        (("images", "labels", "masks"), r"truths, .* has labels and masks \(there"),
    ],
)
def test_a_root_without_one_folder_of_each_is_refused_with_what_it_has(tmp_path, folders, words):
    for folder in folders:
        (tmp_path / folder).mkdir()
    with pytest.raises(ImageError, match=words):
        folder_root(tmp_path, "classes")


@small
def test_a_root_that_is_none_is_refused(tmp_path):
    with pytest.raises(ImageError, match="nowhere does not exist"):
        folder_root(tmp_path / "nowhere", "classes")
