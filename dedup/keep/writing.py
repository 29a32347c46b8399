"""Write the kept records to one stream, or to a folder with one file per input file."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from dedup.errors import InputError
from dedup.formats.atomic import atomic_file, atomic_folder
from dedup.formats.json_text import json_text
from dedup.keep.choice import ALL_ADDED
from dedup.keep.columns import ColumnWriter, read_rows, schema_of
from dedup.keep.objects import add_fields, join_lines
from dedup.keep.rows import RowWriter, row_values
from dedup.keep.spool import COLUMNAR, Origin, Spool, SpooledRecord, to_json_value
from dedup.read.paths import SIDECAR

LINES, LIST, OBJECT, ROWS = "jsonl", "json", "object", "csv"
"""The shapes of a stream. The shape of a Parquet or Arrow file is its suffix."""

LIST_OF_FILES = SIDECAR
"""The file with the added fields of copied articles; hidden, so that no run reads it as articles."""

_SHAPE_OF_FORM = {"line": LINES, "item": LIST, "object": OBJECT, "row": ROWS, "values": LINES}


def shape_of(origins: Sequence[Origin]) -> str:
    """Return the common shape of all records; JSON lines if there is none or it cannot be written."""
    forms = {origin.form for origin in origins}
    if forms == {"item"}:
        return LIST
    if (
        forms == {"row"}
        and len({(origin.table.head.rstrip("\r\n"), origin.table.delimiter) for origin in origins if origin.table}) == 1
    ):
        return ROWS
    if forms == {"column"}:
        first, *others = origins
        schema = schema_of(first)
        if all(schema_of(other).equals(schema) for other in others):
            return first.kind
    return LINES


def check_shape(shape: str, origins: Sequence[Origin]) -> None:
    """Check that records can be written in a shape: any as JSON, tables only if they were read from one.

    Raises:
        InputError: the records cannot be written in this shape.
    """
    if shape in {LINES, LIST} or (own := shape_of(origins)) == shape or {own, shape} <= set(COLUMNAR):
        return
    what = "a table" if shape == ROWS else shape.removeprefix(".").capitalize()
    raise InputError(
        f"the records did not come as {what} with the same columns, and cannot be kept as such: keep them as"
        " jsonl or json, or in a folder (--output kept/), each file as it came"
    )


def write_stream(
    spool: Spool, shape: str, kept: Iterable[int], added: Sequence[Mapping[str, Any]], out: IO[bytes]
) -> None:
    """Write the records at the positions `kept`, ascending, each with its added fields."""
    names = list(added[0]) if added else []
    if shape in COLUMNAR:
        with ColumnWriter(out, shape, names, ALL_ADDED) as columns:
            for origin, group in groupby(spool.records(kept), lambda record: record.origin):
                columns.write(origin, {record.number: list(added[record.place].values()) for record in group})
        return
    for text in _texts(spool, shape, kept, added, names):
        out.write(encoded(text))


def encoded(text: str) -> bytes:
    """Encode as UTF-8. Undecodable bytes of the input are restored; other lone surrogates are passed through."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _texts(
    spool: Spool, shape: str, kept: Iterable[int], added: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> Iterator[str]:
    if shape == ROWS:
        columns = None
        for record in spool.records(kept):
            if columns is None and record.origin.table:
                columns = RowWriter(record.origin.table, names, ALL_ADDED)
                yield columns.head
            if columns:
                yield columns.row(record.text, list(added[record.place].values()))
        return
    before, between, after = ("[\n", ",\n", "\n]\n") if shape == LIST else ("", "", "")
    started = False
    for record, own in _json_objects(spool, kept):
        text = add_fields(own, added[record.place], ALL_ADDED)
        if shape == LINES:
            yield join_lines(text) + "\n"
        elif shape == OBJECT:
            yield text + "\n"
        else:
            yield (between if started else before) + text.strip()
        started = True
    if shape == LIST:
        yield after if started else "[]\n"


def _json_objects(spool: Spool, kept: Iterable[int]) -> Iterator[tuple[SpooledRecord, str]]:
    """Yield records with the text of a JSON object each."""
    for origin, records in groupby(spool.records(kept), lambda record: record.origin):
        if origin.form == "column":
            of_number = {record.number: record for record in records}
            for number, values in read_rows(origin, of_number):
                yield of_number[number], json_text(to_json_value(values))
        else:
            for record in records:
                yield record, json_text(row_values(record.text, origin.table)) if origin.table else record.text


def write_folder(spool: Spool, kept: Iterable[int], added: Sequence[Mapping[str, Any]], folder: Path) -> int:
    """Write records into a new folder, atomically: each input file with its kept records, in its own format.

    A file that is one article is copied unchanged.

    Args:
        spool: the records of the run.
        kept: positions of the records to write, ascending.
        added: the fields to add, for every position.
        folder: the folder to make.

    Returns:
        The number of copied files.

    Raises:
        OSError: the folder cannot be written, or a file to copy is gone.
        InputError: a file has changed since it was read.
    """
    copied: list[Mapping[str, Any]] = []
    with atomic_folder(folder) as unfinished:
        for origin, group in groupby(spool.records(kept), lambda record: record.origin):
            target = unfinished / origin.name
            target.parent.mkdir(parents=True, exist_ok=True)
            places = [record.place for record in group]
            if origin.form == "file":
                with origin.source().opened() as article, target.open("wb") as copy:
                    shutil.copyfileobj(article, copy)
                copied.append({"file": origin.name, **added[places[0]]})
                continue
            with atomic_file(target) as out:
                write_stream(spool, _shape(origin), places, added, out)
        if copied:
            lines = "".join(json_text(line) + "\n" for line in copied)
            (unfinished / LIST_OF_FILES).write_bytes(encoded(lines))
    return len(copied)


def _shape(origin: Origin) -> str:
    return origin.kind if origin.form == "column" else _SHAPE_OF_FORM[origin.form]
