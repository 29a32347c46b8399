"""Connected components by alternating stars (Kiveris, Lattanzi, Mirrokni, Rastogi & Vassilvitskii 2014).

A large star links the larger neighbours of each node to its least neighbour, a small star the smaller ones. After a
number of rounds that grows with the logarithm of the graph's size, each node is linked to the least of its component.
Before the first round every task replaces its links by a spanning forest, which has fewer links than nodes. Small
graphs are left to the driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import numbers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.spark.job import Job

LINKS = "a long, b long"


def components(job: Job, name: str, links: DataFrame, *, at_most: int) -> DataFrame:
    """Return the `component` of each linked article `n`: the least number in it.

    Args:
        job: the run.
        name: prefix of the step names.
        links: pairs of articles `a`, `b`.
        at_most: upper bound of the number of links.
    """
    if at_most <= job.edges:
        return job.checkpoints.step(f"{name}.components", partial(_by_driver, job, links))
    forest = job.checkpoints.step(f"{name}.forest", lambda: links.select("a", "b").mapInArrow(_forest, LINKS))
    if job.checkpoints.rows(f"{name}.forest") <= job.edges:
        return job.checkpoints.step(f"{name}.components", partial(_by_driver, job, forest))
    round_, before = 0, _state(forest)
    while True:
        round_ += 1
        forest = job.checkpoints.step(f"{name}.star{round_}", partial(_star, forest))
        after = _state(forest)
        if after == before:
            break
        before = after
    both = forest.selectExpr("a as n", "b as component").union(forest.selectExpr("b as n", "b as component"))
    return job.checkpoints.step(f"{name}.components", both.distinct)


def roots(a: NDArray[np.int64], b: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nodes of some links, ascending, and the least node of each one's component."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    one, other = np.split(places.ravel(), 2)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(nodes), len(nodes)))
    count, label = connected_components(graph, directed=False)
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, label, nodes)
    return nodes, least[label]


def _forest(batches: Iterable[Any]) -> Iterator[Any]:
    import pyarrow as pa

    held: list[NDArray[np.int64]] = []
    for batch in batches:
        held.append(np.stack([numbers(batch["a"]), numbers(batch["b"])]).astype(np.int64))
        if len(held) > 64:
            held = [_tree(np.concatenate(held, axis=1))]
    if held:
        a, b = _tree(np.concatenate(held, axis=1))
        yield from pa.table({"a": a, "b": b}).to_batches()


def _tree(links: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a spanning forest of links: each node with the least of its component."""
    nodes, least = roots(links[0], links[1])
    return np.stack([nodes, least])[:, nodes != least]


def _by_driver(job: Job, links: DataFrame) -> DataFrame:
    import pyarrow as pa

    found = links.select("a", "b").toArrow()
    nodes, least = roots(numbers(found["a"]).astype(np.int64), numbers(found["b"]).astype(np.int64))
    schema = pa.schema([("n", pa.int64()), ("component", pa.int64())])
    return job.spark.createDataFrame(pa.table({"n": nodes, "component": least}, schema=schema))


def _star(links: DataFrame) -> DataFrame:
    return _small_star(_large_star(links))


def _large_star(links: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    both = links.select("a", "b").union(links.select("b", "a")).toDF("u", "v")
    least = both.groupBy("u").agg(F.min("v").alias("m")).select("u", F.least("u", "m").alias("m"))
    return both.where("v > u").join(least, "u").selectExpr("v as a", "m as b").where("a != b").distinct()


def _small_star(links: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    down = links.select(F.greatest("a", "b").alias("u"), F.least("a", "b").alias("v"))
    least = down.groupBy("u").agg(F.min("v").alias("m"))
    lower = down.join(least, "u").selectExpr("v as a", "m as b").where("a != b")
    return lower.union(least.selectExpr("u as a", "m as b")).distinct()


def _state(links: DataFrame) -> tuple[int, str]:
    """Return the count and a hash of the links, to detect the last round."""
    from pyspark.sql import functions as F

    row = links.agg(F.count("*"), F.sum(F.xxhash64("a", "b").cast("decimal(38,0)"))).first()
    return (int(row[0]), str(row[1])) if row else (0, "")
