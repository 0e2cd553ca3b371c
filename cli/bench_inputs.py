"""What the options of `classicseg bench` name: data sets, methods, families, predictions."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from classicseg_cli.main import complain


def open_all(
    datasets: tuple[str, ...],
    images: Path | None,
    masks: Path | None,
    kind: Any,
    data_range: Any,
    split: str | None,
    view: str | None,
    orientation: Any,
) -> list[Any]:
    from classicseg.datasets import folder_pairs, open_dataset

    how = {"data_range": data_range, "orientation": orientation}
    if datasets and images is None and masks is None:
        return [open_dataset(each, kind=kind, split=split, view=view, **how) for each in datasets]
    if datasets or images is None or masks is None:
        raise click.UsageError("Give either a DATASET, or both --images and --masks.")
    if split is not None or view is not None:
        raise click.UsageError("--split and --view belong to a DATASET, not to --images and --masks.")
    if kind is None:
        raise click.UsageError("Say with --truth what the values of the truths mean: binary, classes or instances.")
    return [folder_pairs(images, masks, kind, **how)]


def panel_of(
    data: Any,
    train: Any,
    entries: list[Any],
    predicted: dict[str, Path],
    metrics: tuple[str, ...],
    averaging: Any,
    foreground: Any,
    allowed: bool,
) -> Any:
    from classicseg.bench.panels import Panel
    from classicseg.bench.predictions import read_predictions

    own = [read_predictions(name, folder, data, train=train) for name, folder in predicted.items()]
    for entry in own:
        unmatched = entry.sources[0].unmatched  # type: ignore[attr-defined]
        if unmatched:
            complain(
                f"{entry.name}: {len(unmatched)} predictions belong to no picture of {data.name}: "
                f"{', '.join(unmatched[:3])}{', ...' if len(unmatched) > 3 else ''}"
            )
    measures = tuple(_measure(each, averaging) for each in metrics)
    return Panel(data, (*entries, *own), measures, foreground, train, allowed)


def _measure(text: str, averaging: Any) -> Any:
    """NAME, or NAME:mean and NAME:pooled, which win over --averaging."""
    from classicseg.bench.panels import Measure
    from classicseg.metrics import find_score

    name, _, own = text.partition(":")
    return Measure(find_score(name), own or averaging)  # type: ignore[arg-type]  # checked there


def chosen_names(names: tuple[str, ...], files: tuple[Path, ...], predicted: dict[str, Path]) -> tuple[str, ...]:
    """The methods that run with parameters of this command line."""
    from classicseg.registry import methods

    if files:
        return ()
    return names or (() if predicted else tuple(methods()))


def method_entries(names: tuple[str, ...], pairs: dict[str, str], grid: dict[str, list[str]]) -> list[Any]:
    """Methods with fixed parameters, and families."""
    from classicseg.bench.grids import Grid, entry_of
    from classicseg.parameters import declared
    from classicseg.registry import make
    from classicseg_cli.options import by_method, method_parameters

    fixed = by_method(names, pairs, "--set")
    walked = by_method(names, grid, "--sweep")
    entries = []
    for name in names:
        both = sorted(set(fixed[name]) & set(walked[name]))
        if both:
            raise click.UsageError(f"--set {name}.{both[0]} and --sweep both set {both[0]}. Leave one of them out.")
        segmenter = make(name, **method_parameters(name, {}, fixed[name]))
        known = declared(segmenter)
        values = {
            field: [known[field].parse(name, field, text) if field in known else text for text in texts]
            for field, texts in walked[name].items()
        }
        entries.append(entry_of(name, Grid(segmenter, **values) if values else segmenter))
    return entries


def tuned_entries(files: tuple[Path, ...], names: tuple[str, ...]) -> list[Any]:
    """What 'classicseg tune' found, of these methods."""
    from classicseg.bench.tuning.params_file import read_params

    entries = [entry for file in files for entry in read_params(file)]
    missing = sorted(set(names) - {entry.name for entry in entries}) if files else []
    if missing:
        raise click.UsageError(f"{', '.join(missing)}: not in {', '.join(map(str, files))}. Tune it, or leave it out.")
    return [entry for entry in entries if not names or entry.name in names]


def refuse_others(allowed: Collection[str], why: str) -> None:
    """Refuse what the command line gives beside these options."""
    context = click.get_current_context()
    given = [
        param.opts[0] if isinstance(param, click.Option) else param.make_metavar(context)
        for param in context.command.params
        if param.name not in allowed
        and context.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
        and context.params[str(param.name)]
    ]
    if given:
        raise click.UsageError(f"{why}; {', '.join(given)} cannot stand beside it. Leave one of them out.")


def panels_of_suite(
    name: str, data: Path | None, names: tuple[str, ...], output: Path, workers: int | None, quiet: bool
) -> tuple[list[Any], int]:
    """The tables of a suite, their methods tuned, and how much of the tuning failed."""
    from classicseg.bench.suites import read_suite
    from classicseg.bench.suites.run import label_maps, open_suite, tuned_panel
    from classicseg_cli.tables import progress

    suite = read_suite(name)
    suite = suite.of_methods(names) if names else suite
    problems: list[str] = []

    def tell(problem: str) -> None:
        problems.append(problem)
        complain(problem)

    opened = open_suite(suite, data)
    with progress(f"{suite.name}: tuning", label_maps(suite, opened), quiet) as advance:
        panels = [
            tuned_panel(suite, *each, folder=output, workers=workers, advance=lambda _: advance(), tell=tell)
            for each in opened
        ]
    return panels, len(problems)
