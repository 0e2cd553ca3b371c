"""The scores that classicseg has itself: name, protocol, range, direction and paper, one entry each."""

from __future__ import annotations

import math
from functools import partial
from operator import attrgetter

from classicseg.metrics import accuracy, boundaries, instances, neurons, overlap, panoptic, ranked, regions, superpixels
from classicseg.metrics.kinds import TruthKind
from classicseg.metrics.score import Score

_OBJECTS: tuple[TruthKind, ...] = ("binary", "instances")

OVERLAP = (
    Score(
        name="iou.foreground",
        help="IoU of the foreground, truth > 0; which predicted label is foreground is said",
        paper="Jaccard 1912",
        sums=overlap.foreground_iou_fractions,
        options=("foreground",),
        kinds=_OBJECTS,
    ),
    Score(
        name="iou.hungarian",
        help="mean IoU over true regions, matched one to one with predicted labels for the best total",
        paper="Kuhn 1955",
        sums=overlap.hungarian_iou_fractions,
    ),
    Score(
        name="iou.majority",
        help="mean class IoU after each segment took the true class it covers most",
        paper="protocol of classicseg",
        sums=overlap.majority_iou_fractions,
        oracle=True,
    ),
    Score(
        name="iou.best_overlap",
        help="mean over true regions of the best IoU of a single segment",
        paper="Pont-Tuset et al. 2017",
        sums=overlap.best_overlap_fractions,
    ),
    Score(
        name="iou.classes",
        help="mean class IoU, labels compared as they are; pooled: mIoU",
        paper="Everingham et al. 2010",
        sums=accuracy.class_iou_fractions,
        options=(),
        kinds=("classes",),
    ),
    Score(
        name="covering",
        help="best IoU of a single segment with each true region, weighted by the region's area",
        paper="Arbelaez et al. 2011",
        sums=overlap.covering_fractions,
    ),
    Score(
        name="dice.foreground",
        help="Dice (F1) of the foreground, truth > 0; which predicted label is foreground is said",
        paper="Dice 1945",
        sums=accuracy.foreground_dice_fractions,
        options=("foreground",),
        kinds=_OBJECTS,
    ),
    Score(
        name="dice.classes",
        help="mean class Dice, labels compared as they are",
        paper="Dice 1945",
        sums=accuracy.class_dice_fractions,
        options=(),
        kinds=("classes",),
    ),
    Score(
        name="accuracy.foreground",
        help="pixels rightly foreground or rightly not; which predicted label is foreground is said",
        paper="Long et al. 2015",
        sums=accuracy.foreground_accuracy_fractions,
        options=("foreground",),
        kinds=_OBJECTS,
    ),
    Score(
        name="accuracy.classes",
        help="pixel accuracy, labels compared as they are",
        paper="Long et al. 2015",
        sums=accuracy.class_accuracy_fractions,
        options=(),
        kinds=("classes",),
    ),
    Score(
        name="accuracy.hungarian",
        help="pixel accuracy after predicted labels took true ones, one to one, for the most pixels right",
        paper="Kuhn 1955",
        sums=accuracy.hungarian_accuracy_fractions,
    ),
)

PARTITIONS = (
    Score(
        name="rand.probabilistic",
        help="probabilistic Rand index (PRI): pixel pairs on which both agree, mean over truths",
        paper="Unnikrishnan et al. 2007",
        sums=regions.rand_fractions,
    ),
    Score(
        name="rand.adjusted",
        help="Rand index adjusted for chance (ARI)",
        paper="Hubert & Arabie 1985",
        function=regions.adjusted_rand_index,
        range=(-0.5, 1.0),
    ),
    Score(
        name="rand.adapted_error",
        help="1 - F of the pairs rightly kept together; true background of instances left out",
        paper="Arganda-Carreras et al. 2015",
        function=regions.adapted_rand_error,
        best="lower",
    ),
    Score(
        name="vi",
        help="variation of information in bits: split plus merge part",
        paper="Meila 2007",
        function=regions.variation_of_information,
        range=(0.0, math.inf),
        best="lower",
    ),
    Score(
        name="vi.split",
        help="H(prediction given truth) in bits: over-segmentation",
        paper="Meila 2007",
        function=regions.split_information,
        range=(0.0, math.inf),
        best="lower",
    ),
    Score(
        name="vi.merge",
        help="H(truth given prediction) in bits: under-segmentation",
        paper="Meila 2007",
        function=regions.merge_information,
        range=(0.0, math.inf),
        best="lower",
    ),
    Score(
        name="nmi.arithmetic",
        help="mutual information over the arithmetic mean of the entropies",
        paper="Vinh et al. 2010",
        function=regions.normalised_mutual_information,
    ),
    Score(
        name="vrand.isbi2012",
        help="F of pairs on the true foreground after border thinning; label 0 is border",
        paper="Arganda-Carreras et al. 2015",
        function=neurons.v_rand_score,
        takes="comparison",
        options=(),
        kinds=_OBJECTS,
    ),
    Score(
        name="vinfo.isbi2012",
        help="mutual information on the true foreground after border thinning; label 0 is border",
        paper="Arganda-Carreras et al. 2015",
        function=neurons.v_info_score,
        takes="comparison",
        options=(),
        kinds=_OBJECTS,
    ),
)

SUPERPIXELS = (
    Score(
        name="asa",
        help="achievable segmentation accuracy: pixels right after each segment took the region it covers most",
        paper="Liu et al. 2011",
        sums=superpixels.achievable_accuracy_fractions,
        oracle=True,
    ),
    Score(
        name="undersegmentation.bergh",
        help="pixels outside the region that their segment covers most: 1 - asa",
        paper="Van den Bergh et al. 2012",
        sums=superpixels.bergh_fractions,
        best="lower",
        oracle=True,
    ),
    Score(
        name="undersegmentation.neubert_protzel",
        help="the smaller part of each segment that crosses a region",
        paper="Neubert & Protzel 2012",
        sums=superpixels.neubert_protzel_fractions,
        best="lower",
    ),
    Score(
        name="undersegmentation.achanta",
        help="areas of the segments that meet each region by more than 5 % of theirs, less the image",
        paper="Achanta et al. 2012",
        function=superpixels.achanta_error,
        range=(-1.0, math.inf),
        best="lower",
    ),
    Score(
        name="undersegmentation.levinshtein",
        help="how far the segments that meet a region reach out of it, over its area; mean over regions",
        paper="Levinshtein et al. 2009",
        function=superpixels.levinshtein_error,
        range=(0.0, math.inf),
        best="lower",
    ),
)

INSTANCES = (
    *(
        Score(
            name=f"instance.{part}@0.5",
            help=f"{words} of segments matched at IoU >= 0.5",
            paper="Caicedo et al. 2019",
            sums=instances.instance_counts,
            value=attrgetter(part),
            fixed={"threshold": 0.5},
            kinds=("instances",),
        )
        for part, words in (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))
    ),
    Score(
        name="instance.dsb2018",
        help="mean over IoU > .5:.05:.95 of TP / (TP + FP + FN)",
        paper="Caicedo et al. 2019 (Nature Methods)",
        sums=instances.sweep_counts,
        value=attrgetter("jaccard"),
        fixed={"strict": True},
        kinds=("instances",),
    ),
    Score(
        name="instance.average_recall",
        help="recall, its mean over IoU >= .5:.05:.95, whatever the class and however many segments",
        paper="Hosang et al. 2016",
        sums=instances.sweep_counts,
        value=attrgetter("recall"),
        kinds=("instances",),
    ),
    Score(
        name=ranked.ap_name("area"),
        help="COCO's average precision, whatever the class, segments ranked by their area for want of scores",
        paper="Lin et al. 2014",
        sums=ranked.matches_by_area,
        value=ranked.average_precision,
        kinds=("instances",),
    ),
    *(
        Score(
            name=f"{part}.agnostic",
            help=words,
            paper="Kirillov et al. 2019",
            sums=panoptic.panoptic_quality,
            value=attrgetter(part),
            kinds=("classes", "instances"),
        )
        for part, words in (
            ("pq", "panoptic quality whatever the class: summed IoU of pairs above .5 over TP + FP/2 + FN/2"),
            ("sq", "segmentation quality whatever the class: mean IoU of the pairs above .5"),
            ("rq", "recognition quality whatever the class: F1 of the pairs above .5"),
        )
    ),
)

_BOUNDARY_PARTS: tuple[tuple[boundaries.Part, str], ...] = (
    ("f", "F of thinned boundaries matched one to one within 0.0075 of the diagonal, all truths (BSDS)"),
    ("precision", "predicted boundary pixels with a partner in at least one truth (BSDS)"),
    ("recall", "true boundary pixels with a partner of their own, over all truths (BSDS)"),
)
BOUNDARIES = (
    *(
        Score(
            name=f"boundary.{part}",
            help=words,
            paper="Martin et al. 2004, Arbelaez et al. 2011",
            sums=boundaries.comparison_counts,
            value=partial(boundaries.part_of, part=part),
            takes="comparison",
            options=(),
            costly=True,
        )
        for part, words in _BOUNDARY_PARTS
    ),
    Score(
        name="boundary.superpixel_recall",
        help="true boundary pixels with any predicted one within 0.0025 of the diagonal, nothing matched one to one",
        paper="Stutz et al. 2018",
        function=superpixels.comparison_recall,
        takes="comparison",
        options=(),
    ),
)

BUILT_IN = (*OVERLAP, *PARTITIONS, *SUPERPIXELS, *BOUNDARIES, *INSTANCES)
