"""Top-k pairs of articles with too many pairs: selected in each task, then across tasks.

An article whose pairs are all in one task is decided there. For the others each task sends the scores of its best
pairs, a few bytes each. If several pairs tie at the last kept score, a second pass sends their articles: ties go to
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

BEST = "n long, other long, score int, scores binary"
CUTOFFS = "n long, score int, wanted int"
TIED = "n long, other long, score int, wanted int"
LAST = "n long, other long, score int"
_HIGHEST = 1 << 31
"""More than any score: subtracting a score from it makes the best ones the smallest."""


def last_of_best(job: Job, pairs: DataFrame, ends: DataFrame, most: int) -> DataFrame | None:
    """Return the last pair to keep of each article `n` with more than `most` pairs: `other` article and `score`.

    Args:
        job: the run.
        pairs: by task.
        ends: the number of pairs of each article in each task.
        most: pairs to keep per article.

    Returns:
        None if no article has too many.
    """
    from pyspark.sql import functions as F

    checkpoints = job.checkpoints
    too_many = ends.groupBy("n").agg(F.sum("pairs").alias("count"), F.count("*").alias("tasks"))
    full = checkpoints.step("full", lambda: too_many.where(F.col("count") > most).select("n", "tasks"))
    if not checkpoints.rows("full"):
        return None
    reached = ends.select("n", "task").join(full, "n")
    scored = pairs.select("task", "a", "b", "score")

    def select() -> DataFrame:
        both = scored.groupBy("task").cogroup(reached.groupBy("task"))
        return both.applyInArrow(lambda pairs, full: _best_scores(pairs, full, most), BEST)

    best = checkpoints.step("best.told", select)
    several = best.where("scores is not null").select("n", "scores")

    def settle() -> DataFrame:
        return several.repartition(job.parts, "n").mapInArrow(partial(_cutoffs, most=most), CUTOFFS)

    cutoffs = checkpoints.step("best.marks", settle)

    def ask() -> DataFrame:
        cutoffs_here = reached.where("tasks > 1").select("n", "task").join(cutoffs, "n")
        both = scored.groupBy("task").cogroup(cutoffs_here.groupBy("task"))
        return both.applyInArrow(_tied, TIED)

    tied = checkpoints.step("best.tied", ask)
    chosen = tied.repartition(job.parts, "n").mapInArrow(_break_ties, LAST)
    return checkpoints.step("least", lambda: best.where("scores is null").select("n", "other", "score").union(chosen))


def _ends_of(pairs: Any, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of some articles (ascending) in a task: position of the article, other article, score."""
    a, b = numbers(pairs["a"]).astype(np.int64), numbers(pairs["b"]).astype(np.int64)
    score = numbers(pairs["score"]).astype(np.int64)
    found = []
    for one, other in ((a, b), (b, a)):
        place = np.minimum(np.searchsorted(wanted, one), len(wanted) - 1)
        mine = np.flatnonzero(wanted[place] == one)
        found.append((place[mine], other[mine], score[mine]))
    place, others, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    return place, others, scores


def _best_scores(pairs: Any, full: Any, most: int) -> Any:
    import pyarrow as pa

    if not full.num_rows or not pairs.num_rows:
        return empty(BEST)
    full = full.sort_by("n")
    wanted, alone = numbers(full["n"]).astype(np.int64), numbers(full["tasks"]) == 1
    place, other, score = _ends_of(pairs, wanted)
    order = np.lexsort((other, -score, place))
    place, other, score = place[order], other[order], score[order]
    bounds = np.searchsorted(place, np.arange(len(wanted) + 1))
    complete = np.flatnonzero(alone)
    last = bounds[complete] + most - 1
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
            "n": np.concatenate([wanted[complete], wanted[shared]]),
            "other": pa.array([*other[last].tolist(), *nothing], pa.int64()),
            "score": pa.array([*score[last].tolist(), *nothing], pa.int32()),
            "scores": pa.array([*[None] * len(complete), *scores], pa.binary()),
        }
    )


def _collected(batches: Iterable[Any]) -> Any:
    import pyarrow as pa

    held = [batch for batch in batches if batch.num_rows]
    return pa.Table.from_batches(held).sort_by("n") if held else None


def _cutoffs(batches: Iterable[Any], most: int) -> Iterator[Any]:
    """Return the last score among the best of each article, and how many pairs with that score are kept."""
    import pyarrow as pa

    table = _collected(batches)
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
    cutoff = depth[begins + most - 1]
    better = np.bincount(row, weights=depth < cutoff[row], minlength=len(wanted)).astype(np.int32)
    score = (_HIGHEST - cutoff).astype(np.int32)
    yield from pa.table({"n": wanted, "score": score, "wanted": most - better}).to_batches()


def _tied(pairs: Any, cutoffs_here: Any) -> Any:
    """Return the pairs of a task whose score equals the last kept one."""
    import pyarrow as pa

    if not cutoffs_here.num_rows or not pairs.num_rows:
        return empty(TIED)
    cutoffs_here = cutoffs_here.sort_by("n")
    cutoff, wanted = numbers(cutoffs_here["score"]).astype(np.int64), numbers(cutoffs_here["wanted"])
    number = numbers(cutoffs_here["n"]).astype(np.int64)
    place, other, score = _ends_of(pairs, number)
    tie = score == cutoff[place]
    place = place[tie]
    return pa.table(
        {"n": number[place], "other": other[tie], "score": score[tie].astype(np.int32), "wanted": wanted[place]}
    )


def _break_ties(batches: Iterable[Any]) -> Iterator[Any]:
    """Return the last tied pair to keep."""
    import pyarrow as pa

    table = _collected(batches)
    if table is None:
        return
    table = table.sort_by([("n", "ascending"), ("other", "ascending")])
    number = numbers(table["n"])
    begins = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]]))
    last = begins + numbers(table["wanted"])[begins] - 1
    yield from table.take(pa.array(last)).select(["n", "other", "score"]).to_batches()
