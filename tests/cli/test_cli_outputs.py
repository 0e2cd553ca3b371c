"""`classicseg run`: what may be written about a picture besides its label map, and how its file is read."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import classicseg
from classicseg import memory
from classicseg.io import read_labels

small = pytest.mark.small
ALL = ("--boundaries", "--indexed", "--mean-colour", "--geojson", "--coco", "rle", "--measurements")


@pytest.fixture
def labels(small_picture):
    return classicseg.segment(small_picture, "kmeans")


@small
def test_every_kind_of_file_tells_of_the_same_labels(call, picture_file, tmp_path, small_picture, labels):
    out = tmp_path / "out"
    code, _, stderr = call("run", "-m", "kmeans", *ALL, "-o", out, picture_file)
    assert (code, stderr) == (0, "")
    pictures = {f"img_kmeans_{kind}.png" for kind in ("labels", "overlay", "mean", "boundaries", "indexed")}
    names = pictures | {"img_kmeans.geojson", "img_kmeans_coco.json", "img_kmeans_segments.csv"}
    assert {path.name for path in out.iterdir()} == names | {"img_kmeans.json"}
    assert set(json.loads((out / "img_kmeans.json").read_text())["files"]) == names
    assert np.array_equal(read_labels(out / "img_kmeans_indexed.png"), labels)
    drawn = np.asarray(Image.open(out / "img_kmeans_boundaries.png"))
    edge = classicseg.labels.boundaries(labels)
    assert np.array_equal(drawn[~edge], small_picture[~edge])
    assert (drawn[edge] != small_picture[edge]).any(axis=1).all()
    areas = np.bincount(labels.ravel())[1:]
    rows = list(csv.DictReader(io.StringIO((out / "img_kmeans_segments.csv").read_text())))
    assert [int(row["area"]) for row in rows] == areas.tolist()
    greens = [small_picture[labels == label, 1].mean() for label in (1, 2, 3)]
    assert [float(row["intensity_mean-1"]) for row in rows] == pytest.approx(greens)
    features = json.loads((out / "img_kmeans.geojson").read_text())["features"]
    assert [each["properties"]["label"] for each in features] == [1, 2, 3]
    assert [each["properties"]["area"] for each in features] == areas.tolist()
    document = json.loads((out / "img_kmeans_coco.json").read_text())
    assert [each["area"] for each in document["annotations"]] == areas.tolist()
    assert document["images"][0]["file_name"] == "img.png"


@small
def test_a_result_is_computed_anew_where_a_file_would_hold_something_else(call, picture_file, tmp_path):
    def run(*options):
        return call("run", "-m", "kmeans", *options, "-o", tmp_path / "out", picture_file)[1]

    run("--geojson", "--coco", "rle")
    assert "kept from before" in run("--geojson", "--coco", "rle")
    assert "kept from before" not in run("--geojson", "--coco", "polygons")
    assert "kept from before" not in run("--geojson", "--simplify", 2, "--coco", "polygons")
    assert "kept from before" in run("--geojson", "--simplify", 2, "--coco", "polygons")
    # What is there already and is not asked for changes nothing.
    assert "kept from before" in run("--geojson", "--simplify", 2)
    assert "kept from before" in run()
    assert "kept from before" not in run("--geojson", "--orientation", "ignore")
    assert "kept from before" not in run("--geojson", "--measurements", "--orientation", "ignore")


@small
def test_coco_of_a_batch_is_also_one_document(call, picture_file, tmp_path, labels):
    (picture_file.parent / "sub").mkdir()
    other = picture_file.parent / "sub" / "b.png"
    other.write_bytes(picture_file.read_bytes())
    out = tmp_path / "out"
    assert call("run", "-m", "kmeans", "--coco", "polygons", "-o", out, picture_file.parent)[0] == 0
    document = json.loads((out / "kmeans_coco.json").read_text())
    assert [each["file_name"] for each in document["images"]] == ["img.png", "sub/b.png"]
    assert len(document["annotations"]) == 2 * labels.max()
    assert len({each["id"] for each in document["annotations"]}) == 2 * labels.max()


@small
def test_where_the_one_document_cannot_be_written_the_pictures_are_done(call, picture_file, tmp_path):
    (picture_file.parent / "b.png").write_bytes(picture_file.read_bytes())
    out = tmp_path / "out"
    (out / "kmeans_coco.json").mkdir(parents=True)
    code, stdout, stderr = call("run", "-m", "kmeans", "--coco", "rle", "-o", out, picture_file.parent)
    assert (code, len(stdout.splitlines()), len(stderr.splitlines())) == (3, 2, 1)
    assert "kmeans_coco.json" in stderr


@small
def test_a_full_disk_leaves_an_older_result_whole_and_no_part_of_a_new_one(call, picture_file, monkeypatch):
    folder = picture_file.parent
    (folder / "b.png").write_bytes(picture_file.read_bytes())

    def run(clusters, name):
        return call("run", "-m", "kmeans", "--n-clusters", clusters, "-o", folder, folder / name)[0]

    def files():
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    assert run(2, "img.png") == 0
    before, plainly, opened = files(), Path.open, []

    def second_is_full(self, mode="r", *arguments, **options):
        if mode == "xb":
            opened.append(self)
            if len(opened) % 2 == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return plainly(self, mode, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", second_is_full)
        assert run(3, "img.png") == 1
        assert run(3, "b.png") == 1
    assert len(opened) == 4
    assert files() == before
    assert call("run", "-m", "kmeans", "-o", folder, folder)[0] == 0
    assert len(list(folder.glob("*.json"))) == 2


@small
def test_memory_that_runs_out_stops_one_picture_only(call, picture_file, tmp_path, monkeypatch):
    from classicseg import batch

    (picture_file.parent / "a.png").write_bytes(picture_file.read_bytes())
    plainly = batch.segment_picture

    def first_is_too_large(*arguments):
        monkeypatch.setattr(batch, "segment_picture", plainly)
        np.empty(1 << 60, dtype=np.uint8)

    monkeypatch.setattr(batch, "segment_picture", first_is_too_large)
    code, stdout, stderr = call("run", "-m", "kmeans", "-o", tmp_path / "out", picture_file.parent)
    assert (code, len(stdout.splitlines()), len(stderr.splitlines())) == (3, 1, 1)
    assert "a.png: Unable to allocate" in stderr


@small
def test_a_picture_is_turned_as_its_file_says_unless_told_not_to(call, tmp_path, small_picture):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(small_picture).save(tmp_path / "turned.png", exif=exif)
    assert call("run", "-m", "otsu", "-o", tmp_path, tmp_path / "turned.png")[0] == 0
    labels = read_labels(tmp_path / "turned_otsu_labels.png")
    assert np.array_equal(labels, classicseg.segment(np.rot90(small_picture, -1), "otsu"))
    assert json.loads((tmp_path / "turned_otsu.json").read_text())["orientation_applied"] == 6
    assert call("run", "-m", "otsu", "--orientation", "ignore", "-o", tmp_path, tmp_path / "turned.png")[0] == 0
    assert read_labels(tmp_path / "turned_otsu_labels.png").shape == small_picture.shape[:2]
    assert json.loads((tmp_path / "turned_otsu.json").read_text())["orientation_applied"] == 1


@small
def test_pages_and_bands_are_picked(call, tmp_path, small_picture):
    import tifffile

    bands = np.concatenate([small_picture, small_picture[..., ::-1]], axis=2)
    tifffile.imwrite(tmp_path / "bands.tif", bands, photometric="minisblack", planarconfig="contig")
    assert call("run", "-m", "kmeans", "--bands", "4,1", "-o", tmp_path, tmp_path / "bands.tif")[0] == 0
    expected = classicseg.segment(bands[..., [3, 0]], "kmeans", color="multiband")
    assert np.array_equal(read_labels(tmp_path / "bands_kmeans_labels.png"), expected)
    code, _, stderr = call("run", "-m", "kmeans", "--bands", "7", "-o", tmp_path, tmp_path / "bands.tif")
    assert (code, len(stderr.splitlines())) == (1, 1)
    assert "6" in stderr
    pages = np.stack([small_picture[..., 0], small_picture[..., 1]])
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    assert call("run", "-m", "otsu", "--page", 2, "-o", tmp_path, tmp_path / "stack.tif")[0] == 0
    assert np.array_equal(
        read_labels(tmp_path / "stack_otsu_labels.png"), classicseg.segment(small_picture[..., 1], "otsu")
    )
    assert json.loads((tmp_path / "stack_otsu.json").read_text())["pages"] == 2


@small
@pytest.mark.parametrize("bad", ["0", "4,x", ""])
def test_bands_that_are_no_numbers_from_1_are_refused(call, picture_file, bad):
    code, _, stderr = call("run", "--bands", bad, picture_file)
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert "4,3,2" in stderr


@small
def test_what_is_too_large_for_the_machine_is_asked_for(call, picture_file, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "machine_memory", lambda: 1000)
    code, _, stderr = call("run", "-m", "otsu", "-o", tmp_path / "out", picture_file)
    assert (code, len(stderr.splitlines())) == (1, 1)
    assert "--force" in stderr
    assert not (tmp_path / "out").exists()
    assert call("run", "-m", "otsu", "--force", "-o", tmp_path / "out", picture_file)[0] == 0
    assert (tmp_path / "out" / "img_otsu_labels.png").is_file()


@small
@pytest.mark.parametrize("name", ["..png", "...png", "x..png", "..", "sub/..png"])
def test_no_name_of_a_picture_leads_out_of_the_folder(call, tmp_path, picture_file, name):
    inside = tmp_path / "pictures"
    (inside / "sub").mkdir(parents=True)
    if name != "..":
        (inside / name).write_bytes(picture_file.read_bytes())
    out = tmp_path / "results" / "here"
    before = set(tmp_path.rglob("*"))
    call("run", "-m", "otsu", "-o", out, inside / name)
    made = set(tmp_path.rglob("*")) - before - {out, out.parent}
    assert made
    assert all(path.is_relative_to(out) for path in made)


@small
def test_jobs_that_lead_out_of_the_folder_are_refused(tmp_path, picture_file):
    from pathlib import PurePosixPath

    from classicseg.batch import Settings, process
    from classicseg.jobs import Job

    for stem in ("../img", "/img", "a/../../img", "."):
        with pytest.raises(classicseg.ParameterError, match="leads out of the folder"):
            process(
                Job(str(picture_file), PurePosixPath(stem)),
                Settings(segmenter=classicseg.Threshold(), name="otsu", folder=tmp_path / "out"),
            )
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "img_otsu.json").exists()


@small
def test_what_a_killed_run_left_unfinished_goes(call, picture_file, tmp_path):
    from classicseg import atomic

    dead = 2**22 + 1  # above what the system numbers processes with
    left = tmp_path / "out" / f".classicseg-{atomic._host()}-{dead}-0123abcd-{'0' * 16}.tmp"
    left.parent.mkdir()
    left.write_bytes(b"half")
    assert call("run", "-m", "otsu", "-o", tmp_path / "out", picture_file)[0] == 0
    assert not left.exists()
    assert not list(Path(tmp_path).rglob("*.tmp"))


@small
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--simplify", "2"), "--geojson"),
        (("--save-model", "m.json"), "--fit-on"),
        (("--model", "m.json", "-m", "otsu"), "--model"),
        (("--model", "m.json", "--fit-on", "."), "--model"),
    ],
)
def test_options_that_need_others_say_so(call, picture_file, arguments, words):
    code, _, stderr = call("run", *arguments, picture_file)
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert words in stderr


@small
def test_one_model_for_many_pictures_is_learned_kept_and_used_again(call, picture_file, tmp_path, small_picture):
    folder, model_file = picture_file.parent, tmp_path / "model.json"
    dark = small_picture // 2
    Image.fromarray(dark).save(folder / "dark.png")
    model = classicseg.KMeans(n_clusters=4).fit([dark, small_picture])
    options = ("-m", "kmeans", "--n-clusters", 4, "--fit-on", folder, "--save-model", model_file)
    code, _, stderr = call("run", *options, "-o", tmp_path / "fitted", folder)
    assert (code, stderr) == (0, "")
    for name, picture in {"img": small_picture, "dark": dark}.items():
        found = read_labels(tmp_path / "fitted" / f"{name}_kmeans_labels.png")
        assert np.array_equal(found, model.segment(picture))
        record = json.loads((tmp_path / "fitted" / f"{name}_kmeans.json").read_text())
        assert record["model"] == model.sha256
        assert record["parameters"]["n_clusters"] == 4
    assert classicseg.load_model(model_file) == model
    assert call("run", "--model", model_file, "-o", tmp_path / "again", picture_file)[0] == 0
    again = (tmp_path / "again" / "img_kmeans_labels.png").read_bytes()
    assert again == (tmp_path / "fitted" / "img_kmeans_labels.png").read_bytes()
    # Without the model it is another result, and none is taken for the other.
    assert "kept" not in call("run", "-m", "kmeans", "--n-clusters", 4, "-o", tmp_path / "again", picture_file)[1]


@small
def test_what_cannot_be_fitted_is_said_by_the_name_of_the_file(call, picture_file, tmp_path):
    (picture_file.parent / "bad.png").write_bytes(b"no picture")
    code, _, stderr = call("run", "-m", "otsu", "--fit-on", picture_file.parent, "-o", tmp_path / "out", picture_file)
    assert (code, len(stderr.splitlines())) == (1, 1)
    assert "bad.png" in stderr
    assert not (tmp_path / "out").exists()
    code, _, stderr = call("run", "-m", "slic", "--fit-on", picture_file, "-o", tmp_path / "out", picture_file)
    assert (code, len(stderr.splitlines())) == (2, 1)
    assert "learns nothing" in stderr
    code, _, stderr = call("run", "--model", picture_file, "-o", tmp_path / "out", picture_file)
    assert (code, len(stderr.splitlines())) == (1, 1) or code == 2
    assert "img.png" in stderr


@small
def test_what_cannot_be_written_is_told_with_a_cure(call, picture_file, tmp_path):
    (tmp_path / "file").write_text("in the way")
    code, _, stderr = call("run", "-m", "otsu", "-o", tmp_path / "file" / "out", picture_file)
    assert (code, len(stderr.splitlines())) == (1, 1)
    assert f"{picture_file}: {tmp_path / 'file' / 'out'}" in stderr
    assert "Not a directory. Check that place, its permissions, and the room on its disk." in stderr


@small
@pytest.mark.parametrize(
    ("crs", "degrees"),
    [("EPSG:32633", True), ("+proj=laea +lat_0=48 +lon_0=16 +datum=WGS84 +units=m", True), (None, False)],
)
def test_polygons_of_a_geotiff_are_in_degrees_where_its_tags_tell(call, tmp_path, small_picture, crs, degrees):
    rasterio = pytest.importorskip("rasterio")
    place = rasterio.Affine(
        10, 0, 500_000 if crs == "EPSG:32633" else 0, 0, -10, 5_300_000 if crs == "EPSG:32633" else 0
    )
    form = {"driver": "GTiff", "width": 14, "height": 12, "count": 3, "dtype": "uint8", "photometric": "rgb"}
    with rasterio.open(tmp_path / "scene.tif", "w", crs=crs, transform=place, **form) as file:
        file.write(np.moveaxis(small_picture, -1, 0))
    code, _, stderr = call(
        "run", "-m", "kmeans", "--geojson", "--format", "tiff", "-o", tmp_path / "out", tmp_path / "scene.tif"
    )
    assert (code, stderr) == (0, "")
    document = json.loads((tmp_path / "out" / "scene_kmeans.geojson").read_text())
    assert document["classicseg"]["coordinates"].startswith("degrees" if degrees else "pixels")
    if degrees:
        x, y = document["features"][0]["geometry"]["coordinates"][0][0]
        assert 14.9 < x < 16.1
        assert 47 < y < 49
    with (
        rasterio.open(tmp_path / "out" / "scene_kmeans_labels.tiff") as labels,
        rasterio.open(tmp_path / "scene.tif") as scene,
    ):
        assert (labels.crs, labels.transform) == (scene.crs, scene.transform)
