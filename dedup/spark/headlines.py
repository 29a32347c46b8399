"""Find headlines of other articles in bodies, with the result of `dedup.vectorize.boilerplate.find_boilerplate`.

The hashes of all titles are sent to every executor, eight bytes each. Lines of bodies that are among them are few.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import mapped, numbers, words_of
from dedup.spark.job import Job, broadcast, worker_backend
from dedup.vectorize.boilerplate import are_unrelated, title_lines

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LINES = "line long, n long"


def find_headlines(
    job: Job, texts: DataFrame, relations: Callable[[DataFrame, NDArray[np.uint64]], DataFrame]
) -> NDArray[np.uint64]:
    """Return the hashes of the lines of bodies that are the title of an unrelated article, sorted.

    Args:
        job: the run.
        texts: words of the articles, without misplaced bodies.
        relations: returns the `relation` of each pair `a`, `b` of articles that have some repeated passages.
    """
    found = job.checkpoints.values("headlines", lambda: {"headlines": _find(job, texts, relations).tolist()})
    return np.array(found["headlines"], np.uint64)


def _find(
    job: Job, texts: DataFrame, relations: Callable[[DataFrame, NDArray[np.uint64]], DataFrame]
) -> NDArray[np.uint64]:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    every = texts.mapInArrow(mapped(_titles), LINES).groupBy("line").agg(F.min("n").alias("n"))
    titles = job.checkpoints.step("titles", lambda: every)
    settings, shared = job.settings, broadcast(job.spark, _hashes(titles))

    def lines(table: Any) -> Any:
        words = words_of(table)
        found, places = worker_backend(settings).lines_among(words, shared.value)
        other = found != title_lines(words)[places]
        return {"line": found[other].view(np.int64), "n": numbers(table["n"])[places[other]]}

    held = job.checkpoints.step("headlines.held", lambda: texts.mapInArrow(mapped(lines), LINES))
    known = _hashes(held.select("line").distinct())
    if not len(known):
        return known
    every = held.unionByName(titles.join(held, "line", "left_semi"))
    by_place = Window.partitionBy("line").orderBy("n")
    follows = every.select("line", F.lag("n").over(by_place).alias("a"), F.col("n").alias("b")).where("a is not null")
    follows = job.checkpoints.step("headlines.following", lambda: follows)
    relation = relations(follows.select("a", "b").distinct(), known)
    totals = follows.join(relation, ["a", "b"]).groupBy("line")
    total, pairs = totals.agg(F.sum("relation").alias("total"), F.count("*").alias("pairs")), F.col("pairs")
    return _hashes(total.where(are_unrelated(F.col("total"), pairs + 1, pairs, titles=True)).select("line"))


def _hashes(lines: DataFrame) -> NDArray[np.uint64]:
    """Return the hashes of some lines, sorted."""
    found: NDArray[np.uint64] = np.sort(numbers(lines.select("line").toArrow()["line"]).view(np.uint64))
    return found


def _titles(table: Any) -> Any:
    lines = title_lines(words_of(table))
    some = np.flatnonzero(lines)
    return {"line": lines[some].view(np.int64), "n": numbers(table["n"])[some]}
