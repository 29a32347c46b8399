"""Top-k pairs of articles with too many pairs: selected in each task, then across tasks.

An article whose pairs are all in one task is decided there. For the others each task sends the scores of its best
pairs, a few bytes each. Where several pairs tie at the last kept score, a second pass sends their articles: ties go to
the earlier article.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import ascending, empty, numbers, packed
from dedup.spark.job import Job

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TOLD = "n long, other long, score int, scores binary"
MARKS = "n long, score int, wanted int"
TIED = "n long, other long, score int, wanted int"
LAST = "n long, other long, score int"
_HIGHEST = 1 << 31
"""More than any score: less it scores ascend from the best."""


def last_of_best(job: Job, pairs: DataFrame, ends: DataFrame, most: int) -> DataFrame | None:
    """For each article `n` with more pairs than are kept the last that is kept: the `other` article, the `score`.

    Args:
        job: the run.
        pairs: by task.
        ends: how many pairs each article has in each task.
        most: how many of an article are kept.

    Returns:
        None where no article has too many.
    """
    from pyspark.sql import functions as F

    kept = job.kept
    too_many = ends.groupBy("n").agg(F.sum("pairs").alias("count"), F.count("*").alias("tasks"))
    full = kept.step("full", lambda: too_many.where(F.col("count") > most).select("n", "tasks"))
    if not kept.rows("full"):
        return None
    reached = ends.select("n", "task").join(full, "n")
    scored = pairs.select("task", "a", "b", "score")

    def tell() -> DataFrame:
        both = scored.groupBy("task").cogroup(reached.groupBy("task"))
        return both.applyInArrow(lambda pairs, full: _told(pairs, full, most), TOLD)

    told = kept.step("best.told", tell)
    several = told.where("scores is not null").select("n", "scores")

    def settle() -> DataFrame:
        return several.repartition(job.parts, "n").mapInArrow(partial(_settled, most=most), MARKS)

    marks = kept.step("best.marks", settle)

    def ask() -> DataFrame:
        asked = reached.where("tasks > 1").select("n", "task").join(marks, "n")
        both = scored.groupBy("task").cogroup(asked.groupBy("task"))
        return both.applyInArrow(_tied, TIED)

    tied = kept.step("best.tied", ask)
    chosen = tied.repartition(job.parts, "n").mapInArrow(_chosen, LAST)
    return kept.step("least", lambda: told.where("scores is null").select("n", "other", "score").union(chosen))


def _ends_of(pairs: Any, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of the pairs of a task those of some articles (ascending): the place of the article, the other one, the score."""
    a, b = numbers(pairs["a"]).astype(np.int64), numbers(pairs["b"]).astype(np.int64)
    score = numbers(pairs["score"]).astype(np.int64)
    found = []
    for one, other in ((a, b), (b, a)):
        place = np.minimum(np.searchsorted(wanted, one), len(wanted) - 1)
        mine = np.flatnonzero(wanted[place] == one)
        found.append((place[mine], other[mine], score[mine]))
    place, others, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    return place, others, scores


def _told(pairs: Any, full: Any, most: int) -> Any:
    import pyarrow as pa

    if not full.num_rows or not pairs.num_rows:
        return empty(TOLD)
    full = full.sort_by("n")
    wanted, alone = numbers(full["n"]).astype(np.int64), numbers(full["tasks"]) == 1
    place, other, score = _ends_of(pairs, wanted)
    order = np.lexsort((other, -score, place))
    place, other, score = place[order], other[order], score[order]
    bounds = np.searchsorted(place, np.arange(len(wanted) + 1))
    whole = np.flatnonzero(alone)
    last = bounds[whole] + most - 1
    shared = np.flatnonzero(~alone)
    scores = [
        packed(
            (_HIGHEST - score[bounds[one] : min(bounds[one] + most, bounds[one + 1])]).astype(np.uint64), rising=True
        )
        for one in shared.tolist()
    ]
    nothing = [None] * len(shared)
    return pa.table(
        {
            "n": np.concatenate([wanted[whole], wanted[shared]]),
            "other": pa.array([*other[last].tolist(), *nothing], pa.int64()),
            "score": pa.array([*score[last].tolist(), *nothing], pa.int32()),
            "scores": pa.array([*[None] * len(whole), *scores], pa.binary()),
        }
    )


def _gathered(batches: Iterable[Any]) -> Any:
    import pyarrow as pa

    held = [batch for batch in batches if batch.num_rows]
    return pa.Table.from_batches(held).sort_by("n") if held else None


def _settled(batches: Iterable[Any], most: int) -> Iterator[Any]:
    """The last score that is among the best of each article, and how many of those that have it are."""
    import pyarrow as pa

    table = _gathered(batches)
    if table is None:
        return
    number = numbers(table["n"]).astype(np.int64)
    each = [ascending(column).astype(np.int64) for column in table["scores"].to_pylist()]
    wanted, place = np.unique(number, return_inverse=True)
    row = np.repeat(place.ravel(), [len(one) for one in each])
    depth = np.concatenate(each)
    order = np.lexsort((depth, row))
    row, depth = row[order], depth[order]
    begins = np.searchsorted(row, np.arange(len(wanted)))
    mark = depth[begins + most - 1]
    better = np.bincount(row, weights=depth < mark[row], minlength=len(wanted)).astype(np.int32)
    score = (_HIGHEST - mark).astype(np.int32)
    yield from pa.table({"n": wanted, "score": score, "wanted": most - better}).to_batches()


def _tied(pairs: Any, asked: Any) -> Any:
    """The pairs of a task that have the score which is asked about."""
    import pyarrow as pa

    if not asked.num_rows or not pairs.num_rows:
        return empty(TIED)
    asked = asked.sort_by("n")
    mark, wanted = numbers(asked["score"]).astype(np.int64), numbers(asked["wanted"])
    number = numbers(asked["n"]).astype(np.int64)
    place, other, score = _ends_of(pairs, number)
    tie = score == mark[place]
    place = place[tie]
    return pa.table(
        {"n": number[place], "other": other[tie], "score": score[tie].astype(np.int32), "wanted": wanted[place]}
    )


def _chosen(batches: Iterable[Any]) -> Iterator[Any]:
    """Of those that are tied the last that is kept."""
    import pyarrow as pa

    table = _gathered(batches)
    if table is None:
        return
    table = table.sort_by([("n", "ascending"), ("other", "ascending")])
    number = numbers(table["n"])
    begins = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]]))
    last = begins + numbers(table["wanted"])[begins] - 1
    yield from table.take(pa.array(last)).select(["n", "other", "score"]).to_batches()
