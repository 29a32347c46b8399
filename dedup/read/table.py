"""CSV and its kin: the first line names the columns, every further row is one article, read a row at a time."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dedup.article import Notice
from dedup.quote import listed
from dedup.read.source import Record, Source
from dedup.record import find_fields

_DELIMITERS = (",", ";", "\t", "|")
_LARGEST_CELL = 2**31 - 1


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    with source.text(newline="") as stream:
        lines = _Lines(stream)
        first = next((line for line in lines if line.strip()), "")
        if not first:
            return
        delimiter = _find_delimiter(first, fields)
        lines.push_back(first)
        rows = _rows(lines, delimiter)
        header = [name.strip() for name in next(rows).cells]
        if doubled := sorted(name for name, count in Counter(header).items() if name and count > 1):
            problem = f"several columns have one name: {listed(doubled)}"
            yield Notice(source.where, problem, "the last of each is read", skipped=False)
        found = find_fields(header, fields)
        missing_text = {} if found["text"] else {fields.get("text", "text"): ""}
        if not found["text"]:
            advice = "(--field text=NAME says which column holds the text)"
            problem = f"no column is the text; the first line names {listed(header)}"
            if not found["title"]:
                yield Notice(source.where, problem, f"skipped {advice}", skipped=True)
                return
            yield Notice(source.where, problem, f"its articles are judged by their titles {advice}", skipped=False)

        row = None
        for row in rows:
            if any(cell.strip() for cell in row.cells):
                yield from _check(row, len(header), source.where)
                cells = row.cells + [""] * (len(header) - len(row.cells))
                yield Record(missing_text | dict(zip(header, cells, strict=False)), row.line)
        if row and row.unclosed:
            where = f"{source.where}:{row.line}"
            yield Notice(where, "a quotation mark is never closed", "the rest of the file is kept as one cell", False)


def _find_delimiter(header: str, fields: Mapping[str, str]) -> str:
    """The one that gives the most columns of known names; then, the most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        names = next(_rows(_Lines([header]), delimiter)).cells
        return sum(bool(found) for found in find_fields(names, fields).values()), len(names)

    return max(_DELIMITERS, key=worth)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, the line it begins in, and whether it ended with a quotation mark open, if it was the last."""

    cells: list[str]
    line: int
    unclosed: bool


def _check(row: _Row, width: int, where: str) -> Iterator[Notice]:
    where, count = f"{where}:{row.line}", len(row.cells)
    if count < width:
        yield Notice(where, f"only {count} of {width} cells", "kept, the missing cells taken as empty", False)
    elif any(cell.strip() for cell in row.cells[width:]):
        yield Notice(where, f"{count} cells where {width} have a name", "kept without the cells beyond", False)


class _Lines:
    """Lines for `csv.reader`, counted, and the quotation marks in them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._pushed: list[str] = []
        self.count = 0
        self.marks = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else next(self._lines)
        self.count += 1
        self.marks += line.count('"')
        return line

    def push_back(self, line: str) -> None:
        self._pushed.append(line)
        self.count -= 1


def _rows(lines: _Lines, delimiter: str) -> Iterator[_Row]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        first, lines.marks = lines.count + 1, 0
        # The limit is the whole process's, so it is lifted for one row at a time.
        limit = csv.field_size_limit(_LARGEST_CELL)
        try:
            cells = next(reader)
        except StopIteration:
            return
        finally:
            csv.field_size_limit(limit)
        yield _Row(cells, first, unclosed=lines.marks % 2 == 1 and lines.count > first)
