"""Add columns to Parquet and Arrow files: read them again and write the kept rows with their original types."""

from __future__ import annotations

from collections.abc import Collection, Container, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import IO, Any

from dedup.errors import InputError
from dedup.keep.spool import Origin
from dedup.read.columns import is_supported, iter_rows, open_columns

_GROUP_BYTES = 1 << 25  # bytes of rows written as one group


def added_types() -> dict[str, Any]:
    """Return the Arrow types of the added fields."""
    import pyarrow as pa

    return {
        "dedup_id": pa.string(),
        "dedup_story": pa.string(),
        "dedup_copy_group": pa.string(),
        "dedup_canonical": pa.bool_(),
        "dedup_story_size": pa.int64(),
        "dedup_copy_group_size": pa.int64(),
        "dedup_probability": pa.float64(),
        "dedup_path": pa.string(),
        "dedup_storyline": pa.string(),
        "dedup_status": pa.string(),
        "dedup_copy_of": pa.string(),
    }


class ColumnWriter:
    """Writes rows of Parquet or Arrow files, with added columns, to one file of the same kind.

    Args:
        out: a binary stream.
        kind: the suffix: ".parquet", or one of Arrow's.
        added: names of the columns to add.
        dropped: names of the columns to leave out.
    """

    def __init__(self, out: IO[bytes], kind: str, added: Sequence[str], dropped: Container[str]) -> None:
        self._out = out
        self._kind = kind
        self._added = added
        self._dropped = dropped
        self._writer: Any = None
        self._schema: Any = None
        self._waiting: list[Any] = []
        self._size = 0  # bytes of these
        self._stack = ExitStack()

    def __enter__(self) -> ColumnWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._stack:
            if kind is None:
                self._flush()

    def write(self, origin: Origin, kept: Mapping[int, Sequence[Any]]) -> None:
        """Write some rows of a file.

        Args:
            origin: the file.
            kept: row number, from 1 -> values of the added columns.

        Raises:
            InputError: the columns differ from those of the file before, or the file has changed since it was read.
        """
        import pyarrow as pa

        types = added_types()
        first, seen, last = 0, 0, max(kept, default=0)
        with closing(_batches(origin)) as batches:
            for batch in batches:
                first, seen = seen, seen + batch.num_rows
                places = [place for place in range(batch.num_rows) if first + place + 1 in kept]
                taken = batch.take(pa.array(places, pa.int64()))
                taken = taken.select([name for name in taken.schema.names if name not in self._dropped])
                values = [kept[first + place + 1] for place in places]
                for column, name in enumerate(self._added):
                    new = pa.array([row[column] for row in values], types[name])
                    taken = taken.append_column(pa.field(name, types[name]), new)
                self._write(taken, origin)
                if seen >= last:  # rows after it may be damaged, and were not read before either
                    break
        if last > seen:
            raise InputError(f"{origin.found.shown} has changed since it was read: it has {seen} rows now")

    def _write(self, batch: Any, origin: Origin) -> None:
        if self._writer is None:
            self._schema = batch.schema
            self._writer = self._stack.enter_context(self._opened(batch.schema))
        elif not batch.schema.equals(self._schema):
            raise InputError(
                f"{origin.found.shown} has other columns than the file before it: name a folder for the output"
            )
        if batch.num_rows:
            self._waiting.append(batch)
            self._size += batch.nbytes
        if self._size > _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            table = pa.Table.from_batches(self._waiting).unify_dictionaries()
            self._waiting, self._size = [], 0
            try:
                self._writer.write_table(table)
            except pa.ArrowInvalid as error:
                raise InputError(f"the rows cannot be written to one file ({error}): name a folder") from None

    def _opened(self, schema: Any) -> Any:
        from pyarrow import ipc, parquet

        if self._kind == ".parquet":
            return parquet.ParquetWriter(self._out, schema)
        return ipc.new_file(self._out, schema)


def schema_of(origin: Origin) -> Any:
    """Return the Arrow schema of a file."""
    with closing(_batches(origin)) as batches:
        return next(batches).schema


def read_rows(origin: Origin, numbers: Collection[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number, values) of the rows in `numbers`, counted from 1. Unreadable values are None."""
    import pyarrow as pa

    number, last = 0, max(numbers, default=0)
    with closing(_batches(origin)) as batches:
        for batch in batches:
            wanted = [row for row in range(batch.num_rows) if number + row + 1 in numbers]
            rows = iter_rows(batch.take(pa.array(wanted, pa.int64())))
            yield from ((number + row + 1, values) for row, (values, _) in zip(wanted, rows, strict=True))
            number += batch.num_rows
            if number >= last:
                return


def _batches(origin: Origin) -> Generator[Any, None, None]:
    """Yield an empty batch, then the batches of a file, without columns of unsupported types.

    Raises:
        InputError: the file has changed since it was read.
    """
    import pyarrow as pa

    with origin.source().seekable() as stream:
        try:
            schema, batches = open_columns(stream)
            places = [place for place, field in enumerate(schema) if is_supported(field.type)]
            kept = pa.schema([schema.field(place) for place in places], schema.metadata)
            yield pa.RecordBatch.from_pylist([], schema=kept)
            yield from (batch.select(places) for batch in batches(None))
        except (pa.ArrowException, ValueError) as error:
            raise InputError(f"{origin.found.shown} has changed since it was read: {error}") from None
