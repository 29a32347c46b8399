"""Find the header of a table: the row that names the columns, below lines that are no part of the table, or nowhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from dedup.article import Notice
from dedup.formats.escaping import quote, quote_list
from dedup.inputs.dates import read_date
from dedup.inputs.fields import find_fields

IGNORED = "-"
"""Stands for a column that is not read, in `--columns`."""

_MOST_PREAMBLE = 20
"""Rows above the header, at most."""

_LONG, _VERY_LONG = 60, 150
"""Characters of a cell that is probably no name, and of one that is none."""

_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.,:+/T Z-]*\d[\d.,:+/T Z-]*")

_RULE = re.compile(r":?(?:-{3,}|={3,})[-=+:]*")
"""A cell of the line below a header that separates it from the rows."""

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns.

    Attributes:
        names: one for each column, "" for one without a name.
        first: the number of the first row of data, from 0.
        row: the number of the row with the names; None if they are from elsewhere.
        skipped: how many rows above it are no part of the table.
    """

    names: Sequence[str]
    first: int
    row: int | None = None
    skipped: int = 0


def find_header(rows: Rows, fields: Mapping[str, str], columns: Sequence[str] = ()) -> Header | None:
    """Return the header of a table from its first rows.

    Args:
        rows: the first rows, blank ones included.
        fields: see `from_record`.
        columns: the names of the columns of a table without a header.

    Returns:
        The header; None if no row names a text or a title.
    """
    found = _find_row(rows, fields)
    if columns and (found is None or not _is_surely_header(_names(rows[found]), columns, fields)):
        return _named(rows, columns)
    if found is None:
        return None
    names, first = _names(rows[found]), found + 1
    below = [cell.strip() for cell in rows[first] if cell.strip()] if first < len(rows) else []
    if below and all(_RULE.fullmatch(cell) for cell in below):
        first += 1
    return Header(names, first, found, skipped=sum(map(_has_content, rows[:found])))


def _is_surely_header(names: Sequence[str], columns: Sequence[str], fields: Mapping[str, str]) -> bool:
    """Return whether a row is a header although the caller names the columns: it has these names, or two known ones."""
    known = sum(bool(held) for held in find_fields(names, fields).values())
    return known > 1 or [name.casefold() for name in names] == [name.casefold() for name in columns]


def _named(rows: Rows, columns: Sequence[str]) -> Header:
    """Return the header of a table whose columns are named by the caller. A row that only numbers them is skipped."""
    width = max((len(row) for row in rows), default=0)
    first = next((place for place, row in enumerate(rows) if _has_content(row) and not _is_comment(row, width)), 0)
    if is_numbering(rows[first] if rows else ()):
        first += 1
    names = ["" if name == IGNORED else name for name in columns]
    return Header(names + [""] * (width - len(names)), first, skipped=sum(map(_has_content, rows[:first])))


def _find_row(rows: Rows, fields: Mapping[str, str]) -> int | None:
    """Return the number of the row that names the columns: those above it have fewer cells, or are comments."""
    for place, row in enumerate(rows):
        if place > _MOST_PREAMBLE:
            return None
        if not _has_content(row):
            continue
        if _is_header(rows, place, fields):
            return place
        later = max((_count(one) for one in rows[place + 1 : place + 1 + _MOST_PREAMBLE]), default=0)
        if not _is_comment(row, later) and _count(row) >= later:
            return None
    return None


def _is_header(rows: Rows, place: int, fields: Mapping[str, str]) -> bool:
    """Return whether a row names a text or a title, and does not look like data."""
    names = _names(rows[place])
    found = find_fields(names, fields)
    known = [name for field in ("text", "title") for name in found[field]]
    if not known or any(_ADDRESS.match(name) or len(name) > _VERY_LONG for name in names):
        return False
    if sum(bool(held) for held in found.values()) > 1:
        return True
    if any(len(name) > _LONG or (len(name) > 2 and _NUMBER.fullmatch(name)) for name in names):
        return False
    column = names.index(known[0])
    below = (row[column].strip() for row in rows[place + 1 :] if len(row) > column)
    return known[0] not in below  # else it is a value, such as a kind of article


def _names(row: Sequence[str]) -> list[str]:
    names = [name.strip() for name in row]
    if names and names[0].startswith("#") and len(names) > 1:
        names[0] = names[0].lstrip("#").strip()
    return names


def _has_content(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row)


def _count(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_comment(row: Sequence[str], width: int) -> bool:
    return bool(row) and row[0].lstrip().startswith(("#", "//")) and _count(row) < width


def is_numbering(row: Sequence[str]) -> bool:
    """Return whether a row only numbers its columns, as pandas writes them: `0,1,2`, or `,0,1,2` with an index."""
    names = [name.strip() for name in row]
    numbers = names[1:] if names and not names[0] else names
    return len(numbers) > 1 and numbers == [str(number) for number in range(len(numbers))]


def remarks(header: Header, above: str, where: str, columns: Sequence[str] = ()) -> Iterator[Notice]:
    """Yield notices of rows above the header, of columns of one name, and of names that were given and are not used.

    Args:
        header: the header.
        above: the first row above it.
        where: the file.
        columns: the names that were given.
    """
    if columns and header.row is not None and [*columns] != [*header.names]:
        names = [name for name in header.names if name]
        yield Notice(where, f"it has a header: {quote_list(names)}", "--columns is not used", skipped=False)
    if header.skipped:
        lines = f"there are {header.skipped} lines" if header.skipped > 1 else "there is a line"
        yield Notice(where, f"{lines} before the table: {quote(above)}", "left out", skipped=False)
    doubled = sorted(name for name, count in Counter(header.names).items() if name and count > 1)
    if doubled:
        problem = f"several columns have one name: {quote_list(doubled)}"
        yield Notice(where, problem, "the last of each is read", skipped=False)


def missing_header(rows: Rows, where: str, shown: str) -> Notice:
    """Return the notice for a table of which no row names a text or a title.

    Args:
        rows: its first rows.
        where: the file.
        shown: its first line.
    """
    first = next((place for place, row in enumerate(rows) if _has_content(row)), 0)
    row, below = (rows[first] if rows else ()), rows[first + 1 :]
    if is_numbering(row):
        guessed = zip(_guess(below, len(row)), row, strict=False)
        named = ((field, name.strip()) for field, name in guessed if field != IGNORED and name.strip())
        options = " ".join(f"--field {field}={name}" for field, name in named)
        problem = f"no column is the text; the first line only numbers them: {quote(shown)}"
        return Notice(where, problem, f"skipped ({options or '--field text=NUMBER'} says what they are)", skipped=True)
    columns = ",".join(_guess(rows[first:], len(row)))
    if _is_data(row):
        problem = f"no line names its columns; the first is {quote(shown)}"
        action = (
            f"skipped (--columns {columns} reads it; the names are guessed, {IGNORED} is a column that is not read)"
        )
        return Notice(where, problem, action, skipped=True)
    problem = f"no column is the text; the first line names {quote_list([name.strip() for name in row])}"
    advice = f"--field text=NAME says which column holds the text; if this is a row, --columns {columns} reads it"
    return Notice(where, problem, f"skipped ({advice})", skipped=True)


def _is_data(row: Sequence[str]) -> bool:
    """Return whether a row looks like data: it has a number, a date, an address or a long text."""
    cells = [cell.strip() for cell in row]
    return any(
        len(cell) > _LONG or len(cell.split()) > 5 or _ADDRESS.match(cell) or _NUMBER.fullmatch(cell) for cell in cells
    )


def _guess(rows: Rows, width: int) -> list[str]:
    """Return for each column the field that it looks like, `IGNORED` for none."""
    columns = [[cell.strip() for cell in column if cell.strip()] for column in zip_longest(*rows, fillvalue="")]
    guessed = [IGNORED] * max(width, len(columns))
    for field, place in _fields_of(columns):
        if guessed[place] == IGNORED and field not in guessed:
            guessed[place] = field
    if guessed and not {"text", "title"} & {*guessed}:
        lengths = [sum(map(len, column)) if guessed[place] == IGNORED else -1 for place, column in enumerate(columns)]
        guessed[lengths.index(max(lengths))] = "text"
    return guessed[:width]


def _fields_of(columns: Sequence[Sequence[str]]) -> Iterator[tuple[str, int]]:
    """Yield the fields that columns look like, those that are sure first."""
    prose = []
    for place, cells in enumerate(columns):
        if not cells:
            continue
        words = sum(len(cell.split()) for cell in cells) / len(cells)
        if all(_ADDRESS.fullmatch(cell) for cell in cells):
            yield "url", place
        elif all(_HOST.fullmatch(cell) for cell in cells):
            yield "source", place
        elif all(len(cell) > 5 and read_date(cell).when for cell in cells):
            yield "published", place
        elif words >= 2:
            prose.append((words, place))
    prose.sort(key=lambda one: (-one[0], one[1]))
    if prose and prose[0][0] >= 8:
        yield "text", prose.pop(0)[1]
    if prose:
        yield "title", prose[0][1]
    for place, cells in enumerate(columns):
        whole = len({*cells}) == len(cells) > 1
        if whole and all(re.fullmatch(r"[\w-]*\d[\w-]*", cell) for cell in cells):
            yield "id", place
