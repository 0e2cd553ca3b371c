"""The declarations that ship: each reads its publisher's layout, real parts where they are there."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy import ndimage

from classicseg.datasets.declared import read_shipped
from classicseg.datasets.declared.declaration import shipped_declaration, shipped_names
from classicseg.errors import ImageError, ParameterError

small = pytest.mark.small

NAMES = ("bbbc039", "drive", "ecssd", "isbi2012", "isic", "lgg-mri", "mads", "ph2", "weizmann")
MADS = "segmentation_full_body_mads_dataset_1192_img/segmentation_full_body_mads_dataset_1192_img"


@pytest.fixture
def mask():
    """A blob of 0 and 255."""
    rows, columns = np.indices((14, 16))
    return np.where((rows - 7) ** 2 + (columns - 8) ** 2 < 25, 255, 0).astype(np.uint8)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        tifffile.imwrite(path, array)
    else:
        Image.fromarray(array).save(path)


def load(path):
    with Image.open(path) as picture:  # which leaves the file of a GIF open otherwise
        return np.array(picture)


def photo(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (14, 16, 3), np.uint8)


def read_all(found):
    """Every sample, read as in another process."""
    return {sample.name: pickle.loads(pickle.dumps(sample)).read() for sample in found.samples}


@small
def test_the_declarations_that_ship():
    assert tuple(shipped_names()) == NAMES
    for name in NAMES:
        declaration = shipped_declaration(name)
        assert declaration.about
        assert declaration.source
    with pytest.raises(ParameterError, match=r"no declaration 'weizman' ships.*Did you mean 'weizmann'\?"):
        read_shipped(".", name="weizman")


@pytest.mark.small
@pytest.mark.parametrize("root", [".", "PH2Dataset", "PH2Dataset/PH2 Dataset images"])
def test_ph2(tmp_path, mask, root):
    images = tmp_path / "PH2Dataset" / "PH2 Dataset images"
    for name in ("IMD003", "IMD009"):
        save(images / name / f"{name}_Dermoscopic_Image" / f"{name}.bmp", photo())
        save(images / name / f"{name}_lesion" / f"{name}_lesion.bmp", mask > 0)  # 1 bit
        save(images / name / f"{name}_roi" / f"{name}_R1_Label4.bmp", mask)
    (tmp_path / "PH2Dataset" / "PH2_dataset.txt").write_text("table")
    found = read_shipped(tmp_path / root, name="ph2")
    assert found.missing == ()
    loaded = read_all(found)
    assert list(loaded) == ["IMD003", "IMD009"]
    np.testing.assert_array_equal(loaded["IMD003"].truths[0], mask > 0)
    np.testing.assert_array_equal(loaded["IMD003"].image.array, photo())


@pytest.mark.small
def test_isic(tmp_path, mask):
    for number, (word, names) in enumerate([("Training", ("0000000", "0000001")), ("Validation", ("0012255",))]):
        for name in names:
            save(tmp_path / f"ISIC2018_Task1-2_{word}_Input" / f"ISIC_{name}.jpg", photo(number))
            save(tmp_path / f"ISIC2018_Task1_{word}_GroundTruth" / f"ISIC_{name}_segmentation.png", mask)
        (tmp_path / f"ISIC2018_Task1-2_{word}_Input" / "ATTRIBUTION.txt").write_text("thanks")
    found = read_shipped(tmp_path, name="isic")
    assert list(read_all(found)) == ["ISIC_0000000", "ISIC_0000001", "ISIC_0012255"]
    assert found.missing == ("split 'test': nothing at ISIC2018_Task1-2_Test_Input/{name}.jpg",)
    (loaded,) = read_all(read_shipped(tmp_path, name="isic", split="val")).values()
    np.testing.assert_array_equal(loaded.truths[0], mask > 0)
    with pytest.raises(ImageError, match="no picture of the split 'test'"):
        read_shipped(tmp_path, name="isic", split="test")


@pytest.mark.small
@pytest.mark.parametrize("root", [".", "kaggle_3m"])
def test_lgg_mri(tmp_path, mask, root):
    for patient in ("TCGA_CS_4941_19960909", "TCGA_DU_5849_19950405"):
        for number in (1, 2, 10):
            save(tmp_path / "kaggle_3m" / patient / f"{patient}_{number}.tif", photo(number))
            save(tmp_path / "kaggle_3m" / patient / f"{patient}_{number}_mask.tif", mask * (number > 1))
    (tmp_path / "kaggle_3m" / "data.csv").write_text("Patient")
    found = read_shipped(tmp_path / root, name="lgg-mri")
    assert found.missing == ()
    loaded = read_all(found)
    assert list(loaded)[:3] == [f"TCGA_CS_4941_19960909_{number}" for number in (1, 2, 10)]
    assert len(loaded) == 6
    assert not loaded["TCGA_CS_4941_19960909_1"].truths[0].any()
    np.testing.assert_array_equal(loaded["TCGA_DU_5849_19950405_10"].truths[0], mask > 0)


@pytest.mark.small
@pytest.mark.parametrize("root", [".", MADS])
def test_mads(tmp_path, mask, root):
    name = "HipHop_HipHop1_C0_00180"
    rgba = np.dstack([mask, mask, mask, np.full_like(mask, 255)])
    save(tmp_path / MADS / "images" / f"{name}.png", photo())
    save(tmp_path / MADS / "masks" / f"{name}.png", rgba)
    save(tmp_path / MADS / "collage" / f"{name}.png", photo())
    found = read_shipped(tmp_path / root, name="mads")
    assert found.missing == ()
    np.testing.assert_array_equal(read_all(found)[name].truths[0], mask > 0)


@pytest.mark.small
def test_ecssd(tmp_path, mask):
    for name in ("0001", "0002"):
        save(tmp_path / "images" / f"{name}.jpg", photo())
        save(tmp_path / "ground_truth_mask" / f"{name}.png", mask)
    (tmp_path / "ground_truth_mask" / "0002.png").unlink()
    found = read_shipped(tmp_path, name="ecssd")
    assert found.missing == ("picture images/0002.jpg has no truth: ground_truth_mask/0002.png is not there",)
    np.testing.assert_array_equal(read_all(found)["0001"].truths[0], mask > 0)


def test_weizmann_real_part(data_root):
    found = read_shipped(data_root / "weizmann_horse", name="weizmann")
    assert found.missing == ()
    assert len(found.samples) == 164
    for name, loaded in read_all(found).items():
        stored = load(data_root / "weizmann_horse" / "figure_ground" / f"{name}.jpg")
        np.testing.assert_array_equal(loaded.truths[0], stored > 127)
        assert loaded.image.array.ndim == 2
        assert loaded.image.array.max() > 100, name  # none is black


def test_drive_real_part(data_root):
    found = read_shipped(data_root / "drive", name="drive", split="train")
    assert found.missing == ()
    loaded = read_all(found)
    assert list(loaded) == [str(number) for number in range(21, 41)]
    for name, each in loaded.items():
        folder = data_root / "drive" / "training"
        vessels = load(folder / "1st_manual" / f"{name}_manual1.gif")
        field = load(folder / "mask" / f"{name}_training_mask.gif")
        assert len(each.truths) == 1
        np.testing.assert_array_equal(each.truths[0], vessels > 0)
        np.testing.assert_array_equal(each.void, field == 0)
        np.testing.assert_array_equal(each.image.mask, field > 0)


def test_drive_with_a_test_half_of_two_graders_one_of_whom_wrote_ones(tmp_path, data_root):
    real = data_root / "drive" / "training"
    for new, old in (("01", "21"), ("02", "22")):
        for source, target in (
            (f"images/{old}_training.tif", f"images/{new}_test.tif"),
            (f"1st_manual/{old}_manual1.gif", f"1st_manual/{new}_manual1.gif"),
            (f"mask/{old}_training_mask.gif", f"mask/{new}_test_mask.gif"),
        ):
            (tmp_path / "test" / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(real / source, tmp_path / "test" / target)
        second = np.roll(load(real / "1st_manual" / f"{old}_manual1.gif") > 0, 1, axis=1)
        save(tmp_path / "test" / "2nd_manual" / f"{new}_manual2.gif", second.astype(np.uint8))
        assert load(tmp_path / "test" / "2nd_manual" / f"{new}_manual2.gif").max() == 1
    found = read_shipped(tmp_path, name="drive")
    assert found.missing == ("split 'train': nothing at training/images/{name}_training.tif",)
    loaded = read_all(found)
    assert list(loaded) == ["01", "02"]
    for each in loaded.values():
        one, two = each.truths
        np.testing.assert_array_equal(np.roll(one, 1, axis=1), two)
        assert one.any()


@pytest.mark.parametrize("view", [None, "instances"])
def test_isbi2012_real_part_in_files_and_in_the_publishers_stacks(tmp_path, data_root, view):
    root = data_root / "isbi2012_em"
    found = read_shipped(root, name="isbi2012", view=view)
    assert found.missing == ()
    loaded = read_all(found)
    assert list(loaded) == [str(number) for number in range(15)]
    for name, each in loaded.items():
        cells = load(root / "label" / f"{name}.png") > 0
        expected = ndimage.label(cells)[0] if view else cells
        np.testing.assert_array_equal(each.truths[0], expected)
    for part, stack in (("image", "train-volume.tif"), ("label", "train-labels.tif")):
        pages = [load(root / part / f"{number}.png") for number in range(3)]
        tifffile.imwrite(tmp_path / stack, np.stack(pages), photometric="minisblack")
    stacked = read_all(read_shipped(tmp_path, name="isbi2012", view=view))
    assert list(stacked) == ["0", "1", "2"]
    for name, each in stacked.items():
        np.testing.assert_array_equal(each.image.array, loaded[name].image.array)
        np.testing.assert_array_equal(each.truths[0], loaded[name].truths[0])
