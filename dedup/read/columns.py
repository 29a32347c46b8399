"""Read Parquet, Arrow and Feather with pyarrow, in batches of rows. Each row is an article."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from io import SEEK_END
from typing import IO, Any

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.inputs.fields import find_columns
from dedup.read.compression import LARGEST_RATIO
from dedup.read.own_output import OWN_NAMES
from dedup.read.source import LARGEST_RECORD, Record, Source
from dedup.read.table import check_columns

_PARQUET, _ARROW, _OLD_FEATHER = b"PAR1", b"ARROW1", b"FEA1"
_ROWS = 64
"""Rows read at a time: a few megabytes of long articles."""

_ALLOWANCE = 1 << 28
"""Bytes any file may decompress to: a constant column takes almost no space in Parquet, whatever its length."""

_ROW_OVERHEAD = 64
"""Bytes counted for a row in addition to its values."""

_INTERVALS = (21, 22)
"""Arrow type ids without a Python class: intervals of months, and of days and milliseconds."""


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingDependencyError("reading Parquet and Arrow", "pyarrow", extra="parquet") from None
    with source.seekable() as stream:
        yield from source.pop_notices()
        number = 0
        most = max(_ALLOWANCE, LARGEST_RATIO * _size(stream))
        try:
            schema, batches = open_columns(stream)
            missing_text = yield from check_columns(schema.names, fields, source.where, "its columns are")
            if missing_text is None:
                return
            read = find_columns(schema.names, fields) | OWN_NAMES
            names = tuple(schema.names)
            given = 0
            for batch in batches(read):
                given += batch.nbytes + batch.num_rows * _ROW_OVERHEAD
                if given > most:
                    problem = f"behind row {number:,} it unpacks to more than {LARGEST_RATIO} times its size"
                    yield Notice(source.where, problem, "the rest is skipped", skipped=True)
                    return
                for values, problems in iter_rows(batch, read):
                    number += 1
                    for problem in problems:
                        yield Notice(f"{source.where}:{number}", problem, "taken as empty", skipped=False)
                    yield Record(missing_text | values, number, names=names)
        except MemoryError as error:
            if type(error) is not MemoryError:  # a subclass, raised by a memory watchdog
                raise
            action = "the rest is skipped" if number else "skipped"
            yield Notice(source.where, "it asks for more memory than there is", action, skipped=True)
        except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError) as error:
            yield source.broken_behind(number, error)


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size


def open_columns(stream: IO[bytes]) -> tuple[Any, Callable[[Collection[str] | None], Iterator[Any]]]:
    """Return the schema, and a function that iterates over the batches.

    The function is given the names of the columns that are read, or None for all. A batch may have others too.

    Raises:
        pa.ArrowException, OSError, ValueError: the file is neither Parquet nor Arrow, or is damaged. The iterator
            raises them too.
    """
    import pyarrow as pa
    from pyarrow import ipc, parquet

    beginning = stream.read(8)
    stream.seek(0)
    if beginning.startswith(_OLD_FEATHER):
        raise ValueError("it is Feather of version 1: write it anew with a pyarrow or pandas of today")
    if beginning.startswith(_PARQUET):
        file = parquet.ParquetFile(stream, pre_buffer=False, buffer_size=1 << 16, memory_map=False)
        names = file.schema_arrow.names
        # A name with a dot would select a field inside a column, and one of two columns of a name cannot be selected.
        whole = len(set(names)) < len(names) or any("." in name for name in names)

        def batches(wanted: Collection[str] | None) -> Iterator[Any]:
            chosen = None if whole or wanted is None else [name for name in names if name in wanted]
            rows: Iterator[Any] = file.iter_batches(batch_size=_ROWS, columns=chosen, use_threads=False)
            return rows

        return file.schema_arrow, batches
    options = ipc.IpcReadOptions(use_threads=False)
    if beginning.startswith(_ARROW):
        held = ipc.open_file(stream, options=options)
        return held.schema, lambda _: map(held.get_batch, range(held.num_record_batches))
    if not beginning.strip(b"\0"):
        raise ValueError("it is empty")
    try:
        flowing = ipc.open_stream(stream, options=options)
    except pa.ArrowException:
        raise ValueError("it is neither Parquet nor Arrow") from None
    return flowing.schema, lambda _: iter(flowing)


def iter_rows(batch: Any, wanted: Collection[str] | None = None) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield the values of each row of a batch, and a message for each value that cannot be read.

    Args:
        batch: an Arrow record batch.
        wanted: the names of the columns to read, None for all.
    """
    places = [place for place, name in enumerate(batch.schema.names) if wanted is None or name in wanted]
    for place in places:
        if is_supported(batch.schema.field(place).type):
            _check(batch.column(place))
    names = [batch.schema.names[place] for place in places]
    for start in range(0, batch.num_rows, _ROWS):
        piece = batch.slice(start, _ROWS)
        columns = [_values(piece, place) for place in places]
        for row in zip(*columns, strict=True):
            values = dict(zip(names, row, strict=True))
            problems = [f"its {name!r} {value}" for name, value in values.items() if isinstance(value, _Unreadable)]
            yield {name: None if isinstance(value, _Unreadable) else value for name, value in values.items()}, problems


def _check(column: Any) -> None:
    """Validate the offsets of a column, which pyarrow trusts: wrong ones make it read outside the buffers.

    Raises:
        pa.ArrowInvalid: the column is invalid. Text that is not UTF-8 is accepted; it affects its own row only.
    """
    import pyarrow as pa

    if pa.types.is_string(column.type):
        column = column.view(pa.binary())
    elif pa.types.is_large_string(column.type):
        column = column.view(pa.large_binary())
    try:
        column.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):  # of text inside a nested column
            raise


class _Unreadable(str):
    """The error message of a value that cannot be read, in place of the value."""

    __slots__ = ()


def is_supported(kind: Any) -> bool:
    """Return whether pyarrow has a Python class for a column type; it fails on types without one."""
    return kind.id not in _INTERVALS


def _values(batch: Any, place: int) -> list[Any]:
    kind = batch.schema.field(place).type
    if not is_supported(kind):
        return [_Unreadable(f"cannot be read (it is a {kind})")] * batch.num_rows
    column = batch.column(place)
    try:
        return [_within_limit(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, KeyError, TypeError):
        return [_within_limit(_value(cell)) for cell in column]


def _value(cell: Any) -> Any:
    """Convert one cell, so that invalid UTF-8 or a date outside Python's range affects its own row only."""
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        if hasattr(cell, "as_buffer"):
            return cell.as_buffer().to_pybytes().decode("utf-8", "surrogateescape")
        return _Unreadable(f"cannot be decoded ({error.reason})")
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        return _Unreadable(f"cannot be read ({error})")


def _within_limit(value: Any) -> Any:
    if isinstance(value, str | bytes) and len(value) > LARGEST_RECORD:
        return _Unreadable(f"has more than {LARGEST_RECORD:,} characters, too many for an article")
    return value
