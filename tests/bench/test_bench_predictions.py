"""Label maps of other programs: every form is read, matched by name, and fails picture by picture."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import operator
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.ndimage
from PIL import Image

from classicseg.bench.label_files import assign
from classicseg.bench.panels import Measure, Panel, run_panels
from classicseg.bench.predictions.source import parse_place, read_predictions
from classicseg.bench.run import compute
from classicseg.bench.sums import load_sums
from classicseg.datasets import DataSet, Sample, Truths, open_dataset
from classicseg.datasets.bsds import read_truths
from classicseg.errors import ImageError, ParameterError
from classicseg.io import Picture
from classicseg.io.write import encode_labels
from classicseg.metrics import find_score
from classicseg.metrics.boundary_maps import contour_thresholds

small = pytest.mark.small

SHAPE = (6, 8)
RNG = np.random.default_rng(3)
TRUTHS = {name: RNG.integers(0, 4, SHAPE).astype(np.int32) for name in ("a", "b", "city/c")}


class Given:
    """A loader that can be pickled."""

    def __init__(self, value):
        self.value = value

    def __call__(self):
        return self.value


def data_set(truths=TRUTHS, kind="classes", mask=None):
    samples = [
        Sample(
            name, kind, Given(Picture(np.full(truth.shape, grey, np.uint8), mask, None, name)), Given(Truths((truth,)))
        )
        for grey, (name, truth) in enumerate(truths.items())
    ]
    return DataSet("three", tuple(samples))


def scored(entry, dataset, metric="iou.classes"):
    found = compute(dataset, [entry], [find_score(metric)], workers=1).outcomes
    return {each.picture: each.error or each.scores[metric].value for each in found if each.member == 0}


def write_all(folder, write, names=("a", "b", "city/c")):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, TRUTHS[name])


def palette(path, labels):
    picture = Image.fromarray(labels.astype(np.uint8), mode=None).convert("P")
    picture.putdata(labels.ravel().tolist())
    picture.putpalette([255, 0, 0, 255, 0, 0, 0, 9, 9, 1, 2, 3])  # two indices of one colour
    picture.save(path.with_suffix(".png"))


WRITERS = {
    "png8": lambda path, labels: Image.fromarray(labels.astype(np.uint8)).save(path.with_suffix(".png")),
    "png16": lambda path, labels: Image.fromarray(labels.astype(np.uint16)).save(path.with_suffix(".png")),
    "palette": palette,
    "tiff": lambda path, labels: path.with_suffix(".tif").write_bytes(encode_labels(labels, "tiff")),
    "npy": lambda path, labels: np.save(path.with_suffix(".npy"), labels.astype(np.int64)),
    "run": lambda path, labels: Image.fromarray(labels.astype(np.uint8)).save(f"{path}_multi-otsu_labels.png"),
}


@small
@pytest.mark.parametrize("form", WRITERS)
def test_the_truths_as_predictions_score_one_in_every_form(tmp_path, form):
    write_all(tmp_path, WRITERS[form])
    entry = read_predictions("net", tmp_path, data_set())
    assert scored(entry, data_set()) == {"a": 1.0, "b": 1.0, "city/c": 1.0}
    (source,) = entry.sources
    assert (source.method, source.parameters, entry.scale) == ("predictions", {"form": "labels"}, "")
    loaded = data_set().samples[0].read()
    assert math.isnan(source.run(loaded, None).seconds)


@small
def test_labels_are_compared_as_they_are(tmp_path):
    write_all(tmp_path, lambda path, labels: np.save(f"{path}.npy", (labels + 1) % 4))
    found = scored(read_predictions("net", tmp_path, data_set()), data_set())
    assert set(found.values()) == {0.0}  # every class has another one's number


@small
def test_flat_files_and_deeper_ones_belong_to_a_picture_by_the_end_of_their_path(tmp_path):
    for name, place in (("a", "val/a"), ("city/c", "c")):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        np.save(tmp_path / f"{place}.npy", TRUTHS[name])
    found = scored(read_predictions("net", tmp_path, data_set()), data_set())
    assert (found["a"], found["city/c"]) == (1.0, 1.0)
    assert found["b"].startswith(f"no prediction for b in {tmp_path}")


@small
@pytest.mark.parametrize(
    ("found", "words"),
    [
        (["val/a", "test/a"], "both belong to a"),
        (["a", "a_otsu_labels"], "both belong to a"),
        (["a_otsu_labels", "a_kmeans_labels"], "both belong to a"),
    ],
)
def test_two_predictions_of_one_picture_are_refused(tmp_path, found, words):
    with pytest.raises(ImageError, match=words):
        assign(["a"], found, tmp_path)


@small
def test_one_prediction_is_never_that_of_two_pictures(tmp_path):
    with pytest.raises(ImageError, match="belongs to x/1 as well as to y/1"):
        assign(["x/1", "y/1"], ["1"], tmp_path)
    assert assign(["x/1", "y/1"], ["x/1"], tmp_path) == {"x/1": "x/1"}
    assert assign(["a", "a_otsu_labels"], ["a", "a_otsu_labels"], tmp_path) == {
        "a": "a",
        "a_otsu_labels": "a_otsu_labels",
    }


@small
def test_a_prediction_of_another_size_is_the_failure_of_its_picture_alone(tmp_path):
    write_all(tmp_path, WRITERS["npy"])
    np.save(tmp_path / "b.npy", np.ones((3, 4), np.uint8))
    found = scored(read_predictions("net", tmp_path, data_set()), data_set())
    assert "shape (3, 4), the picture (6, 8)" in found["b"]
    assert found["a"] == 1.0


@small
def test_what_belongs_to_no_picture_is_told(tmp_path):
    write_all(tmp_path, WRITERS["npy"])
    some = DataSet("some", data_set().samples[:1])
    assert read_predictions("net", tmp_path, some).sources[0].unmatched == ("b.npy", "city/c.npy")
    with pytest.raises(ImageError, match=r"none of the 3 predictions.*a\.npy, b\.npy, city/c\.npy; pictures: x\."):
        read_predictions("net", tmp_path, data_set({"x": TRUTHS["a"]}))


@small
def test_facts_are_those_of_the_bytes(tmp_path):
    write_all(tmp_path, WRITERS["npy"])
    (source,) = read_predictions("net", tmp_path, data_set()).sources
    digest = hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest()
    assert source.facts("a") == {"method": "predictions", "form": "labels", "file": digest, "mask": None}
    np.save(tmp_path / "a.npy", TRUTHS["a"][:, ::-1].astype(np.uint8))
    assert source.facts("a")["file"] == hashlib.sha256((tmp_path / "a.npy").read_bytes()).hexdigest() != digest
    assert pickle.loads(pickle.dumps(source)).facts("a") == source.facts("a")
    assert source.facts("gone")["file"] is None


@small
def test_the_mask_that_run_wrote_and_that_of_the_picture_leave_pixels_out(tmp_path):
    wrong = TRUTHS["a"].copy()
    wrong[0, 0], wrong[5, 7] = 9, 9
    np.save(tmp_path / "a_otsu_labels.npy", wrong)
    (tmp_path / "a_otsu.json").write_text("{}")
    own, pictures = np.ones(SHAPE, bool), np.ones(SHAPE, bool)
    own[0, 0], pictures[5, 7] = False, False
    Image.fromarray(own.astype(np.uint8) * 255).save(tmp_path / "a_otsu_mask.png")
    dataset = data_set({"a": TRUTHS["a"]}, mask=pictures)
    assert scored(read_predictions("net", tmp_path, dataset), dataset) == {"a": 1.0}


# ---- MATLAB ----


def save_segs(path, maps):
    cells = np.empty((1, len(maps)), dtype=object)
    for number, each in enumerate(maps):
        cells[0, number] = each.astype(np.float64)  # MATLAB's own type
    scipy.io.savemat(f"{path}.mat", {"segs": cells}, do_compression=True)


@small
def test_segs_are_a_family_of_which_one_can_be_taken(tmp_path):
    write_all(tmp_path, lambda path, labels: save_segs(path, [np.ones(SHAPE), labels]))
    entry = read_predictions("old", tmp_path, data_set())
    assert (entry.scale, [source.parameters["map"] for source in entry.sources]) == ("map", [1, 2])
    found = compute(data_set(), [entry], [find_score("iou.classes")], workers=1).outcomes
    assert [each.scores["iou.classes"].value for each in found if each.member == 1] == [1.0, 1.0, 1.0]
    single = read_predictions("old", f"{tmp_path}@2", data_set())
    assert (single.scale, len(single.sources)) == ("", 1)
    assert set(scored(single, data_set()).values()) == {1.0}
    assert single.sources[0].facts("a") == entry.sources[1].facts("a") != entry.sources[0].facts("a")


@small
def test_segs_of_different_numbers_are_refused_and_damaged_files_are_not(tmp_path):
    write_all(tmp_path, lambda path, labels: save_segs(path, [labels, labels]))
    (tmp_path / "a.mat").write_bytes(b"torn")
    entry = read_predictions("old", tmp_path, data_set())
    assert len(entry.sources) == 2
    found = scored(entry, data_set())
    assert "a.mat cannot be read as a MATLAB file" in found["a"]
    assert found["b"] == 1.0
    save_segs(tmp_path / "b", [TRUTHS["b"]])
    with pytest.raises(ImageError, match=r"b has 1; city/c has 2"):
        read_predictions("old", tmp_path, data_set())
    assert set(scored(read_predictions("old", f"{tmp_path}@2", data_set()), data_set()).values()) >= {1.0}


@small
def test_contours_are_cut_as_the_benchmark_cuts_them(tmp_path):
    heights = np.random.default_rng(5).integers(1, 10, (2 * 6 + 1, 2 * 8 + 1)) / 10
    heights[1::2, 1::2] = 0
    scipy.io.savemat(tmp_path / "a.mat", {"ucm2": heights})
    dataset = data_set({"a": TRUTHS["a"]})
    assert len(read_predictions("gpb", tmp_path, dataset).sources) == 99
    entry = read_predictions("gpb", tmp_path, dataset, at=np.array([0.1, 0.2]))
    assert [source.parameters for source in entry.sources] == [
        {"form": "ucm2", "threshold": 0.1},
        {"form": "ucm2", "threshold": 0.2},
    ]
    loaded = dataset.samples[0].read()
    for source, found in zip(entry.sources, type(entry.sources[0]).run_all(entry.sources, loaded, None), strict=True):
        parts, _ = scipy.ndimage.label(heights <= source.at, structure=np.ones((3, 3)))  # bwlabel, 8-connected
        pairs = np.unique(np.stack([parts[1::2, 1::2].ravel(), found.labels.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(found.labels)) == len(np.unique(parts[1::2, 1::2])) > 1


@small
def test_a_family_is_read_once_for_all_its_members(tmp_path, monkeypatch):
    save_segs(tmp_path / "a", [TRUTHS["a"]] * 5)
    dataset = data_set({"a": TRUTHS["a"]})
    entry, calls = read_predictions("old", tmp_path, dataset), []
    load = scipy.io.loadmat
    monkeypatch.setattr(scipy.io, "loadmat", lambda *args, **options: calls.append(args) or load(*args, **options))
    assert len(list(type(entry.sources[0]).run_all(entry.sources, dataset.samples[0].read(), None))) == 5
    assert len(calls) == 1


# ---- COCO ----


def runs(mask):
    """Uncompressed run lengths down the columns, beginning with those of 0."""
    flat = mask.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *edges, flat.size]).tolist()
    return {"size": list(mask.shape), "counts": lengths if flat[0] == 0 else [0, *lengths]}


def boxes(shape=SHAPE):
    low, high, other = (np.zeros(shape, bool) for _ in range(3))
    low[:4, :4], high[2:6, 2:6], other[0, 6] = True, True, True
    return low, high, other


def results(path, image_id, scores=(0.6, 0.9, 0.3)):
    content = [
        {"image_id": image_id, "category_id": 1, "score": score, "segmentation": runs(mask)}
        for score, mask in zip(scores, boxes(), strict=True)
    ]
    path.write_text(json.dumps(content))
    return path


@small
def test_the_better_object_lies_on_top_and_the_least_score_is_a_family(tmp_path):
    pycocotools = pytest.importorskip("pycocotools.mask")
    low, high, other = boxes()
    path = results(tmp_path / "results.json", 139)
    packed = json.loads(path.read_text())
    whole = pycocotools.encode(np.asfortranarray(high.astype(np.uint8)))
    packed[1]["segmentation"] = {"size": list(SHAPE), "counts": whole["counts"].decode()}
    path.write_text(json.dumps(packed))
    dataset = data_set({"000000000139": TRUTHS["a"]}, kind="instances")
    loaded = dataset.samples[0].read()
    (source,) = read_predictions("mask", tmp_path, dataset).sources
    assert source.parameters == {"form": "coco", "min_score": 0.5}
    wanted = np.zeros(SHAPE, int)
    wanted[low], wanted[high] = 1, 2
    assert np.array_equal(source.run(loaded, None).labels, wanted)
    family = read_predictions("mask", f"{path}@0.1,0.5,0.95", dataset)
    assert family.scale == "min_score"
    maps = [found.labels for found in type(source).run_all(family.sources, loaded, None)]
    every = np.where(wanted > 0, wanted + 1, 0)
    every[other] = 1
    assert np.array_equal(maps[0], every)
    assert np.array_equal(maps[1], wanted)
    assert not maps[2].any()


@small
def test_pictures_are_known_by_id_by_name_and_by_the_files_own_list(tmp_path):
    path = results(tmp_path / "results.json", "dog")
    two = data_set({"dog": TRUTHS["a"], "cat": TRUTHS["b"]}, kind="instances")
    found = scored(read_predictions("mask", path, two), two, "instance.f1@0.5")
    assert found["cat"] == 0.0  # as in COCO, a picture of which nothing is listed is one in which nothing was found
    content = json.loads(path.read_text())
    listed = {"images": [{"id": "dog", "file_name": "city/c.jpg"}], "annotations": content}
    path.write_text(json.dumps(listed))
    dataset = data_set(kind="instances")
    entry = read_predictions("mask", path, dataset)
    assert entry.sources[0].form.assigned == {"city/c": "dog"}
    assert "not among the file's images" in scored(entry, dataset, "instance.f1@0.5")["a"]


@small
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("3", "no results file"),
        ('[{"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [0, 0, 1, 1]}]', "a box is no label map"),
        ('[{"image_id": 1, "segmentation": {"size": [6, 8], "counts": "x"}}]', "score"),
        ('[{"image_id": 1, "score": NaN, "segmentation": [[0, 0, 1, 0, 1, 1]]}]', "scores are numbers"),
    ],
)
def test_a_damaged_results_file_is_one_clear_error(tmp_path, content, words):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ImageError, match=words):
        read_predictions("mask", tmp_path / "results.json", data_set())


@small
def test_a_mask_of_another_size_fails_with_its_picture(tmp_path):
    path = results(tmp_path / "results.json", "a")
    dataset = data_set({"a": np.ones((5, 5), np.int32)}, kind="instances")
    assert "size" in scored(read_predictions("mask", path, dataset), dataset, "instance.f1@0.5")["a"]


# ---- what is refused ----


@small
def test_folders_that_hold_nothing_or_too_much_are_refused(tmp_path):
    with pytest.raises(ImageError, match="does not exist"):
        read_predictions("net", tmp_path / "nowhere", data_set())
    with pytest.raises(ImageError, match="holds no predictions"):
        read_predictions("net", tmp_path, data_set())
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text("[]")
    with pytest.raises(ImageError, match=r"several \.json files"):
        read_predictions("net", tmp_path, data_set())
    scipy.io.savemat(tmp_path / "a.mat", {"groundTruth": 3})
    with pytest.raises(ImageError, match=r"neither segs nor ucm2; it holds groundTruth"):
        read_predictions("net", tmp_path, data_set())
    np.save(tmp_path / "a.npy", TRUTHS["a"])
    with pytest.raises(ImageError, match="Keep one form"):
        read_predictions("net", tmp_path, data_set())


@small
@pytest.mark.parametrize("at", [[], [0.5, 0.4], [math.nan], [0.5, 0.5]])
def test_values_are_ascending_numbers(tmp_path, at):
    path = results(tmp_path / "results.json", "a")
    with pytest.raises(ParameterError, match="ascending"):
        read_predictions("mask", path, data_set(), at=at)


@small
def test_values_fit_the_form(tmp_path):
    np.save(tmp_path / "a.npy", TRUTHS["a"])
    with pytest.raises(ParameterError, match="one label map a picture"):
        read_predictions("net", tmp_path, data_set(), at=[0.5])
    (tmp_path / "segs").mkdir()
    save_segs(tmp_path / "segs" / "a", [TRUTHS["a"]])
    with pytest.raises(ParameterError, match="counted 1, 2"):
        read_predictions("old", tmp_path / "segs", data_set(), at=[0.5])
    assert parse_place("out@home") == (type(tmp_path)("out@home"), None)


# ---- real data ----


@small
def test_a_pickled_array_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}, 1]], dtype=object), allow_pickle=True)
    dataset = data_set({"a": TRUTHS["a"]})
    assert "a.npy" in scored(read_predictions("net", tmp_path, dataset), dataset)["a"]


def test_the_truths_of_camvid_and_voc_as_a_networks_masks_score_one(tmp_path, data_root):
    if not (data_root / "camvid").is_dir() or not (data_root / "voc_tiny").is_dir():
        pytest.skip("needs camvid and voc_tiny")
    whole = open_dataset(f"camvid:{data_root / 'camvid'}", split="val")
    camvid = DataSet("camvid", whole.samples[:3])
    entry = read_predictions("segnet", data_root / "camvid" / "valannot", camvid)
    assert set(scored(entry, camvid).values()) == {1.0}
    assert len(entry.sources[0].unmatched) == len(whole) - 3
    declaration = Path(__file__).parents[2] / "benchmarks" / "suites" / "datasets" / "voc_tiny.toml"
    voc = open_dataset(f"{declaration}:{data_root / 'voc_tiny'}")
    for sample in voc:
        (tmp_path / f"{sample.name}.png").symlink_to(data_root / "voc_tiny" / f"{sample.name}.png")
    panel = Panel(voc, (read_predictions("fcn", tmp_path, voc),), (Measure(find_score("iou.classes"), "pooled"),))
    results = run_panels([panel], workers=1)
    assert [row.value for row in results.scores if row.truth == "all"] == [1.0] * len(voc)


@pytest.mark.parametrize(("form", "test", "at"), [("segs", "test_4", None), ("ucm2", "test_1", contour_thresholds(5))])
def test_the_benchmarks_own_predictions_give_its_figures(data_root, form, test, at):
    oracle = data_root / "BSDS500_oracle"
    if not oracle.is_dir():
        pytest.skip("needs BSDS500_oracle, the five pictures of the BSDS500 benchmark's own test")
    samples = []
    for path in sorted((oracle / "groundTruth").glob("*.mat")):
        truths = read_truths(path)
        picture = Picture(np.zeros(truths[0].shape, np.uint8), None, None, path.stem)
        samples.append(Sample(path.stem, "classes", Given(picture), Given(Truths(truths))))
    dataset = DataSet("bsds", tuple(samples))
    entry = read_predictions("theirs", oracle / form, dataset, at=at)
    score = find_score("covering")
    found = compute(dataset, [entry], [score], workers=1).outcomes
    figures = np.loadtxt(oracle / test / "eval_cover_th.txt")  # scale, covering pooled over pictures and people
    for member, (scale, wanted) in enumerate(figures):
        sums = [load_sums(each.scores["covering"].sums) for each in found if each.member == member]
        assert score.value(functools.reduce(operator.add, sums)) == pytest.approx(wanted, abs=2e-6)
        assert entry.sources[member].at == pytest.approx(scale, abs=1e-6)


@small
def test_objects_of_one_image_belong_to_one_picture(tmp_path):
    mask = {"size": [2, 2], "counts": [0, 4]}
    listed = [{"image_id": 1, "score": 0.9, "segmentation": mask}]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(listed))
    for names in (("a/1", "b/1"), ("0001", "01")):
        samples = tuple(Sample(name, "instances", int, int) for name in names)
        with pytest.raises(ImageError, match=f"as well as to {names[1]}"):
            read_predictions("net", path, DataSet("set", samples))
    images = [{"id": 1, "file_name": "val/x.jpg"}, {"id": 2, "file_name": "train/y.jpg"}]
    path.write_text(json.dumps({"images": images, "annotations": listed}))
    entry = read_predictions("net", path, DataSet("set", (Sample("x", "instances", int, int),)))
    assert entry.sources[0].form.assigned == {"x": "1"}
    path.write_text(json.dumps({"images": [*images, {"id": 3, "file_name": "val/x.png"}], "annotations": listed}))
    with pytest.raises(ImageError, match="1 and 3 are both called val/x"):
        read_predictions("net", path, DataSet("set", (Sample("x", "instances", int, int),)))
