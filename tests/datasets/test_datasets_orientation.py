"""Each file of a pair follows its own orientation; where sizes fit only when turned, the error says what to do."""

import pickle

import numpy as np
import pytest
from PIL import Image

from classicseg.bench.pairs import match_label_maps, score_pairs
from classicseg.datasets.check import check_dataset
from classicseg.datasets.layout import path_below
from classicseg.datasets.open import open_dataset
from classicseg.errors import ImageError, ParameterError
from classicseg.io.orientation import orientation_ignored, turned
from classicseg.metrics import score

pytestmark = pytest.mark.small

SHAPE = (5, 8)
STORED = (np.arange(40).reshape(SHAPE) * 6).astype(np.uint8)
CURE = r"fit when one is turned by a quarter.*--orientation ignore.*write the turned one anew, upright"


def save(path, array, orientation=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(array).save(path, exif=exif)


def folder_pair(root, picture, truth):
    """One pair of files, of which both are stored alike."""
    save(root / "images" / "a.png", STORED, picture)
    save(root / "masks" / "a.png", (STORED > 99).astype(np.uint8), truth)
    return open_dataset(root, kind="binary")


@pytest.mark.parametrize(("picture", "truth"), [(6, 6), (1, 1), (3, 2), (5, 8)])
def test_each_file_follows_its_own_tag(tmp_path, picture, truth):
    loaded = folder_pair(tmp_path, picture, truth).samples[0].read()
    np.testing.assert_array_equal(loaded.image.array, turned(STORED, picture))
    np.testing.assert_array_equal(loaded.truths[0], turned((STORED > 99).astype(np.int32), truth))
    assert loaded.image.orientation == picture


def test_a_pair_that_fits_only_when_turned(tmp_path):
    sample = folder_pair(tmp_path, 6, 1).samples[0]
    with pytest.raises(ImageError, match=rf"a: the picture has 8 x 5 pixels .*its truth 5 x 8\..* {CURE}"):
        sample.read()
    ignoring = open_dataset(tmp_path, kind="binary", orientation="ignore").samples[0]
    for each in (ignoring, pickle.loads(pickle.dumps(ignoring))):
        loaded = each.read()
        np.testing.assert_array_equal(loaded.image.array, STORED)
        np.testing.assert_array_equal(loaded.truths[0], STORED > 99)
    assert ignoring.read_image().array.shape == ignoring.read_truths()[0].shape == SHAPE
    with pytest.raises(ParameterError, match="orientation='no' is not allowed"):
        open_dataset(tmp_path, kind="binary", orientation="no")


def test_a_check_says_so_too(tmp_path):
    folder_pair(tmp_path, 6, 1)
    (problem,) = check_dataset("instances", tmp_path).parts[0].sizes
    assert "--orientation ignore" in problem
    assert check_dataset("instances", tmp_path, orientation="ignore").ok


@pytest.mark.parametrize("rule", ["same", "crop", "nearest"])
def test_a_declared_data_set_neither_crops_nor_scales_what_lies_on_its_side(tmp_path, rule):
    folder_pair(tmp_path, 6, 1)
    text = f'kind = "binary"\nsize = "{rule}"\nimages = "images/{{name}}.png"\ntruth = "masks/{{name}}.png"'
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ImageError, match=CURE):
        open_dataset(tmp_path / "mine.toml").samples[0].read()
    assert open_dataset(tmp_path / "mine.toml", orientation="ignore").samples[0].read().truths[0].shape == SHAPE


def test_label_maps_in_files(tmp_path):
    labels = (STORED > 99).astype(np.uint8)
    save(tmp_path / "p" / "a.png", labels, 6)
    save(tmp_path / "t" / "a.png", labels)
    pairs = match_label_maps(tmp_path / "p", tmp_path / "t")
    failed = score_pairs(pairs, ["iou.foreground"], "binary").failed
    assert "--orientation ignore" in failed["a.png" if "a.png" in failed else "a"]
    with orientation_ignored():
        scores = score_pairs(pairs, ["iou.foreground"], "binary")
    assert not scores.failed
    assert scores.overall["iou.foreground"] == (1.0, 1)


def test_label_maps_in_memory():
    with pytest.raises(ImageError, match=CURE):
        score(STORED, STORED.T, "iou.hungarian", kind="classes")
    with pytest.raises(ImageError) as caught:
        score(STORED, STORED[:4], "iou.hungarian", kind="classes")
    assert "turned" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/a", "\\a", "../a", "a/../b", "a\\..\\b", "C:a", "C:\\a", "\\\\server\\share\\a", "a\0b", 7],
)
def test_names_that_lead_out_of_a_folder(tmp_path, name):
    with pytest.raises(ImageError, match=r"^the list x names the file .*paths below the folder"):
        path_below(tmp_path, name, "the list x")


def test_names_that_stay_in_a_folder(tmp_path):
    for name, path in (("a.png", "a.png"), ("b/a..png", "b/a..png"), ("b\\...\\c", "b/.../c"), ("./a", "a")):
        assert path_below(tmp_path, name, "the list x") == tmp_path / path


@pytest.mark.parametrize("key", ["images", "truth", "start", "field_of_view", "splits", "split_lists"])
@pytest.mark.parametrize("path", ["../{name}.png", "/tmp/{name}.png", "a/../../{name}.png", "C:/{name}.png"])
def test_a_declaration_does_not_lead_out_of_its_root(tmp_path, key, path):
    save(tmp_path / "a.png", STORED)
    keys = {"kind": "'binary'", "images": "'images/{name}.png'", "truth": "'masks/{name}.png'", key: repr(path)}
    if key in ("splits", "split_lists", "start"):
        path = path.replace("{name}.png", "x")
        keys[key] = repr(path) if key == "start" else f"{{train = {path!r}}}"
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "mine.toml").write_text("\n".join(f"{each} = {value}" for each, value in keys.items()))
    with pytest.raises(ParameterError, match="is not allowed"):
        open_dataset(tmp_path / "below" / "mine.toml")
