"""Options that several commands share, and those that a method's parameters become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from classicseg.parameters import Parameter

_PREFIX = "parameter_"
_Given = TypeVar("_Given")


def data_range(_: click.Context, __: click.Parameter, value: str | None) -> Any:
    """The value of ``--data-range``: LOW,HIGH or the word image."""
    if value is None or value == "image":
        return value
    try:
        low, high = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither LOW,HIGH (such as 0,4095) nor 'image'") from None
    return low, high


def foreground(_: click.Context, __: click.Parameter, value: str) -> Any:
    """The value of ``--foreground``: nonzero, bright, dark, or a label's number."""
    if value in ("nonzero", "bright", "dark"):
        return value
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither nonzero, bright or dark nor the number of a label") from None


def settings(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The values of ``--set`` and ``--space``: each NAME=VALUE."""
    pairs = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{value!r} is not NAME=VALUE")
        pairs[name.strip()] = text.strip()
    return pairs


data_range_option = click.option(
    "--data-range",
    metavar="LOW,HIGH|image",
    callback=data_range,
    help="Samples that mean black and white, such as 0,4095.",
)
truth_option = click.option(
    "--truth",
    "kind",
    type=click.Choice(["binary", "classes", "instances"]),
    help="What the values of the truth mean: foreground above 0, a class each, or an object each on background 0.",
)
foreground_option = click.option(
    "--foreground",
    default="nonzero",
    show_default=True,
    callback=foreground,
    metavar="nonzero|bright|dark|LABEL",
    help="For scores of the foreground: which predicted label it is.",
)
averaging_option = click.option(
    "--averaging",
    type=click.Choice(["mean", "pooled"]),
    default="mean",
    show_default=True,
    help="Mean over pictures, or the score of their sums.",
)
orientation_option = click.option(
    "--orientation",
    type=click.Choice(["apply", "ignore"]),
    default="apply",
    show_default=True,
    help="Turn pictures as their files say (EXIF), or leave rows and columns as they are stored.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes to compute with; one a core by default, fewer where there is little to do.",
)


def sweeps(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, list[str]]:
    """The values of ``--sweep``: each METHOD.NAME=V1,V2,..."""
    found: dict[str, list[str]] = {}
    for value in values:
        name, equals, texts = value.partition("=")
        if not (name and equals and texts):
            raise click.BadParameter(f"{value!r} is not METHOD.NAME=V1,V2,..., such as kmeans.n_clusters=2,4,8.")
        if name.strip() in found:
            raise click.BadParameter(f"{name.strip()} is given twice. Give all its values at once.")
        found[name.strip()] = [text.strip() for text in texts.split(",")]
    return found


def named_folders(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    """The values of ``--predictions``: each NAME=FOLDER."""
    found: dict[str, Path] = {}
    for value in values:
        name, equals, folder = value.partition("=")
        if not (name and equals and folder):
            raise click.BadParameter(f"{value!r} is not NAME=FOLDER, such as unet=predictions/.")
        if name in found:
            raise click.BadParameter(f"the name {name!r} is given twice. Give each predictions a name of its own.")
        found[name] = Path(folder)
    return found


class MethodType(click.ParamType):
    """The name of a method or preset."""

    name = "method"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from classicseg.errors import ParameterError
        from classicseg.registry import resolve

        try:
            resolve(value)
        except ParameterError as error:
            self.fail(str(error), param, ctx)
        return value


class ParameterType(click.ParamType):
    """A value of one of the method's parameters."""

    def __init__(self, method: str, field: str, declaration: Parameter) -> None:
        self.name = "choice" if declaration.choices else declaration.kind.__name__
        self._method, self._field, self._declaration = method, field, declaration

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        words = [*self._declaration.choices] or [self._declaration.kind.__name__.upper()]
        return "|".join([*words, *(str(value) for value in self._declaration.special)])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from classicseg.errors import ParameterError

        if not isinstance(value, str):
            return value
        try:
            return self._declaration.parse(self._method, self._field, value)
        except ParameterError as error:
            self.fail(str(error), param, ctx)


class MethodCommand(click.Command):
    """A command whose ``--method`` brings options of its own, one for each declared parameter."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        method = ctx.meta.get("classicseg.method")
        return [*own, *_method_options(method, own)] if method else own

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["classicseg.method"] = _named_method(args) or self._default_method(ctx)
        return super().parse_args(ctx, args)

    def _default_method(self, ctx: click.Context) -> str | None:
        default = next((param.default for param in self.params if param.name == "method"), None)
        return default if isinstance(default, str) else None


def _named_method(args: list[str]) -> str | None:
    """The last method that the arguments name, in any of the ways that click reads."""
    named = None
    for position, argument in enumerate(args):
        if argument in ("--method", "-m"):
            named = args[position + 1] if position + 1 < len(args) else named
        elif argument.startswith("--method="):
            named = argument.partition("=")[2]
        elif argument.startswith("-m"):
            named = argument[2:]
    return named


def _method_options(method: str, own: list[click.Parameter]) -> list[click.Parameter]:
    from classicseg.errors import ParameterError
    from classicseg.parameters import declared
    from classicseg.registry import resolve

    try:
        cls, preset = resolve(method)
    except ParameterError:  # said by the option --method itself
        return []
    taken = {name for param in own for name in param.opts}
    options: list[click.Parameter] = []
    for field, declaration in declared(cls).items():
        flag = "--" + field.replace("_", "-")
        if flag in taken:
            continue
        default = preset.get(field, declaration.default)
        unit = f" ({declaration.unit})" if declaration.unit else ""
        options.append(
            click.Option(
                [f"{flag}/--no-{flag[2:]}" if declaration.kind is bool else flag, _PREFIX + field],
                type=None if declaration.kind is bool else ParameterType(method, field, declaration),
                default=None,
                help=f"{declaration.help}{unit}  [{default}]",
            )
        )
    return options


def method_parameters(method: str, given: dict[str, Any], pairs: dict[str, str]) -> dict[str, Any]:
    """Parameters from the method's own options and from ``--set``; the same one given twice is an error."""
    from classicseg.parameters import declared
    from classicseg.registry import resolve

    of_method = {key: value for key, value in given.items() if key.startswith(_PREFIX) and value is not None}
    own = {key.removeprefix(_PREFIX): value for key, value in of_method.items()}
    known = declared(resolve(method)[0])
    for name, text in pairs.items():
        if name in own:
            raise click.UsageError(f"{name} is given twice, by its option and by --set.")
        own[name] = known[name].parse(method, name, text) if name in known else text
    return own


def by_method(names: Sequence[str], given: Mapping[str, _Given], option: str) -> dict[str, dict[str, _Given]]:
    """What an option gives to METHOD.NAME, by method; where values are searched, NAME is enough of the only method."""
    found: dict[str, dict[str, _Given]] = {name: {} for name in names}
    several = option != "--set"
    for key, value in given.items():
        method, dot, field = key.partition(".")
        if not dot and len(names) == 1 and several:
            method, field = names[0], key
        if not names:
            raise click.UsageError(
                f"{option} {key}: no method of this run takes it. --params and --predictions bring their own values; "
                "leave it out, or run without --params and name a --method."
            )
        if method not in found or not field:
            raise click.UsageError(
                f"{option} {key}: say METHOD.NAME={'V1,V2,...' if several else 'VALUE'}, with a method of this run "
                f"({', '.join(found)})."
            )
        found[method][field] = value
    return found
