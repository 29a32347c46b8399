"""Where results go: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import typer

from dedup.clustering import Clustering
from dedup.report import visible, write_csv, write_json, write_jsonl, write_table

BROKEN_PIPE = 141  # what a shell reports of a program that a closed pipe has ended
_EXTENSIONS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".txt": "table"}


class Format(StrEnum):
    """What a clustering is written as."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def check_output(output: Path, inputs: Sequence[str]) -> None:
    """Finds before the work what would keep its result from being written; wrong usage ends the command."""
    folder = output.resolve().parent
    problem = ""
    if output.is_dir():
        problem = "is a folder: name a file in it"
    elif not folder.is_dir():
        problem = f"cannot be written: there is no folder {folder}"
    elif not os.access(output if output.exists() and not output.is_file() else folder, os.W_OK):
        problem = "cannot be written: permission denied"
    elif output.is_file() and any(Path(path).exists() and output.samefile(path) for path in inputs):
        problem = "is an input too, and would be overwritten: choose another name"
    elif any(_would_be_read(output, path) for path in inputs):
        problem = "lies in a folder of the input, and the next run would read it: choose another folder"
    if problem:
        raise typer.BadParameter(visible(f"{output} {problem}"), param_hint="--output")


def _would_be_read(output: Path, folder: str) -> bool:
    """Whether a file lies in a folder under a name that dedup reads: a result is not to be taken for articles."""
    target, above = output.resolve(), Path(folder).resolve()
    below = target.relative_to(above).parts if target.is_relative_to(above) else ()
    hidden = any(part.startswith(".") for part in below)
    return bool(below) and not hidden and target.suffix.lower() in _EXTENSIONS


def choose_format(wanted: Format | None, output: Path | None) -> Format:
    """The format asked for, else the one the file's name tells, else a table on a terminal and JSON lines elsewhere."""
    if wanted:
        return wanted
    if output and output.suffix:
        if output.suffix.lower() in _EXTENSIONS:
            return Format(_EXTENSIONS[output.suffix.lower()])
        problem = f"{output} does not tell what to write: add --format table, json, jsonl or csv"
        raise typer.BadParameter(visible(problem), param_hint="--output")
    return Format.TABLE if output is None and sys.stdout.isatty() else Format.JSONL


def write_clustering(clustering: Clustering, style: Format, output: Path | None) -> None:
    """Writes a clustering to a file, or to standard output where `output` is None."""
    write: Callable[[Clustering, TextIO], None] = {
        Format.TABLE: write_table,
        Format.JSON: write_json,
        Format.JSONL: write_jsonl,
        Format.CSV: write_csv,
    }[style]
    if output:
        with whole_file(output) as out:
            write(clustering, out)
    elif style is Format.CSV and sys.stdout.isatty():
        # CSV cannot escape what a terminal obeys: on a terminal it is shown, into a pipe or a file it goes unchanged.
        rows = io.StringIO(newline="")
        write(clustering, rows)
        with standard_output() as out:
            out.writelines(visible(row) + "\n" for row in rows.getvalue().removesuffix("\r\n").split("\r\n"))
    else:
        with standard_output() as out:
            write(clustering, out)


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Standard output as UTF-8, or in the encoding of the terminal. A reader who has seen enough ends the command."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        if out.isatty():
            out.reconfigure(errors="replace")
        else:
            out.reconfigure(encoding="utf-8", newline="")
    try:
        yield out
        out.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # else the interpreter's own last flush complains too
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(BROKEN_PIPE) from None
        raise


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """A file that appears under its name when it is complete: until then what was there stays.

    A device or a named pipe is written as it is; a symbolic link stays one.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    unfinished = target.with_name(f".dedup-{secrets.token_hex(8)}.tmp")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        if target.exists():
            shutil.copymode(target, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
