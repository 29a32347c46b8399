"""Same-story pairs: every pair above the floor, exactly, in chunks of articles by time.

Articles are sent to the task of each chunk, see `shuffle`; a task compares earlier articles piece by piece. Pairs stay
with the task that found them. Chunks affect the amount of data sent, not the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.match.copies import HINT
from dedup.match.kernels.stories import story_pairs
from dedup.match.scores import SECONDS_A_DAY, headline_score, outlet_penalty
from dedup.match.stories import Pairs
from dedup.settings import Settings
from dedup.spark.arrow import flat, mapped, numbers, row_numbers
from dedup.spark.job import Job, broadcast, worker_backend
from dedup.spark.partitions import at_home
from dedup.spark.shuffle import SHUFFLED, Chunks, pack_articles, unpack_articles
from dedup.spark.tfidf import Totals, matrix_of
from dedup.spark.top_k import last_of_best
from dedup.vectorize.cross_lingual import CrossLingual

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PAIRS = "task int, a long, b long, cosine double, score int, one_outlet boolean, forms int, hinted boolean"
SCORED = "task int, a long, b long, cosine double, hinted boolean, score int"


def excluded_pairs(job: Job, hidden: DataFrame, decided: DataFrame, family: DataFrame) -> DataFrame:
    """Return what takes no part in comparing, by article `n`.

    Args:
        job: the run.
        hidden: the articles that have a representative: `other` is null.
        decided: decided pairs, of which some are never one story, listed for both articles: `other` is the other one.
        family: the articles `n` of families and series, no two of which are one story: `other` is `n`.
    """
    from pyspark.sql import functions as F

    from dedup.spark.copies import NEVER

    apart = decided.where(f"kind = {NEVER}").select("a", "b")
    apart = apart.union(apart.select("b", "a")).union(family.selectExpr("n", "n")).toDF("n", "other")
    return job.checkpoints.step("told", lambda: apart.union(hidden.select("n", F.lit(None).cast("long"))))


def find_pairs(
    job: Job,
    vectors: DataFrame,
    excluded: DataFrame,
    total: Totals,
    days: dict[int | None, int],
    crowding: float,
    *,
    several: bool,
) -> tuple[DataFrame, DataFrame]:
    """Find the same-story pairs.

    Args:
        job: the run.
        vectors: vectors of all articles.
        excluded: the result of `excluded_pairs`.
        total: the result of `totals`.
        days: the result of `days_of`.
        crowding: of the collection.
        several: whether there are several languages.

    Returns:
        The pairs, by the task that found them; and the tasks with pairs of each article.
    """
    from pyspark.sql import functions as F

    checkpoints, settings = job.checkpoints, job.settings
    chunks = Chunks.of(days, job.chunk)
    count = job.background.articles if job.background else sum(days.values())
    learned = job.background is not None
    shared = broadcast(job.spark, (chunks, total))

    def send(rows: Any, excluded: Any) -> Any:
        return pack_articles(
            rows, excluded, shared.value, count, settings.window * SECONDS_A_DAY, several=several, learned=learned
        )

    def compare(batches: Iterable[Any]) -> Iterator[Any]:
        return _compare(batches, settings, several, crowding)

    def find() -> DataFrame:
        shuffled = at_home(vectors.drop("general"), excluded, send, SHUFFLED)
        tasks = shuffled.repartition(max(job.parts, len(chunks.begins)), "task")
        return tasks.sortWithinPartitions("task", F.desc("chunk")).mapInArrow(compare, PAIRS)

    pairs = checkpoints.step("met", find, by="task")
    ends = checkpoints.step(
        "ends", lambda: pairs.select("task", "a", "b").mapInArrow(_pair_counts, "n long, task int, pairs int")
    )
    least = last_of_best(job, pairs, ends, settings.neighbours)
    if least is None:
        return pairs, ends
    return checkpoints.step("pairs", lambda: _best(pairs, in_tasks(ends, least)), by="task"), ends


def in_tasks(ends: DataFrame, small: DataFrame) -> DataFrame:
    """Repeat the rows of some articles `n` for each `task` with pairs of them, so that pairs need no shuffle."""
    return ends.select("n", "task").distinct().join(small, "n")


def adjusted(job: Job, pairs: DataFrame) -> DataFrame:
    """Return the pairs with scores corrected for pairs of one outlet and headlines alone."""
    settings = job.settings

    def adjust(table: Any) -> Any:
        return _adjusted(table, settings)

    return job.checkpoints.step("scored", lambda: pairs.mapInArrow(mapped(adjust, 65_536), SCORED), by="task")


def days_of(times: DataFrame) -> dict[int | None, int]:
    """Return the number of articles of each day since 1970; None is the key of those without a date."""
    from pyspark.sql import functions as F

    day = F.floor(F.col("seconds") / SECONDS_A_DAY).alias("day")
    return {row["day"]: row["articles"] for row in times.groupBy(day).agg(F.sum("count").alias("articles")).collect()}


def _compare(batches: Iterable[Any], settings: Settings, several: bool, crowding: float) -> Iterator[Any]:
    """Compare the articles of each task: its own chunk comes first, then earlier articles piece by piece."""
    for task, core, pieces in _tasks(run for batch in batches for run in unpack_articles(batch, settings.num_perm)):
        size = max(1, core.num_rows)
        alone = True
        for piece in _pieces(pieces, size):
            yield from _pairs_of_piece(task, core, piece, settings, several, crowding, inside=alone).to_batches()
            alone = False
        if alone:
            yield from _pairs_of_piece(
                task, core, core.slice(0, 0), settings, several, crowding, inside=True
            ).to_batches()


def _tasks(runs: Iterator[tuple[tuple[int, int], Any]]) -> Iterator[tuple[int, Any, Iterator[Any]]]:
    """Split runs of articles, sorted by task and chunk, into the chunk of each task and an iterator of the others."""
    import pyarrow as pa

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
        if core:  # a chunk of a day that is split by number may be empty
            yield task, pa.concat_tables(core), rest
        for _ in rest:
            pass


def _pieces(runs: Iterable[Any], rows: int) -> Iterator[Any]:
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for run in runs:
        held.append(run)
        count += run.num_rows
        if count >= rows:
            yield pa.concat_tables(held)
            held, count = [], 0
    if held:
        yield pa.concat_tables(held)


def _pairs_of_piece(
    task: int, core: Any, earlier: Any, settings: Settings, several: bool, crowding: float, *, inside: bool
) -> Any:
    """Return the pairs of a chunk's articles with earlier ones, and `inside` the chunk."""
    import pyarrow as pa

    table = pa.concat_tables([core, earlier]).sort_by("n")
    number, own = numbers(table["n"]), np.isin(numbers(table["n"]), numbers(core["n"]))
    seconds, background_similarity = numbers(table["seconds"]).astype(np.float64), numbers(table["ordinary"]) + crowding
    language = numbers(table["tongue"]).astype(np.int64)
    cross_lingual = CrossLingual(matrix_of(table, "crossing", "crossing_weights"), language) if several else None
    never, strangers = _never_one_story(table, number)
    pairs = story_pairs(
        matrix_of(table),
        background_similarity,
        seconds,
        np.arange(len(number)),
        never,
        settings,
        None,
        cross_lingual,
        strangers=strangers if strangers.any() else None,
        core=own,
        crowding=crowding,
        threads=1,
    )
    if not inside:
        pairs = pairs.where(~(own[pairs.a] & own[pairs.b]))
    # Some slots agree only because they are truncated: `copies.decide_pairs` compares the texts.
    slots = flat(table["slots"], np.uint16)[0].reshape(len(number), settings.num_perm).astype(np.uint32)
    names, source = np.unique(np.array(table["source"].to_pylist(), dtype=str), return_inverse=True)
    named, forms = (names != "")[source], numbers(table["form"])
    agreeing = worker_backend(settings).agreeing_slots(slots, np.stack([pairs.a, pairs.b], axis=1))
    return pa.table(
        {
            "task": np.full(len(pairs.a), task, np.int32),
            "a": number[pairs.a],
            "b": number[pairs.b],
            "cosine": pairs.cosine,
            "score": pairs.score.astype(np.int32),
            "one_outlet": (source[pairs.a] == source[pairs.b]) & named[pairs.a],
            "forms": (forms[pairs.a] * forms[pairs.b]).astype(np.int32),
            "hinted": agreeing >= HINT,
        }
    )


def _never_one_story(table: Any, number: NDArray[np.int64]) -> tuple[Pairs, NDArray[np.bool_]]:
    """Return the pairs of a table's articles that are never one story, and which articles are in a family."""
    other, bounds = flat(table["never"], np.int64)
    row = row_numbers(bounds)
    place = np.minimum(np.searchsorted(number, other), max(0, len(number) - 1))
    met = (number[place] == other) & (row < place) if len(number) else np.zeros(0, bool)
    a, b = row[met].astype(np.int64), place[met].astype(np.int64)
    strangers = np.zeros(len(number), np.bool_)
    strangers[row[other == number[row]]] = True
    return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64)), strangers


def _pair_counts(batches: Iterable[Any]) -> Iterator[Any]:
    """Count the pairs of each article in each task of a partition."""
    import pyarrow as pa

    held: list[Any] = []
    for batch in batches:
        for end in ("a", "b"):
            one = pa.table({"n": batch[end], "task": batch["task"], "pairs": np.ones(batch.num_rows, np.int32)})
            held.append(one)
        if sum(one.num_rows for one in held) > 1 << 22:
            held = [_summed(held)]
    if held:
        yield from _summed(held).to_batches()


def _summed(tables: list[Any]) -> Any:
    import pyarrow as pa

    total = pa.concat_tables(tables).group_by(["n", "task"]).aggregate([("pairs", "sum")])
    total = total.rename_columns(["n", "task", "pairs"])
    return total.set_column(2, "pairs", total["pairs"].cast(pa.int32()))


def _best(pairs: DataFrame, least: DataFrame) -> DataFrame:
    """Return the pairs among the best of one of their articles; ties go to the earlier other article.

    Args:
        pairs: by task.
        least: the last pair kept of each article with too many, repeated for each task with pairs of it.
    """
    a = least.select("task", "n", "other", "score").toDF("task", "a", "other_a", "score_a")
    b = a.toDF("task", "b", "other_b", "score_b")
    of_a = "score_a is null or score > score_a or (score = score_a and b <= other_a)"
    of_b = "score_b is null or score > score_b or (score = score_b and a <= other_b)"
    marked = pairs.join(a.hint("shuffle_hash"), ["task", "a"], "left")
    marked = marked.join(b.hint("shuffle_hash"), ["task", "b"], "left")
    return marked.where(f"({of_a}) or ({of_b})").select(*pairs.columns)


def _adjusted(table: Any, settings: Settings) -> Any:
    """Score pairs as `with_outlet_penalty` and `with_headlines` do in turn."""
    scores = numbers(table["score"]).astype(np.float64)
    outlet = np.where(numbers(table["one_outlet"]), outlet_penalty(scores, settings.outlet_penalty), 0)
    columns = {name: table[name] for name in ("task", "a", "b", "cosine", "hinted")}
    final = headline_score(scores - outlet, numbers(table["forms"]), 1)
    return {**columns, "score": final.astype(np.int32)}
