"""Write results to standard output or a file."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, BinaryIO, TextIO, cast

import typer

from dedup.errors import MissingDependencyError
from dedup.formats.atomic import atomic_file, content_suffix
from dedup.formats.escaping import visible
from dedup.report import (
    PICTURES,
    Rows,
    write_csv,
    write_html,
    write_json,
    write_jsonl,
    write_parquet,
    write_table,
)
from dedup.results.clustering import Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals

BROKEN_PIPE = 141  # the exit code that a shell reports for SIGPIPE
_NAMED = 4
"""Inputs that a page names."""
_EXTENSIONS = {
    ".csv": "csv",
    ".html": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".txt": "table",
}


class RowsOf(StrEnum):
    """What a row can be of."""

    ARTICLES = "articles"
    STORIES = "stories"
    PAIRS = "pairs"


RowsOption = Annotated[
    RowsOf | None,
    typer.Option(
        "--rows",
        help="What a row of jsonl, csv and parquet is of. Default: articles.",
        show_default=False,
    ),
]
BomOption = Annotated[bool, typer.Option("--bom", help="Begin csv with a byte order mark, by which Excel knows UTF-8.")]
TopOption = Annotated[
    int | None,
    typer.Option("--top", metavar="N", min=1, help="Show the N largest stories of the table.", show_default=False),
]
TitleOption = Annotated[
    str | None,
    typer.Option("--title", metavar="TITLE", help="The heading of an html page.", show_default=False),
]


class Format(StrEnum):
    """The output formats of a clustering."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    HTML = "html"


def check_output(output: Path, inputs: Sequence[str], archives: Sequence[str] = (), *, as_folder: bool = False) -> None:
    """Check before the work that its result can be written; wrong usage ends the command.

    Output inside the folder of an archive is allowed: kept records may be added to the archive.
    """
    folder = output.resolve().parent
    problem = ""
    if output.is_dir() and not as_folder:
        problem = "is a folder: name a file in it"
    elif output.is_dir() and any(output.iterdir()):
        problem = "is not empty: name a new folder, or an empty one"
    elif not folder.is_dir():
        problem = f"cannot be written: there is no folder {folder}"
    elif not os.access(output if output.exists() and not output.is_file() else folder, os.W_OK):
        problem = "cannot be written: permission denied"
    elif output.is_file() and any(Path(path).exists() and output.samefile(path) for path in (*inputs, *archives)):
        problem = "is also an input, and would be overwritten: choose another name"
    elif any(_would_be_read(output, path, as_folder=as_folder) for path in inputs):
        problem = "is in an input folder, and the next run would read it: choose another folder"
    if problem:
        raise typer.BadParameter(visible(f"{output} {problem}"), param_hint="--output")


def _would_be_read(output: Path, folder: str, *, as_folder: bool) -> bool:
    """Return whether an output file inside an input folder has a name that the next run would read as articles."""
    target, above = output.resolve(), Path(folder).resolve()
    below = target.relative_to(above).parts if target.is_relative_to(above) else ()
    hidden = any(part.startswith(".") for part in below)
    return bool(below) and not hidden and (as_folder or content_suffix(target) in _EXTENSIONS)


def choose_format(wanted: Format | None, output: Path | None) -> Format:
    """Return the format asked for, else that of the extension, else a table on a terminal, JSON lines elsewhere."""
    if wanted:
        return wanted
    if output and output.suffix:
        if content_suffix(output) in _EXTENSIONS:
            return Format(_EXTENSIONS[content_suffix(output)])
        problem = f"{output} has no known suffix: add --format table, json, jsonl, csv, parquet or html"
        raise typer.BadParameter(visible(problem), param_hint="--output")
    return Format.TABLE if output is None and sys.stdout.isatty() else Format.JSONL


@dataclass(frozen=True, slots=True)
class Layout:
    """Options of single formats.

    Attributes:
        rows: what a row of jsonl, csv and parquet is of; None for an article.
        bom: whether csv begins with a byte order mark.
        top: number of stories of a table; None for all.
        title: heading of a page; None for its own.
    """

    rows: RowsOption = None
    bom: BomOption = False
    top: TopOption = None
    title: TitleOption = None

    def check(self, style: Format | None) -> None:
        """Check that a format has the options that are given; wrong usage ends the command."""
        for option, given, styles in (
            ("--rows", self.rows, (Format.JSONL, Format.CSV, Format.PARQUET)),
            ("--bom", self.bom, (Format.CSV,)),
            ("--top", self.top, (Format.TABLE,)),
            ("--title", self.title, (Format.HTML,)),
        ):
            if given and style not in styles:
                problem = f"it is for the format {' or '.join(styles)}, and the result is {style or 'kept records'}"
                raise typer.BadParameter(problem, param_hint=option)


def write_result(
    found: Clustering | Arrivals, style: Format, output: Path | None, layout: Layout | None = None, made: str = ""
) -> None:
    """Write a result to a file, or to standard output if `output` is None.

    Args:
        found: the result.
        style: its format.
        output: the file.
        layout: options of the format.
        made: a line for a page, on what it was made from and when.
    """
    layout = layout or Layout()
    of: Rows = layout.rows.value if layout.rows else "articles"
    if style is Format.PARQUET:
        with binary_output(output) as out:
            write_parquet(found, out, rows=of)
        return
    writers: dict[Format, Callable[[Clustering | Arrivals, TextIO], None]] = {
        Format.TABLE: partial(write_table, top=layout.top),
        Format.JSON: write_json,
        Format.JSONL: partial(write_jsonl, rows=of),
        Format.CSV: partial(write_csv, rows=of, bom=layout.bom),
        Format.HTML: partial(write_html, title=layout.title or "Stories", made=made),
    }
    write = writers[style]
    if output:
        with atomic_file(output) as out:
            write(found, cast(TextIO, codecs.getwriter("utf-8")(out)))
    elif style is Format.CSV and sys.stdout.isatty():
        # CSV has no escapes for control characters: they are made visible on a terminal, unchanged in a pipe or file.
        rows = io.StringIO(newline="")
        write(found, rows)
        with standard_output() as out:
            out.writelines(visible(row) + "\n" for row in rows.getvalue().removesuffix("\r\n").split("\r\n"))
    else:
        with standard_output() as out:
            write(found, out)


def made_from(paths: Sequence[str], against: Sequence[str] = ()) -> str:
    """Return a line on what a page is made from, and when."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    archive = f", against {_named(against)}" if against else ""
    return f"Made {now} from {_named(paths)}{archive}"


def _named(paths: Sequence[str]) -> str:
    names = ["standard input" if path == "-" else visible(path) for path in paths[:_NAMED]]
    rest = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(names) + rest


def in_colour(out: TextIO) -> bool:
    """Return whether to write in colour: only to a terminal with colours, and not if NO_COLOR is set."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def check_plot(plot: Path, inputs: Sequence[str]) -> None:
    """Check before the work that a plot can be drawn; wrong usage ends the command."""
    from importlib.util import find_spec

    if plot.suffix.lower() not in PICTURES:
        raise typer.BadParameter(visible(f"{plot} should end in {' or '.join(PICTURES)}"), param_hint="--plot")
    if find_spec("matplotlib") is None:
        raise MissingDependencyError("--plot", "matplotlib", extra="plot")
    if plot.is_dir() or not plot.resolve().parent.is_dir():
        problem = f"{plot} cannot be written: it is a folder, or its folder does not exist"
        raise typer.BadParameter(visible(problem), param_hint="--plot")
    if plot.is_file() and any(Path(path).exists() and plot.samefile(path) for path in inputs):
        raise typer.BadParameter(visible(f"{plot} is also an input, and would be overwritten"), param_hint="--plot")


def write_plot(plot: Path, draw: Callable[[BinaryIO, str], None]) -> None:
    """Write a plot atomically, in the format of its suffix."""
    with atomic_file(plot) as out:
        draw(cast(BinaryIO, out), plot.suffix.lower().removeprefix("."))


@contextmanager
def binary_output(output: Path | None) -> Iterator[IO[bytes]]:
    """Open a file that is written atomically, or standard output if `output` is None."""
    if output:
        with atomic_file(output) as out:
            yield out
    else:
        with standard_output() as text:
            yield text.buffer if isinstance(text, io.TextIOWrapper) else sys.stdout.buffer


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Open standard output as UTF-8, or in the encoding of the terminal. A closed pipe ends the command."""
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
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # else the interpreter's final flush fails as well
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(BROKEN_PIPE) from None
        raise
