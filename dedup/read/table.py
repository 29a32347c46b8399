"""Read CSV and similar tables, row by row: the first line names the columns, each other row is one article."""

from __future__ import annotations

import csv
import re
import threading
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Literal

from dedup.article import Notice
from dedup.formats.escaping import quote_list
from dedup.inputs.fields import find_fields
from dedup.read.own_output import is_result_row
from dedup.read.source import LARGEST_RECORD, Record, Source, Table

_DELIMITERS = (",", ";", "\t", "|")
_OF_TRAFILATURA = (
    *("url", "id", "fingerprint", "hostname", "title", "image", "date", "text", "comments", "license", "pagetype"),
)
"""Columns of the tables written by trafilatura, which have no header."""

_MOST_AGAIN = 1 << 24
"""Maximum characters, plus 32 per line, that are read again after unclosed quotation marks. Beyond, each line that was
read again is a row."""

_ENOUGH_LINES = 1000
"""Lines examined to decide whether lines are rows."""

_LIMIT = threading.RLock()

_TOO_LONG = f"a row of more than {LARGEST_RECORD:,} characters, too many for an article"


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    with source.text(newline="") as stream:
        lines = _Lines(stream)
        try:
            first = next((line for line in lines if line.strip()), "")
        except _TooLongError:
            yield Notice(source.where, "its first line is too long to name columns", "skipped", skipped=True)
            return
        if not first:
            return
        delimiter = _find_delimiter(first, fields)
        header = [name.strip() for name in _cells(first, delimiter)]
        if nameless := _is_row_of_trafilatura(first):
            delimiter, header = "\t", list(_OF_TRAFILATURA)
            lines.push_back(0)
        if doubled := sorted(name for name, count in Counter(header).items() if name and count > 1):
            problem = f"several columns have one name: {quote_list(doubled)}"
            yield Notice(source.where, problem, "the last of each is read", skipped=False)
        missing_text = yield from check_columns(header, fields, source.where, "the first line names")
        if missing_text is None:
            return
        table = Table("\t".join(header) if nameless else first, delimiter)
        names, last = tuple(header), {name: place for place, name in enumerate(header)}
        read = [name for names in find_fields(header, fields).values() for name in names]
        for row in _rows(lines, delimiter, len(header)):
            where = f"{source.where}:{row.line}"
            if row.cells is None:
                yield Notice(where, _TOO_LONG, "skipped, up to the end of its line", skipped=True)
            elif any(cell.strip() for cell in row.cells):
                yield from _check(row.cells, len(header), where)
                if row.problem:
                    yield Notice(where, row.problem, row.action, skipped=False)
                cells = ["" if cell == "null" else cell for cell in row.cells] if nameless else row.cells
                values = missing_text | dict(zip(header, cells, strict=False))
                # Only what is read is filled up: a short row under a long header costs no more than its cells.
                values.update((name, "") for name in read if last[name] >= len(cells))
                yield Record(values, row.line, row.raw, "row", table, names)


def check_columns(
    names: Sequence[str], fields: Mapping[str, str], where: str, naming: str
) -> Generator[Notice, None, dict[str, str] | None]:
    """Yield a notice if no column is the text.

    Returns:
        The fields to add to each record in that case; None if no column is the title either.
    """
    found = find_fields(names, fields)
    if found["text"]:
        return {}
    advice = "(--field text=NAME says which column holds the text)"
    problem = f"no column is the text; {naming} {quote_list(names)}"
    if not found["title"]:
        yield Notice(where, problem, f"skipped {advice}", skipped=True)
        return None
    if not is_result_row(names):  # a result of dedup has a notice of its own
        yield Notice(where, problem, f"its articles are judged by their titles {advice}", skipped=False)
    return {fields.get("text", "text"): ""}


def _find_delimiter(header: str, fields: Mapping[str, str]) -> str:
    """Return the delimiter that gives the most columns with known names; then the most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        names = _cells(header, delimiter)
        return sum(bool(found) for found in find_fields(names, fields).values()), len(names)

    return max(_DELIMITERS, key=worth)


def _is_row_of_trafilatura(line: str) -> bool:
    """Return whether a first line is a row of trafilatura: an address and a fingerprint in its columns."""
    return bool(re.match(r"(?:https?://[^\t]*|null)\t[^\t]*\t[0-9a-f]{12,16}\t", line))


def _check(cells: Sequence[str], width: int, where: str) -> Iterator[Notice]:
    count = len(cells)
    if count < width:
        yield Notice(where, f"only {count} of {width} cells", "kept, the missing cells taken as empty", False)
    elif any(cell.strip() for cell in cells[width:]):
        yield Notice(where, f"{count} cells where {width} have a name", "kept without the cells beyond", False)


class _TooLongError(Exception):
    """Raised for a row that is too long for an article."""


class _Lines:
    """Lines for `csv.reader`. Counts them and keeps those of the current row."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._pushed: list[str] = []
        self._size = 0
        self._again = 0
        self.count = 0
        self.row: list[str] = []

    @property
    def are_rows(self) -> bool:
        """Return whether the next line must be a row: it was pushed back, and the limit of reading again is reached."""
        return bool(self._pushed) and self._again > _MOST_AGAIN

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else self._stream.readline(LARGEST_RECORD)
        if not line:
            raise StopIteration
        self._size += len(line)
        if self._size >= LARGEST_RECORD:
            if line.endswith(("\n", "\r")):
                self.row.append(line)
            while line and not line.endswith(("\n", "\r")):
                line = self._stream.readline(1 << 20)
            self.count += 1
            raise _TooLongError
        self.count += 1
        self.row.append(line)
        return line

    def begin_row(self) -> int:
        """Start a row. Return the number of its first line."""
        self.row, self._size = [], 0
        return self.count + 1

    def push_back(self, keep: int) -> None:
        """Push back the lines of the row, except the first `keep`."""
        again = self.row[keep:]
        self._again += sum(map(len, again)) + 32 * len(again)
        self._pushed += reversed(again)
        self.count -= len(again)
        self.row = self.row[:keep]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, its first line, its text, and a problem with its quotation marks. One that is too long has no cells."""

    cells: list[str] | None
    line: int
    raw: str
    problem: str = ""
    action: str = ""


def _rows(lines: _Lines, delimiter: str, width: int) -> Iterator[_Row]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line, too_long = lines.begin_row(), False
        if lines.are_rows:
            yield _single(next(lines), line, delimiter)
            continue
        with _long_cells():
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (_TooLongError, csv.Error):
                cells, too_long = [], True
                reader = csv.reader(lines, delimiter=delimiter)
        if not too_long and not _is_doubtful(lines.row, delimiter):
            yield _Row(cells, line, "".join(lines.row))
        elif len(lines.row) > 1 and _are_rows(lines.row[1:], delimiter, width):
            lines.push_back(1)
            yield _unclosed(lines.row[0], line, delimiter)
        elif too_long:
            yield _Row(None, line, "")
        elif sum(part.count('"') for part in lines.row) % 2:
            problem = "a quotation mark is never closed"
            yield _Row(cells, line, "".join(lines.row), problem, "the rest of the file is kept as one cell")
        else:
            yield _Row(cells, line, "".join(lines.row))


def _single(text: str, line: int, delimiter: str) -> _Row:
    """Parse a line as a row by itself, even if a quotation mark is not closed."""
    try:
        with _long_cells():
            return _Row(next(csv.reader([text], delimiter=delimiter, strict=True), []), line, text)
    except csv.Error:
        return _unclosed(text, line, delimiter)


def _unclosed(text: str, line: int, delimiter: str) -> _Row:
    cells = [strip_quotes(cell) for cell in _cells(text, delimiter, plain=True)]
    action = "it is read as a character, and the lines that follow as rows of their own"
    return _Row(cells, line, text, "a quotation mark is never closed", action)


def _is_doubtful(row: list[str], delimiter: str) -> bool:
    """Return whether a row of several lines has a quotation mark that is unclosed, or closed inside a cell."""
    if len(row) < 2:
        return False
    try:
        with _long_cells():
            next(csv.reader(row, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _are_rows(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Return whether most lines have the width of the table, so that they are rows and not lines of one cell."""
    some = lines[:_ENOUGH_LINES]
    return sum(len(_cells(line, delimiter)) == width for line in some) * 2 > len(some) and width > 1


def _cells(line: str, delimiter: str, *, plain: bool = False) -> list[str]:
    """Split a single line. If `plain`, quotation marks are ordinary characters."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    with _long_cells():
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, quoting=quoting), [])


def strip_quotes(cell: str) -> str:
    """Remove the quotation marks of a cell that was split with `plain`."""
    return cell.removeprefix('"').removesuffix('"').replace('""', '"')


@contextmanager
def _long_cells() -> Iterator[None]:
    """Allow cells of any length while one row is parsed. The limit of `csv` is global to the process.

    A lock keeps threads from restoring the limit while another thread parses.
    """
    with _LIMIT:
        limit = csv.field_size_limit(LARGEST_RECORD)
        try:
            yield
        finally:
            csv.field_size_limit(limit)
