"""`classicseg warmup`: compile everything now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from classicseg_cli.main import DONE, FAILED, complain

if TYPE_CHECKING:
    from classicseg.warmup import Warmed


@click.command()
@click.argument("names", nargs=-1, metavar="[METHOD...]")
@click.option("--processes", type=click.IntRange(min=1), help="Processes that compile; one a core by default.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with the seconds of each kernel.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def warmup(names: tuple[str, ...], processes: int | None, as_json: bool, quiet: bool) -> int:
    """Compile the kernels of all methods and scores, or of those named ('scores' for the scores), and keep them.

    For container images, and for machines whose users should not wait: the first run of a method otherwise compiles
    what it needs. CLASSICSEG_CACHE_DIR names the folder; it can be read-only afterwards.
    """
    from classicseg.kernels.cache import can_keep, config
    from classicseg.warmup import kept, parts, warm_up

    wanted = parts(names)
    if config.DISABLE_JIT:
        complain("NUMBA_DISABLE_JIT is set: nothing is compiled. Unset it.")
        return FAILED

    def tell(warmed: Warmed) -> None:
        if not quiet:
            complain(f"{warmed.name}: {_words(warmed)}")

    done = warm_up(wanted, processes=processes, advance=tell)
    folder, count, size = kept()
    if as_json or not quiet:
        print(_report(done, folder, count, size, as_json))
    lost = sum(warmed.lost for warmed in done)
    if lost or (any(warmed.compiled for warmed in done) and not can_keep()):
        what = f"{lost} kernels could not be kept" if count and can_keep() else "nothing could be kept"
        complain(f"{what}: set CLASSICSEG_CACHE_DIR to a folder that can be written and has room.")
        return FAILED
    return DONE


def _words(warmed: Warmed) -> str:
    compiled = len(warmed.compiled)
    words = f"{compiled} kernel{'s' if compiled != 1 else ''} compiled" if compiled else "nothing left to compile"
    return f"{words}, {warmed.seconds:.1f} s"


def _report(done: list[Warmed], folder: Any, count: int, size: int, as_json: bool) -> str:
    if as_json:
        import dataclasses
        import json

        parts = {warmed.name: dataclasses.asdict(warmed) for warmed in done}
        return json.dumps({"folder": str(folder), "kernels": count, "bytes": size, "parts": parts}, indent=2)
    return f"{count} kernels, {size / 1e6:.1f} MB in {folder}"
