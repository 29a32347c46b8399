"""The command line. One module per subcommand: it parses, calls the library and prints."""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import Annotated, NoReturn

import typer

from dedup.cli.conversion import Command, Group
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


_COMMANDS = {
    "cluster": "Group articles into stories, and find the copies.",
    "compare": "Explain whether two articles are the same text or story.",
    "evaluate": "Score the stories found in labelled articles.",
    "inspect": "Show what each field of the input is taken for.",
    "judge": "Judge pairs of articles: same text, same story, or neither.",
    "kernels": "Show, compile or remove the compiled kernels.",
    "schema": "Print the JSON schema of a format.",
    "settings": "List every setting: value, origin, range, meaning.",
    "index": "Keep stories in a file, article by article.",
    "serve": "Serve a story index over HTTP: an API, and pages.",
}
"""The subcommands, each a module, in the order of the help, and what the help says of them."""


def application(wanted: str | None = None) -> typer.Typer:
    """Return the command with its subcommands.

    Args:
        wanted: the subcommand that will run. The others are there by name only, and their modules are not loaded.
            None: all can run.
    """
    # Plain help without boxes starts twice as fast, and examples can be copied from it.
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, help=_HELP, cls=Group)
    app.callback(invoke_without_command=True)(_bare)
    for name, short in _COMMANDS.items():
        if wanted not in (name, None):
            app.command(name, short_help=short)(_unloaded)
            continue
        module = import_module(f"dedup.cli.{name}")
        if hasattr(module, "group"):
            app.add_typer(module.group(), name=name, help=module.HELP, short_help=short)
        else:
            app.command(name, help=module.HELP, short_help=short, cls=Command)(module.command)
    return app


def _unloaded() -> NoReturn:
    raise NotImplementedError


def main() -> None:
    """Run the command and exit. Every error is one line on standard error.

    With DEDUP_TRACEBACK=1 in the environment an error shows its traceback, for a bug report.
    """
    signal.signal(signal.SIGTERM, _terminated)
    _open_streams()
    try:
        wanted = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        app = application(None if "_DEDUP_COMPLETE" in os.environ else wanted)
        code = typer.main.get_command(app)(prog_name="dedup", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("DEDUP_TRACEBACK") == "1" and not hasattr(error, "format_message"):
            raise
        _fail(error)
    gc.freeze()  # else Python, as it ends, looks for garbage in all that is loaded
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
