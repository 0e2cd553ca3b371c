"""Options of `classicseg run` in groups: how files are read, what is written, and models for many pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from classicseg_cli.options import orientation_option

if TYPE_CHECKING:
    from classicseg.outputs import Wanted

_Command = TypeVar("_Command", bound=Callable[..., Any])

# The option of each kind of file that may be chosen, as it is called by `classicseg.outputs.CHOSEN`.
_KINDS = {
    "mean_color": "mean",
    "boundaries": "boundaries",
    "indexed": "indexed",
    "hierarchy": "hierarchy",
    "geojson": "geojson",
    "coco": "coco",
    "measurements": "measurements",
}


def _bands(_: click.Context, __: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    """The value of ``--bands``: numbers from 1, in the order that they are wanted."""
    if value is None:
        return None
    try:
        bands = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of bands, such as 4,3,2") from None
    if min(bands) < 1:
        raise click.BadParameter(f"{value!r} is not allowed; bands are counted from 1, such as 4,3,2")
    return bands


def _all_of(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Options that belong together, shown in the order in which they are given."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


reading_options = _all_of(
    orientation_option,
    click.option(
        "--page", type=click.IntRange(min=1), default=1, metavar="N", help="Page of a file of several, counted from 1."
    ),
    click.option(
        "--bands", callback=_bands, metavar="N,N,...", help="These bands, counted from 1, in this order; such as 4,3,2."
    ),
)

writing_options = _all_of(
    click.option(
        "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder to write to."
    ),
    click.option(
        "--format",
        type=click.Choice(["png", "tiff", "npy"]),
        default="png",
        show_default=True,
        help="Of the label map; of a GeoTIFF, tiff keeps where it lies.",
    ),
    click.option(
        "--mean-colour", "--mean-color", "mean_color", is_flag=True, help="Also write each label in its mean colour."
    ),
    click.option("--boundaries", is_flag=True, help="Also write the picture with the boundaries drawn in."),
    click.option("--indexed", is_flag=True, help="Also write the label map in colours, as a PNG with a palette."),
    click.option("--geojson", is_flag=True, help="Also write a polygon a label, with holes and common borders."),
    click.option(
        "--simplify",
        type=click.FloatRange(min=0),
        default=0.0,
        metavar="PX",
        help="With --geojson: move borders by so many pixels at most, common ones together.",
    ),
    click.option("--coco", type=click.Choice(["rle", "polygons"]), help="Also write the labels as COCO's JSON."),
    click.option(
        "--measurements", is_flag=True, help="Also write area, place, perimeter and levels of each label, as CSV."
    ),
    click.option(
        "--hierarchy",
        is_flag=True,
        help="Also write how segments merge, up to the whole picture: img_METHOD_hierarchy.npz, img_METHOD_ucm.png.",
    ),
)

model_options = _all_of(
    click.option(
        "--fit-on",
        multiple=True,
        metavar="PICTURES",
        help="Learn one model of these pictures (a folder, a pattern, a file) for all; may be repeated.",
    ),
    click.option(
        "--model",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Use the model in this file; it knows its method.",
    ),
    click.option(
        "--save-model",
        type=click.Path(dir_okay=False, path_type=Path),
        help="With --fit-on: keep the model in this file (JSON).",
    ),
)


def wanted(given: Mapping[str, Any]) -> Wanted:
    """What the options of `writing_options` ask for."""
    from classicseg.outputs import Wanted

    if given["simplify"] and not given["geojson"]:
        raise click.UsageError("--simplify is for the borders of --geojson; give both.")
    kinds = frozenset(kind for option, kind in _KINDS.items() if given[option])
    return Wanted(format=given["format"], kinds=kinds, simplify=given["simplify"], coco=given["coco"] or "rle")
