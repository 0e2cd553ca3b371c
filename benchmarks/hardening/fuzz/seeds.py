"""Small real files to begin with, in every format that is read; each as its libraries write it."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np

_GEO_TAGS = [
    (33550, 12, 3, (10.0, 10.0, 0.0), True),
    (33922, 12, 6, (0.0, 0.0, 0.0, 500000.0, 5200000.0, 0.0), True),
    (34735, 3, 16, (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633), True),
    (42113, 2, 3, "7", True),
]


def pictures() -> Iterator[bytes]:
    """Pictures: depths, channels, palettes, alpha, orientations, pages, bands, compressions, arrays."""
    yield from _by_pillow()
    yield from _deep_pngs()
    yield from _tiffs()
    yield from _arrays()


def _rgb() -> np.ndarray:
    rows, columns = np.mgrid[:5, :7]
    return np.stack([rows * 50, columns * 36, (rows + columns) % 2 * 200], axis=2).astype(np.uint8)


def _by_pillow() -> Iterator[bytes]:
    from PIL import Image, features

    rgb = Image.fromarray(_rgb())
    grey = rgb.convert("L")
    alpha = Image.fromarray(np.dstack([_rgb(), np.arange(35, dtype=np.uint8).reshape(5, 7)]))
    palette = rgb.quantize(4)
    for form in ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "JPEG2000", "AVIF"):
        if form in ("WEBP", "AVIF") and not features.check(form.lower()):
            continue
        for image in (rgb, grey):
            yield _saved(image, form)
    deep = Image.fromarray(np.arange(35, dtype=np.uint16).reshape(5, 7) * 1800)
    for image, forms in (
        (grey.convert("1"), ("PNG", "TIFF", "PPM")),
        (palette, ("PNG", "TIFF")),
        (deep, ("PNG", "TIFF", "PPM")),
        (grey.convert("RGBA").convert("LA"), ("PNG", "TIFF")),
        (rgb.convert("CMYK"), ("JPEG", "TIFF")),
        (grey.convert("I"), ("TIFF",)),
        (grey.convert("F"), ("TIFF",)),
    ):
        for form in forms:
            yield _saved(image, form)
    for form in ("PNG", "WEBP", "TIFF", "GIF", "JPEG2000"):
        yield _saved(alpha, form)
    yield _saved(palette, "PNG", transparency=1)
    yield _saved(palette, "PNG", bits=2)
    yield _saved(grey, "PNG", transparency=36)
    yield _saved(grey, "JPEG", progressive=True)
    yield _saved(rgb, "WEBP", lossless=True)
    yield _saved(rgb, "GIF", save_all=True, append_images=[rgb.rotate(180), grey])
    yield _saved(rgb, "TIFF", compression="jpeg")
    yield _saved(rgb, "TIFF", compression="tiff_lzw")
    yield _saved(grey.convert("1"), "TIFF", compression="group4")
    for value in (3, 6, 8):
        exif = Image.Exif()
        exif[274] = value
        for form in ("JPEG", "PNG", "WEBP", "TIFF"):
            yield _saved(rgb, form, exif=exif)


def _saved(image: Any, form: str, **how: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **how)
    return buffer.getvalue()


def _deep_pngs() -> Iterator[bytes]:
    import cv2

    deep = _rgb().astype(np.uint16) * 257
    for array in (deep, np.dstack([deep, deep[..., :1]])):
        yield cv2.imencode(".png", array)[1].tobytes()


def _tiffs() -> Iterator[bytes]:
    rgb = _rgb()
    for kind in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64", "bool"):
        yield _tiff(rgb[..., 0].astype(kind), photometric="minisblack")
    yield _tiff(rgb, photometric="rgb", bigtiff=True)
    yield _tiff(rgb, photometric="rgb", byteorder=">", compression="zlib", predictor=True)
    yield _tiff(rgb.astype(np.uint16), photometric="rgb", extratags=_GEO_TAGS)
    yield _tiff(rgb, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    yield _tiff(rgb[..., 0], photometric="minisblack", extratags=_GEO_TAGS, byteorder=">")
    yield _tiff(rgb[..., 0], photometric="miniswhite", extratags=[(274, 3, 1, 8, True)])
    yield _tiff(np.dstack([rgb, rgb[..., :1]]), photometric="rgb", extrasamples=["unassalpha"])
    yield _tiff(np.dstack([rgb, rgb[..., :1]]), photometric="rgb", extrasamples=["assocalpha"])
    yield _tiff(rgb.transpose(2, 0, 1).copy(), photometric="minisblack", planarconfig="separate")
    yield _tiff(rgb.transpose(2, 0, 1).copy(), photometric="minisblack")
    yield _tiff(rgb.transpose(2, 0, 1).copy(), imagej=True, metadata={"axes": "CYX"})
    yield _tiff(rgb.transpose(2, 0, 1).copy(), ome=True, metadata={"axes": "CYX"})
    yield _tiff(np.zeros((32, 32), np.uint8), photometric="minisblack", tile=(16, 16))
    yield _tiff(rgb[..., 0] % 4, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256) * 80)

    yield _two_pages(rgb)


def _two_pages(rgb: np.ndarray) -> bytes:
    from tifffile import TiffWriter

    buffer = BytesIO()
    with TiffWriter(buffer) as tiff:
        tiff.write(rgb, photometric="rgb")
        tiff.write(rgb[:3, :, 0], photometric="minisblack")
    return buffer.getvalue()


def _tiff(array: Any, **how: Any) -> bytes:
    from tifffile import imwrite

    buffer = BytesIO()
    imwrite(buffer, array, **how)
    return buffer.getvalue()


def _arrays() -> Iterator[bytes]:
    for array in (_rgb(), _rgb()[..., 0] > 99, _rgb()[..., 0].astype(">f4"), _rgb()[..., 0].astype(np.int64)):
        buffer = BytesIO()
        np.save(buffer, array)
        yield buffer.getvalue()


def labels() -> Iterator[bytes]:
    """Label maps as we write them, and all pictures."""
    from classicseg.io.write import FORMATS, encode_labels

    for array in (_rgb()[..., 0] // 50, _rgb()[..., 1].astype(np.int32) * 300):
        yield from (encode_labels(array, form) for form in FORMATS)
    yield from pictures()


def hierarchies() -> Iterator[bytes]:
    """NPZ files of hierarchies."""
    from classicseg.hierarchy import Hierarchy
    from classicseg.io.hierarchy import encode_hierarchy

    yield encode_hierarchy(Hierarchy.from_merges([[1, 1, 2]], [(0, 1)], [0.5]))
    yield encode_hierarchy(Hierarchy.from_merges([[1, 2, 0], [3, 4, 0]], [(0, 2), (1, 3), (4, 5)], [0.1, 0.4, 0.7]))
    yield encode_hierarchy(Hierarchy.from_merges([[1, 2], [3, 4]], [(0, 1)], [0.2]))


def models() -> Iterator[bytes]:
    """JSON files of models fitted on small pictures."""
    import tempfile
    from pathlib import Path

    import classicseg

    grey = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    for method, parameters, picture in (
        ("threshold", {"rule": "otsu"}, grey),
        ("threshold", {"rule": "otsu", "classes": 3}, grey),
        ("kmeans", {"n_clusters": 2, "n_init": 1}, _rgb()),
        ("kmeans", {"n_clusters": 2}, grey),
        ("gmm", {"n_components": 2}, _rgb()),
        ("meanshift", {"spatial_bandwidth": 1.0, "range_bandwidth": "auto"}, grey),
    ):
        model = classicseg.methods()[method].segmenter(**parameters).fit([picture])
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "model.json")
            yield (Path(folder) / "model.json").read_bytes()
    yield b'{"format": ' + b"[" * 5000


def contour_maps() -> Iterator[bytes]:
    """MATLAB files with ultrametric contour maps of doubled size."""
    from scipy.io import savemat

    for packed in (False, True):
        for contours in ([[0, 0, 0.5, 0, 0]] * 3, [[0, 0, 0], [0, 0, 0], [0.25, 0.25, 0.25], [0, 0, 0], [0, 0, 0]]):
            buffer = BytesIO()
            savemat(buffer, {"ucm2": np.array(contours)}, do_compression=packed)
            yield buffer.getvalue()


def declarations() -> Iterator[bytes]:
    """The declarations that are shipped, and small ones for the folder that `targets` makes."""
    for shipped in sorted((files("classicseg.datasets.declared") / "shipped").iterdir(), key=lambda each: each.name):
        if shipped.name.endswith(".toml"):
            yield shipped.read_bytes()
    yield b'kind = "binary"\nimages = "images/{name}.png"\ntruth = "truths/{name}.png"\n'
    yield (
        b'kind = "classes"\nimages = "{split}/{name}.png"\ntruth = "truths/{name}.png"\n[splits]\ntrain = "images"\n'
        b'[encoding]\ntype = "values"\nvoid = [0]\n[classes]\n0 = "a"\n1 = "b"\n'
    )
    yield b'kind = "binary"\nimages = "../{name}.png"\ntruth = "{name}.png"\n'
    yield b"a = " + b"[" * 3000


def coco_lists() -> Iterator[bytes]:
    """Lists of COCO's annotations, for the folder that `targets` makes."""
    image = {"id": 1, "file_name": "a.png", "height": 5, "width": 7}
    about = {"image_id": 1, "category_id": 1, "iscrowd": 0, "area": 4.0, "bbox": [1, 1, 2, 2]}
    segmentations: list[Any] = [
        [[1, 1, 4, 1, 4, 3, 1, 3]],
        {"counts": [8, 2, 3, 2, 20], "size": [5, 7]},
        {"counts": "82321d0", "size": [5, 7]},
    ]
    categories = [{"id": 1, "name": "cat", "supercategory": "animal"}]
    for crowd, segmentation in enumerate(segmentations):
        annotation = {"id": 1, "segmentation": segmentation, **about, "iscrowd": min(crowd, 1)}
        yield _json({"images": [image], "annotations": [annotation], "categories": categories})
    yield _json(
        {"images": [image, image | {"id": 2, "file_name": "b.png"}], "annotations": [], "categories": categories}
    )
    panoptic = {"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 1, "category_id": 1, "iscrowd": 0}]}
    yield _json({"images": [image], "annotations": [panoptic], "categories": categories})
    yield _json({"images": [image | {"file_name": "../a.png"}], "annotations": [], "categories": []})
    yield b'{"images": [' + b"[" * 5000


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()


def comparisons() -> Iterator[bytes]:
    """Bytes of which arrays are made; see `targets`."""
    draw = np.random.default_rng(0)
    for length in (16, 64, 200, 400):
        yield draw.integers(0, 4, length, dtype=np.uint8).tobytes()
        yield struct.pack(f"{length}B", *draw.integers(0, 256, length))
