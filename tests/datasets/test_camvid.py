"""CamVid of the SegNet tutorial: lists of absolute paths, 11 void."""

import pickle

import numpy as np
import pytest
from PIL import Image

from classicseg.datasets import camvid
from classicseg.datasets.check import check_dataset
from classicseg.datasets.open import open_dataset
from classicseg.errors import ImageError

small = pytest.mark.small

TRUTH = np.array([[0, 1, 11], [3, 3, 10]], np.uint8)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "CamVid"
    for split in ("train", "val"):
        lines = []
        for name in ("0016E5_07961", "0016E5_07959"):
            for folder, array in ((split, np.zeros((2, 3, 3), np.uint8)), (f"{split}annot", TRUTH)):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(root / folder / f"{name}.png")
            lines.append(f"/SegNet/CamVid/{split}/{name}.png /SegNet/CamVid/{split}annot/{name}.png")
        (root / f"{split}.txt").write_text("\n".join(lines) + "\n")
    return root


@small
def test_the_last_two_parts_of_the_paths_are_looked_for_under_the_root(root):
    for above in (root, root.parent):
        found = camvid.read(above)
        assert found.missing == ()
        assert camvid.find_splits(above) == ("train", "val")
        assert [sample.name for sample in found.samples] == ["0016E5_07961", "0016E5_07959"]
    loaded = pickle.loads(pickle.dumps(found.samples[0])).read()
    assert loaded.kind == "classes"
    np.testing.assert_array_equal(loaded.truths[0], TRUTH)
    np.testing.assert_array_equal(loaded.void, TRUTH == 11)
    assert [found.classes[value] for value in (0, 3, 10)] == ["sky", "road", "bicyclist"]
    assert 11 not in found.classes


@small
def test_backslashes_part_folders_too(root):
    (root / "val.txt").write_text("C:\\CamVid\\val\\0016E5_07961.png C:\\CamVid\\valannot\\0016E5_07961.png")
    assert len(camvid.read(root).samples) == 1


@small
def test_what_a_list_names_and_is_not_there_is_missing(root):
    (root / "valannot" / "0016E5_07959.png").unlink()
    with (root / "val.txt").open("a") as stream:
        stream.write("/SegNet/CamVid/val/x.png /SegNet/CamVid/valannot/x.png\n/SegNet/CamVid/val/y.png\n")
    found = camvid.read(root)
    assert [sample.name for sample in found.samples] == ["0016E5_07961"]
    assert found.missing == (
        "valannot/0016E5_07959.png, named by val.txt, is not there",
        "val/x.png, named by val.txt, is not there",
        "valannot/x.png, named by val.txt, is not there",
        "val.txt, entry 4: a picture and a truth are wanted, not '/SegNet/CamVid/val/y.png'",
    )
    assert camvid.read(root, split="test").missing == ("the list test.txt is not there",)
    (root / "test.txt").write_text("\n")
    assert camvid.read(root, split="test").missing == ("the list test.txt is empty",)


@small
def test_pictures_of_one_name_in_two_folders_are_refused(root):
    for sequence in ("s1", "s2"):
        for folder, array in ((sequence, np.zeros((2, 3, 3), np.uint8)), (f"{sequence}annot", TRUTH)):
            (root / folder).mkdir()
            Image.fromarray(array).save(root / folder / "001.png")
    lines = [f"/CamVid/{sequence}/001.png /CamVid/{sequence}annot/001.png" for sequence in ("s1", "s2", "s1")]
    (root / "val.txt").write_text("\n".join(lines))
    with pytest.raises(ImageError, match=r"two samples are called '001': .*s1.001\.png and .*s2.001\.png"):
        check_dataset("camvid", root, split="val")
    (root / "val.txt").write_text("\n".join([lines[0], lines[2]]))  # one pair, listed twice
    assert [sample.name for sample in camvid.read(root).samples] == ["001"]


@small
def test_paths_in_a_list_may_have_blanks(root):
    (root / "val.txt").write_text("/my data/CamVid/val/0016E5_07961.png /my data/CamVid/valannot/0016E5_07961.png\n")
    found = camvid.read(root)
    assert (len(found.samples), found.missing) == (1, ())


@small
def test_another_layout_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"train\.txt, val\.txt, test\.txt.*It holds nothing"):
        camvid.read(tmp_path)


def test_the_real_part(data_root):
    if not (data_root / "camvid").is_dir():
        pytest.skip("CLASSICSEG_DATA has no camvid")
    data = open_dataset(f"camvid:{data_root / 'camvid'}")
    assert (data.name, data.kind, len(data)) == ("camvid/val", "classes", 101)
    for sample in data.samples[::25]:
        with Image.open(data_root / "camvid" / "valannot" / f"{sample.name}.png") as picture:
            expected = np.asarray(picture)
        loaded = sample.read()
        np.testing.assert_array_equal(loaded.truths[0], expected)
        np.testing.assert_array_equal(np.zeros(expected.shape) if loaded.void is None else loaded.void, expected == 11)
    report = check_dataset("camvid", data_root / "camvid")
    assert report.ok
    assert (report.parts[0].pictures, report.parts[0].remarks, report.absent) == (101, (), ("train", "test"))


@pytest.mark.small
@pytest.mark.parametrize("word", ["../x.png", "/SegNet/CamVid/../x.png", "val/..", "val\\..\\..\\x.png", "C:/.."])
def test_a_list_does_not_lead_out_of_the_folder(root, word):
    Image.fromarray(TRUTH).save(root.parent / "x.png")
    (root / "val.txt").write_text(f"{word} /SegNet/CamVid/valannot/0016E5_07961.png\n")
    with pytest.raises(ImageError, match=r"the list val\.txt names the file .*paths below the folder of the data set"):
        camvid.read(root)
