"""Arrays in the binary columns of Arrow batches: words, vectors and pairs.

An article's words are one value of a binary column, so a batch of articles is three flat arrays, the input of the
kernels. Entries that are split into many small parts are sent in the same way: one row per part of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import HashedWords

BATCH = 4_096
"""Articles per call of a kernel in a task."""


def flat(column: Any, kind: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the concatenated values of a binary column, and the row boundaries, shape (rows + 1,)."""
    import pyarrow as pa

    kind = np.dtype(kind)
    if isinstance(column, pa.ChunkedArray):
        parts = [flat(chunk, kind) for chunk in column.chunks if len(chunk)]
        if not parts:
            return np.empty(0, kind), np.zeros(1, np.int64)
        if len(parts) == 1:
            return parts[0]
        starts = np.cumsum([0, *(len(values) for values, _ in parts)])
        bounds = [ends[:-1] + start for (_, ends), start in zip(parts, starts.tolist(), strict=False)]
        return np.concatenate([values for values, _ in parts]), np.concatenate([*bounds, starts[-1:]])
    wide = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    _, places, data = column.buffers()
    ends = np.frombuffer(places, wide)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    values = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    values = values[ends[0] : ends[-1]]
    # A copy, because kernels are compiled for writable arrays.
    return values.copy().view(kind), (ends - ends[0]) // kind.itemsize


def binary(values: NDArray[Any], bounds: NDArray[np.int64]) -> Any:
    """Return a binary column whose rows are slices of an array, the inverse of `flat`; a row may have up to 2 GB."""
    import pyarrow as pa

    values = np.ascontiguousarray(values)
    ends = np.ascontiguousarray(bounds * values.itemsize)
    wide = pa.Array.from_buffers(pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(ends), pa.py_buffer(values)])
    return wide.cast(pa.binary()) if ends[-1] < 1 << 31 else wide


def packed(values: NDArray[Any], *, rising: bool = False) -> bytes:
    """Compress an array: the n-th bytes of all numbers are stored together, which zstd compresses well.

    Args:
        values: integers, or any type of eight bytes.
        rising: values of 64 bits that ascend; their differences are stored.
    """
    import pyarrow as pa

    values = np.ascontiguousarray(values)
    if rising:
        values = np.diff(values, prepend=values.dtype.type(0))
    planes = np.ascontiguousarray(values.view(np.uint8).reshape(len(values), values.itemsize).T)
    body: bytes = pa.compress(planes.tobytes(), codec="zstd", asbytes=True) if len(values) else b""
    return len(values).to_bytes(4, "little") + body


def unpacked(column: bytes, kind: Any) -> NDArray[Any]:
    """Decompress an array written by `packed` without `rising`."""
    import pyarrow as pa

    kind, count = np.dtype(kind), int.from_bytes(column[:4], "little")
    if not count:
        return np.empty(0, kind)
    body = pa.decompress(column[4:], decompressed_size=count * kind.itemsize, codec="zstd", asbytes=True)
    planes = np.frombuffer(body, np.uint8).reshape(kind.itemsize, count)
    found: NDArray[Any] = np.ascontiguousarray(planes.T).view(kind).ravel()
    return found


def ascending(column: bytes) -> NDArray[np.uint64]:
    """Decompress an array written by `packed` with `rising`."""
    found: NDArray[np.uint64] = np.cumsum(unpacked(column, np.uint64), dtype=np.uint64)
    return found


def rows_of(matrix: NDArray[Any]) -> Any:
    """Return a binary column with a row per row of a matrix."""
    return binary(matrix.ravel(), np.arange(len(matrix) + 1) * matrix.shape[1])


def words_of(table: Any) -> HashedWords:
    """Return the words of a table's articles, from the columns `title`, `hashes` and `flags`."""
    hashes, bounds = flat(table["hashes"], np.uint32)
    flags, _ = flat(table["flags"], np.uint8)
    offsets = np.zeros(2 * (len(bounds) - 1) + 1, np.int64)
    offsets[::2] = bounds
    offsets[1::2] = bounds[:-1] + numbers(table["title"])
    return HashedWords(hashes, flags, offsets)


def words_columns(words: HashedWords) -> dict[str, Any]:
    """Return the columns for words: the number of title words, the hashes and the flags."""
    bounds, titles = words.offsets[::2], words.offsets[1::2] - words.offsets[:-1:2]
    return {
        "title": titles.astype(np.int32),
        "hashes": binary(words.hashes, bounds),
        "flags": binary(words.flags, bounds),
    }


def numbers(column: Any) -> NDArray[Any]:
    """Return a numeric column as an array, with nan for null."""
    found: NDArray[Any] = column.to_numpy() if hasattr(column, "chunks") else column.to_numpy(zero_copy_only=False)
    return found


def batches_of(batches: Iterable[Any], rows: int = BATCH) -> Iterator[Any]:
    """Combine batches into tables of at least `rows` rows; the last one may be smaller."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            count += batch.num_rows
        if count >= rows:
            yield pa.Table.from_batches(held)
            held, count = [], 0
    if held:
        yield pa.Table.from_batches(held)


def mapped(function: Callable[[Any], Any], rows: int = BATCH) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Adapt a function from a table to columns (or None) for `mapInArrow`."""

    def map_batches(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for table in batches_of(batches, rows):
            found = function(table)
            if found is not None:
                yield from pa.table(found).to_batches()

    return map_batches


def split_by_part(part: NDArray[np.int64], columns: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int64], list[Any]]:
    """Split entries by part: return the parts that occur, and each column as a binary one with a row per part."""
    order = np.argsort(part, kind="stable")
    parts, first = np.unique(part[order], return_index=True)
    bounds = np.append(first, len(part)).astype(np.int64)
    return parts, [binary(column[order], bounds) for column in columns]


def arrow_schema(schema: str) -> Any:
    """Convert a Spark schema such as `n long, terms binary` to Arrow; workers cannot use Spark's parser."""
    import pyarrow as pa

    kinds = {
        "long": pa.int64(),
        "bigint": pa.int64(),
        "int": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "string": pa.string(),
        "binary": pa.binary(),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in (column.split() for column in schema.split(","))])


def empty(schema: str) -> Any:
    """Return a table without rows, of a Spark schema."""
    return arrow_schema(schema).empty_table()


def row_numbers(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of each entry."""
    return np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
