"""Read a table of a SQLite database with the standard library. Each row is an article.

The database is opened read-only and immutable, so nothing is written beside it. Only what is stored is read: no views,
virtual tables and generated columns, which can run any amount of SQL.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeGuard

from dedup.article import Notice
from dedup.formats.escaping import quote, quote_list
from dedup.inputs.fields import find_fields
from dedup.read.compression import LARGEST_RATIO
from dedup.read.source import LARGEST_RECORD, Record, Source

_MAGIC = b"SQLite format 3\0"
_STORES = (0x64647032, 0x64647031)
"""Application ids of the stores of `StoryIndex`."""

_ALLOWANCE, _ROW_OVERHEAD = 1 << 28, 64
"""Bytes that the rows of any file may have, and bytes counted for a row in addition to its values. The pages of a
damaged database can be used many times."""
_LARGEST_ROW = 4 * LARGEST_RECORD
"""Maximum bytes of a row."""
_LARGEST_COPY = 1 << 32
"""Maximum bytes of a compressed database, which is decompressed into a temporary file: 4 GB."""
_MOST_TABLES, _MOST_ERRORS = 1000, 100
"""Maximum tables that are considered, and rows that are skipped because they are too long."""


def read(source: Source, fields: Mapping[str, str], table: str = "") -> Iterator[Record | Notice]:
    """Read the rows of a table.

    Args:
        source: the database.
        fields: see `find_fields`.
        table: the name of the table; "" for the only one with a text or title.
    """
    with _file(source) as path:
        yield from source.pop_notices()
        if path is None:
            return
        rows = 0
        try:
            with closing(_connect(path)) as connection:
                refusal, name, columns = _choose(connection, fields, table)
                if refusal:
                    yield Notice(source.where, *refusal, skipped=True)
                    return
                most = max(_ALLOWANCE, LARGEST_RATIO * path.stat().st_size)
                selected = ", ".join(map(_quoted, columns))
                for values in _rows(connection, f"SELECT {selected} FROM {_quoted(name)}"):  # noqa: S608 - quoted names
                    rows += 1
                    if values is None or any(len(value) > LARGEST_RECORD for value in values if _has_length(value)):
                        problem = f"a row with more than {LARGEST_RECORD:,} characters, too many for an article"
                        yield Notice(f"{source.where}:{rows}", problem, "skipped", skipped=True)
                        continue
                    most -= _ROW_OVERHEAD + sum(len(value) for value in values if _has_length(value))
                    if most < 0:
                        problem = f"behind row {rows:,} it has more than {LARGEST_RATIO} times its size"
                        yield Notice(source.where, problem, "the rest is skipped", skipped=True)
                        return
                    yield Record(dict(zip(columns, values, strict=True)), rows, names=columns)
        except (sqlite3.Error, ValueError, OverflowError) as error:
            yield source.broken_behind(rows, error)


def _has_length(value: object) -> TypeGuard[str | bytes]:
    return isinstance(value, str | bytes)


@contextmanager
def _file(source: Source) -> Iterator[Path | None]:
    """Yield the path of a database, of a copy if it is compressed or in an archive; None if it is none."""
    with source.binary(quiet=True) as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            source.add_notice("it is no SQLite database")
            yield None
            return
    if source.path:
        path = Path(os.path.realpath(source.path))
        with source.opened() as file:
            is_same = os.path.samestat(os.fstat(file.fileno()), path.stat())
            is_plain = file.read(len(_MAGIC)) == _MAGIC
        if is_same and is_plain:
            if (log := path.with_name(f"{path.name}-wal")).is_file() and log.stat().st_size:
                problem = f"changes in {quote(log.name)} beside it are not read"
                source.notices.append(Notice(source.where, problem, "read without them", skipped=False))
            yield path
            return
    with TemporaryDirectory(prefix="dedup-") as folder, source.binary() as stream:
        copy = Path(folder) / "copy"
        with copy.open("wb") as out:
            while (piece := stream.read1(1 << 16)) and out.tell() <= _LARGEST_COPY:
                out.write(piece)
            size = out.tell()
        if size > _LARGEST_COPY:
            source.add_notice(f"it has more than {_LARGEST_COPY:,} bytes")
        yield copy if size <= _LARGEST_COPY else None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_ROW)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...] | None]:
    """Yield the rows of a query, None for one that is too long.

    The driver reads a row ahead. After an error the row before it is asked for by itself.
    """
    rows, errors = 0, 0
    while True:
        error = None
        try:
            for values in connection.execute(f"{query} LIMIT -1 OFFSET {rows}"):
                rows += 1
                yield values
        except sqlite3.Error as found:
            error = found
        if error is None:
            return
        try:
            row = connection.execute(f"{query} LIMIT 1 OFFSET {rows}").fetchone()
        except sqlite3.DataError:
            row = None
        rows, errors = rows + 1, errors + 1
        yield row
        if errors > _MOST_ERRORS or not isinstance(error, sqlite3.DataError):
            raise error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _choose(
    connection: sqlite3.Connection, fields: Mapping[str, str], wanted: str
) -> tuple[tuple[str, str] | None, str, tuple[str, ...]]:
    """Return the problem and action of a notice, or None with the name of the table to read and its columns."""
    if connection.execute("PRAGMA application_id").fetchone()[0] in _STORES:
        return ("it is a story index of dedup, and no file of articles", "skipped (dedup index reads it)"), "", ()
    tables = {name: _columns(connection, name) for name in _tables(connection)}
    if wanted:
        name = wanted if wanted in tables else next((one for one in tables if one.lower() == wanted.lower()), "")
        problem = f"it has no table {quote(wanted)} (its tables are {quote_list(tables)})"
        return (None, name, tables[name]) if name else ((problem, "skipped"), "", ())
    found = {name: find_fields(columns, fields) for name, columns in tables.items()}
    for kinds in (("text", "title"), ("text",), ("title",)):
        fitting = [name for name, names in found.items() if all(names[kind] for kind in kinds)]
        if len(fitting) == 1:
            return None, fitting[0], tables[fitting[0]]
        if fitting:
            problem = f"several of its tables can hold articles: {quote_list(fitting)}"
            return (problem, "skipped (--table NAME says which to read)"), "", ()
    if not tables:
        return ("it has no tables", "skipped"), "", ()
    problem = f"none of its tables has a text or title among its columns: {quote_list(tables)}"
    return (problem, "skipped (--table NAME and --field text=NAME say where they are)"), "", ()


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables that are stored, in the order in which they were made."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
    listed = connection.execute(query).fetchmany(_MOST_TABLES)
    return [
        name
        for name, made in listed
        if not name.startswith("sqlite_") and not str(made).upper().startswith("CREATE VIRTUAL")
    ]


def _columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    rows: list[tuple[Any, ...]] = connection.execute(f"PRAGMA table_xinfo({_quoted(table)})").fetchall()
    return tuple(row[1] for row in rows if not row[6])  # others are generated
