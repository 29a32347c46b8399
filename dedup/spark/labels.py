"""Find labels of titles across homes, with the result of `dedup.vectorize.boilerplate.find_boilerplate`.

Titles are short, so segments are shuffled. Those that may be labels are few: they are sent to every executor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import mapped, numbers, words_of
from dedup.spark.job import Job, worker_backend
from dedup.spark.partitions import at_home, places_in
from dedup.vectorize.boilerplate import HOLDERS, are_unrelated
from dedup.vectorize.labels import INSIDE, PAIR, READ, are_labels, how_many_end, inside, named, segments

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SEGMENTS = "segment long, n long, length int, first long, last int"


def find_labels(
    job: Job, texts: DataFrame, relations: Callable[[DataFrame, NDArray[np.uint64]], DataFrame]
) -> NDArray[np.uint64]:
    """Return the hashes of the segments of titles that are labels, sorted.

    Args:
        job: the run.
        texts: words of the articles, without misplaced bodies.
        relations: returns the `relation` of each pair `a`, `b` of articles whose titles are without some segments.
    """
    found = job.checkpoints.values("labels", lambda: {"labels": _find(job, texts, relations).tolist()})
    return np.array(found["labels"], np.uint64)


def _find(
    job: Job, texts: DataFrame, relations: Callable[[DataFrame, NDArray[np.uint64]], DataFrame]
) -> NDArray[np.uint64]:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    spark, settings = job.spark, job.settings
    every = job.checkpoints.step("segments", lambda: texts.mapInArrow(mapped(_segments), SEGMENTS))
    columns = (F.first("length"), F.first("first"), F.count("*").alias("held"), F.sum("last").alias("last"))
    enough = (F.col("held") >= HOLDERS) | (F.col("last") >= PAIR)
    several = sorted(every.groupBy("segment").agg(*columns).where(enough).collect(), key=lambda row: _hash(row[0]))
    if not several:
        return np.empty(0, np.uint64)
    hashes, lengths, first, held, _ = (np.array(column, np.int64) for column in zip(*several, strict=True))
    kept = INSIDE * _inside(texts, hashes.view(np.uint64), lengths, first.view(np.uint64)) <= held
    if not kept.any():
        return np.empty(0, np.uint64)
    known, count_of = hashes[kept].view(np.uint64), dict(zip(hashes[kept].tolist(), held[kept].tolist(), strict=True))
    by_place = Window.partitionBy("segment").orderBy("n")
    rows = every.join(spark.createDataFrame([*count_of.items()], "segment long, held long"), "segment")
    follows = rows.select("segment", "held", F.lag("n").over(by_place).alias("a"), F.col("n").alias("b"))
    follows = job.checkpoints.step("labels.following", lambda: follows.where("a is not null"))
    relation = relations(follows.select("a", "b").distinct(), known)
    totals = follows.join(relation, ["a", "b"]).groupBy("segment", "held").agg(F.sum("relation").alias("total"))
    by_total = are_unrelated(F.col("total"), F.col("held"), F.col("held") - 1, titles=True)
    unrelated = totals.where(by_total).select("segment")

    def name(texts: Any, coming: Any) -> Any:
        place = places_in(numbers(texts["n"]), numbers(coming["n"]))
        words = words_of(texts.take(place))
        share = named(words, numbers(coming["segment"]).view(np.uint64), worker_backend(settings).detect(words))
        return {"segment": coming["segment"], "share": share}

    place = (F.row_number().over(by_place) - 1).alias("place")
    step = F.greatest(F.lit(1), F.floor(F.col("held") / READ))
    some = rows.join(unrelated, "segment", "left_semi").select("segment", "n", "held", place)
    some = some.where((F.col("place") % step == 0) & (F.col("place") < READ * step)).select("segment", "n")
    shares = at_home(texts, some, name, "segment long, share long").groupBy("segment")
    share = F.col("share")
    by_segment = shares.agg(
        F.sum(F.greatest(share, F.lit(0))).alias("total"), F.sum((share >= 0).cast("long")).alias("count")
    )
    labels = [row[0] for row in by_segment.where(are_labels(F.col("total"), F.col("count"))).collect()]
    many = np.sort(np.array([label for label in labels if count_of[label] >= HOLDERS], np.int64).view(np.uint64))

    def count(table: Any) -> Any:
        labelled, titled = how_many_end(words_of(table), many)
        return {"labelled": np.array([labelled]), "titled": np.array([titled])}

    ends = texts.mapInArrow(mapped(count), "labelled long, titled long").agg(F.sum("labelled"), F.sum("titled"))
    labelled, titled = ends.collect()[0]
    return np.sort(np.array(labels, np.int64).view(np.uint64)) if 2 * labelled > titled else many


def _hash(segment: int) -> int:
    return segment % (1 << 64)


def _segments(table: Any) -> Any:
    found = segments(words_of(table))
    return {
        "segment": found.hashes.view(np.int64),
        "n": numbers(table["n"])[found.places],
        "length": found.lengths.astype(np.int32),
        "first": found.first.astype(np.int64),
        "last": found.last.astype(np.int32),
    }


def _inside(
    texts: DataFrame, hashes: NDArray[np.uint64], lengths: NDArray[np.int64], first: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return how many titles have the words of each segment, but not as a segment."""
    from pyspark.sql import functions as F

    def count(table: Any) -> Any:
        found = inside(words_of(table), hashes, lengths, first)
        some = np.flatnonzero(found)
        return {"place": some, "count": found[some]}

    counted = texts.mapInArrow(mapped(count), "place long, count long").groupBy("place").agg(F.sum("count")).collect()
    total = np.zeros(len(hashes), np.int64)
    for place, found in counted:
        total[place] = found
    return total
