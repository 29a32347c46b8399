"""Read spreadsheets of Excel (.xlsx) with openpyxl, row by row. Each row below a header is an article."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from io import SEEK_END
from itertools import chain, islice
from typing import IO, Any

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.formats.escaping import quote, quote_list
from dedup.read.compression import LARGEST_RATIO
from dedup.read.header import find_header, missing_header, remarks
from dedup.read.source import LARGEST_DOCUMENT, LARGEST_RECORD, Record, Source
from dedup.read.table import check_columns

_OLE = b"\xd0\xcf\x11\xe0"
"""Beginning of a file of old Office versions, and of an encrypted one."""

_MOST_MEMBERS = 4096
"""Files inside a spreadsheet, at most."""

_MOST_ROWS = 1 << 20
"""Rows of a sheet, at most: those that Excel has. A file may number its rows beyond."""

_SAMPLE = 100
"""Rows that are looked at to find the header."""

_ROWS = 64
"""Rows read at a time."""

_ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"))
"""Values of formulas that failed."""

Row = tuple[Any, ...]


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    try:
        import openpyxl
    except ImportError:
        raise MissingDependencyError("reading spreadsheets of Excel", "openpyxl", extra="xlsx") from None
    with source.seekable() as stream:
        yield from source.pop_notices()
        if problem := _problem(stream):
            yield Notice(source.where, problem, "skipped", skipped=True)
            return
        number = 0
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions
                book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            for item in _read_sheets(book.worksheets, source, fields):
                number = (item.number or 0) if isinstance(item, Record) else number
                yield item
        except Exception as error:  # openpyxl raises arbitrary exceptions for damaged workbooks
            yield source.broken_behind(number, error)


def _problem(stream: IO[bytes]) -> str:
    """Return why a file is not opened, "" if it is."""
    beginning = stream.read(len(_OLE))
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    if beginning == _OLE:
        return "it is a spreadsheet of an old version, or has a password: save it as .xlsx without one"
    try:
        with zipfile.ZipFile(stream) as members:
            infos = members.infolist()
            if len(infos) > _MOST_MEMBERS:
                return f"it has more than {_MOST_MEMBERS:,} files inside"
            if sum(info.file_size for info in infos) > max(LARGEST_DOCUMENT, LARGEST_RATIO * size):
                return f"it unpacks to more than {LARGEST_RATIO} times its size"
            if any("sharedStrings" in info.filename and info.file_size > LARGEST_DOCUMENT for info in infos):
                return f"its texts have more than {LARGEST_DOCUMENT:,} bytes, too many to hold: save it as .csv"
            for info in infos:
                if info.filename.endswith((".xml", ".rels")):
                    with members.open(info) as member:
                        if b"<!DOCTYPE" in member.read(1024):
                            return f"{quote(info.filename)} inside declares entities"
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        return f"it is no spreadsheet ({error})"
    finally:
        stream.seek(0)
    return ""


def _read_sheets(sheets: Sequence[Any], source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    """Read every sheet that has a table of articles. Rows are numbered through all of them."""
    before, tables = 0, 0
    others: dict[str, list[Row]] = {}
    for sheet in sheets:
        rows = _rows(sheet)
        sample = list(islice(rows, _SAMPLE))
        if not any(map(any, sample)):
            continue
        header = find_header(_cells(sample), fields, source.columns)
        if header is None or sheet.sheet_state != "visible":
            others[sheet.title] = sample
            continue
        tables += 1
        where = source.where if len(sheets) == 1 else f"{source.where}, sheet {quote(sheet.title)}"
        yield from remarks(header, _shown(sample), where, source.columns)
        missing_text = yield from check_columns(header.names, fields, where, "the header names")
        if missing_text is None:
            continue
        names, row_number = tuple(header.names), 0
        for row_number, row in enumerate(chain(sample, rows), 1):
            if row_number > header.first and any(value is not None for value in row):
                number = before + row_number
                if any(isinstance(value, str) and len(value) > LARGEST_RECORD for value in row):
                    problem = f"a cell of more than {LARGEST_RECORD:,} characters, too many for an article"
                    yield Notice(f"{source.where}:{number}", problem, "row skipped", skipped=True)
                    continue
                padded = (*row, *[None] * (len(names) - len(row)))
                yield Record(missing_text | dict(zip(names, padded, strict=False)), number, names=names)
        before += row_number
    if others and not tables:
        sample = next(iter(others.values()))
        yield missing_header(_cells(sample), source.where, _shown(sample))
    elif others:
        problem = (
            f"no table of articles is visible in its sheet{'s' if len(others) > 1 else ''} {quote_list([*others])}"
        )
        yield Notice(source.where, problem, "left out", skipped=False)


def _rows(sheet: Any) -> Iterator[Row]:
    """Yield the rows of a sheet, without empty cells at the end and values of failed formulas."""
    sheet.reset_dimensions()  # those in the file may be wrong
    rows = islice(sheet.iter_rows(values_only=True), _MOST_ROWS)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dates that are none
            block = list(islice(rows, _ROWS))
        if not block:
            return
        for row in block:
            values = [_value(cell) for cell in row]
            while values and values[-1] is None:
                values.pop()
            yield tuple(values)


def _value(cell: Any) -> Any:
    """Return the value of a cell. A date at midnight is a day, as Excel has no other."""
    if isinstance(cell, str):
        return None if cell in _ERRORS else cell
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == time() else cell
    return cell


def _shown(rows: Sequence[Row]) -> str:
    return " | ".join(next(row for row in _cells(rows) if any(row)))


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    """Return the cells of rows as they would be in a text file."""
    return [["" if value is None else _text(value) for value in row] for row in rows]


def _text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
