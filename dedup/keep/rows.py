"""Add cells to the text of a CSV row without touching its own cells and their quotation marks."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dedup.read.table import strip_quotes

if TYPE_CHECKING:
    from dedup.read.source import Table

_QUOTE = '"'


class RowWriter:
    """Adds cells to the rows of a table.

    Args:
        table: the header line and delimiter.
        added: names of the columns to add.
        dropped: names of columns to remove, added by an earlier run.

    Attributes:
        head: the header line with the added columns.
    """

    def __init__(self, table: Table, added: Sequence[str], dropped: Container[str]) -> None:
        self._delimiter = table.delimiter
        self._end = _line_end(table.head) or "\n"
        names = column_names(table)
        self._width = len(names)
        self._dropped = {place for place, name in enumerate(names) if name in dropped}
        self.head = self.row(table.head, added)

    def row(self, raw: str, added: Sequence[Any]) -> str:
        """Return the text of a row with the added cells and a line end.

        Cells beyond the named columns are put last, so that the added ones are below their names.
        """
        cells, _ = split_cells(raw, self._delimiter)
        named = [*cells[: self._width], *[""] * (self._width - len(cells))]
        kept = [cell for place, cell in enumerate(named) if place not in self._dropped]
        new = [_quoted_cell(_text(value), self._delimiter) for value in added]
        return self._delimiter.join([*kept, *new, *cells[self._width :]]) + (_line_end(raw) or self._end)


@lru_cache(maxsize=1)  # asked for once a row
def column_names(table: Table) -> tuple[str, ...]:
    """Return the column names of a table."""
    return tuple(cell_value(cell).strip() for cell in split_cells(table.head, table.delimiter)[0])


def row_values(raw: str, table: Table) -> dict[str, str]:
    """Return the values of a row by column name."""
    cells = [cell_value(cell) for cell in split_cells(raw, table.delimiter)[0]]
    names = column_names(table)
    return dict(zip(names, cells + [""] * (len(names) - len(cells)), strict=False))


def close_quotes(raw: str, table: Table, values: Mapping[str, Any]) -> str:
    """Rewrite a row that has an unclosed quotation mark so that it can be read in one way only.

    Args:
        raw: the text of the row.
        table: its table.
        values: the values that were read from it.
    """
    cells, closed = split_cells(raw, table.delimiter)
    if closed:
        return raw
    plain = [strip_quotes(cell) for cell in raw.rstrip("\r\n").split(table.delimiter)]
    as_plain = dict(zip(column_names(table), plain, strict=False))
    if all(values.get(name) == cell for name, cell in as_plain.items()):
        return table.delimiter.join(_quoted_cell(cell, table.delimiter) for cell in plain) + _line_end(raw)
    return table.delimiter.join([*cells[:-1], _quoted_cell(cell_value(cells[-1]), table.delimiter)])


def split_cells(row: str, delimiter: str) -> tuple[list[str], bool]:
    """Split a row into raw cells, and return whether every opening quotation mark is closed.

    Cells are split as by `csv.reader`: a quotation mark counts at the start of a cell, two of them are one, and
    text between the closing one and the delimiter belongs to the cell.
    """
    cells: list[str] = []
    body = row.rstrip("\r\n")
    start = 0
    while True:
        place = start
        if body.startswith(_QUOTE, start):
            place, closed = _closing_quote(body, start)
            if not closed:
                return [*cells, row[start:]], False
        end = body.find(delimiter, place)
        if end < 0:
            return [*cells, body[start:]], True
        cells.append(body[start:end])
        start = end + len(delimiter)


def _closing_quote(text: str, start: int) -> tuple[int, bool]:
    """Return the end of the quoted part of a cell, and whether it is closed."""
    place = start + 1
    while (place := text.find(_QUOTE, place)) >= 0:
        if not text.startswith(_QUOTE, place + 1):
            return place + 1, True
        place += 2
    return len(text), False


def cell_value(cell: str) -> str:
    """Return the value of a raw cell."""
    if not cell.startswith(_QUOTE):
        return cell
    end, closed = _closing_quote(cell, 0)
    return cell[1 : end - 1 if closed else end].replace(_QUOTE * 2, _QUOTE) + cell[end:]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _quoted_cell(value: str, delimiter: str) -> str:
    """Write a value as a cell, quoted if necessary."""
    if not value:
        return ""
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerow([value])
    return written.getvalue().removesuffix("\r\n")


def _line_end(row: str) -> str:
    return row[len(row.rstrip("\r\n")) :]
