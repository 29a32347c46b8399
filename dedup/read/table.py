"""CSV and its kin: the first line names the columns, every further row is one article, read a row at a time."""

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
from dedup.formats.quoting import quote_list
from dedup.inputs.record import find_fields
from dedup.read.own_output import is_result_row
from dedup.read.source import LARGEST_RECORD, Record, Source, Table

_DELIMITERS = (",", ";", "\t", "|")
_OF_TRAFILATURA = (
    *("url", "id", "fingerprint", "hostname", "title", "image", "date", "text", "comments", "license", "pagetype"),
)
"""The columns of the tables that trafilatura writes, whose names it does not write."""

_MOST_AGAIN = 1 << 24
"""Characters that are read once more where quotation marks are never closed, and 32 for each line; when they are used
up, each line of what had to be read again is a row."""

_ENOUGH_LINES = 1000
"""Lines by which it is judged whether lines are rows."""

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
        for row in _rows(lines, delimiter, len(header)):
            where = f"{source.where}:{row.line}"
            if row.cells is None:
                yield Notice(where, _TOO_LONG, "skipped, up to the end of its line", skipped=True)
            elif any(cell.strip() for cell in row.cells):
                yield from _check(row.cells, len(header), where)
                if row.problem:
                    yield Notice(where, row.problem, row.action, skipped=False)
                cells = row.cells + [""] * (len(header) - len(row.cells))
                if nameless:
                    cells = ["" if cell == "null" else cell for cell in cells]
                yield Record(missing_text | dict(zip(header, cells, strict=False)), row.line, row.raw, "row", table)


def check_columns(
    names: Sequence[str], fields: Mapping[str, str], where: str, naming: str
) -> Generator[Notice, None, dict[str, str] | None]:
    """A notice where no column is the text.

    Returns:
        What a record lacks for that; None where nothing can be read, since no column is the title either.
    """
    found = find_fields(names, fields)
    if found["text"]:
        return {}
    advice = "(--field text=NAME says which column holds the text)"
    problem = f"no column is the text; {naming} {quote_list(names)}"
    if not found["title"]:
        yield Notice(where, problem, f"skipped {advice}", skipped=True)
        return None
    if not is_result_row(names):  # of a result, which is told of as a whole
        yield Notice(where, problem, f"its articles are judged by their titles {advice}", skipped=False)
    return {fields.get("text", "text"): ""}


def _find_delimiter(header: str, fields: Mapping[str, str]) -> str:
    """The one that gives the most columns of known names; then, the most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        names = _cells(header, delimiter)
        return sum(bool(found) for found in find_fields(names, fields).values()), len(names)

    return max(_DELIMITERS, key=worth)


def _is_row_of_trafilatura(line: str) -> bool:
    """Whether a first line is a row with an address and a fingerprint where trafilatura puts them."""
    return bool(re.match(r"(?:https?://[^\t]*|null)\t[^\t]*\t[0-9a-f]{12,16}\t", line))


def _check(cells: Sequence[str], width: int, where: str) -> Iterator[Notice]:
    count = len(cells)
    if count < width:
        yield Notice(where, f"only {count} of {width} cells", "kept, the missing cells taken as empty", False)
    elif any(cell.strip() for cell in cells[width:]):
        yield Notice(where, f"{count} cells where {width} have a name", "kept without the cells beyond", False)


class _TooLongError(Exception):
    """A row has more characters than an article can have."""


class _Lines:
    """Lines for `csv.reader`, counted, those of the row at hand kept."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._pushed: list[str] = []
        self._size = 0
        self._again = 0
        self.count = 0
        self.row: list[str] = []

    @property
    def are_rows(self) -> bool:
        """Whether the next line is known to be a row: it was given back, and enough was looked further ahead."""
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
        """Forgets the row before; the line in which the next begins."""
        self.row, self._size = [], 0
        return self.count + 1

    def push_back(self, keep: int) -> None:
        """Gives the lines of the row but for the first few once more."""
        again = self.row[keep:]
        self._again += sum(map(len, again)) + 32 * len(again)
        self._pushed += reversed(again)
        self.count -= len(again)
        self.row = self.row[:keep]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, the line it begins in, its text, and what is wrong with its quotation marks. One too long has no cells."""

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
    """A line that is a row by itself, whatever its quotation marks say."""
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
    """Whether a quotation mark in a row of several lines is not closed, or closed where no cell ends."""
    if len(row) < 2:
        return False
    try:
        with _long_cells():
            next(csv.reader(row, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _are_rows(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether most lines have the columns of the table, and are not the lines of one cell."""
    some = lines[:_ENOUGH_LINES]
    return sum(len(_cells(line, delimiter)) == width for line in some) * 2 > len(some) and width > 1


def _cells(line: str, delimiter: str, *, plain: bool = False) -> list[str]:
    """The cells of a single line; in a plain one, quotation marks are characters like any other."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    with _long_cells():
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, quoting=quoting), [])


def strip_quotes(cell: str) -> str:
    """What a cell says to a reader for whom quotation marks are characters like any other."""
    return cell.removeprefix('"').removesuffix('"').replace('""', '"')


@contextmanager
def _long_cells() -> Iterator[None]:
    """Allows cells of any length. The limit is the whole process's, so it is lifted for a row at a time.

    One thread at a time: one that ends would set the limit back while another reads, and that one leave it lifted.
    """
    with _LIMIT:
        limit = csv.field_size_limit(LARGEST_RECORD)
        try:
            yield
        finally:
            csv.field_size_limit(limit)
