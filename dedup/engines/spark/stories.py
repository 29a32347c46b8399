"""Same-story pairs: every pair above the floor, exactly, in chunks of articles that follow each other in time.

Articles are cut into chunks by date, and where a day has too many by number as well. A task compares the articles of
one chunk with each other and with all earlier ones in the window, which come to it piece by piece; articles without a
date, which are compared with all, count as the earliest. How chunks are cut changes how far articles travel, and no
result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.engines.spark.job import Job, broadcast, steps_of
from dedup.engines.spark.packed import flat, mapped, numbers, row_numbers
from dedup.engines.spark.weighing import matrix_of
from dedup.match.crowd import NEARBY, STRONG, taken_off
from dedup.match.kernels.floor import DOT_UNIT
from dedup.match.kernels.stories import story_pairs
from dedup.match.outlets import outlet_penalty
from dedup.match.stories import SECONDS_A_DAY, Pairs, leaning, score
from dedup.settings import Settings
from dedup.vectorize.bridge import Bridge
from dedup.vectorize.exact import SCORE_UNIT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TRAVELLING = (
    "task int, chunk int, n long, seconds double, source string, tongue int, ordinary double, terms binary,"
    " weights binary, crossing binary, crossing_weights binary, signature binary, never array<long>"
)
PAIRS = (
    "a long, b long, cosine double, score int, ordinary_a double, ordinary_b double, days double, one_outlet boolean,"
    " agreeing int"
)
SCORED = "a long, b long, cosine double, agreeing int, score int"
_SLACK = 2.0
"""Seconds by which a chunk's reach is widened: the exact difference of two times decides where they meet."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunks:
    """How articles are cut.

    Attributes:
        days: the days that there are articles of, ascending.
        first: for each day the first of its chunks, and behind them how many chunks there are.
        several: for each day into how many its articles are dealt by their numbers.
        undated: chunks of articles without a date, which come first.
        begins: for each chunk the time from which on its articles are, ascending; minus infinity for the undated.
    """

    days: NDArray[np.int64]
    first: NDArray[np.int64]
    several: NDArray[np.int64]
    undated: int
    begins: NDArray[np.float64]

    @classmethod
    def of(cls, counts: dict[int | None, int], size: int) -> Chunks:
        """Chunks of about `size` articles, from how many there are of each day, None being no day."""
        undated = -(-counts.get(None, 0) // size)
        begins = [-np.inf] * undated
        days = sorted(day for day in counts if day is not None)
        first, several, held = [], [], size
        for day in days:
            parts = -(-counts[day] // size)
            if parts > 1 or held + counts[day] > size:
                begins += [float(day) * SECONDS_A_DAY] * parts
                held = 0
            first.append(len(begins) - parts)
            several.append(parts)
            held = size if parts > 1 else held + counts[day]
        held_days, starts, parts_of = (np.array(column, np.int64) for column in (days, first, several))
        return cls(held_days, starts, parts_of, undated, np.array(begins))

    def of_articles(self, seconds: NDArray[np.float64], number: NDArray[np.int64]) -> NDArray[np.int64]:
        """The chunk of each article."""
        day = np.floor(np.nan_to_num(seconds) / SECONDS_A_DAY).astype(np.int64)
        place = np.minimum(np.searchsorted(self.days, day), max(0, len(self.days) - 1))
        undated = np.isnan(seconds)
        found = np.zeros(len(seconds), np.int64)
        if len(self.days):
            found = self.first[place] + number % self.several[place]
        found[undated] = number[undated] % max(1, self.undated)
        return found

    def until(self, chunk: NDArray[np.int64], seconds: NDArray[np.float64], window: float) -> NDArray[np.int64]:
        """Up to which chunk the articles are that each may be compared with: those after its own."""
        last = np.searchsorted(self.begins, seconds + window + _SLACK, side="right")
        last[np.isnan(seconds)] = len(self.begins)
        return np.maximum(last, chunk + 1)


def found_pairs(
    job: Job,
    vectors: DataFrame,
    hidden: DataFrame,
    decided: DataFrame,
    total: NDArray[np.int64],
    days: dict[int | None, int],
    *,
    several: bool,
) -> DataFrame:
    """The same-story pairs among articles that stand for themselves, before the crowd is known.

    Args:
        job: the run.
        vectors: of all articles.
        hidden: the articles that others stand for.
        decided: pairs that were looked at, of which some are never one story.
        total: what `totals` gives.
        days: what `days_of` gives.
        several: whether there are several languages.
    """
    from pyspark.sql import functions as F

    from dedup.engines.spark.copies import NEVER

    kept, settings = job.kept, job.settings
    seen = vectors.join(hidden.select("n"), "n", "left_anti")
    chunks = Chunks.of(days, job.chunk)
    count = sum(days.values())
    handed = broadcast(job.spark, (chunks, total))
    apart = decided.where(f"kind = {NEVER}").select("a", "b")
    apart = apart.union(apart.select("b", "a")).toDF("n", "other")
    never = kept.step("never", lambda: apart.groupBy("n").agg(F.collect_set("other").alias("never")))

    def send(table: Any) -> Any:
        return _sent(table, handed.value, count, settings.window * SECONDS_A_DAY)

    def compare(batches: Iterable[Any]) -> Iterator[Any]:
        return _compare(batches, settings, several)

    def find() -> DataFrame:
        travelling = seen.join(never, "n", "left").mapInArrow(mapped(send), TRAVELLING)
        tasks = travelling.repartition(max(job.parts, len(chunks.begins)), "task")
        return tasks.sortWithinPartitions("task", F.desc("chunk")).mapInArrow(compare, PAIRS)

    pairs = kept.step("met", find)
    full = kept.step("full", lambda: _full(pairs, settings.neighbours))
    least = kept.step("least", lambda: _least(pairs, full, settings.neighbours))
    return kept.step("pairs", lambda: _best(pairs, least))


def rescored(job: Job, pairs: DataFrame, times: DataFrame, articles: int) -> DataFrame:
    """The pairs with the scores that the crowd leaves them, and those of one outlet less: some have none left."""
    settings, kept = job.settings, job.kept

    def crowd() -> dict[str, Any]:
        strong = pairs.where(f"score >= {STRONG / SCORE_UNIT!r}").count()
        company = company_of(times) / max(1, articles)
        return {"taken_off": taken_off(strong, company, articles), "strong": strong, "company": company}

    taken = float(kept.small("crowd", crowd)["taken_off"])

    def again(table: Any) -> Any:
        return _rescored(table, taken, settings)

    return kept.step("scored", lambda: pairs.mapInArrow(mapped(again), SCORED))


def company_of(times: DataFrame) -> int:
    """How many others all articles together have within some days: `mean_company` without the division."""
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
    """How many articles that stand for themselves were published at each time."""
    seen = vectors.select("n", "seconds").join(hidden.select("n"), "n", "left_anti")
    return job.kept.step("times", lambda: seen.groupBy("seconds").count())


def days_of(times: DataFrame) -> dict[int | None, int]:
    """How many articles there are of each day since 1970; None of those without a date."""
    from pyspark.sql import functions as F

    day = F.floor(F.col("seconds") / SECONDS_A_DAY).alias("day")
    return {row["day"]: row["articles"] for row in times.groupBy(day).agg(F.sum("count").alias("articles")).collect()}


def _near(table: Any) -> Any:
    """How many articles are near to those of one day, and how many these are."""
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


def _sent(table: Any, handed: tuple[Chunks, NDArray[np.int64]], count: int, window: float) -> Any:
    """Articles with their ordinariness, once for each task that they are needed in."""
    chunks, total = handed
    number, seconds = numbers(table["n"]), numbers(table["seconds"]).astype(np.float64)
    terms, indptr = flat(table["terms"], np.int32)
    weights = flat(table["weights"], np.uint16)[0].astype(np.int64)
    rows = row_numbers(indptr)
    to_all, to_itself = np.zeros(len(number), np.int64), np.zeros(len(number), np.int64)
    np.add.at(to_all, rows, weights * total[terms])
    np.add.at(to_itself, rows, weights * weights)
    ordinary = leaning(to_all.astype(np.float64) * DOT_UNIT, to_itself.astype(np.float64) * DOT_UNIT, count)
    chunk = chunks.of_articles(seconds, number)
    times = chunks.until(chunk, seconds, window) - chunk
    row = np.repeat(np.arange(len(number)), times)
    task = chunk[row] + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    names = (
        "n",
        "seconds",
        "source",
        "tongue",
        "terms",
        "weights",
        "crossing",
        "crossing_weights",
        "signature",
        "never",
    )
    sent = table.select(names).take(row)
    return {
        "task": task.astype(np.int32),
        "chunk": chunk[row].astype(np.int32),
        **{name: sent[name] for name in names[:4]},
        "ordinary": ordinary[row],
        **{name: sent[name] for name in names[4:]},
    }


def _compare(batches: Iterable[Any], settings: Settings, several: bool) -> Iterator[Any]:
    """The pairs of each task, whose own chunk comes first, and then earlier articles piece by piece."""
    for core, pieces in _tasks(batches):
        size = max(1, core.num_rows)
        alone = True
        for piece in _pieces(pieces, size):
            yield from _met(core, piece, settings, several, inside=alone).to_batches()
            alone = False
        if alone:
            yield from _met(core, core.slice(0, 0), settings, several, inside=True).to_batches()


def _tasks(batches: Iterable[Any]) -> Iterator[tuple[Any, Iterator[Any]]]:
    """For each task its own chunk, and the runs of rows that follow."""
    import pyarrow as pa

    runs = _runs(batches)
    held: list[Any] = [next(runs, None)]
    while held[0] is not None:
        task, core = held[0][0][0], []
        while held[0] is not None and held[0][0] == (task, task):
            core.append(held[0][1])
            held[0] = next(runs, None)

        def earlier(task: int = task) -> Iterator[Any]:
            while held[0] is not None and held[0][0][0] == task:
                yield held[0][1]
                held[0] = next(runs, None)

        rest = earlier()
        if core:  # what is dealt by number may leave a chunk without any article
            yield pa.Table.from_batches(core), rest
        for _ in rest:
            pass


def _runs(batches: Iterable[Any]) -> Iterator[tuple[tuple[int, int], Any]]:
    """Rows of one task and chunk that follow each other."""
    for batch in batches:
        if batch.num_rows:
            task, chunk = numbers(batch["task"]), numbers(batch["chunk"])
            ends = np.flatnonzero((task[1:] != task[:-1]) | (chunk[1:] != chunk[:-1])) + 1
            bounds = [0, *ends.tolist(), batch.num_rows]
            for first, last in pairwise(bounds):
                yield (int(task[first]), int(chunk[first])), batch.slice(first, last - first)


def _pieces(runs: Iterable[Any], rows: int) -> Iterator[Any]:
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for run in runs:
        held.append(run)
        count += run.num_rows
        if count >= rows:
            yield pa.Table.from_batches(held)
            held, count = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _met(core: Any, earlier: Any, settings: Settings, several: bool, *, inside: bool) -> Any:
    """The pairs of a chunk's articles with earlier ones, and `inside` the chunk."""
    import pyarrow as pa

    table = pa.concat_tables([core, earlier]).sort_by("n")
    number, own = numbers(table["n"]), np.isin(numbers(table["n"]), numbers(core["n"]))
    seconds, ordinary = numbers(table["seconds"]).astype(np.float64), numbers(table["ordinary"])
    tongue = numbers(table["tongue"]).astype(np.int64)
    bridge = Bridge(matrix_of(table, "crossing", "crossing_weights"), tongue) if several else None
    pairs = story_pairs(
        matrix_of(table), ordinary, seconds, np.arange(len(number)), _never(table, number), settings, None, bridge,
        core=own, threads=1,
    )  # fmt: skip
    if not inside:
        pairs = pairs.where(~(own[pairs.a] & own[pairs.b]))
    signatures = flat(table["signature"], np.uint32)[0].reshape(len(number), settings.num_perm)
    source = np.array(table["source"].to_pylist(), dtype=str)
    agreeing = steps_of(settings).agreeing_slots(signatures, np.stack([pairs.a, pairs.b], axis=1))
    return pa.table(
        {
            "a": number[pairs.a],
            "b": number[pairs.b],
            "cosine": pairs.cosine,
            "score": pairs.score.astype(np.int32),
            "ordinary_a": ordinary[pairs.a],
            "ordinary_b": ordinary[pairs.b],
            "days": np.abs(seconds[pairs.a] - seconds[pairs.b]) / SECONDS_A_DAY,
            "one_outlet": (source[pairs.a] == source[pairs.b]) & (source[pairs.a] != ""),
            "agreeing": agreeing.astype(np.int32),
        }
    )


def _never(table: Any, number: NDArray[np.int64]) -> Pairs:
    """The pairs of a table's articles that are never one story."""
    import pyarrow.compute as pc

    column = table["never"].combine_chunks()
    row, other = numbers(pc.list_parent_indices(column)), numbers(pc.list_flatten(column))
    place = np.minimum(np.searchsorted(number, other), max(0, len(number) - 1))
    met = (number[place] == other) & (row < place) if len(number) else np.zeros(0, bool)
    a, b = row[met].astype(np.int64), place[met].astype(np.int64)
    return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))


def _full(pairs: DataFrame, most: int) -> DataFrame:
    """The articles that have more pairs than are kept."""
    from pyspark.sql import functions as F

    ends = pairs.select(F.explode(F.array("a", "b")).alias("n"))
    return ends.groupBy("n").count().where(F.col("count") > most).select("n")


def _least(pairs: DataFrame, full: DataFrame, most: int) -> DataFrame:
    """For each of these the last of the pairs that are its best: its score, and the other article."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    sides = [pairs.selectExpr(f"{one} as n", f"{other} as other", "score") for one, other in ("ab", "ba")]
    rank = F.row_number().over(Window.partitionBy("n").orderBy(F.desc("score"), "other"))
    ends = sides[0].join(full, "n", "left_semi").union(sides[1].join(full, "n", "left_semi"))
    return ends.withColumn("rank", rank).where(F.col("rank") == most).select("n", "other", "score")


def _best(pairs: DataFrame, least: DataFrame) -> DataFrame:
    """The pairs that are among the best of one of their articles, ties going to the earlier other one."""
    a, b = least.toDF("a", "other_a", "score_a"), least.toDF("b", "other_b", "score_b")
    of_a = "score_a is null or score > score_a or (score = score_a and b <= other_a)"
    of_b = "score_b is null or score > score_b or (score = score_b and a <= other_b)"
    marked = pairs.join(a, "a", "left").join(b, "b", "left")
    return marked.where(f"({of_a}) or ({of_b})").select(*pairs.columns)


def _rescored(table: Any, taken: float, settings: Settings) -> Any:
    """As `dedup.match.stories.rescored` and `dedup.match.outlets.less_of_one_outlet` in one."""
    cosine = numbers(table["cosine"])
    mean = ((numbers(table["ordinary_a"]) + taken) + (numbers(table["ordinary_b"]) + taken)) / 2
    scores = score(cosine, mean, numbers(table["days"]).astype(np.float64), settings)
    outlet = np.where(numbers(table["one_outlet"]), outlet_penalty(scores, settings), 0)
    keep = np.flatnonzero(scores > 0)
    columns = {name: table[name].take(keep) for name in ("a", "b", "cosine", "agreeing")}
    return {**columns, "score": (scores - outlet)[keep].astype(np.int32)}
