"""Files: read pictures and label maps, write label maps, records, overlays and montages."""

from classicseg.io.overlay import display, mean_color, montage, overlay
from classicseg.io.palette import label_colors
from classicseg.io.read import Picture, is_lossy, read_bytes, read_labels, read_picture, sample_names
from classicseg.io.write import (
    atomic_write,
    encode_labels,
    encode_picture,
    plain,
    write_json,
    write_labels,
    write_picture,
)

__all__ = [
    "Picture",
    "atomic_write",
    "display",
    "encode_labels",
    "encode_picture",
    "is_lossy",
    "label_colors",
    "mean_color",
    "montage",
    "overlay",
    "plain",
    "read_bytes",
    "read_labels",
    "read_picture",
    "sample_names",
    "write_json",
    "write_labels",
    "write_picture",
]
