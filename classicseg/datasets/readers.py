"""The table of readers: which layouts of data sets can be opened by name, as in ``bsds500:ROOT``.

Each entry names its function as "module:function"; a module is loaded when its reader is first used.
`classicseg.datasets.lookup` finds readers by name, those of other packages too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from classicseg.metrics.kinds import TruthKind


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What is known about a reader before it reads.

    Attributes
    ----------
    name : str
        As in ``NAME:ROOT``: lower-case letters, digits and hyphens, more than one.
    summary : str
        One line.
    function : str
        "module:function", called as ``function(root, split=..., view=..., **options)``; it looks at names and lists
        only and gives a `Found`.
    serves : str
        The data sets that have this layout.
    kinds : tuple of str
        The kinds of truth that it gives.
    source : str
        Where the publisher offers the data set, in words. Nothing is ever downloaded.
    layout : tuple of str
        The layout that the publisher ships, one path a line.
    splits : tuple of str
        The publisher's splits; () where there are none.
    default_split : str or None
        The split that is read where none is said; None: all of them.
    find_splits : str
        "module:function", called as ``find_splits(root, view=..., **options)``: the splits that are there, which may be
        others than the publisher's. It looks at names alone, and is quick.
        Without it, a split is there unless `function` raises `ImageError` for it.
    views : tuple of str
        Ways to read the truths; () where there is one.
    default_view : str or None
    needs_root : bool
        Whether there are files to read.
    options : mapping
        Further keyword arguments for `function`.
    """

    name: str
    summary: str
    function: str
    serves: str
    kinds: tuple[TruthKind, ...]
    source: str
    layout: tuple[str, ...]
    splits: tuple[str, ...] = ()
    default_split: str | None = None
    find_splits: str = ""
    views: tuple[str, ...] = ()
    default_view: str | None = None
    needs_root: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


_TABLE = (
    Reader(
        name="bsds500",
        summary="photographs, each segmented by several people",
        function="classicseg.datasets.bsds:read",
        serves="BSDS500",
        kinds=("classes",),
        splits=("train", "val", "test"),
        default_split="val",
        find_splits="classicseg.datasets.bsds:find_splits",
        source="UC Berkeley, Computer Vision Group: page 'Contour Detection and Image Segmentation Resources'",
        layout=(
            "BSR/BSDS500/data/images/{train,val,test}/ID.jpg",
            "BSR/BSDS500/data/groundTruth/{train,val,test}/ID.mat",
        ),
    ),
    Reader(
        name="bsds300",
        summary="the older photographs, segmented by several people who saw them in colour or in grey",
        function="classicseg.datasets.bsds:read_300",
        serves="BSDS300",
        kinds=("classes",),
        splits=("train", "test"),
        default_split="test",
        find_splits="classicseg.datasets.bsds:find_splits_300",
        views=("color", "gray"),
        default_view="color",
        source="UC Berkeley, Computer Vision Group: page 'The Berkeley Segmentation Dataset and Benchmark'",
        layout=(
            "BSDS300/iids_{train,test}.txt",
            "BSDS300/images/{train,test}/ID.jpg",
            "BSDS300/human/{color,gray}/UID/ID.seg",
        ),
    ),
    Reader(
        name="voc",
        summary="photographs with 20 classes and their objects; borders void",
        function="classicseg.datasets.voc:read",
        serves="Pascal VOC, and what copies its layout",
        kinds=("classes", "instances"),
        splits=("train", "val", "trainval"),
        default_split="val",
        find_splits="classicseg.datasets.voc:find_splits",
        views=("classes", "instances"),
        default_view="classes",
        source="University of Oxford, Visual Geometry Group: page 'The PASCAL Visual Object Classes'",
        layout=(
            "VOCdevkit/VOC2012/ImageSets/Segmentation/{train,val,trainval}.txt",
            "VOCdevkit/VOC2012/JPEGImages/ID.jpg",
            "VOCdevkit/VOC2012/SegmentationClass/ID.png",
            "VOCdevkit/VOC2012/SegmentationObject/ID.png",
        ),
    ),
    Reader(
        name="coco",
        summary="photographs with objects as polygons and run lengths, and panoptic PNG files",
        function="classicseg.datasets.coco:read",
        serves="COCO, and what copies its JSON",
        kinds=("instances", "classes"),
        splits=("train2017", "val2017"),
        default_split="val2017",
        find_splits="classicseg.datasets.coco:find_splits",
        views=("instances", "semantic", "panoptic"),
        default_view="instances",
        source="COCO Consortium: page 'Common Objects in Context', Download",
        layout=(
            "annotations/instances_{train2017,val2017}.json",
            "annotations/panoptic_{train2017,val2017}.json",
            "annotations/panoptic_{train2017,val2017}/ID.png",
            "{train2017,val2017}/ID.jpg",
        ),
    ),
    Reader(
        name="cityscapes",
        summary="street scenes with 30 classes, of which the evaluation counts 19, and objects",
        function="classicseg.datasets.cityscapes:read",
        serves="Cityscapes, fine annotations",
        kinds=("classes", "instances"),
        splits=("train", "val", "test"),
        default_split="val",
        find_splits="classicseg.datasets.cityscapes:find_splits",
        views=("labelIds", "trainIds", "instances"),
        default_view="labelIds",
        source="Cityscapes team: page 'The Cityscapes Dataset', Download (after registration)",
        layout=(
            "leftImg8bit/{train,val,test}/CITY/CITY_SEQUENCE_FRAME_leftImg8bit.png",
            "gtFine/{train,val,test}/CITY/CITY_SEQUENCE_FRAME_gtFine_{labelIds,instanceIds}.png",
        ),
    ),
    Reader(
        name="camvid",
        summary="street scenes with 11 classes",
        function="classicseg.datasets.camvid:read",
        serves="CamVid of the SegNet tutorial",
        kinds=("classes",),
        splits=("train", "val", "test"),
        default_split="val",
        find_splits="classicseg.datasets.camvid:find_splits",
        source="University of Cambridge, Machine Intelligence Laboratory: the tutorial to SegNet",
        layout=("CamVid/{train,val,test}.txt", "CamVid/{train,val,test}/X.png", "CamVid/{train,val,test}annot/X.png"),
    ),
    Reader(
        name="weizmann",
        summary="horses from the side, as masks",
        function="classicseg.datasets.declared:read_shipped",
        options={"name": "weizmann"},
        serves="Weizmann horses",
        kinds=("binary",),
        source="E. Borenstein, Weizmann Institute of Science: page 'Weizmann horse database'",
        layout=("weizmann_horse_db/gray/NAME.jpg", "weizmann_horse_db/figure_ground/NAME.jpg"),
    ),
    Reader(
        name="ecssd",
        summary="pictures with a salient object, as masks",
        function="classicseg.datasets.declared:read_shipped",
        options={"name": "ecssd"},
        serves="ECSSD",
        kinds=("binary",),
        source="The Chinese University of Hong Kong: page 'Hierarchical Image Saliency Detection'",
        layout=("images/ID.jpg", "ground_truth_mask/ID.png"),
    ),
    Reader(
        name="drive",
        summary="photographs of the retina with its vessels, by one or two graders; outside the field of view void",
        function="classicseg.datasets.declared:read_shipped",
        find_splits="classicseg.datasets.declared:find_shipped_splits",
        options={"name": "drive"},
        serves="DRIVE",
        kinds=("binary",),
        splits=("train", "test"),
        default_split="train",
        source="Image Sciences Institute, Utrecht: the DRIVE challenge (after registration)",
        layout=(
            "DRIVE/{training,test}/images/ID_{training,test}.tif",
            "DRIVE/training/1st_manual/ID_manual1.gif",
            "DRIVE/test/{1st_manual/ID_manual1,2nd_manual/ID_manual2}.gif (in older copies)",
            "DRIVE/{training,test}/mask/ID_{training,test}_mask.gif",
        ),
    ),
    Reader(
        name="isbi2012",
        summary="electron micrographs of a nerve cord: cells against membranes, or cell by cell",
        function="classicseg.datasets.declared:read_shipped",
        options={"name": "isbi2012"},
        serves="ISBI 2012 EM",
        kinds=("binary", "instances"),
        views=("binary", "instances"),
        default_view="binary",
        source="ISBI 2012 challenge 'Segmentation of neuronal structures in EM stacks'",
        layout=("train-volume.tif", "train-labels.tif"),
    ),
    Reader(
        name="ph2",
        summary="dermoscopic images with the lesion",
        function="classicseg.datasets.declared:read_shipped",
        options={"name": "ph2"},
        serves="PH2",
        kinds=("binary",),
        source="Universidade do Porto, ADDI project: page 'PH2 Database' (after registration)",
        layout=(
            "PH2Dataset/PH2 Dataset images/ID/ID_Dermoscopic_Image/ID.bmp",
            "PH2Dataset/PH2 Dataset images/ID/ID_lesion/ID_lesion.bmp",
        ),
    ),
    Reader(
        name="isic",
        summary="dermoscopic images with the lesion",
        function="classicseg.datasets.declared:read_shipped",
        find_splits="classicseg.datasets.declared:find_shipped_splits",
        options={"name": "isic"},
        serves="ISIC 2018, task 1",
        kinds=("binary",),
        splits=("train", "val", "test"),
        default_split="val",
        source="International Skin Imaging Collaboration: page 'ISIC Challenge Datasets', 2018",
        layout=(
            "ISIC2018_Task1-2_{Training,Validation,Test}_Input/ID.jpg",
            "ISIC2018_Task1_{Training,Validation,Test}_GroundTruth/ID_segmentation.png",
        ),
    ),
    Reader(
        name="lgg-mri",
        summary="brain MR slices with the abnormality",
        function="classicseg.datasets.declared:read_shipped",
        options={"name": "lgg-mri"},
        serves="LGG-MRI",
        kinds=("binary",),
        source="M. Buda, Duke University: the Kaggle data set 'Brain MRI segmentation'",
        layout=("kaggle_3m/TCGA_PATIENT/NAME.tif", "kaggle_3m/TCGA_PATIENT/NAME_mask.tif"),
    ),
    Reader(
        name="mads",
        summary="people in motion, as masks",
        function="classicseg.datasets.declared:read_shipped",
        options={"name": "mads"},
        serves="MADS full-body segmentation",
        kinds=("binary",),
        source="the Kaggle data set 'Segmentation Full Body MADS Dataset', from City University of Hong Kong's MADS",
        layout=(
            "segmentation_full_body_mads_dataset_1192_img/images/NAME.png",
            "segmentation_full_body_mads_dataset_1192_img/masks/NAME.png",
        ),
    ),
    Reader(
        name="dsb2018",
        summary="nuclei under many microscopes, a mask each",
        function="classicseg.datasets.dsb2018:read",
        find_splits="classicseg.datasets.dsb2018:find_splits",
        serves="the Data Science Bowl 2018 (BBBC038)",
        kinds=("instances", "binary"),
        splits=("train",),
        views=("instances", "binary"),
        default_view="instances",
        source="Broad Bioimage Benchmark Collection: page 'BBBC038'",
        layout=("stage1_train/ID/images/ID.png", "stage1_train/ID/masks/MASK.png"),
    ),
    Reader(
        name="bbbc039",
        summary="nuclei in fluorescence, 12 bits",
        function="classicseg.datasets.declared:read_shipped",
        find_splits="classicseg.datasets.declared:find_shipped_splits",
        options={"name": "bbbc039"},
        serves="BBBC039",
        kinds=("instances", "binary"),
        splits=("train", "val", "test"),
        views=("instances", "binary"),
        default_view="instances",
        source="Broad Bioimage Benchmark Collection: page 'BBBC039'",
        layout=("images/NAME.tif", "masks/NAME.png", "metadata/{training,validation,test}.txt"),
    ),
    Reader(
        name="instances",
        summary="pictures with a label map each: every number is an object",
        function="classicseg.datasets.folders:read_instance_maps",
        serves="folders of instance maps, such as uint16 TIFF",
        kinds=("instances", "binary"),
        views=("instances", "binary"),
        default_view="instances",
        source="your own",
        layout=("images/NAME.tif", "labels/NAME.tif"),
    ),
    Reader(
        name="scenes",
        summary="made scenes that ship with the package, whose truth is exact",
        function="classicseg.datasets.open:read_scenes",
        serves="the made scenes",
        kinds=("classes", "instances"),
        source="this package",
        layout=(),
        needs_root=False,
    ),
)

BUILT_IN: Mapping[str, Reader] = MappingProxyType({reader.name: reader for reader in _TABLE})
