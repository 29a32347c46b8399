"""`dedup cluster --keep`: store the input records while they are read, and write those that are kept."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import typer

from dedup.cli.output import Format, binary_output, check_output
from dedup.errors import InputError
from dedup.formats.atomic import content_suffix
from dedup.formats.escaping import visible
from dedup.keep import (
    COLUMNAR,
    LINES,
    LIST,
    LIST_OF_FILES,
    ROWS,
    Keep,
    Spool,
    added_fields,
    check_shape,
    kept_articles,
    shape_of,
    write_folder,
    write_stream,
)

if TYPE_CHECKING:
    from dedup.archive import Arrivals
    from dedup.article import Article, Notice
    from dedup.results.clustering import Clustering

_SHAPES = {".jsonl": LINES, ".ndjson": LINES, ".json": LIST, ".csv": ROWS, ".tsv": ROWS} | {
    kind: kind for kind in COLUMNAR
}
_OF_FORMAT = {Format.JSONL: LINES, Format.JSON: LIST, Format.CSV: ROWS, Format.PARQUET: ".parquet"}


class Keeping:
    """The option `--keep` in one run. Wrong usage ends the command.

    Args:
        which: the records to keep.
        style: the value of `--format`.
        output: the file or folder to write; None for standard output.
        as_folder: whether `output` is a folder to be created.
        inputs: the input paths.
        archives: the archive paths.
    """

    def __init__(
        self,
        which: Keep,
        style: Format | None,
        output: Path | None,
        inputs: Sequence[str],
        archives: Sequence[str],
        *,
        as_folder: bool,
    ) -> None:
        self._which = which
        self._output = output
        self._as_folder = output is not None and (as_folder or output.is_dir())
        self._shape: str | None = _OF_FORMAT.get(style) if style else None
        if style in {Format.TABLE, Format.HTML}:
            raise typer.BadParameter(
                f"{'a table' if style is Format.TABLE else 'a page'} cannot hold records",
                param_hint="--format",
            )
        if self._as_folder and style:
            problem = "in a folder each file keeps its format: name a file in it, or omit --format"
            raise typer.BadParameter(problem, param_hint="--format")
        if output and not self._as_folder and not style and output.suffix:
            self._shape = _SHAPES.get(content_suffix(output))
            if not self._shape:
                problem = f"{output} has no known suffix: use .jsonl, .json, .csv, .tsv or .parquet"
                raise typer.BadParameter(visible(f"{problem}, or a folder, ending in /"), param_hint="--output")
        if output:
            check_output(output, inputs, archives, as_folder=self._as_folder)
        self._spool = Spool()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()

    def articles(self, paths: Sequence[str], *, notices: list[Notice], **options: Any) -> Iterator[Article]:
        """Read articles, and store their records."""
        return self._spool.articles(paths, notices=notices, **options)

    def check(self) -> None:
        """Check before clustering that the records can be written in the requested format."""
        if self._as_folder:
            return
        if self._shape:
            try:
                check_shape(self._shape, self._spool.origins)
            except InputError as error:
                raise typer.BadParameter(str(error), param_hint="--output, --format") from None
        else:
            self._shape = shape_of(self._spool.origins)
        if self._shape in COLUMNAR and not self._output and sys.stdout.isatty():
            problem = f"{self._shape} records cannot be shown on a terminal: name a file, or add --format jsonl"
            raise typer.BadParameter(problem, param_hint="--output")

    def write(self, found: Clustering | Arrivals) -> str:
        """Write the kept records, and return a message with their number."""
        kept = list(kept_articles(found, self._which))
        added = added_fields(found)
        where = ""
        if self._as_folder and self._output:
            copied = write_folder(self._spool, kept, added, self._output)
            where = f"; dedup_* fields of {copied:,} files are in {self._output / LIST_OF_FILES}" if copied else ""
        else:
            with binary_output(self._output) as out:
                write_stream(self._spool, self._shape or LINES, kept, added, out)
        logging.getLogger("dedup.keep").info("%d records written", len(kept))
        return f"{len(kept):,} of {len(self._spool):,} records kept{where}"
