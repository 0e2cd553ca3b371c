"""`check_dataset` tells everything that is wrong with a data set, and goes on after each."""

import numpy as np
import pytest
from PIL import Image

from classicseg.datasets import check_dataset, open_dataset
from classicseg.datasets.check import survey_dataset
from classicseg.datasets.declared import find as finding
from classicseg.errors import ImageError, ParameterError

small = pytest.mark.small

TRUTH = np.array([[0, 1, 2, 11], [3, 4, 5, 11], [3, 4, 5, 11]], np.uint8)


def write(root, split, names, truth=TRUTH):
    for name in names:
        for folder, array in ((split, np.zeros((3, 4, 3), np.uint8)), (f"{split}annot", truth)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / folder / f"{name}.png")
    lines = [f"/S/CamVid/{split}/{name}.png /S/CamVid/{split}annot/{name}.png" for name in names]
    (root / f"{split}.txt").write_text("\n".join(lines))
    return root


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "train", ("a", "b"))
    return write(tmp_path, "val", ("c", "d", "e"))


@small
def test_a_whole_data_set_is_well(root):
    calls = []
    report = check_dataset("camvid", root, advance=lambda: calls.append(1))
    assert report.ok
    assert len(calls) == 5
    assert [(part.split, part.pictures, part.readable) for part in report.parts] == [("train", 2, 2), ("val", 3, 3)]
    part = report.parts[1]
    assert (part.kinds, part.truths, part.void, part.remarks) == (("classes",), (1, 1), 0.25, ())
    assert report.absent == ("test",)  # is no error, unless it is asked for
    assert [part.split for part in check_dataset("camvid", root, split="val").parts] == ["val"]


@small
def test_a_split_that_is_asked_for_has_to_be_there(root):
    with pytest.raises(ImageError, match=r"no pictures with truths of the split 'test'; there are train, val"):
        check_dataset("camvid", root, split="test")
    with pytest.raises(ParameterError, match=r"split='tets'.*Did you mean 'test'"):
        check_dataset("camvid", root, split="tets")


@small
def test_a_truth_of_another_size_is_told(root):
    Image.fromarray(TRUTH[:, :3]).save(root / "valannot" / "d.png")
    report = check_dataset("camvid", root)
    part = report.parts[1]
    assert not report.ok
    assert (part.pictures, part.readable, part.unreadable, part.missing) == (3, 2, (), ())
    (line,) = part.sizes
    assert line.startswith("d: the picture has 3 x 4 pixels (height x width), its truth 3 x 3")


@small
def test_unreadable_pictures_and_truths_are_told(root):
    (root / "val" / "c.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    (root / "valannot" / "e.png").write_bytes(b"")
    part = check_dataset("camvid", root).parts[1]
    assert (part.pictures, part.readable, part.sizes) == (3, 1, ())
    assert [line.split(":")[0] for line in part.unreadable] == ["c", "e"]
    assert "c.png is truncated" in part.unreadable[0]
    assert "e.png is empty" in part.unreadable[1]


@small
def test_missing_truths_and_pictures_of_a_list_are_told(root):
    (root / "valannot" / "c.png").unlink()
    (root / "val" / "d.png").unlink()
    part = check_dataset("camvid", root).parts[1]
    assert (part.pictures, part.readable) == (1, 1)
    assert part.missing == (
        "valannot/c.png, named by val.txt, is not there",
        "val/d.png, named by val.txt, is not there",
    )


@small
def test_an_empty_split_is_told(root):
    (root / "train.txt").write_text("")
    report = check_dataset("camvid", root)
    assert [part.ok for part in report.parts] == [False, True]
    assert report.parts[0].missing == ("the list train.txt is empty",)
    assert report.parts[0].truths is None


@small
def test_where_no_split_is_there_all_are_missing(tmp_path):
    for half in ("images", "groundTruth"):
        (tmp_path / half).mkdir()
    report = check_dataset("bsds500", tmp_path)
    assert not report.ok
    assert [(part.split, len(part.missing)) for part in report.parts] == [("train", 2), ("val", 2), ("test", 2)]


@small
def test_values_without_a_class_are_remarked_and_no_error(root):
    odd = TRUTH.copy()
    odd[0, :3] = 12, 40, 255
    Image.fromarray(odd).save(root / "valannot" / "c.png")
    report = check_dataset("camvid", root)
    assert report.ok
    assert report.parts[0].remarks == ()
    assert report.parts[1].remarks == ("truths have the values 12, 40, 255, for which the format knows no class",)


@small
def test_a_survey_knows_the_number_of_pictures_before_it_reads_any(root):
    for path in (root / "val").glob("*.png"):
        path.write_bytes(b"")
    assert len(survey_dataset("camvid", root)) == 5
    assert len(survey_dataset("camvid", root, split="train")) == 2


@small
def test_roots_and_views_are_checked(root):
    with pytest.raises(ImageError, match="has not the layout"):
        check_dataset("voc", root)
    with pytest.raises(ParameterError, match="camvid needs its folder"):
        check_dataset("camvid")
    with pytest.raises(ParameterError, match=r"'camvit' is not known.*Did you mean 'camvid'"):
        check_dataset("camvit", root)
    with pytest.raises(ParameterError, match="camvid has no views"):
        check_dataset("camvid", root, view="instances")


@small
def test_a_declaration_is_checked_by_its_path(tmp_path):
    for part in ("photos", "masks"):
        (tmp_path / "set" / part).mkdir(parents=True)
        np.save(tmp_path / "set" / part / "a.npy", np.eye(4, dtype=np.uint8) * 255)
    path = tmp_path / "mine.toml"
    path.write_text('kind = "binary"\nimages = "photos/{name}.npy"\ntruth = "masks/{name}.npy"\n')
    report = check_dataset(str(path), tmp_path / "set")
    assert report.ok
    assert [(part.split, part.pictures, part.kinds) for part in report.parts] == [("", 1, ("binary",))]
    np.save(tmp_path / "set" / "photos" / "b.npy", np.eye(4, dtype=np.uint8))
    assert len(check_dataset(str(path), tmp_path / "set").parts[0].missing) == 1


SPLIT = """
kind = "binary"
images = "{split}/{name}.npy"
truth = "{split}-truth/{name}.npy"
splits = {train = "Training", val = "Val", test = "Test"}
"""


@small
def test_a_declaration_is_checked_split_by_split(tmp_path):
    for split in ("Training", "Val"):
        for folder in (split, f"{split}-truth"):
            (tmp_path / folder).mkdir()
            np.save(tmp_path / folder / "a.npy", np.eye(4, dtype=np.uint8))  # names that the splits share
    path = tmp_path / "mine.toml"
    path.write_text(SPLIT)
    report = check_dataset(str(path))
    assert report.ok
    assert [(part.split, part.readable) for part in report.parts] == [("train", 1), ("val", 1)]
    assert report.absent == ("test",)
    assert [part.split for part in check_dataset(str(path), split="val").parts] == ["val"]
    with pytest.raises(ImageError, match="no picture of the split 'test'"):
        check_dataset(str(path), split="test")
    path.write_text(SPLIT.split("images")[0] + 'images = "Val/{name}.npy"\ntruth = "Val-truth/{name}.npy"\n')
    assert [part.split for part in check_dataset(str(path)).parts] == [""]


@small
def test_a_survey_searches_each_split_once(tmp_path, monkeypatch):
    for folder in ("images", "masks", "metadata"):
        (tmp_path / folder).mkdir()
    for number, name in enumerate(("training", "validation", "test")):
        (tmp_path / "images" / f"x{number}.tif").touch()
        (tmp_path / "masks" / f"x{number}.png").touch()
        (tmp_path / "metadata" / f"{name}.txt").write_text(f"x{number}.png\n")
    calls = []
    plain = finding.find
    monkeypatch.setattr(finding, "find", lambda *a, **k: calls.append(k["split"]) or plain(*a, **k))
    survey = survey_dataset("bbbc039", tmp_path)
    assert {split: len(found.samples) for split, found in survey.parts.items()} == {"train": 1, "val": 1, "test": 1}
    assert calls == ["train", "val", "test"]
    calls.clear()
    assert len(open_dataset(f"bbbc039:{tmp_path}", split="val")) == 1
    assert calls == ["val"]


@small
@pytest.mark.parametrize("with_test", [True, False])
def test_drive_as_it_is_published_now_has_no_truths_of_the_test_pictures(tmp_path, with_test):
    halves = {"training": "21", **({"test": "01"} if with_test else {})}
    for half, name in halves.items():
        folders = {"images": f"{name}_{half}.tif", "mask": f"{name}_{half}_mask.gif"}
        if half == "training":
            folders["1st_manual"] = f"{name}_manual1.gif"
        for folder, file in folders.items():
            (tmp_path / "DRIVE" / half / folder).mkdir(parents=True)
            Image.fromarray(np.full((8, 9), 255, np.uint8)).save(tmp_path / "DRIVE" / half / folder / file)
    report = check_dataset("drive", tmp_path)
    assert report.ok
    assert ([part.split for part in report.parts], report.absent) == (["train"], ("test",))
    data = open_dataset(f"drive:{tmp_path}")
    assert (data.name, len(data)) == ("drive/train", 1)
    with pytest.raises(ImageError, match=r"no pictures with truths of the split 'test'; there is train\."):
        open_dataset(f"drive:{tmp_path}", split="test")


@pytest.mark.parametrize(
    ("name", "folder", "counts"),
    [
        ("bsds500", "BSDS500", {"train": 200, "val": 100}),
        ("weizmann", "weizmann_horse", None),
        ("drive", "drive", {"train": 20}),
        ("isbi2012", "isbi2012_em", None),
        ("bbbc039", "bbbc039", None),
        ("instances", "dsb2018", {"": 222}),
    ],
)
def test_the_real_parts_are_well(data_root, name, folder, counts):
    if not (data_root / folder).is_dir():
        pytest.skip(f"CLASSICSEG_DATA has no {folder}")
    report = check_dataset(name, data_root / folder)
    assert report.ok
    assert all(part.pictures == part.readable for part in report.parts)
    if counts:
        assert {part.split: part.pictures for part in report.parts} == counts
