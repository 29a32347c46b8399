"""The command. One file a subcommand: each parses, calls the library and prints."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from dedup.cli.messages import is_json, say
from dedup.errors import DedupError

_HELP = """Groups news articles into stories, and the copies inside them, and says why.

\b
Examples:
  dedup cluster news/                           a table of the stories
  dedup cluster news/ --output stories.jsonl    the same as data
  dedup compare a.txt b.txt                     one text? one story? and why
  dedup evaluate labelled.jsonl                 how good is it

Each command has a help of its own: dedup cluster --help.
"""


_OF_PYDANTIC = ": Value error, "
"""What typer passes on before its own words about a value that is none of an option's."""


def application() -> typer.Typer:
    """The command with all its subcommands."""
    from dedup.cli import cluster, compare, evaluate, index, judge, schema, serve, settings

    # Plain help, without boxes: it is twice as fast, and examples can be copied out of it.
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, help=_HELP)
    app.callback(invoke_without_command=True)(_bare)
    for name, module in (
        ("cluster", cluster),
        ("compare", compare),
        ("evaluate", evaluate),
        ("judge", judge),
        ("schema", schema),
        ("settings", settings),
    ):
        app.command(name, help=module.HELP, short_help=module.SHORT_HELP)(module.command)
    app.add_typer(index.group(), name="index", help=index.HELP, short_help=index.SHORT_HELP)
    app.add_typer(serve.group(), name="serve", help=serve.HELP, short_help=serve.SHORT_HELP)
    return app


def main() -> None:
    """Runs the command and exits: every error is one clean line on standard error, never a traceback.

    A traceback is shown where the environment variable DEDUP_TRACEBACK is 1, to be put into a report.
    """
    signal.signal(signal.SIGTERM, _terminated)
    _open_streams()
    try:
        code = typer.main.get_command(application())(prog_name="dedup", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("DEDUP_TRACEBACK") == "1" and not hasattr(error, "format_message"):
            raise
        _fail(error)
    sys.exit(code if isinstance(code, int) else 0)


def _open_streams() -> None:
    """Opens the standard streams that the command was started without, as by `>&-`, for they can be counted on then.

    Else the next file that is opened would have their number, and get what is meant for them. Nothing comes from them,
    and messages are discarded; writing a result to a closed output is an error.
    """
    for number, (name, way) in enumerate((("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, way)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
            setattr(sys, name, stream)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - what a handler is given
    sys.exit(128 + number)  # by way of every `finally`: no unfinished file stays


def _fail(error: Exception) -> NoReturn:
    if hasattr(error, "format_message") and hasattr(error, "show"):  # wrong usage, as typer raises it
        context = getattr(error, "ctx", None)
        if context is not None and not is_json():
            typer.echo(context.get_usage(), err=True)
            typer.echo(f"Try '{context.command_path} --help' for help.\n", err=True)
        say(f"Error: {error.format_message().replace(_OF_PYDANTIC, ': ')}", keep_lines=True)
        sys.exit(getattr(error, "exit_code", 2))
    if isinstance(error, DedupError):
        say(f"Error: {error}")
    elif isinstance(error, MemoryError):
        say(str(error) or "Error: there is not enough memory for this many articles; cluster them in parts")
    elif isinstance(error, OSError):
        _release_output()
        say(f"Error: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
    else:
        say(f"Error: {type(error).__name__}: {error}")
        say("This is a fault in dedup. Please report it, with what DEDUP_TRACEBACK=1 in the environment shows.")
    sys.exit(1)


def _release_output() -> None:
    """Redirect standard output to null if it cannot be written, so that the final flush of Python succeeds."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(wanted: bool) -> None:
    if wanted:
        from dedup import __version__

        typer.echo(f"dedup {__version__}")
        raise typer.Exit


def _bare(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
