"""Input paths of the command line and of `--files-from`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from dedup.article import Notice
from dedup.cli.messages import report, say
from dedup.cli.progress import ProgressBar
from dedup.formats.escaping import visible
from dedup.read.source import EMPTY

Read = TypeVar("Read")
_NAMED = 10  # paths in a message

FilesFromOption = Annotated[
    Path | None,
    typer.Option(
        "--files-from",
        metavar="LIST",
        help="Also read the files listed in this file, one per line or separated by null bytes (find -print0); - is "
        "standard input.",
        show_default=False,
    ),
]


def gather(paths: Sequence[str] | None, files_from: Path | None) -> list[str]:
    """Return the paths typed and those in the list; wrong usage ends the command.

    Names in a list are literal: `-` is a file, and names that are not UTF-8 are kept.
    """
    typed = list(paths or ())
    if files_from is None:
        if not typed:
            raise typer.BadParameter("name a file or a folder to read", param_hint="PATH")
        return typed
    if str(files_from) == "-" and "-" in typed:
        raise typer.BadParameter("standard input is either the list or the articles", param_hint="--files-from")
    try:
        listed = sys.stdin.buffer.read() if str(files_from) == "-" else files_from.read_bytes()
    except OSError as error:
        problem = visible(f"{files_from} cannot be read ({error.strerror})")
        raise typer.BadParameter(problem, param_hint="--files-from") from None
    separator = b"\0" if b"\0" in listed else b"\n"
    names = (name if separator == b"\0" else name.removesuffix(b"\r") for name in listed.split(separator))
    named = [os.fsdecode(name) for name in names if name.strip()]
    if not typed and not named:
        say(f"Error: {files_from} names no file")
        raise typer.Exit(1)
    return typed + [f"./{name}" if name == "-" else name for name in named]


def require_readable(
    read: Iterator[Read], paths: Sequence[str], notices: list[Notice], what: str, progress: ProgressBar | None = None
) -> Iterator[Read]:
    """Yield what is read from paths; if nothing could be read, the command ends. Empty files are no error."""
    before, found = len(notices), False
    for one in read:
        found = True
        yield one
    if not found and any(notice.problem != EMPTY for notice in notices[before:]):
        if progress:
            progress.stop()
        raise no_input(paths, notices, what)


def no_input(paths: Sequence[str], notices: Sequence[Notice], what: str) -> typer.Exit:
    """Report that paths contain no `what`, and why. Return the exception that ends the command."""
    report(notices)
    others = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    say(f"Error: there is no {what} in " + ", ".join(paths[:_NAMED]) + others)
    return typer.Exit(1)
