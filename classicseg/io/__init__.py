"""Files: read pictures and label maps, write label maps, hierarchies, records, overlays and montages."""

from classicseg.atomic import atomic_write, discard_unfinished, sweep
from classicseg.io.coco_json import encode_coco, join_coco
from classicseg.io.geojson import encode_geojson
from classicseg.io.hierarchy import encode_hierarchy, read_hierarchy, write_hierarchy
from classicseg.io.measurements import Measurements, encode_measurements, measure
from classicseg.io.outlines import Outlines, outlines
from classicseg.io.overlay import boundary_picture, display, mean_color, montage, overlay
from classicseg.io.palette import label_colors
from classicseg.io.read import Picture, is_lossy, read_bytes, read_labels, read_picture, sample_names
from classicseg.io.ucm import encode_ucm, hierarchy_from_ucm2, read_ucm2, write_ucm2
from classicseg.io.write import (
    encode_indexed,
    encode_labels,
    encode_picture,
    plain,
    write_json,
    write_labels,
    write_picture,
)

__all__ = [
    "Measurements",
    "Outlines",
    "Picture",
    "atomic_write",
    "boundary_picture",
    "discard_unfinished",
    "display",
    "encode_coco",
    "encode_geojson",
    "encode_hierarchy",
    "encode_indexed",
    "encode_labels",
    "encode_measurements",
    "encode_picture",
    "encode_ucm",
    "hierarchy_from_ucm2",
    "is_lossy",
    "join_coco",
    "label_colors",
    "mean_color",
    "measure",
    "montage",
    "outlines",
    "overlay",
    "plain",
    "read_bytes",
    "read_hierarchy",
    "read_labels",
    "read_picture",
    "read_ucm2",
    "sample_names",
    "sweep",
    "write_hierarchy",
    "write_json",
    "write_labels",
    "write_picture",
    "write_ucm2",
]
