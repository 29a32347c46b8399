"""Partition pairs of articles into blocks, each with the data of its articles.

A pair goes to the block of the earliest article that one of its two is paired with: a text and its copies, which are
most of the pairs that are ever looked at, meet in one block, and few articles are sent twice. Where one article has
very many pairs they are cut into several blocks, so that none is too large for a task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import empty, numbers
from dedup.spark.job import broadcast
from dedup.spark.packing import pack, unpack
from dedup.spark.partitions import at_home, places_in

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.spark.job import Job

_LOST = "articles of a block did not arrive: a step that they come from has lost rows"


def in_blocks(job: Job, name: str, pairs: DataFrame, count: int) -> DataFrame:
    """Pairs (`a`, `b` and others, a < b) with the `block` of each, a step of that name; there are `count`."""
    return job.kept.step(name, lambda: _dealt(job, pairs, count))


def _dealt(job: Job, pairs: DataFrame, count: int) -> DataFrame:
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
    """What a function finds in each block.

    Args:
        job: the run.
        blocks: pairs with the `block` of each.
        articles: what is needed of articles, by their number `n`, of one or several steps that all articles are in;
            of those that are kept by `home` only what is needed leaves it, packed.
        function: takes the articles of a block, ascending, and its pairs sorted, as tables; returns columns. In the
            pairs `a` and `b` are places among the articles; `numbers` are those of the articles.
        schema: of what it returns.
        prepared: what is sent of the rows that are needed of a home, `n` with it, where that is not they themselves.
        known: the commonest words, where words are sent.
    """
    import pyspark.sql.functions as F

    handed = broadcast(job.spark, np.empty(0, np.uint32) if known is None else known)
    needed = blocks.select(F.col("block").alias("block_of"), F.explode(F.array("a", "b")).alias("n")).distinct()
    parts = [
        _fetched(needed, frame, prepared, handed).withColumn("step_of", F.lit(place))
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
        whole: Any = None
        for which, names in enumerate(columns):
            part = articles.filter(step == which)
            if not part.num_rows:
                raise ValueError(_LOST)
            if sent[which]:
                part = pa.concat_tables([unpack(body, handed.value) for body in part["parcel"].to_pylist()])
            else:
                part = part.select(names)
            part = part.sort_by("n")
            if whole is None:
                whole = part
            else:
                for name in part.column_names:
                    if name != "n":
                        whole = whole.append_column(name, part[name])
        pairs = pairs.sort_by([("a", "ascending"), ("b", "ascending")])
        number = numbers(whole["n"])
        for end in ("a", "b"):
            wanted = numbers(pairs[end])
            place = np.minimum(np.searchsorted(number, wanted), max(0, len(number) - 1))
            if not len(number) or np.any(number[place] != wanted):
                raise ValueError(_LOST)
            pairs = pairs.set_column(pairs.schema.names.index(end), end, pa.array(place))
        found = pa.table(function(whole, pairs))
        return found if found.num_rows else empty(schema)

    return held.groupBy("block_of").cogroup(blocks.groupBy("block")).applyInArrow(apply, schema)


def _fetched(needed: DataFrame, frame: DataFrame, prepared: Callable[[Any], Any] | None, handed: Any) -> DataFrame:
    """The rows of articles that blocks need, with the `block_of`: of a home those of one block as a `parcel`."""
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
            bodies.append(pack(some, handed.value))
        return {"block_of": blocks, "parcel": pa.array(bodies, pa.binary())}

    return at_home(frame, needed, fetch, "block_of long, parcel binary")


def places(pairs: Any) -> NDArray[np.int64]:
    """The places of the pairs of a block; shape (pairs, 2)."""
    return np.stack([numbers(pairs["a"]), numbers(pairs["b"])], axis=1).astype(np.int64)
