"""Crowding: the related articles of a sample, which is sent to the articles of every home.

See `dedup.match.crowding`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.match.crowding import NEARBY, SAMPLE, crowding_of
from dedup.match.kernels.stories import related_to
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs
from dedup.settings import Settings
from dedup.spark.arrow import numbers
from dedup.spark.job import Job, broadcast
from dedup.spark.partitions import at_home, without
from dedup.spark.shuffle import background_similarity_of
from dedup.spark.tfidf import Totals, matrix_of
from dedup.vectorize.cross_lingual import CrossLingual

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COLUMNS = ("n", "seconds", "tongue", "terms", "weights", "crossing", "crossing_weights")


def crowding(
    job: Job,
    vectors: DataFrame,
    hidden: DataFrame,
    excluded: DataFrame,
    times: DataFrame,
    total: Totals,
    articles: int,
    *,
    several: bool,
) -> float:
    """Return what is subtracted from all scores; of a background, its own.

    Args:
        job: the run.
        vectors, hidden, total, several: as for `story_pairs.find_pairs`.
        excluded: the result of `story_pairs.excluded_pairs`.
        times: the result of `times_of`.
        articles: number of articles that are not hidden.
    """
    from pyspark.sql import functions as F

    def find() -> dict[str, Any]:
        seen = without(vectors.select("home", *_COLUMNS), hidden)
        sample = seen.drop("home").orderBy("n").limit(SAMPLE).toArrow()
        last = int(numbers(sample["n"]).max(initial=-1))
        families = excluded.where((F.col("n") == F.col("other")) & (F.col("n") <= last)).select("n").toArrow()
        shared = broadcast(job.spark, (sample, numbers(families["n"]), total))
        settings = job.settings

        def count(rows: Any, excluded: Any) -> Any:
            sample, families, total = shared.value
            related = _related(rows, excluded, sample, families, total, articles, settings, several=several)
            return {"related": [related]}

        found = at_home(vectors.select("home", *_COLUMNS), excluded, count, "related long")
        related = int((found.agg(F.coalesce(F.sum("related"), F.lit(0))).first() or [0])[0])
        concurrent = concurrent_of(times) / max(1, articles)
        taken_off = crowding_of(related, sample.num_rows, concurrent)
        return {"taken_off": taken_off, "related": related, "company": concurrent}

    return job.background.crowd if job.background else float(job.checkpoints.values("crowd", find)["taken_off"])


def _related(
    rows: Any,
    excluded: Any,
    sample: Any,
    families: NDArray[np.int64],
    total: Totals,
    articles: int,
    settings: Settings,
    *,
    several: bool,
) -> int:
    """Count the related articles in a home of each article of the sample, and return the sum.

    Args:
        rows: the vectors of the home.
        excluded: what it is told of them, see `story_pairs.excluded_pairs`.
        sample: the vectors of the sample.
        families: the articles of the sample that are in families.
        total, articles, settings, several: as for `crowding`.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    listed = numbers(excluded["n"]).astype(np.int64)
    other = numbers(pc.fill_null(excluded["other"], -1)).astype(np.int64)
    rows = rows.filter(~np.isin(numbers(rows["n"]), listed[other < 0])).select(sample.column_names)
    asked_number, number = numbers(sample["n"]), numbers(rows["n"])
    # An article of the home that is in the sample too stands twice, and is not related to itself.
    a = _places(asked_number, np.concatenate([number, other]))
    b = _places(number, np.concatenate([number, listed]))
    both = (a >= 0) & (b >= 0)
    never = Pairs(a[both], b[both] + len(asked_number), np.zeros(int(both.sum())), np.zeros(int(both.sum()), np.int64))
    table = pa.concat_tables([sample, rows])
    asked = np.arange(table.num_rows) < len(asked_number)
    in_family = np.concatenate([np.isin(asked_number, families), np.isin(number, listed[listed == other])])
    matrix, seconds = matrix_of(table), numbers(table["seconds"]).astype(np.float64)
    language = numbers(table["tongue"]).astype(np.int64)
    cross_lingual = CrossLingual(matrix_of(table, "crossing", "crossing_weights"), language) if several else None
    background = background_similarity_of(table, total, articles, learned=False)

    def count(sampled: NDArray[np.bool_], others: NDArray[np.bool_]) -> int:
        if not sampled.any():
            return 0
        return related_to(
            np.flatnonzero(sampled), matrix, background, seconds, np.flatnonzero(sampled | others), never, settings,
            cross_lingual, strangers=asked, threads=1,
        )  # fmt: skip

    return count(asked & ~in_family, ~asked) + count(asked & in_family, ~asked & ~in_family)


def _places(number: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each wanted number, -1 for one that is not there."""
    if not len(number):
        return np.full(len(wanted), -1)
    order = np.argsort(number, kind="stable")
    place = order[np.minimum(np.searchsorted(number, wanted, sorter=order), len(number) - 1)]
    return np.where(number[place] == wanted, place, -1)


def concurrent_of(times: DataFrame) -> int:
    """Return the sum over articles of the others within `NEARBY` days, as in `dedup.match.crowding`."""
    from pyspark.sql import functions as F

    undated = times.where("seconds is null").agg(F.sum("count")).first()
    dated = times.where("seconds is not null").withColumn("day", F.floor(F.col("seconds") / SECONDS_A_DAY))
    reach = int(np.ceil(NEARBY)) + 1
    days = F.explode(F.sequence(F.col("day") - reach, F.col("day") + reach)).alias("target")
    near = dated.select("seconds", "count", "day", days).groupBy("target").applyInArrow(_near, "near long, dated long")
    row = near.agg(F.coalesce(F.sum("near"), F.lit(0)), F.coalesce(F.sum("dated"), F.lit(0))).first()
    found, held = (int(row[0]), int(row[1])) if row else (0, 0)
    alone = int(undated[0] or 0) if undated else 0
    return found + 2 * alone * held + alone * alone - held - alone


def times_of(job: Job, vectors: DataFrame, hidden: DataFrame) -> DataFrame:
    """Return the number of articles without a representative published at each time."""
    seen = without(vectors.select("home", "n", "seconds"), hidden)
    return job.checkpoints.step("times", lambda: seen.groupBy("seconds").count())


def _near(table: Any) -> Any:
    """Return the number of pairs of articles near to those of one day, and the number of articles of that day."""
    import pyarrow as pa

    seconds, count = numbers(table["seconds"]).astype(np.float64), numbers(table["count"])
    order = np.argsort(seconds, kind="stable")
    times = seconds[order]
    before = np.concatenate([[0], np.cumsum(count[order])])
    mine = numbers(table["day"])[order] == table["target"][0].as_py()
    reach = NEARBY * SECONDS_A_DAY
    high = before[np.searchsorted(times, times[mine] + reach, side="right")]
    low = before[np.searchsorted(times, times[mine] - reach, side="left")]
    held = count[order][mine]
    return pa.table({"near": [int(held @ (high - low))], "dated": [int(held.sum())]})
