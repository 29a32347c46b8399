"""The command line. One module per subcommand: it parses, calls the library and prints."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from dedup.cli.messages import is_json, say
from dedup.errors import DedupError

_HELP = """Group news articles into stories, find the copies inside them, and explain why.

\b
Examples:
  dedup cluster news/                           a table of the stories
  dedup cluster news/ --output stories.jsonl    JSON lines for a program
  dedup inspect feed.json                       which field is read from where
  dedup compare a.txt b.txt                     same text? same story? why?
  dedup evaluate labelled.jsonl                 scores on labelled articles

Each command has its own help: dedup cluster --help.
"""


_PYDANTIC_PREFIX = ": Value error, "
"""Noise that typer passes on before its own message about an invalid option value."""


def application() -> typer.Typer:
    """Return the command with all its subcommands."""
    from dedup.cli import cluster, compare, evaluate, index, inspect, judge, kernels, schema, serve, settings

    # Plain help without boxes starts twice as fast, and examples can be copied from it.
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, help=_HELP)
    app.callback(invoke_without_command=True)(_bare)
    for name, module in (
        ("cluster", cluster),
        ("compare", compare),
        ("evaluate", evaluate),
        ("inspect", inspect),
        ("judge", judge),
        ("kernels", kernels),
        ("schema", schema),
        ("settings", settings),
    ):
        app.command(name, help=module.HELP, short_help=module.SHORT_HELP)(module.command)
    app.add_typer(index.group(), name="index", help=index.HELP, short_help=index.SHORT_HELP)
    app.add_typer(serve.group(), name="serve", help=serve.HELP, short_help=serve.SHORT_HELP)
    return app


def main() -> None:
    """Run the command and exit. Every error is one line on standard error.

    With DEDUP_TRACEBACK=1 in the environment an error shows its traceback, for a bug report.
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
    """Open the standard streams that were closed when the command started, as with `>&-`.

    Otherwise the next opened file would get their descriptor, and receive output meant for them. Input is empty and
    messages are discarded; writing a result to a closed output is an error.
    """
    for number, (name, way) in enumerate((("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, way)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
            setattr(sys, name, stream)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signature of a handler
    sys.exit(128 + number)  # runs every `finally`, so that no unfinished file remains


def _fail(error: Exception) -> NoReturn:
    if hasattr(error, "format_message") and hasattr(error, "show"):  # typer's usage errors
        context = getattr(error, "ctx", None)
        if context is not None and not is_json():
            typer.echo(context.get_usage(), err=True)
            typer.echo(f"Try '{context.command_path} --help' for help.\n", err=True)
        say(f"Error: {error.format_message().replace(_PYDANTIC_PREFIX, ': ')}", keep_lines=True)
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
        say("This is a bug in dedup. Please report it with the traceback that DEDUP_TRACEBACK=1 shows.")
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
