"""Read CSV and similar tables, row by row: a line names the columns, each row below it is one article."""

from __future__ import annotations

import csv
import re
import threading
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Literal

from dedup.article import Notice
from dedup.formats.escaping import quote_list
from dedup.inputs.fields import find_fields, has_path
from dedup.read.header import Header, find_header, missing_header, remarks
from dedup.read.own_output import is_own_table
from dedup.read.source import LARGEST_RECORD, Record, Source, Table

_DELIMITERS = (",", ";", "\t", "|")
_NONE = "\x1f"
"""The delimiter of a table with one column."""
_OF_TRAFILATURA = (
    *("url", "id", "fingerprint", "hostname", "title", "image", "date", "text", "comments", "license", "pagetype"),
)
"""Columns of the tables written by trafilatura, which have no header."""

_MOST_AGAIN = 1 << 24
"""Maximum characters, plus 32 per line, that are read again after unclosed quotation marks. Beyond, each line that was
read again is a row."""

_SAMPLE_LINES, _SAMPLE_SIZE = 100, 1 << 16
"""Lines and characters that are looked at to find the header and the delimiter."""

_SEPARATOR = re.compile('\ufeff?"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
"""A first line for Excel, which names the delimiter."""

_SEVERAL = 2
_SINGLE_NEEDED = re.compile(r"(?:^|[,;\t|]) *'(?:[^']|'')*[,;\t|](?:[^']|'')*' *(?:[,;\t|]|$)")
_SINGLE_QUOTED, _DOUBLE_QUOTED = (
    re.compile(rf"(?:^|[,;\t|]) *{mark}(?:[^{mark}]|{mark}{mark})*{mark} *(?:[,;\t|]|$)") for mark in "'\""
)

_ESCAPED = re.compile(r"""[^\s,;|"]\s?\\"[^,;|\r\n]""")
_DOUBLED = re.compile(r"""[^,;\t|"\s]\s?""(?!")[^,;\t|\r\n]""")
"""A quotation mark inside a cell, as Spark and MySQL write it, and as most others do."""

_ENOUGH_LINES = 1000
"""Lines examined to decide whether lines are rows."""

_LIMIT = threading.RLock()

_TOO_LONG = f"a row of more than {LARGEST_RECORD:,} characters, too many for an article"


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    with source.text(newline="") as stream:
        lines = _Lines(stream)
        sample = lines.peek()
        first = next((line for line in sample if line.strip()), "")
        if len(first) >= LARGEST_RECORD:
            yield Notice(source.where, "its first line is too long to name columns", "skipped", skipped=True)
        if not first or len(first) >= LARGEST_RECORD:
            return
        if nameless := _is_row_of_trafilatura(first):
            dialect, header = _Dialect("\t"), Header(_OF_TRAFILATURA, sample.index(first))
        else:
            dialect, found = _find_dialect(sample, fields, source.columns)
            if found is None:
                yield missing_header(dialect.rows(sample), source.where, first.strip())
                return
            header = found
        lines_of_text = (line for line in sample if line.strip() and not _SEPARATOR.fullmatch(line.rstrip("\r\n")))
        above = next(lines_of_text, "")
        yield from remarks(header, above.strip(), source.where, source.columns)
        names = header.names
        missing_text = yield from check_columns(names, fields, source.where, "the first line names")
        if missing_text is None:
            return
        head = dialect.delimiter.join(names) if header.row is None else sample[header.row]
        table = Table(head, dialect.delimiter)
        names, last = tuple(names), {name: place for place, name in enumerate(names)}
        read = [name for found_names in find_fields(names, fields).values() for name in found_names]
        lines.skip(header.first)
        for row in _rows(lines, dialect, len(names)):
            where = f"{source.where}:{row.line}"
            if row.cells is None:
                yield Notice(where, _TOO_LONG, "skipped, up to the end of its line", skipped=True)
            elif any(cell.strip() for cell in row.cells):
                yield from _check(row.cells, len(names), where)
                if row.problem:
                    yield Notice(where, row.problem, row.action, skipped=False)
                cells = ["" if cell == "null" else cell for cell in row.cells] if nameless else row.cells
                values = missing_text | dict(zip(names, cells, strict=False))
                # Only what is read is filled up: a short row under a long header costs no more than its cells.
                values.update((name, "") for name in read if last[name] >= len(cells))
                if dialect.is_usual:
                    yield Record(values, row.line, row.raw, "row", table, names)
                else:
                    yield Record(values, row.line, names=names)


def check_columns(
    names: Sequence[str], fields: Mapping[str, str], where: str, naming: str
) -> Generator[Notice, None, dict[str, str] | None]:
    """Yield a notice if no column is the text.

    Returns:
        The fields to add to each record in that case; None if no column is the title either.
    """
    found = find_fields(names, fields)
    if found["text"] or has_path(names, fields, "text"):
        return {}
    if is_own_table(names):  # which has a notice of its own
        return {fields.get("text", "text"): ""}
    advice = "(--field text=NAME says which column holds the text)"
    problem = f"no column is the text; {naming} {quote_list(names)}"
    if not found["title"]:
        yield Notice(where, problem, f"skipped {advice}", skipped=True)
        return None
    yield Notice(where, problem, f"its articles are judged by their titles {advice}", skipped=False)
    return {fields.get("text", "text"): ""}


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How the rows of a table are written.

    Attributes:
        delimiter: what is between cells.
        quote: the quotation mark around cells.
        spaced: whether there are spaces between a delimiter and a quotation mark.
        escaped: whether a quotation mark in a cell has a backslash before it, and is not doubled.
    """

    delimiter: str
    quote: str = '"'
    spaced: bool = False
    escaped: bool = False

    @property
    def is_usual(self) -> bool:
        """Whether rows can be written back as they are, with cells added."""
        return self.quote == '"' and not self.spaced and not self.escaped

    def reader(self, lines: Iterable[str], *, plain: bool = False, strict: bool = False) -> Iterator[list[str]]:
        """Return a reader of rows. If `plain`, quotation marks are ordinary characters."""
        quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            skipinitialspace=self.spaced,
            escapechar="\\" if self.escaped and not plain else None,
            quoting=quoting,
            strict=strict,
        )

    def cells(self, line: str, *, plain: bool = False) -> list[str]:
        """Split a single line."""
        with _long_cells():
            return next(self.reader([line.rstrip("\r\n")], plain=plain), [])

    def rows(self, lines: Iterable[str]) -> list[list[str]]:
        """Split lines, each by itself. One that names the delimiter has no cells."""
        return [[] if _SEPARATOR.fullmatch(line.rstrip("\r\n")) else self.cells(line) for line in lines]


def _find_dialect(
    sample: Sequence[str], fields: Mapping[str, str], columns: Sequence[str]
) -> tuple[_Dialect, Header | None]:
    """Return the dialect and the header of a table.

    The delimiter is the one named in the first line (`sep=;`), or gives the header with the most known names, then the
    most columns; without a header, it gives the most lines of the same number of cells.
    """
    named = _SEPARATOR.fullmatch(next(line for line in sample if line.strip()).rstrip("\r\n"))
    delimiters = [delimiter for delimiter in _DELIMITERS if any(delimiter in line for line in sample)]
    if named or len(columns) == 1 or not delimiters:
        delimiters = [named[1] if named else _NONE if columns else ","]
    mark, found = _find_quote(sample), []
    escaped = any(_ESCAPED.search(line) for line in sample) and not any(_DOUBLED.search(line) for line in sample)
    for delimiter in delimiters:
        dialect = _Dialect(delimiter, mark, _is_spaced(sample, delimiter), escaped)
        rows = dialect.rows(sample)
        header = find_header(rows, fields, columns)
        found.append((_worth(rows, header, fields, len(columns)), dialect, header))
    return max(found, key=lambda one: one[0])[1:]


def _worth(
    rows: Sequence[Sequence[str]], header: Header | None, fields: Mapping[str, str], columns: int
) -> tuple[bool, int, int, int]:
    """Return how well a dialect splits a table: the known names and the names, else the rows of equal width."""
    if header is not None and header.row is not None:
        known = sum(bool(found) for found in find_fields(header.names, fields).values())
        return True, known, len(header.names), 0
    widths = Counter(len(row) for row in rows if len(row) > 1)
    width, count = max(widths.items(), key=lambda one: (one[1], one[0]), default=(1, 0))
    return False, count if width == columns else 0, count, width


def _is_spaced(sample: Sequence[str], delimiter: str) -> bool:
    """Return whether a space follows every delimiter of the first line, and precedes a quotation mark in some line."""
    first = next(line for line in sample if line.strip())
    spaced = first.count(delimiter) == first.count(f"{delimiter} ") > 0
    return spaced and any(f"{delimiter} {mark}" in line for line in sample for mark in "\"'")


def _find_quote(sample: Sequence[str]) -> str:
    """Return the quotation mark: the single one if nearly every line has a cell in it, and none in the other.

    The first line, or cells with a delimiter in them, must have it too: single words may be in quotation marks.
    """
    lines = [line.rstrip("\r\n") for line in sample if line.strip()]
    if not _SINGLE_QUOTED.search(lines[0]) and sum(bool(_SINGLE_NEEDED.search(line)) for line in lines) < _SEVERAL:
        return '"'
    lines = lines[1:] or lines  # names are often without
    single = sum(bool(_SINGLE_QUOTED.search(line)) for line in lines)
    return "'" if single * 5 >= len(lines) * 4 and not any(_DOUBLE_QUOTED.search(line) for line in lines) else '"'


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

    def peek(self) -> list[str]:
        """Return the next lines without taking them."""
        taken: list[str] = []
        while len(taken) < _SAMPLE_LINES and sum(map(len, taken)) < _SAMPLE_SIZE:
            if not (line := self._stream.readline(LARGEST_RECORD)):
                break
            taken.append(line)
        self._pushed += reversed(taken)
        return taken

    def skip(self, count: int) -> None:
        """Leave out lines that were peeked at."""
        for _ in range(count):
            next(self)

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


def _rows(lines: _Lines, dialect: _Dialect, width: int) -> Iterator[_Row]:
    reader = dialect.reader(lines)
    while True:
        line, too_long = lines.begin_row(), False
        if lines.are_rows:
            yield _single(next(lines), line, dialect)
            continue
        with _long_cells():
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (_TooLongError, csv.Error):
                cells, too_long = [], True
                reader = dialect.reader(lines)
        if not too_long and not _is_doubtful(lines.row, dialect):
            yield _Row(cells, line, "".join(lines.row))
        elif len(lines.row) > 1 and _are_rows(lines.row[1:], dialect, width):
            lines.push_back(1)
            yield _unclosed(lines.row[0], line, dialect)
        elif too_long:
            yield _Row(None, line, "")
        elif sum(part.count(dialect.quote) for part in lines.row) % 2:
            problem = "a quotation mark is never closed"
            yield _Row(cells, line, "".join(lines.row), problem, "the rest of the file is kept as one cell")
        else:
            yield _Row(cells, line, "".join(lines.row))


def _single(text: str, line: int, dialect: _Dialect) -> _Row:
    """Parse a line as a row by itself, even if a quotation mark is not closed."""
    try:
        with _long_cells():
            return _Row(next(dialect.reader([text], strict=True), []), line, text)
    except csv.Error:
        return _unclosed(text, line, dialect)


def _unclosed(text: str, line: int, dialect: _Dialect) -> _Row:
    cells = [strip_quotes(cell, dialect.quote) for cell in dialect.cells(text, plain=True)]
    action = "it is read as a character, and the lines that follow as rows of their own"
    return _Row(cells, line, text, "a quotation mark is never closed", action)


def _is_doubtful(row: list[str], dialect: _Dialect) -> bool:
    """Return whether a row of several lines has a quotation mark that is unclosed, or closed inside a cell."""
    if len(row) < 2:
        return False
    try:
        with _long_cells():
            next(dialect.reader(row, strict=True))
    except csv.Error:
        return True
    return False


def _are_rows(lines: Sequence[str], dialect: _Dialect, width: int) -> bool:
    """Return whether most lines have the width of the table, so that they are rows and not lines of one cell."""
    some = lines[:_ENOUGH_LINES]
    return sum(len(dialect.cells(line)) == width for line in some) * 2 > len(some) and width > 1


def strip_quotes(cell: str, quote: str = '"') -> str:
    """Remove the quotation marks of a cell that was split with `plain`."""
    return cell.removeprefix(quote).removesuffix(quote).replace(quote * 2, quote)


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
