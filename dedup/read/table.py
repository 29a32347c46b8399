"""CSV and its kin: the first line names the columns, every further row is one article, read a row at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

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
        header = [name.strip() for name in next(rows)[1]]

        found = find_fields(header, fields)
        missing_text = {} if found["text"] else {fields.get("text", "text"): ""}
        if not found["text"]:
            advice = "(--field text=NAME says which column holds the text)"
            problem = f"no column is the text; the first line names {listed(header)}"
            if not found["title"]:
                yield Notice(source.where, problem, f"skipped {advice}", skipped=True)
                return
            yield Notice(source.where, problem, f"its articles are judged by their titles {advice}", skipped=False)

        for number, row in rows:
            if any(cell.strip() for cell in row):
                yield from _check(row, len(header), f"{source.where}:{number}")
                yield Record(missing_text | dict(zip(header, row, strict=False)), number)
        if lines.unclosed:
            where = f"{source.where}:{lines.row_start}"
            yield Notice(where, "a quotation mark is never closed", "the rest of the file is kept as one cell", False)


def _find_delimiter(header: str, fields: Mapping[str, str]) -> str:
    """The one that gives the most columns of known names; then, the most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        names = next(_rows(_Lines([header]), delimiter))[1]
        return sum(bool(found) for found in find_fields(names, fields).values()), len(names)

    return max(_DELIMITERS, key=worth)


def _check(row: list[str], width: int, where: str) -> Iterator[Notice]:
    if len(row) < width:
        yield Notice(where, f"only {len(row)} of {width} cells", "kept, the missing cells taken as empty", False)
    elif any(cell.strip() for cell in row[width:]):
        yield Notice(where, f"{len(row)} cells where {width} have a name", "kept without the cells beyond", False)


class _Lines:
    """Lines for `csv.reader`, which remembers where the row began and whether a quotation mark in it is open."""

    def __init__(self, lines: Iterator[str] | list[str]) -> None:
        self._lines = iter(lines)
        self._pushed: list[str] = []
        self._marks = 0
        self.number = 0
        self.row_start = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else next(self._lines)
        self.number += 1
        self._marks += line.count('"')
        return line

    def push_back(self, line: str) -> None:
        self._pushed.append(line)
        self.number -= 1
        self.start_row()

    def start_row(self) -> None:
        self.row_start = self.number + 1
        self._marks = 0

    @property
    def unclosed(self) -> bool:
        """Whether the last row ended only because the file did."""
        return self._marks % 2 == 1 and self.number > self.row_start


def _rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the number of its first line."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.start_row()
        # The limit is the whole process's, so it is lifted for one row at a time.
        limit = csv.field_size_limit(_LARGEST_CELL)
        try:
            row = next(reader)
        except StopIteration:
            return
        finally:
            csv.field_size_limit(limit)
        yield lines.row_start, row
