"""Partition pairs of articles into blocks, each with the data of its articles.

A pair goes to the block of the earliest article that either of its two is paired with. So a text and its copies, most
of all pairs, are in one block, and few articles are sent twice. The pairs of an article with very many are split over
several blocks, to bound the size of a task.

Articles are sent as one compressed row per home and block. Word hashes of 32 bits do not compress, so all tasks share
a vocabulary: the most frequent words of one home. A word in the vocabulary is sent as its rank, low and high bytes in
separate columns; zstd finds the copies in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import binary, empty, flat, numbers
from dedup.spark.job import broadcast
from dedup.spark.partitions import at_home, places_in

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.spark.job import Job

RARE = 0xFFFF
"""Code of a word that is not in the vocabulary."""
_EFFORT = 3
"""Level of zstd."""
_LOST = "articles of a block did not arrive: the step they come from has lost rows"


def assign_blocks(job: Job, name: str, pairs: DataFrame, count: int) -> DataFrame:
    """Assign a `block` to each of `count` pairs (columns `a`, `b` and others, a < b); written as step `name`."""
    return job.checkpoints.step(name, lambda: _assign_blocks(job, pairs, count))


def _assign_blocks(job: Job, pairs: DataFrame, count: int) -> DataFrame:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    ends = pairs.select(F.explode(F.array("a", "b")).alias("n"), "a")
    label = ends.groupBy("n").agg(F.min("a").alias("label"))
    a, b = label.toDF("a", "label_a"), label.toDF("b", "label_b")
    labelled = pairs.join(a, "a").join(b, "b").withColumn("label", F.least("label_a", "label_b"))
    place = F.row_number().over(Window.partitionBy("label").orderBy("a", "b"))
    salted = labelled.withColumn("salt", F.floor((place - 1) / job.pairs))
    blocks = max(1, job.parts, -(-count // job.pairs))
    block = F.pmod(F.xxhash64("label", "salt"), F.lit(blocks)).alias("block")
    return salted.select(*pairs.columns, block)


def with_articles(
    job: Job,
    blocks: DataFrame,
    articles: Sequence[DataFrame],
    function: Callable[[Any, Any], Any],
    schema: str,
    *,
    prepared: Callable[[Any], Any] | None = None,
    known: NDArray[np.uint32] | None = None,
) -> DataFrame:
    """Apply a function to each block, with the data of its articles.

    Args:
        job: the run.
        blocks: pairs with the `block` of each.
        articles: the columns needed, by article number `n`, from one or several steps that contain all articles; a
            step partitioned by `home` sends only the rows needed, compressed.
        function: takes the articles of a block, ascending, and its sorted pairs, as tables; returns columns. In the
            pairs `a` and `b` are row positions in the articles.
        schema: of the result.
        prepared: converts the rows of a home before they are sent; the result has `n` too.
        known: the vocabulary, where words are sent.
    """
    import pyspark.sql.functions as F

    shared = broadcast(job.spark, np.empty(0, np.uint32) if known is None else known)
    needed = blocks.select(F.col("block").alias("block_of"), F.explode(F.array("a", "b")).alias("n")).distinct()
    parts = [
        _rows_for_blocks(needed, frame, prepared, shared).withColumn("step_of", F.lit(place))
        for place, frame in enumerate(articles)
    ]
    held = parts[0]
    for part in parts[1:]:
        held = held.unionByName(part, allowMissingColumns=True)
    columns = [[name for name in frame.columns if name != "home"] for frame in articles]
    sent = ["parcel" in part.columns for part in parts]

    def apply(articles: Any, pairs: Any) -> Any:
        import pyarrow as pa

        if not pairs.num_rows:
            return empty(schema)
        step = numbers(articles["step_of"])
        table: Any = None
        for which, names in enumerate(columns):
            part = articles.filter(step == which)
            if not part.num_rows:
                raise ValueError(_LOST)
            if sent[which]:
                part = pa.concat_tables([unpack(body, shared.value) for body in part["parcel"].to_pylist()])
            else:
                part = part.select(names)
            part = part.sort_by("n")
            if table is None:
                table = part
            else:
                for name in part.column_names:
                    if name != "n":
                        table = table.append_column(name, part[name])
        pairs = pairs.sort_by([("a", "ascending"), ("b", "ascending")])
        number = numbers(table["n"])
        for end in ("a", "b"):
            wanted = numbers(pairs[end])
            place = np.minimum(np.searchsorted(number, wanted), max(0, len(number) - 1))
            if not len(number) or np.any(number[place] != wanted):
                raise ValueError(_LOST)
            pairs = pairs.set_column(pairs.schema.names.index(end), end, pa.array(place))
        found = pa.table(function(table, pairs))
        return found if found.num_rows else empty(schema)

    return held.groupBy("block_of").cogroup(blocks.groupBy("block")).applyInArrow(apply, schema)


def _rows_for_blocks(
    needed: DataFrame, frame: DataFrame, prepared: Callable[[Any], Any] | None, shared: Any
) -> DataFrame:
    """Return the rows each block needs with its `block_of`; those from one home are one compressed `parcel`."""
    if "home" not in frame.columns:
        return needed.join(frame, "n")

    def fetch(rows: Any, needed: Any) -> Any:
        import pyarrow as pa

        block, place = numbers(needed["block_of"]), places_in(numbers(rows["n"]), numbers(needed["n"]))
        blocks, bodies = np.unique(block), []
        rows = rows.drop_columns(["home"])
        for one in blocks.tolist():
            some = rows.take(np.sort(place[block == one]))
            some = some if prepared is None else pa.table(prepared(some))
            bodies.append(pack(some, shared.value))
        return {"block_of": blocks, "parcel": pa.array(bodies, pa.binary())}

    return at_home(frame, needed, fetch, "block_of long, parcel binary")


def places(pairs: Any) -> NDArray[np.int64]:
    """Return the row positions of a block's pairs, shape (pairs, 2)."""
    return np.stack([numbers(pairs["a"]), numbers(pairs["b"])], axis=1).astype(np.int64)


def vocabulary(job: Job, features: DataFrame) -> NDArray[np.uint32]:
    """Return the hashes of the most frequent words of one home, most frequent first, at most `RARE`.

    The choice affects the number of bytes sent, not the result.
    """
    from pyspark.sql import functions as F

    def find() -> DataFrame:
        first = features.agg(F.min("home")).first()
        home = first[0] if first and first[0] is not None else -1
        one = features.where(F.col("home") == home).select("home", "hashes")
        return one.groupBy("home").applyInArrow(_most_frequent_words, "hashes binary")

    rows = job.checkpoints.step("vocabulary", find).collect()
    return np.frombuffer(rows[0][0], np.uint32) if rows else np.empty(0, np.uint32)


def _most_frequent_words(table: Any) -> Any:
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
    stream = sink.getvalue()
    body: bytes = pa.Codec("zstd", _EFFORT).compress(stream, asbytes=True)
    return len(stream).to_bytes(8, "little") + body


def unpack(body: bytes, known: NDArray[np.uint32]) -> Any:
    """Deserialize the articles written by `pack`."""
    import pyarrow as pa

    size = int.from_bytes(body[:8], "little")
    stream = pa.decompress(body[8:], decompressed_size=size, codec="zstd")
    table = pa.ipc.open_stream(stream).read_all()
    if "rare" not in table.column_names:
        return table
    low, bounds = flat(table["low"], np.uint8)
    code = low.astype(np.uint16) | flat(table["high"], np.uint8)[0].astype(np.uint16) << np.uint16(8)
    is_rare = code == RARE
    hashes = np.empty(len(code), np.uint32)
    hashes[is_rare] = flat(table["rare"], np.uint32)[0]
    hashes[~is_rare] = known[code[~is_rare]]
    return table.drop_columns(["low", "high", "rare"]).append_column("hashes", binary(hashes, bounds))
