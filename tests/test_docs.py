"""The code that the documentation shows: it runs, and does what is said beside it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

import classicseg
from classicseg.datasets import known_readers
from classicseg.metrics import contingency_tables, scores
from classicseg.outputs import CHOSEN
from classicseg_cli.scores import row_of

ROOT = Path(__file__).parent.parent
SNIPPETS = (ROOT / "docs" / "snippets.md").read_text(encoding="utf-8")
SCORES = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
DATASETS = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def sections():
    return {part.split("\n")[0]: part for part in SNIPPETS.split("\n## ")[1:]}


def run(*sources):
    names: dict[str, object] = {}
    for source in sources:
        exec(compile(source, "docs", "exec"), names)
    return names


@pytest.mark.parametrize("title", sections())
def test_each_pair_of_snippets_gives_the_same_partition(title):
    (prelude,) = blocks(SNIPPETS.split("\n## ")[0], "python")
    theirs, ours = (run(prelude, source)["labels"] for source in blocks(sections()[title], "python"))
    pairs = np.unique(np.stack([theirs.ravel(), ours.ravel()]), axis=1)
    # A one-to-one relation between the labels: the very same sets of pixels.
    assert pairs.shape[1] == len(np.unique(theirs)) == len(np.unique(ours)) > 1


def test_k_means_with_default_tolerances_differs_in_few_pixels():
    from skimage import data
    from sklearn.cluster import KMeans

    image = data.coffee()
    theirs = KMeans(n_clusters=3, n_init=10, random_state=0).fit_predict(image.reshape(-1, 3) / 255)
    ours = classicseg.segment(image, "kmeans", n_clusters=3, space="rgb")
    assert adjusted_rand_score(theirs, ours.ravel()) > 0.9975


def test_the_python_of_the_readme_runs(capsys):
    pipeline, paper = blocks(README, "python")
    names = run(pipeline)
    assert names["labels"].max() > 10
    run(paper)
    printed = capsys.readouterr().out
    lines = re.findall(r"iou\.hungarian 0\.\d{4} \[0\.\d{4}, 0\.\d{4}\], 15 pictures, (\w+) of (\d)", printed)
    assert lines == [("fixed", "1"), ("fixed", "1"), ("ODS", "3"), ("OIS", "3")]


def test_the_python_of_the_page_on_files_runs():
    (source,) = blocks(FILES, "python")
    names = run(source)
    assert names["model"].learned["centers"] is not None
    assert [labels.shape for labels in names["labels"]] == [(200, 600), (200, 600)]


def test_the_page_on_files_names_what_run_writes():
    from classicseg.outputs import Wanted, endings

    everything = endings(Wanted(kinds=frozenset(CHOSEN)))
    assert all(f"img_METHOD{ending}" in FILES for ending in everything.values())


def test_the_python_of_the_page_on_benchmarks_runs(capsys, tmp_path):
    first, second = blocks(BENCHMARKS, "python")
    names = run(first, second)
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()] == ["otsu", "k-means", "k-means", "darker"] * 2
    assert printed.count("oracle") == 4
    assert names["entry"].sources[0].version == "1"


def test_the_python_of_the_page_on_scores_runs():
    first, _, ranked, families, _, own = blocks(SCORES, "python")
    run(first, ranked, families)
    (table,) = contingency_tables([[1, 1]], [[[3, 3]]])
    assert run(first, own)["SMALL"].sums(table, kind="classes").value == 1


def test_the_benchmark_of_the_page_on_scores_runs(data_root):
    oracle = data_root / "BSDS500_oracle"
    if not oracle.is_dir():
        pytest.skip("needs BSDS500_oracle, the five pictures of the BSDS500 benchmark's own test")
    names = run(blocks(SCORES, "python")[4])
    five = names["contour_thresholds"](5)
    for form, thresholds, f in (("ucm2", five, 0.704632), ("png", five, 0.704628), ("segs", [1, 2, 3, 4, 5], 0.704614)):
        found = names["bsds_boundaries"](oracle / form, oracle / "groundTruth", form, thresholds)
        assert found.ods.f == pytest.approx(f, abs=0.001)
        if form == "ucm2":
            row = f"| {found.ods.f:.5f} (theirs 0.704632) | {found.ois.f:.5f} (theirs 0.708608) |"
            assert row in SCORES
    families = names["bsds_regions"](oracle / "segs", oracle / "groundTruth")
    assert names["summarise"](families, "covering", averaging="pooled").best == pytest.approx(0.749811, abs=1e-6)


def test_the_mean_iou_of_the_page_on_scores_runs(data_root):
    root = data_root / "camvid"
    if not root.is_dir():
        pytest.skip("needs camvid")
    names = run(blocks(SCORES, "python")[1])
    samples = names["open_dataset"](f"camvid:{root}", split="val").samples
    perfect = {sample.name: sample.read_truths()[0] for sample in samples}
    value, classes = names["mean_iou"](root, perfect)
    assert value == 1 and set(classes) == set(range(11))


def test_the_page_on_scores_lists_every_score_as_it_is():
    for name, each in scores().items():
        _, ends, best, kinds, what, paper = row_of(each)
        pools = "yes" if each.pools else "no"
        assert f"| `{name}` | {ends} | {best} | {kinds} | {pools} | {what} | {paper} |" in SCORES


def test_the_page_on_data_sets_lists_every_reader():
    for name in known_readers():
        assert f"`{name}`" in DATASETS


def test_the_readme_names_every_method_and_preset():
    for name, method in classicseg.methods().items():
        assert f"| `{name}` | {method.makes} |" in README
        assert all(f"`{preset}`" in README for preset in method.presets)


def test_links_and_pictures_of_the_documentation_exist():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_page_on_containers_names_commands_that_there_are(call):
    page = (ROOT / "docs" / "installing-in-containers.md").read_text(encoding="utf-8")
    for command in re.findall(
        r"classicseg (\w+)", "\n".join([*re.findall(r"`([^`\n]*)`", page), *blocks(page, "dockerfile")])
    ):
        assert call(command, "--help")[0] == 0
    for source in blocks(page, "python"):  # in a process of its own, since one of them sets up logging
        subprocess.run([sys.executable, "-c", source], check=True, timeout=60)
