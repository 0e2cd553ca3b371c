"""``python -m benchmarks.hierarchies``: everything about hierarchies in `benchmarks/results/`, from real pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmarks.hierarchies.peers import PEERS
from benchmarks.hierarchies.pictures import bsds_root
from benchmarks.hierarchies.rows import ROWS
from benchmarks.hierarchies.table import Plan, make_ablation, make_table
from classicseg.bench.analysis.statistics import RESAMPLES

_CHECKOUT = Path(__file__).parents[2]
_PARTS = ("table", "ablation")


@click.command()
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=_CHECKOUT / ".benchmarks",
    help="Where results of single pictures are kept.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=_CHECKOUT / "benchmarks" / "results",
    help="Where the tables go.",
)
@click.option(
    "--image",
    type=click.Path(path_type=Path),
    default=_CHECKOUT / "docs" / "images" / "hierarchies.svg",
    help="Where the plot goes.",
)
@click.option("--part", type=click.Choice(_PARTS), multiple=True, help="The table, or the ablation; both by default.")
@click.option("--row", "names", multiple=True, help="Rows and peers by the beginning of their names; all by default.")
@click.option("--peers/--no-peers", default=True)
@click.option("--pictures", type=click.IntRange(min=2), help="Only so many of each split, for a trial.")
@click.option("--timed", type=click.IntRange(min=0), default=20, show_default=True, help="Pictures that are timed.")
@click.option("--processes", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Of the timed calls; one a core by default.")
@click.option("--resamples", type=click.IntRange(min=100), default=RESAMPLES, show_default=True)
def main(
    work: Path,
    results: Path,
    image: Path,
    part: tuple[str, ...],
    names: tuple[str, ...],
    peers: bool,
    pictures: int | None,
    timed: int,
    processes: int,
    threads: int | None,
    resamples: int,
) -> None:
    """Score and time all rows; the exit code is 1 where an aim was not reached or a row of ours is missing."""
    plan = Plan(
        root=bsds_root(),
        work=work,
        results=results,
        image=image,
        rows=tuple(row for row in ROWS if row.name.startswith(names or "")),
        peers=tuple(peer for peer in PEERS if peers and peer.name.startswith(names or "")),
        pictures=pictures,
        timed=timed,
        processes=processes,
        threads=threads,
        resamples=resamples,
    )
    reached = make_table(plan) if "table" in (part or _PARTS) else True
    if "ablation" in (part or _PARTS):
        make_ablation(plan)
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
