"""The command `classicseg`: finds the subcommand, and turns errors into one line and an exit code."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

import click

from classicseg_cli.interrupts import leave_if_still_working

_COMMANDS = {
    "run": ("classicseg_cli.run:run", "Segment pictures: label map, overlay and record of each."),
    "methods": ("classicseg_cli.methods:methods", "List the methods, their presets and parameters."),
    "score": ("classicseg_cli.score:score", "Score label maps against ground truth."),
    "scores": ("classicseg_cli.scores:scores", "List the scores: range, direction, protocol, paper."),
    "bench": ("classicseg_cli.bench:bench", "Score methods over a data set."),
    "tune": ("classicseg_cli.tune:tune", "Search the parameters of methods on training pictures."),
    "report": ("classicseg_cli.report:report", "Make tables (Markdown, LaTeX) and a page (HTML) of results."),
    "datasets": ("classicseg_cli.datasets:datasets", "List the data sets that can be read; check one."),
    "warmup": ("classicseg_cli.warmup:warmup", "Compile everything now, so that no later run has to."),
    "demo": ("classicseg_cli.demo:demo", "Run all methods on a photograph and on made scenes."),
}

DONE, FAILED, WRONG_USE, PARTLY_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


class _LazyGroup(click.Group):
    """Subcommands are imported when they are called, so that help is there at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        return getattr(import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="classicseg", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> int:
    """Classical, unsupervised image segmentation.

    \b
    classicseg run --method meanshift img.jpg
    classicseg methods kmeans
    """
    return help_without_command(ctx)


def help_without_command(ctx: click.Context) -> int:
    """What a group of commands does where none is named: its help on stderr, and the exit code of wrong use."""
    if ctx.invoked_subcommand is not None:
        return DONE
    print(ctx.get_help(), file=sys.stderr)
    return WRONG_USE


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    from classicseg.errors import DataRangeWarning, PluginWarning

    with warnings.catch_warnings():
        for category in (DataRangeWarning, PluginWarning):
            warnings.simplefilter("always", category)
        warnings.showwarning = _show_warning
        code = _exit_code(arguments)
    if code == INTERRUPTED:
        leave_if_still_working(code)
    sys.exit(code)


def _exit_code(arguments: list[str] | None) -> int:
    try:
        result: Any = cli.main(arguments, prog_name="classicseg", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "classicseg"
        complain(f"{error.format_message()} See '{command} --help'.")
        return WRONG_USE
    except click.ClickException as error:
        complain(error.format_message())
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone; nobody is left to tell
        sys.stdout = None
        return FAILED
    except Exception as error:
        code = _code_of(error)
        if code is None:
            raise
        complain(words_of(error))
        return code


def _code_of(error: Exception) -> int | None:
    """The exit code for an error that is the input's or the user's; None for one of our own."""
    from classicseg.errors import DependencyError, ImageError, ParameterError, PluginError

    if isinstance(error, ParameterError):
        return WRONG_USE
    ours = (ImageError, MemoryError, DependencyError, PluginError, OSError)
    return FAILED if isinstance(error, ours) else None


def words_of(error: Exception) -> str:
    """An error in a sentence, with its cure also where the system, which knows none, speaks."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror}. Check that place, its permissions, and the room on its disk."
    if isinstance(error, MemoryError) and not str(error):
        return "the memory of this machine is used up. Make the picture smaller, or cut it into tiles."
    return str(error)


def complain(message: str) -> None:
    """One line on stderr."""
    print(f"classicseg: {' '.join(message.split())}", file=sys.stderr)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    complain(f"warning: {message}")
