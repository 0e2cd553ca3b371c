"""Scores beside their peers, on real pictures: milliseconds, and how far the figures agree.

Run ``CLASSICSEG_DATA=... python -m benchmarks.scores`` from the checkout, in an environment that has the package and,
for the comparison, torchmetrics, pyEdgeEval and pycocotools; peers that are absent are left out. The data are the
first picture of the BSDS500 validation split and the first of DSB2018.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import machine, medians, versions
from classicseg import MeanShift
from classicseg.datasets import open_dataset
from classicseg.hierarchy import Hierarchy
from classicseg.metrics import contingency_tables, score_all, score_family, score_hierarchy, scores
from classicseg.metrics.boundaries import count_boundaries
from classicseg.metrics.boundary_maps import boundary_map, thin
from classicseg.metrics.ranked import average_precision, ranked_matches

RUNS = 15
LEAVES = 1000
LIMITS = {"all region scores": 10.0, "boundary F": 100.0}  # milliseconds

Calls = dict[str, Callable[[], Any]]


def regions(labels: np.ndarray, truths: list[np.ndarray]) -> Calls:
    """Region scores of one label map against five truths."""
    from skimage.metrics import adapted_rand_error, variation_of_information
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, rand_score

    names = [name for name, each in scores().items() if each.takes == "table" and "classes" in each.kinds]
    flat, flats = labels.ravel(), [truth.ravel() for truth in truths]
    calls: Calls = {
        f"all region scores: classicseg, {len(names)} of them": lambda: score_all(labels, truths, names=names),
        "tables alone: classicseg": lambda: contingency_tables(labels, truths),
        "vi: scikit-image": lambda: np.mean([sum(variation_of_information(t, labels)) for t in truths]),
        "rand.adapted_error: scikit-image": lambda: np.mean(
            [adapted_rand_error(t, labels, ignore_labels=())[0] for t in truths]
        ),
        "rand.probabilistic: scikit-learn": lambda: np.mean([rand_score(t, flat) for t in flats]),
        "rand.adjusted: scikit-learn": lambda: np.mean([adjusted_rand_score(t, flat) for t in flats]),
        "nmi.arithmetic: scikit-learn": lambda: np.mean([normalized_mutual_info_score(t, flat) for t in flats]),
    }
    if find_spec("torchmetrics"):
        import torch
        from torchmetrics.functional.clustering import adjusted_rand_score as torch_adjusted
        from torchmetrics.functional.clustering import normalized_mutual_info_score as torch_nmi

        torch.set_num_threads(1)
        found, wanted = torch.from_numpy(flat.astype(np.int64)), [torch.from_numpy(t.astype(np.int64)) for t in flats]
        calls["rand.adjusted: torchmetrics"] = lambda: np.mean([float(torch_adjusted(found, t)) for t in wanted])
        calls["nmi.arithmetic: torchmetrics"] = lambda: np.mean([float(torch_nmi(found, t)) for t in wanted])
    return calls


def boundaries(labels: np.ndarray, truth: np.ndarray) -> Calls:
    """F of one boundary map against one truth, thinning of the prediction included."""
    found, wanted = boundary_map(labels), thin(boundary_map(truth))
    calls: Calls = {"boundary F: classicseg": lambda: count_boundaries(thin(found), [wanted]).f}
    if find_spec("pyEdgeEval"):
        from pyEdgeEval.common.binary_label.evaluate_boundaries import evaluate_boundaries_threshold

        def peer() -> float:
            counts = evaluate_boundaries_threshold(np.array([0.5]), found.astype(float), wanted)
            recall_hits, recall_total, precision_hits, precision_total = (float(each[0]) for each in counts)
            recall, precision = recall_hits / recall_total, precision_hits / precision_total
            return 2 * precision * recall / (precision + recall)

        calls["boundary F: pyEdgeEval"] = peer
    return calls


def hierarchy(labels: np.ndarray, truths: list[np.ndarray]) -> Calls:
    """All cuts of a tree of a thousand leaves, and ten of its cuts one by one."""
    tree = random_tree(labels.shape)
    names = ["covering", "rand.probabilistic", "vi"]
    some = tree.thresholds()[:: LEAVES // 10][:10]
    return {
        f"cuts: classicseg, all {LEAVES} from one table": lambda: score_hierarchy(tree, truths, names=names),
        f"cuts: classicseg, {len(some)} one by one": lambda: score_family(
            [tree.cut(threshold=each) for each in some], truths, names=names
        ),
    }


def random_tree(shape: tuple[int, int]) -> Hierarchy:
    """Rectangles as leaves, and merges of nodes drawn by chance: the form of a tree does not matter to its scores."""
    rng = np.random.default_rng(0)
    rows, columns = 40, LEAVES // 40
    leaves = (np.arange(shape[0])[:, None] * rows // shape[0]) * columns + np.arange(shape[1]) * columns // shape[1]
    alive = list(range(LEAVES))
    merges = []
    for node in range(LEAVES, 2 * LEAVES - 1):
        one = alive.pop(rng.integers(len(alive)))
        merges.append((one, alive.pop(rng.integers(len(alive)))))
        alive.append(node)
    return Hierarchy.from_merges(leaves + 1, merges, np.linspace(0.001, 1, LEAVES - 1))


def instances(labels: np.ndarray, truth: np.ndarray) -> Calls:
    """Average precision by area over ten thresholds, at most 100 segments."""

    def ours() -> float:
        (table,) = contingency_tables(labels, [truth])
        return average_precision([ranked_matches(table, stand_in="area")])

    calls: Calls = {"average precision: classicseg": ours}
    if find_spec("pycocotools"):
        calls["average precision: pycocotools"] = lambda: coco_precision(labels, truth)
    return calls


def coco_precision(labels: np.ndarray, truth: np.ndarray) -> float:
    """The same by pycocotools, from label maps to the figure, its printing silenced."""
    import contextlib
    import io

    from pycocotools import mask
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def annotations(values: np.ndarray) -> list[dict[str, Any]]:
        found = []
        for number, label in enumerate(np.unique(values[values > 0]), start=1):
            region = np.asfortranarray(values == label, dtype=np.uint8)
            area = int(region.sum())
            found.append(
                {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": area, "score": float(area)}
                | {"segmentation": mask.encode(region), "bbox": [0, 0, 1, 1]}
            )
        return found

    with contextlib.redirect_stdout(io.StringIO()):
        wanted = COCO()
        wanted.dataset = {
            "images": [{"id": 1, "height": truth.shape[0], "width": truth.shape[1]}],
            "categories": [{"id": 1, "name": "object"}],
            "annotations": annotations(truth),
        }
        wanted.createIndex()
        evaluation = COCOeval(wanted, wanted.loadRes(annotations(labels)), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def report(title: str, calls: Calls) -> list[str]:
    """Print medians and figures; the names of the limits that were missed."""
    taken = medians(calls, RUNS)
    print(f"\n{title}")
    missed = []
    for name, milliseconds in taken.items():
        value = calls[name]()
        figure = f"{value:.6f}" if isinstance(value, float) else ""
        if isinstance(value, dict):
            figure = ", ".join(f"{key} {value[key]:.6f}" for key in ("vi", "rand.adapted_error", "rand.probabilistic"))
            figure += ", " + ", ".join(f"{key} {value[key]:.6f}" for key in ("rand.adjusted", "nmi.arithmetic"))
        print(f"  {name:48} {milliseconds:9.2f} ms   {figure}")
        missed += [
            name for limit, most in LIMITS.items() if name.startswith(f"{limit}: classicseg") and milliseconds > most
        ]
    return missed


def main() -> int:
    """Print all tables; the exit code is 1 where a limit was missed, 2 without data."""
    root = os.environ.get("CLASSICSEG_DATA")
    if not root:
        print("set CLASSICSEG_DATA to the folder of data sets", file=sys.stderr)
        return 2
    print(machine())
    print(versions("scikit-image", "scikit-learn", "torchmetrics", "pyEdgeEval", "pycocotools"))
    photograph = open_dataset(f"bsds500:{Path(root) / 'BSDS500'}", split="val").samples[0].read()
    truths = list(photograph.truths[:5])
    labels = MeanShift().segment(photograph.image.array)
    size = f"{labels.shape[1]}x{labels.shape[0]}, {labels.max()} segments against {len(truths)} truths"
    missed = report(f"Region scores, {size}", regions(labels, truths))
    missed += report("Boundaries, the same map against one truth", boundaries(labels, truths[0]))
    report("Hierarchies, the same truths", hierarchy(labels, truths))
    nuclei = open_dataset(Path(root) / "dsb2018", kind="instances").samples[0].read()
    found = MeanShift().segment(nuclei.image.array, color=nuclei.image.color)
    report(f"Instances, {found.max()} segments against {nuclei.truths[0].max()}", instances(found, nuclei.truths[0]))
    for name in missed:
        print(f"missed: {name}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
