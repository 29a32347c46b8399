"""Serialization of articles that a partition sends to a block: one compressed row per block.

Word hashes of 32 bits do not compress. All tasks therefore share a vocabulary: the most frequent words of one home. A
word in the vocabulary is sent as its rank, low and high bytes in separate columns; zstd finds the copies in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import binary, flat

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.spark.job import Job

RARE = 0xFFFF
"""Code of a word that is not in the vocabulary."""
_EFFORT = 3
"""Level of zstd."""


def vocabulary(job: Job, features: DataFrame) -> NDArray[np.uint32]:
    """Return the hashes of the most frequent words of one home, most frequent first, at most `RARE`.

    The choice affects the number of bytes sent, not the result.
    """
    from pyspark.sql import functions as F

    def find() -> DataFrame:
        first = features.agg(F.min("home")).first()
        home = first[0] if first and first[0] is not None else -1
        one = features.where(F.col("home") == home).select("home", "hashes")
        return one.groupBy("home").applyInArrow(_commonest, "hashes binary")

    rows = job.kept.step("vocabulary", find).collect()
    return np.frombuffer(rows[0][0], np.uint32) if rows else np.empty(0, np.uint32)


def _commonest(table: Any) -> Any:
    import pyarrow as pa

    words, counts = np.unique(flat(table["hashes"], np.uint32)[0], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:RARE]
    return pa.table({"hashes": pa.array([words[order].tobytes()], pa.binary())})


def pack(table: Any, known: NDArray[np.uint32]) -> bytes:
    """Serialize a table of articles; the column `hashes` is encoded by ranks in the vocabulary `known`."""
    import pyarrow as pa

    if "hashes" in table.column_names:
        hashes, bounds = flat(table["hashes"], np.uint32)
        order = np.argsort(known, kind="stable")
        place = np.minimum(np.searchsorted(known, hashes, sorter=order), max(0, len(known) - 1))
        code = np.full(len(hashes), RARE, np.uint16)
        if len(known):
            found = order[place]
            code = np.where(known[found] == hashes, found, RARE).astype(np.uint16)
        rare = np.concatenate([[0], np.cumsum(code == RARE)])[bounds].astype(np.int64)
        table = table.drop_columns(["hashes"])
        table = table.append_column("low", binary((code & 0xFF).astype(np.uint8), bounds))
        table = table.append_column("high", binary((code >> 8).astype(np.uint8), bounds))
        table = table.append_column("rare", binary(hashes[code == RARE], rare))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    whole = sink.getvalue()
    body: bytes = pa.Codec("zstd", _EFFORT).compress(whole, asbytes=True)
    return len(whole).to_bytes(8, "little") + body


def unpack(body: bytes, known: NDArray[np.uint32]) -> Any:
    """Deserialize the articles written by `pack`."""
    import pyarrow as pa

    size = int.from_bytes(body[:8], "little")
    whole = pa.decompress(body[8:], decompressed_size=size, codec="zstd")
    table = pa.ipc.open_stream(whole).read_all()
    if "rare" not in table.column_names:
        return table
    low, bounds = flat(table["low"], np.uint8)
    code = low.astype(np.uint16) | flat(table["high"], np.uint8)[0].astype(np.uint16) << np.uint16(8)
    is_rare = code == RARE
    hashes = np.empty(len(code), np.uint32)
    hashes[is_rare] = flat(table["rare"], np.uint32)[0]
    hashes[~is_rare] = known[code[~is_rare]]
    return table.drop_columns(["low", "high", "rare"]).append_column("hashes", binary(hashes, bounds))
