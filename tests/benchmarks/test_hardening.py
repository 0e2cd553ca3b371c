"""What `benchmarks.hardening` judges and how it breaks things; the runs themselves are no tests."""

import json
import os
import random
import subprocess
import zipfile
from importlib.util import find_spec
from io import BytesIO

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from benchmarks.hardening.__main__ import main
from benchmarks.hardening.fuzz import mutations, seeds
from benchmarks.hardening.fuzz.targets import ALLOWED, TARGETS
from benchmarks.hardening.pictures import Row, sensible, table
from benchmarks.hardening.runs import Ended, orphans, temporaries, unfit, without_time
from classicseg import run
from classicseg.batch import Settings, process
from classicseg.jobs import collect
from classicseg.registry import make


def record(method="kmeans", labels=3, name=None, **parameters):
    """What `classicseg run --json` says of a map of 20 x 30 pixels."""
    segmenter = make(method, **parameters)
    facts = {"method": segmenter.name, "parameters": segmenter.get_params(), "name": name or method}
    return {**facts, "height": 20, "width": 30, "labels": labels}


def labels_up_to(count):
    return (np.arange(600) % count + 1).reshape(20, 30)


def test_sensible_numbers_of_labels():
    assert sensible(record(labels=3), labels_up_to(3), 0.2) == ""
    assert "4 classes, 3 were asked for" in sensible(record(labels=4), labels_up_to(4), 0.2)
    assert sensible(record(labels=4, n_clusters=4), labels_up_to(4), 0.2) == ""
    assert "1 label, though" in sensible(record(labels=1), labels_up_to(1), 0.2)
    assert sensible(record(labels=1), labels_up_to(1), 0.001) == ""
    assert sensible(record("felzenszwalb", labels=30), labels_up_to(30), 0.2) == ""
    assert "31 labels for 600 pixels" in sensible(record("felzenszwalb", labels=31), labels_up_to(31), 0.2)
    assert sensible(record("otsu", labels=1), labels_up_to(2) - 1, 0.2) == ""
    assert "3 classes, 2 were asked for" in sensible(record("otsu", labels=2), labels_up_to(3) - 1, 0.2)
    assert "the record says 5 labels" in sensible(record(labels=5), labels_up_to(3), 0.2)
    assert "labels for 20 x 30 pixels" in sensible(record(), labels_up_to(3).T, 0.2)


def test_the_table_of_pictures():
    lines = table([Row("VOC", "otsu", [2, 1, 4], [0.5, 1.0, 0.0], ["one"]), Row("VOC", "gmm")])
    assert lines[2] == "| VOC | otsu | 3 | 1 | 2 | 4 | 0.50 | 1 |"
    assert lines[3] == "| VOC | gmm | 0 | 0 | 0 | 0 | nan | 0 |"


@pytest.fixture
def written(tmp_path, picture_file):
    """The files of one picture, as they are written."""
    (job,) = collect([str(picture_file)])
    process(job, Settings(segmenter=make("otsu"), name="otsu", folder=tmp_path / "out"))
    return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_files_that_do_not_fit_their_record(written):
    assert unfit(written) == []
    assert unfit({**written, "img_otsu_overlay.png": b"other"}) == ["img_otsu_overlay.png is not what its record says"]
    without = {name: content for name, content in written.items() if "labels" not in name}
    assert unfit(without) == ["img_otsu_labels.png is missing"]
    other = json.loads(written["img_otsu.json"]) | {"labels": 7}
    assert "another number of labels" in unfit({**written, "img_otsu.json": json.dumps(other).encode()})[0]


def test_only_time_and_temporaries_are_no_difference(written):
    other = json.loads(written["img_otsu.json"])
    later = {**written, ".abc.tmp": b"half", "img_otsu.json": json.dumps(other | {"seconds": 99}).encode()}
    assert temporaries(later) == [".abc.tmp"]
    assert without_time(later) == without_time(written)
    another = {**written, "img_otsu.json": json.dumps(other | {"labels": 9}).encode()}
    assert without_time(another) != without_time(written)


def test_lines_on_stderr():
    ended = Ended(3, "", "classicseg: a.png does not exist\nclassicseg: warning: dark\nother\n")
    assert ended.complaints == ["classicseg: a.png does not exist"]
    assert not ended.crashed()
    assert Ended(-9, "", "").crashed()
    assert Ended(1, "", "Traceback (most recent call last):").crashed()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")  # noqa: PTH112
def test_orphans_are_found():
    leader = subprocess.Popen(["sh", "-c", "sleep 60 & echo $!"], stdout=subprocess.PIPE, start_new_session=True)
    orphan = int(leader.stdout.readline())
    leader.stdout.close()
    leader.wait()
    assert orphans(leader.pid) == [orphan]
    os.kill(orphan, 9)


@pytest.mark.small
@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_taken_or_refused_in_one_of_the_allowed_ways(name):
    taken = 0
    for data in TARGETS[name].seeds():
        try:
            TARGETS[name].call(data)
            taken += 1
        except ALLOWED as error:
            assert len(str(error).splitlines()) == 1
    assert taken


def doubled(data: bytes, size: int) -> bytes:
    return (data + data)[:size]


def test_a_mutated_png_has_checksums_that_fit():
    buffer = BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(buffer, "PNG")
    made = {mutations.mutate_picture(buffer.getvalue(), 4096, seed, doubled) for seed in range(20)}
    assert len(made) > 3
    fitting = 0
    for data in made:
        if data.startswith(mutations._PNG) and data != doubled(buffer.getvalue(), 4096):
            chunks = mutations._chunks(data)
            rebuilt = mutations._PNG + b"".join(map(mutations._chunk, chunks))
            fitting += rebuilt == data
    assert fitting >= 3


def test_mutated_archives_and_json_can_be_read_again():
    archive = next(iter(seeds.hierarchies()))
    others = [mutations.mutate_archive(archive, 10_000, seed, doubled) for seed in range(20)]
    whole = [data for data in others if data != doubled(archive, 10_000)]
    assert whole
    assert all(zipfile.ZipFile(BytesIO(data)).testzip() is None for data in whole)
    text = next(iter(seeds.coco_lists()))
    others = [mutations.mutate_json(text, 10_000, seed, doubled) for seed in range(20)]
    read = [json.loads(data) for data in others if data != doubled(text, 10_000)]
    assert read
    assert sum(content != json.loads(text) for content in read) > len(read) / 2


def test_the_same_seed_gives_the_same_mutation():
    text = next(iter(seeds.coco_lists()))
    seed = random.Random(0).randrange(100)
    assert mutations.mutate_json(text, 9999, seed, doubled) == mutations.mutate_json(text, 9999, seed, doubled)


def test_commands_are_listed_and_a_missing_fuzzer_is_told(monkeypatch):
    said = CliRunner().invoke(main, ["--help"]).output
    assert all(f"  {name} " in said for name in ("all", "bounds", "faults", "fuzz", "pictures"))
    monkeypatch.setattr("benchmarks.hardening.fuzz.session.find_spec", lambda name: None)
    refused = CliRunner().invoke(main, ["fuzz", "--seconds", "1"])
    assert refused.exit_code == 2
    assert "pip install atheris" in refused.output


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
def test_a_finding_is_kept_once_a_type_and_place(tmp_path):
    from benchmarks.hardening.fuzz.worker import _Watch

    def call(data):
        if data == b"noise":
            os.write(2, b"a library speaks\n")
        elif data:
            run(np.zeros(3), "otsu" if data == b"refused" else data)  # no picture; then a method that is no text
            raise AssertionError

    watch = _Watch("made", call, tmp_path)
    for data in (b"", b"refused", b"noise", b"noise"):
        watch(data)
    (found,) = tmp_path.glob("*.txt")
    assert found.read_text().startswith("Noise at")
    assert found.with_suffix(".bin").read_bytes() == b"noise"
