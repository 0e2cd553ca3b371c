"""BSDS500 and BSDS300: the publisher's layouts, MATLAB truths, .seg files, and what is missing."""

import pickle
import shutil

import cv2
import numpy as np
import pytest
import scipy.io

from classicseg.datasets import bsds
from classicseg.datasets.check import check_dataset
from classicseg.datasets.open import open_dataset
from classicseg.errors import ImageError

small = pytest.mark.small

# ---- making the layouts ----


def write_mat(path, maps, boundaries=None):
    """A truth as MATLAB writes it: a cell array of structures."""
    cells = np.empty((1, len(maps)), dtype=object)
    for number, labels in enumerate(maps):
        edges = np.zeros(labels.shape, np.uint8) if boundaries is None else boundaries[number]
        cells[0, number] = {"Segmentation": labels.astype(np.uint16), "Boundaries": edges.astype(np.uint8)}
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"groundTruth": cells})


def write_jpeg(path, shape=(10, 14)):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((*shape, 3), 90, np.uint8))


def seg_text(labels, rng=None, header="", first=1):
    """A label map in the text format, run by run and row by row, in plain Python; runs shuffled by `rng`."""
    runs = []
    for row in range(labels.shape[0]):
        start = 0
        for column in range(1, labels.shape[1] + 1):
            if column == labels.shape[1] or labels[row, column] != labels[row, start]:
                runs.append(f"{labels[row, start] - first} {row} {start} {column - 1}")
                start = column
    if rng is not None:
        rng.shuffle(runs)
    size = f"width {labels.shape[1]}\nheight {labels.shape[0]}\nsegments {labels.max() - first + 1}\n"
    return f"format ascii cr\ndate Thu Aug 02 2001\nimage 7 # the id\nuser 1105\n{size}{header}data\n" + "\n".join(runs)


@pytest.fixture
def maps():
    rng = np.random.default_rng(3)
    return [np.kron(rng.integers(1, 6, (5, 7)), np.ones((2, 2), dtype=int)) for _ in range(4)]


@pytest.fixture
def root_500(tmp_path, maps):
    data = tmp_path / "BSR" / "BSDS500" / "data"
    for split, names in (("train", ("8049", "12003")), ("val", ("101085",))):
        for name in names:
            write_jpeg(data / "images" / split / f"{name}.jpg")
            write_mat(data / "groundTruth" / split / f"{name}.mat", maps)
        (data / "images" / split / "Thumbs.db").write_bytes(b"x")  # the published archive has one
    return tmp_path


@pytest.fixture
def root_300(tmp_path, maps):
    root = tmp_path / "BSDS300"
    for split, names in (("train", ("8049", "12003")), ("test", ("101085",))):
        for name in names:
            write_jpeg(root / "images" / split / f"{name}.jpg")
            for number, person in enumerate(("1105", "1102", "998")):
                path = root / "human" / "color" / person / f"{name}.seg"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(seg_text(maps[number]))
        (root / f"iids_{split}.txt").write_text("\n".join(names) + "\n")
    path = root / "human" / "gray" / "1103" / "101085.seg"
    path.parent.mkdir(parents=True)
    path.write_text(seg_text(maps[3]))
    return root


# ---- BSDS500 ----


@small
@pytest.mark.parametrize("below", [".", "BSR", "BSR/BSDS500", "BSR/BSDS500/data"])
def test_every_folder_from_the_archive_down_is_a_root(root_500, below, maps):
    found = bsds.read(root_500 / below, split="train")
    assert found.missing == ()
    assert [sample.name for sample in found.samples] == ["8049", "12003"]  # by number
    assert bsds.find_splits(root_500 / below) == ("train", "val")
    loaded = pickle.loads(pickle.dumps(found.samples[0])).read()
    assert (loaded.kind, loaded.void, len(loaded.truths)) == ("classes", None, 4)
    for truth, drawn in zip(loaded.truths, maps, strict=True):
        np.testing.assert_array_equal(truth, drawn)
        assert truth.dtype == np.int32


@small
def test_the_validation_pictures_are_the_default(root_500):
    assert [sample.name for sample in bsds.read(root_500).samples] == ["101085"]


@small
def test_what_is_missing_is_named_on_both_sides(root_500):
    data = root_500 / "BSR/BSDS500/data"
    (data / "groundTruth/train/8049.mat").unlink()
    (data / "images/train/12003.jpg").unlink()
    found = bsds.read(data, split="train")
    assert found.samples == ()
    assert found.missing == (
        "groundTruth/train/8049.mat, the truth of images/train/8049.jpg, is not there",
        "the picture of groundTruth/train/12003.mat is not there",
    )
    assert bsds.read(data, split="test").missing == (
        "the folder images/test is not there",
        "the folder groundTruth/test is not there",
    )
    shutil.rmtree(data / "groundTruth" / "train")
    assert bsds.read(data, split="train").missing == ("the folder groundTruth/train is not there",)


@small
def test_an_empty_split_is_missing(root_500):
    data = root_500 / "BSR/BSDS500/data"
    for half in ("images", "groundTruth"):
        (data / half / "test").mkdir()
    assert bsds.read(data, split="test").missing == ("images/test and groundTruth/test are empty",)


@small
def test_a_folder_of_another_layout_is_refused(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(ImageError, match=r"images, groundTruth in it or in its data or .*It holds pictures"):
        bsds.read(tmp_path)
    with pytest.raises(ImageError, match=r"nowhere does not exist"):
        bsds.read(tmp_path / "nowhere")


@small
def test_boundaries_come_as_they_were_drawn(tmp_path, maps):
    edges = [labels % 2 for labels in maps]
    write_mat(tmp_path / "a.mat", maps, edges)
    found = bsds.read_boundaries(tmp_path / "a.mat")
    assert len(found) == 4
    for edge, drawn in zip(found, edges, strict=True):
        assert edge.dtype == bool
        np.testing.assert_array_equal(edge, drawn == 1)


@small
def test_a_file_that_is_no_truth_is_refused(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"groundTruth": np.eye(3)})
    with pytest.raises(ImageError, match=r"a\.mat is no truth of BSDS500.*Boundaries"):
        bsds.read_boundaries(tmp_path / "a.mat")
    scipy.io.savemat(tmp_path / "a.mat", {"segs": np.eye(3)})
    with pytest.raises(ImageError, match=r"has no variable 'groundTruth'; it holds segs"):
        bsds.read_boundaries(tmp_path / "a.mat")


# ---- BSDS300 ----


@small
def test_the_truths_of_all_people_come_in_the_order_of_their_numbers(root_300, maps):
    for root in (root_300, root_300.parent):
        found = bsds.read_300(root, split="train")
        assert found.missing == ()
        assert [sample.name for sample in found.samples] == ["8049", "12003"]
        truths = pickle.loads(pickle.dumps(found.samples[1])).read().truths
        for truth, number in zip(truths, (2, 1, 0), strict=True):  # 998, 1102, 1105
            np.testing.assert_array_equal(truth, maps[number])


@small
def test_people_who_saw_the_grey_picture_are_a_view(root_300, maps):
    found = bsds.read_300(root_300, view="gray")
    (truth,) = found.samples[0].read_truths()
    np.testing.assert_array_equal(truth, maps[3])
    assert bsds.read_300(root_300, split="train", view="gray").missing == (
        "human/gray has no 8049.seg, a truth of the picture 8049",
        "human/gray has no 12003.seg, a truth of the picture 12003",
    )


@small
def test_what_a_list_of_bsds300_names_and_is_not_there_is_missing(root_300):
    (root_300 / "iids_train.txt").write_text("8049\r\n\r\n77\r\n")
    found = bsds.read_300(root_300, split="train")
    assert [sample.name for sample in found.samples] == ["8049"]
    assert found.missing == (
        "images/train/77.jpg, named by iids_train.txt, is not there",
        "human/color has no 77.seg, a truth of the picture 77",
    )
    (root_300 / "iids_train.txt").write_text("\n")
    assert bsds.read_300(root_300, split="train").missing == ("the list iids_train.txt is empty",)
    (root_300 / "iids_train.txt").unlink()
    assert bsds.read_300(root_300, split="train").missing == ("the list iids_train.txt is not there",)
    shutil.rmtree(root_300 / "human")
    assert bsds.read_300(root_300).missing == ("the folder human/color is not there",)


@small
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (11, 13)])
def test_runs_in_any_order_give_the_map_back(tmp_path, shape):
    rng = np.random.default_rng(5)
    labels = rng.integers(1, 4, shape)
    labels[0, 0] = 3  # so that the number of segments is three
    (tmp_path / "a.seg").write_text(seg_text(labels, rng))
    found = bsds.read_seg(tmp_path / "a.seg")
    np.testing.assert_array_equal(found, labels)
    assert found.dtype == np.int32


LABELS = np.array([[1, 1, 2], [1, 2, 2]])


@small
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("data\n", ""), "no line 'data'"),
        (lambda text: text.replace("width 3\n", ""), "width, height"),
        (lambda text: text.replace("width 3", "width three"), "width, height"),
        (lambda text: text + "\n1 1", "lines of four integers"),
        (lambda text: text.replace("1 0 2 2\n", ""), "each of 2 x 3 pixels once"),  # a pixel without a segment
        (lambda text: text + "\n1 1 2 2", "each of 2 x 3 pixels once"),  # one with two
        (lambda text: text.replace("1 1 1 2", "1 1 1 3"), "each of 2 x 3 pixels once"),  # one beyond the row
        (lambda text: text.replace("1 1 1 2", "2 1 1 2"), "segments 0 to 1"),
        (lambda text: text.replace("ascii cr", "binary cr"), "only the format 'ascii cr'"),
        (lambda text: text.replace("data\n", "flipflop 1\ndata\n"), "flipflop 0"),
    ],
)
def test_a_damaged_seg_file_is_refused(tmp_path, change, words):
    text = seg_text(LABELS)
    (tmp_path / "a.seg").write_text(text)
    np.testing.assert_array_equal(bsds.read_seg(tmp_path / "a.seg"), LABELS)
    assert change(text) != text
    (tmp_path / "a.seg").write_text(change(text))
    with pytest.raises(ImageError, match=rf"a\.seg is no segmentation of BSDS300, or a damaged one: .*{words}"):
        bsds.read_seg(tmp_path / "a.seg")


# ---- real data ----


@pytest.fixture(scope="module")
def real(data_root):
    root = data_root / "BSDS500"
    if not root.is_dir():
        pytest.skip("CLASSICSEG_DATA has no BSDS500")
    return root


def test_the_real_pictures_and_truths_are_all_there(real):
    for split, count in (("train", 200), ("val", 100)):
        data = open_dataset(f"bsds500:{real}", split=split)
        assert (data.name, data.kind, len(data)) == (f"bsds500/{split}", "classes", count)


def test_real_truths_are_what_scipy_reads(real):
    for sample in open_dataset(f"bsds500:{real}").samples[::33]:
        path = real / "data" / "groundTruth" / "val" / f"{sample.name}.mat"
        cells = scipy.io.loadmat(path)["groundTruth"][0]
        loaded, edges = sample.read(), bsds.read_boundaries(path)
        assert len(loaded.truths) == len(edges) == len(cells)
        for cell, truth, edge in zip(cells, loaded.truths, edges, strict=True):
            np.testing.assert_array_equal(truth, cell["Segmentation"][0, 0])
            np.testing.assert_array_equal(edge, cell["Boundaries"][0, 0] == 1)
            assert truth.min() == 1
            assert truth.shape in ((321, 481), (481, 321))


def test_real_truths_written_as_seg_files_come_back_from_the_layout_of_bsds300(real, tmp_path):
    root = tmp_path / "BSDS300"
    samples = open_dataset(f"bsds500:{real}").samples[:2]
    for sample in samples:
        (root / "images" / "test").mkdir(parents=True, exist_ok=True)
        shutil.copy(sample.path, root / "images" / "test" / sample.path.name)
        for number, truth in enumerate(sample.read_truths()):
            path = root / "human" / "color" / str(1100 + number) / f"{sample.name}.seg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(seg_text(truth))
    (root / "iids_test.txt").write_text("".join(f"{sample.name}\n" for sample in samples))
    for sample, ours in zip(samples, open_dataset(f"bsds300:{root}"), strict=True):
        assert sample.name == ours.name
        for truth, expected in zip(ours.read().truths, sample.read_truths(), strict=True):
            np.testing.assert_array_equal(truth, expected)
    report = check_dataset("bsds300", root)
    assert report.ok
    assert report.absent == ("train",)
