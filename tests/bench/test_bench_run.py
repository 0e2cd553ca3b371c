"""Entries over a data set: what segment and score give, kept as it comes, the same whatever the number of processes."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import classicseg
from classicseg.bench import run
from classicseg.bench.callables import CallableSource
from classicseg.bench.grids import entries_of, entry_of
from classicseg.bench.kept import KEPT
from classicseg.bench.results import BEST
from classicseg.bench.run import compute
from classicseg.bench.sources import Entry, MethodSource
from classicseg.bench.worker import FAMILY
from classicseg.datasets import DataSet, Sample, Truths, made_scenes
from classicseg.errors import ImageError, ParameterError
from classicseg.io import Picture
from classicseg.metrics import Score, find_score, score, score_all
from classicseg.metrics.families import score_family
from classicseg.registry import make

small = pytest.mark.small

COVERING, VI, MAJORITY = find_score("covering"), find_score("vi"), find_score("iou.majority")


@pytest.fixture(scope="module")
def scenes():
    chosen = [sample for sample in made_scenes(size=64) if sample.name in ("flat-1", "noise-2", "touching-1")]
    return DataSet("few", tuple(chosen))


@pytest.fixture
def counted(monkeypatch):
    """How often a method ran."""
    calls = []
    run = classicseg.base.Segmenter.run

    def counting(self, *arguments, **options):
        calls.append(self)
        return run(self, *arguments, **options)

    monkeypatch.setattr(classicseg.base.Segmenter, "run", counting)
    return calls


def broken():
    raise ImageError("the picture is torn")


def by_place(computed):
    return {(each.picture, each.entry, each.member): each for each in computed.outcomes}


def kept_lines(folder):
    return [json.loads(line) for file in (folder / KEPT).iterdir() for line in file.read_text().splitlines()]


def one_sample(array, truths, void=None, name="one"):
    return Sample(name, "classes", lambda: Picture(array, None, None, name), lambda: Truths(truths, void))


def test_scores_are_those_of_segment_and_score(scenes):
    entries = entries_of({"two": make("kmeans", n_clusters=2), "otsu": "otsu"})
    told = []
    found = compute(scenes, entries, [COVERING, VI], advance=told.append)
    assert [(each.picture, each.entry) for each in found.outcomes] == [
        (sample.name, entry.name) for sample in scenes for entry in entries
    ]
    for sample in scenes:
        loaded = sample.read()
        for entry in entries:
            outcome = by_place(found)[sample.name, entry.name, 0]
            labels = entry.sources[0].segmenter.segment(loaded.image.array)
            expected = score_all(labels, loaded.truths, names=["covering", "vi"], kind=sample.kind)
            assert {name: each.value for name, each in outcome.scores.items()} == expected
            assert outcome.labels == labels.max()
            assert outcome.seconds > 0
    assert len(told) == 6


@small
def test_a_picture_that_fails_is_told_and_the_rest_goes_on(scenes):
    banded = Picture(np.zeros((8, 8, 4), np.uint8), None, None, "banded")
    refused = Sample("refused", "classes", lambda: banded, lambda: Truths((np.zeros((8, 8), np.int32),)))
    dataset = DataSet("troubled", (Sample("torn", "classes", broken, broken), *scenes.samples, refused))
    found = by_place(compute(dataset, entries_of(["otsu"]), [COVERING]))
    assert [bool(each.error) for each in found.values()] == [True, False, False, False, True]
    assert "torn" in found["torn", "otsu", 0].error
    assert "4 channels came" in found["refused", "otsu", 0].error
    assert found["refused", "otsu", 0].scores == {}


@small
def test_each_truth_has_its_score_and_void_counts_nowhere():
    image = np.array([[0, 0, 255, 255]], np.uint8)
    truths = (np.array([[1, 1, 2, 2]], np.int32), np.array([[1, 1, 1, 2]], np.int32))
    void = np.array([[False, False, False, True]])
    for hidden, expected in ((None, (1, (2 / 3 + 1 / 2) / 2)), (void, (1, 2 / 3))):
        data = DataSet("one", (one_sample(image, truths, hidden),))
        hungarian = find_score("iou.hungarian")
        (outcome,) = compute(data, entries_of({"k": make("kmeans", n_clusters=2)}), [hungarian]).outcomes
        scored = outcome.scores["iou.hungarian"]
        assert scored.truths == pytest.approx(expected)
        assert scored.value == pytest.approx(np.mean(expected))


def test_the_best_of_a_family_is_that_of_its_maps(scenes):
    entry = entry_of("k", classicseg.bench.Grid("kmeans", n_clusters=[5, 2]))
    found = by_place(compute(scenes, [entry], [COVERING]))
    for sample in scenes:
        loaded = sample.read()
        maps = [source.segmenter.segment(loaded.image.array) for source in entry.sources]
        family = score_family(maps, loaded.truths, names=["covering"], kind=sample.kind)
        assert found[sample.name, "k", FAMILY].scores[BEST].value == pytest.approx(family.best_covering)
        assert [found[sample.name, "k", i].scores["covering"].value for i in (0, 1)] == list(family.values["covering"])


def test_what_is_kept_is_not_computed_again(scenes, tmp_path, counted):
    entries = entries_of({"k": make("kmeans", n_clusters=2), "otsu": "otsu"})
    first = compute(scenes, entries, [COVERING], folder=tmp_path)
    assert len(counted) == 6
    assert compute(scenes, entries, [COVERING], folder=tmp_path) == first
    assert len(counted) == 6
    compute(scenes, entries_of({"another name": make("kmeans", n_clusters=2)}), [COVERING], folder=tmp_path)
    assert len(counted) == 6
    compute(scenes, entries_of({"k": make("kmeans", n_clusters=3)}), [COVERING], folder=tmp_path)
    assert len(counted) == 9  # other parameters
    both = compute(scenes, entries, [COVERING, VI], folder=tmp_path)
    assert len(counted) == 15  # another score
    assert {each.scores["covering"] for each in both.outcomes} == {each.scores["covering"] for each in first.outcomes}


@small
def test_another_picture_truth_or_version_is_computed(tmp_path, counted, monkeypatch):
    image, other = np.array([[0, 0, 255, 255]], np.uint8), np.array([[0, 9, 255, 255]], np.uint8)
    truth, moved = np.array([[1, 1, 2, 2]], np.int32), np.array([[1, 2, 2, 2]], np.int32)

    def run(array, truths, void=None):
        data = DataSet("one", (one_sample(array, truths, void),))
        return compute(data, entries_of(["otsu"]), [COVERING], folder=tmp_path).outcomes[0].scores["covering"].value

    assert run(image, (truth,)) == run(image, (truth,)) == 1
    assert len(counted) == 1
    assert run(image, (moved,)) < 1
    run(other, (truth,))
    run(image, (truth,), np.array([[True, False, False, False]]))
    assert len(counted) == 4
    monkeypatch.setattr("classicseg.bench.worker.package_version", lambda: "another")
    run(image, (truth,))
    assert len(counted) == 5


@small
def test_a_line_that_was_cut_off_is_computed_again(scenes, tmp_path, counted):
    first = compute(scenes, entries_of(["otsu"]), [COVERING], folder=tmp_path)
    (file,) = (tmp_path / KEPT).iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - 40])
    again = compute(scenes, entries_of(["otsu"]), [COVERING], folder=tmp_path)
    assert len(counted) == 4
    assert [each.scores for each in again.outcomes] == [each.scores for each in first.outcomes]


@small
def test_failures_are_tried_again(tmp_path):
    image, truth = np.array([[0, 0, 255, 255]], np.uint8), np.array([[1, 1, 2, 2]], np.int32)
    data = DataSet("one", (one_sample(image, (truth,)),))
    trouble = [True]

    def function(array):
        if trouble:
            raise ValueError("no luck")
        return array > 0

    entry = Entry("f", (CallableSource(function, version="1"),))
    assert "no luck" in compute(data, [entry], [COVERING], folder=tmp_path).outcomes[0].error
    trouble.clear()
    assert compute(data, [entry], [COVERING], folder=tmp_path).outcomes[0].scores["covering"].value == 1


@small
def test_functions_without_a_version_are_never_taken_up(scenes, tmp_path):
    calls = []

    def function(array):
        calls.append(1)
        return np.atleast_3d(array)[..., 0] > 99

    for _ in range(2):
        compute(scenes, [entry_of("f", function)], [COVERING], folder=tmp_path)
    assert len(calls) == 6
    assert not (tmp_path / KEPT).exists()


def test_processes_give_the_same_and_survive_one_that_dies(scenes, tmp_path):
    def function(array):
        if array.sum() == total:
            os._exit(1)  # as the system ends a process that takes too much memory
        return np.atleast_3d(array)[..., 0] > 99

    total = scenes.samples[1].read_image().array.sum()
    entries = [*entries_of(["kmeans", "otsu"]), entry_of("deadly", function)]
    two = compute(scenes, entries, [COVERING], workers=2, folder=tmp_path)
    one = compute(scenes, entries[:2], [COVERING], workers=1)
    alike = [dataclasses.replace(each, seconds=0.0) for each in two.outcomes if each.entry != "deadly"]
    assert alike == [dataclasses.replace(each, seconds=0.0) for each in one.outcomes]
    ends = {each.picture: each.error for each in two.outcomes if each.entry == "deadly"}
    assert [bool(ends[sample.name]) for sample in scenes] == [False, True, False]
    assert "died" in ends[scenes.samples[1].name]


def test_a_killed_run_goes_on_and_gives_the_same(tmp_path):
    program = textwrap.dedent("""
        import os, signal, sys
        from classicseg.bench.run import compute
        from classicseg.bench.grids import entries_of
        from classicseg.datasets import DataSet, made_scenes
        from classicseg.metrics import find_score
        from pathlib import Path

        scenes = DataSet("few", made_scenes(size=64).samples[:6])
        told = []

        def tell(outcome):
            told.append(outcome)
            if len(told) == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)

        found = compute(scenes, entries_of(["otsu", "kmeans"]), [find_score("covering")], workers=1,
                        folder=Path(sys.argv[1]), advance=tell)
        print([(each.picture, each.entry, each.scores["covering"]) for each in found.outcomes])
    """)

    def run(folder, limit):
        return subprocess.run(
            [sys.executable, "-c", program, str(folder), str(limit)], capture_output=True, text=True, check=False
        )

    killed = run(tmp_path / "killed", 5)
    assert killed.returncode == -signal.SIGKILL
    assert 4 <= len(kept_lines(tmp_path / "killed")) < 12
    whole = run(tmp_path / "killed", 99)
    assert whole.stdout == run(tmp_path / "whole", 99).stdout != ""
    assert len(kept_lines(tmp_path / "killed")) == 12


@small
def test_overlays_are_left_where_they_are_asked_for(scenes, tmp_path):
    from PIL import Image

    compute(scenes, entries_of(["otsu"]), [COVERING], folder=tmp_path, overlays=True)
    files = sorted((tmp_path / "overlays").iterdir())
    assert len(files) == 9  # picture, truth, and result of each
    for file in files:
        with Image.open(file) as opened:
            assert opened.size == (64, 64)
    files[0].unlink()
    compute(scenes, entries_of(["otsu"]), [COVERING], folder=tmp_path, overlays=True)
    assert sorted((tmp_path / "overlays").iterdir()) == files


@small
def test_what_cannot_be_run_is_refused(scenes):
    twice = [*entries_of(["otsu"]), *entries_of(["otsu"])]
    for entries, metrics, words in (
        (twice, [COVERING], "two methods have one name"),
        (entries_of(["otsu"]), [find_score("instance.f1@0.5")], "does not apply"),
    ):
        with pytest.raises(ParameterError, match=words):
            compute(scenes, entries, metrics)
    with pytest.raises(ParameterError, match="workers=0"):
        compute(scenes, entries_of(["otsu"]), [COVERING], workers=0)
    with pytest.raises(ParameterError, match="one kind"):
        Entry("mixed", (MethodSource(make("otsu")), CallableSource(np.sign)))


@small
def test_an_oracle_needs_no_truth_of_another_kind(scenes):
    (first, *_) = compute(scenes, entries_of(["otsu"]), [MAJORITY]).outcomes
    loaded = scenes.samples[0].read()
    labels = make("otsu").segment(loaded.image.array)
    assert first.scores["iou.majority"].value == score(labels, loaded.truths, "iou.majority", kind=loaded.kind)
    assert not math.isnan(first.seconds)


@small
def test_pictures_of_one_name_are_refused(scenes):
    first, second, _ = scenes.samples
    twins = DataSet("twins", (first, dataclasses.replace(second, name=first.name)))
    with pytest.raises(ParameterError, match="two pictures of twins are called"):
        compute(twins, entries_of(["otsu"]), [COVERING])


def test_errors_that_nobody_foresaw_are_those_of_their_picture(scenes, monkeypatch):
    segment = classicseg.KMeans._segment

    def singular(self, image, context):
        if image.shape != (64, 64):
            raise np.linalg.LinAlgError("singular")
        return segment(self, image, context)

    def no_reader():
        raise KeyError("header")

    monkeypatch.setattr(classicseg.KMeans, "_segment", singular)
    truth = np.ones((8, 8), np.int32)
    dataset = DataSet(
        "troubled",
        (Sample("odd", "classes", no_reader, no_reader), one_sample(np.zeros((8, 8), np.uint8), (truth,)), *scenes),
    )
    for entry in (entry_of("k", "kmeans"), entry_of("k", classicseg.bench.Grid("kmeans", min_size=[0, 9]))):
        found = by_place(compute(dataset, [entry], [COVERING]))
        assert found["odd", "k", 0].error == "KeyError: 'header'"
        assert found["one", "k", 0].error == "LinAlgError: singular"
        assert [found[sample.name, "k", 0].error for sample in scenes] == ["", "", ""]


@small
def test_the_best_of_a_family_leaves_out_truths_without_regions():
    image = np.repeat(np.array([[0, 255]], np.uint8), 4, axis=1).repeat(4, axis=0)
    nothing = np.zeros(image.shape, np.int32)
    data = DataSet("one", (dataclasses.replace(one_sample(image, (image > 0, nothing)), kind="instances"),))
    entry = entry_of("k", classicseg.bench.Grid("kmeans", n_clusters=[2, 3]))
    *members, best = compute(data, [entry], [COVERING]).outcomes
    assert [each.scores["covering"].value for each in members] == [1, 1]
    assert best.scores[BEST].value == 1


@small
def test_a_folder_that_was_taken_away_is_made_again(scenes, tmp_path):
    for _ in range(2):
        compute(scenes, entries_of(["otsu"]), [COVERING], folder=tmp_path / "results")
        assert len(kept_lines(tmp_path / "results")) == 3
        shutil.rmtree(tmp_path / "results")


@small
def test_scores_of_functions_that_nobody_knows_again_are_never_taken_up(scenes, tmp_path):
    for value in (0.25, 0.75):
        mine = Score(name="mine.x", help="", paper="", function=lambda table, kind, value=value: value)
        for outcome in compute(scenes, entries_of(["otsu"]), [mine, COVERING], folder=tmp_path).outcomes:
            assert outcome.scores["mine.x"].value == value


@small
def test_sums_of_a_class_of_its_own_leave_the_mean(scenes):
    class Sums:
        value = 0.5

    mine = Score(name="mine.y", help="", paper="", sums=lambda table, kind: Sums())
    outcomes = compute(scenes, entries_of(["otsu"]), [mine]).outcomes
    assert [(each.error, each.scores["mine.y"].value, each.scores["mine.y"].sums) for each in outcomes] == [
        ("", 0.5, "")
    ] * 3


@small
def test_overlays_of_tall_pictures_are_made_smaller(tmp_path):
    from PIL import Image

    tall = np.zeros((20000, 30), np.uint8)
    tall[9000:] = 200
    data = DataSet("tall", (one_sample(tall, ((tall > 0).astype(np.int32),)),))
    (outcome,) = compute(data, entries_of(["otsu"]), [COVERING], folder=tmp_path, overlays=True).outcomes
    assert outcome.error == ""
    for file in (tmp_path / "overlays").iterdir():
        with Image.open(file) as opened:
            assert opened.size == (1, 300)


def test_methods_of_a_script_are_taken_up_by_other_processes_of_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import dataclasses, sys
        from pathlib import Path
        from typing import ClassVar
        import numpy as np
        from classicseg.base import Segmenter
        from classicseg.bench.grids import entries_of
        from classicseg.bench.run import compute
        from classicseg.datasets import DataSet, made_scenes
        from classicseg.metrics import find_score

        @dataclasses.dataclass(frozen=True, kw_only=True)
        class Mine(Segmenter):
            name: ClassVar[str] = "mine"
            makes: ClassVar[str] = "classes"

            def _segment(self, image, context):
                return (image.lightness(1) > 50).astype(np.int32), {}

        if len(sys.argv) > 2:
            Mine._segment = None
        scenes = DataSet("few", made_scenes(size=64).samples[:2])
        found = compute(scenes, entries_of([Mine()]), [find_score("covering")], workers=2, folder=Path(sys.argv[1]))
        print([each.scores["covering"].value for each in found.outcomes])
        """)
    )

    def run(*more):
        command = [sys.executable, str(script), str(tmp_path / "results"), *more]
        found = os.environ | {"PYTHONPATH": str(Path(classicseg.__file__).parents[1])}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=found)

    first, again = run(), run("broken")
    assert first.stdout == again.stdout != "", again.stderr


def test_workers_end_with_the_process_that_started_them(tmp_path):
    program = textwrap.dedent("""
        import os, signal, sys, time
        from pathlib import Path
        from classicseg.bench import run

        def tell(number):
            Path(sys.argv[1], str(os.getpid())).touch()
            time.sleep(0.2 if number < 2 else 9)
            return number

        for number in run._parallel(tell, [(number,) for number in range(3)], 2):
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL
    workers = [int(file.name) for file in tmp_path.iterdir()]
    assert workers
    until = time.monotonic() + 8
    while time.monotonic() < until and any(map(is_running, workers)):
        time.sleep(0.05)
    assert not any(map(is_running, workers))


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@small
def test_a_second_ctrl_c_does_not_cut_short_how_the_first_is_answered():
    def own(*_):
        heard.append("own")

    heard = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), run._one_interrupt():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.raise_signal(signal.SIGINT)
                heard.append("the end of the first")
        assert heard == ["the end of the first"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        signal.signal(signal.SIGINT, own)
        with run._one_interrupt():  # a program that looks after it goes on to do so
            signal.raise_signal(signal.SIGINT)
        assert heard[1:] == ["own"]
    finally:
        signal.signal(signal.SIGINT, before)
