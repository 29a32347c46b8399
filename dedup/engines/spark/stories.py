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

from dedup.engines.spark.home import HOME_BITS, at_home, places_in, without
from dedup.engines.spark.job import Job, broadcast, steps_of
from dedup.engines.spark.packed import arrow_schema, binary, flat, mapped, numbers, packed, row_numbers, rows_of, unpacked
from dedup.engines.spark.weighing import matrix_of
from dedup.match.copies import HINT
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
    "task int, chunk int, articles int, n binary, seconds binary, source binary, tongue binary, ordinary binary,"
    " lengths binary, terms binary, weights binary, crossing_lengths binary, crossing binary, crossing_weights binary,"
    " slots binary, never_of binary, never binary"
)
PAIRS = (
    "task int, a long, b long, cosine double, score int, ordinary_a double, ordinary_b double, days double,"
    " one_outlet boolean, hinted boolean"
)
SCORED = "task int, a long, b long, cosine double, hinted boolean, score int"
SLOT_BITS = 12
"""Bits of each slot of a signature that travel: two different slots look equal once in so many."""
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
            found = self.first[place] + (number >> HOME_BITS) % self.several[place]
        found[undated] = (number[undated] >> HOME_BITS) % max(1, self.undated)
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
) -> tuple[DataFrame, DataFrame]:
    """The same-story pairs among articles that stand for themselves, by the task that found them, before the crowd is
    known; and which tasks have pairs of each article.

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
    chunks = Chunks.of(days, job.chunk)
    count = sum(days.values())
    handed = broadcast(job.spark, (chunks, total, _ranks(total)))
    apart = decided.where(f"kind = {NEVER}").select("a", "b")
    apart = apart.union(apart.select("b", "a")).toDF("n", "other")
    told = kept.step("told", lambda: apart.union(hidden.select("n", F.lit(None).cast("long"))))

    def send(rows: Any, told: Any) -> Any:
        return _sent(rows, told, handed.value, count, settings.window * SECONDS_A_DAY, several=several)

    def compare(batches: Iterable[Any]) -> Iterator[Any]:
        return _compare(batches, settings, several)

    def find() -> DataFrame:
        travelling = at_home(vectors, told, send, TRAVELLING)
        tasks = travelling.repartition(max(job.parts, len(chunks.begins)), "task")
        return tasks.sortWithinPartitions("task", F.desc("chunk")).mapInArrow(compare, PAIRS)

    pairs = kept.step("met", find, by="task")
    ends = kept.step("ends", lambda: pairs.select("task", "a", "b").mapInArrow(_ends, "n long, task int, pairs int"))
    full = kept.step("full", lambda: _full(ends, settings.neighbours))
    if not kept.rows("full"):
        return pairs, ends
    least = kept.step("least", lambda: _least(pairs, full, settings.neighbours))
    return kept.step("pairs", lambda: _best(pairs, in_tasks(ends, least)), by="task"), ends


def in_tasks(ends: DataFrame, small: DataFrame) -> DataFrame:
    """Rows of few articles `n`, once for each `task` that has pairs of them: so that pairs need not move."""
    return ends.select("n", "task").distinct().join(small, "n")


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

    return kept.step("scored", lambda: pairs.mapInArrow(mapped(again, 65_536), SCORED), by="task")


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
    seen = without(vectors.select("home", "n", "seconds"), hidden)
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


def _sent(
    rows: Any,
    told: Any,
    handed: tuple[Chunks, NDArray[np.int64], NDArray[np.int32]],
    count: int,
    window: float,
    *,
    several: bool,
) -> Any:
    """The articles of a home with their ordinariness, once for each task that they are needed in, in packed arrays.

    Words that no other article has, which no pair can share, stay behind. Those that travel are numbered anew, the
    commonest first, so that the gaps between an article's are small.
    """
    import pyarrow.compute as pc

    chunks, total, rank = handed
    everyone = numbers(rows["n"])
    said, other = numbers(told["n"]).astype(np.int64), numbers(pc.fill_null(told["other"], -1)).astype(np.int64)
    gone = other < 0
    table = rows.filter(~np.isin(everyone, said[gone]))
    number, seconds = numbers(table["n"]), numbers(table["seconds"]).astype(np.float64)
    terms, indptr = flat(table["terms"], np.int32)
    weights = flat(table["weights"], np.uint16)[0].astype(np.int64)
    row = row_numbers(indptr)
    to_all, to_itself = np.zeros(len(number), np.int64), np.zeros(len(number), np.int64)
    np.add.at(to_all, row, weights * total[terms])
    np.add.at(to_itself, row, weights * weights)
    ordinary = leaning(to_all.astype(np.float64) * DOT_UNIT, to_itself.astype(np.float64) * DOT_UNIT, count)
    vectors = _Sparse.of(terms, weights, row, total[terms] > weights, rank)
    across = None
    if several:
        crossing, bounds = flat(table["crossing"], np.int32)
        crossing_weights = flat(table["crossing_weights"], np.uint16)[0]
        everything = np.ones(len(crossing), np.bool_)
        across = _Sparse.of(crossing, crossing_weights, row_numbers(bounds), everything, None)
    slots = flat(table["signature"], np.uint32)[0].reshape(len(number), -1) & ((1 << SLOT_BITS) - 1)
    chunk = chunks.of_articles(seconds, number)
    until = chunks.until(chunk, seconds, window)
    source = table["source"].to_pylist()
    never_of, never = said[~gone], other[~gone]
    found: list[dict[str, Any]] = []
    for mine in np.unique(chunk).tolist():
        for task in range(mine, int(until[chunk == mine].max())):
            place = np.flatnonzero((chunk == mine) & (until > task))
            some = np.isin(never_of, number[place])
            found.append(
                {
                    "task": task,
                    "chunk": mine,
                    "articles": len(place),
                    "n": packed(number[place]),
                    "seconds": packed(seconds[place]),
                    "source": _text([source[one] for one in place.tolist()]),
                    "tongue": packed(numbers(table["tongue"]).astype(np.int32)[place]),
                    "ordinary": packed(ordinary[place]),
                    **vectors.sent(place, "lengths", "terms", "weights"),
                    **(across.sent(place, "crossing_lengths", "crossing", "crossing_weights") if across else {}),
                    "slots": packed(_twelve(slots[place])),
                    "never_of": packed(never_of[some]),
                    "never": packed(never[some]),
                }
            )
    return _rows_of(found, TRAVELLING)


@dataclass(frozen=True, slots=True, eq=False)
class _Sparse:
    """Vectors whose terms are numbered so that they pack well: of each row ascending."""

    terms: NDArray[np.int64]
    weights: NDArray[np.uint16]
    bounds: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        terms: NDArray[np.int32],
        weights: NDArray[Any],
        row: NDArray[np.int64],
        keep: NDArray[np.bool_],
        rank: NDArray[np.int32] | None,
    ) -> _Sparse:
        """Those entries of rows that are kept, by the rank of their terms."""
        rows = int(row.max(initial=-1)) + 1
        row, column = row[keep], (terms if rank is None else rank[terms])[keep].astype(np.int64)
        order = np.lexsort((column, row))
        bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
        return cls(column[order], weights[keep][order].astype(np.uint16), bounds)

    def sent(self, place: NDArray[np.int64], lengths: str, terms: str, weights: str) -> dict[str, bytes]:
        """Some rows, packed."""
        held = np.append(self.bounds, self.bounds[-1])  # rows at the end may have no entry
        begin, end = held[np.minimum(place, len(held) - 2)], held[np.minimum(place + 1, len(held) - 1)]
        length = end - begin
        entry = np.repeat(begin - np.cumsum(length) + length, length) + np.arange(int(length.sum()))
        gaps = np.diff(self.terms[entry], prepend=0)
        first = (np.cumsum(length) - length)[length > 0]
        gaps[first] = self.terms[entry][first]
        return {
            lengths: packed(length.astype(np.uint32)),
            terms: packed(gaps.astype(np.uint32)),
            weights: packed(self.weights[entry]),
        }


def _ranks(total: NDArray[np.int64]) -> NDArray[np.int32]:
    """For each term how many are commoner; ties by number, as everywhere."""
    found = np.empty(len(total), np.int32)
    found[np.argsort(-total, kind="stable")] = np.arange(len(total), dtype=np.int32)
    return found


def _opened(batch: Any) -> Iterator[tuple[tuple[int, int], Any]]:
    """The articles of each row of a batch as a table, by task and chunk."""
    import pyarrow as pa

    for row in batch.to_pylist():
        held = {name: row[name] for name in row if row[name] is not None}
        columns: dict[str, Any] = {
            "n": unpacked(held["n"], np.int64),
            "seconds": unpacked(held["seconds"], np.float64),
            "source": held["source"].decode().split("\n"),
            "tongue": unpacked(held["tongue"], np.int32),
            "ordinary": unpacked(held["ordinary"], np.float64),
        }
        for lengths, terms, weights in (
            ("lengths", "terms", "weights"),
            ("crossing_lengths", "crossing", "crossing_weights"),
        ):
            if lengths in held:
                bounds = np.concatenate([[0], np.cumsum(unpacked(held[lengths], np.uint32))]).astype(np.int64)
                columns[terms] = binary(_rising(unpacked(held[terms], np.uint32), bounds), bounds)
                columns[weights] = binary(unpacked(held[weights], np.uint16), bounds)
        slots = _from_twelve(unpacked(held["slots"], np.uint8), row["articles"])
        columns["slots"] = rows_of(slots)
        number, of = columns["n"], unpacked(held["never_of"], np.int64)
        others, bounds = _grouped(number, of, unpacked(held["never"], np.int64))
        columns["never"] = binary(others, bounds)
        yield (row["task"], row["chunk"]), pa.table(columns)


def _rising(gaps: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.int32]:
    """Terms from the gaps between those of each row."""
    whole = np.concatenate([[0], np.cumsum(gaps.astype(np.int64))])
    found: NDArray[np.int32] = (whole[1:] - np.repeat(whole[bounds[:-1]], np.diff(bounds))).astype(np.int32)
    return found


def _grouped(
    number: NDArray[np.int64], of: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of some numbers the others that go with it, one after the other, and where they begin and end."""
    place = places_in(number, of)
    order = np.argsort(place, kind="stable")
    return other[order], np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(number)))])


def _twelve(slots: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Numbers of twelve bits, two of them in three bytes."""
    flat_slots = slots.ravel()
    even = np.append(flat_slots, np.zeros(len(flat_slots) % 2, np.uint32)).reshape(-1, 2)
    whole = even[:, 0] | even[:, 1] << np.uint32(12)
    return np.ascontiguousarray(whole.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]).ravel()


def _from_twelve(held: NDArray[np.uint8], rows: int) -> NDArray[np.uint16]:
    """The numbers of twelve bits; shape (rows, slots)."""
    three = held.reshape(-1, 3).astype(np.uint32)
    whole = three[:, 0] | three[:, 1] << np.uint32(8) | three[:, 2] << np.uint32(16)
    both = np.stack([whole & 0xFFF, whole >> np.uint32(12)], axis=1).ravel().astype(np.uint16)
    per_row = len(both) // rows if rows else 0
    return both[: per_row * rows].reshape(rows, per_row)


def _text(lines: list[str]) -> bytes:
    return "\n".join(lines).encode()


def _rows_of(found: list[dict[str, Any]], schema: str) -> Any:
    """Rows as a table of a schema."""
    import pyarrow as pa

    return pa.Table.from_pylist(found, schema=arrow_schema(schema))


def _compare(batches: Iterable[Any], settings: Settings, several: bool) -> Iterator[Any]:
    """The pairs of each task, whose own chunk comes first, and then earlier articles piece by piece."""
    for task, core, pieces in _tasks(batches):
        size = max(1, core.num_rows)
        alone = True
        for piece in _pieces(pieces, size):
            yield from _met(task, core, piece, settings, several, inside=alone).to_batches()
            alone = False
        if alone:
            yield from _met(task, core, core.slice(0, 0), settings, several, inside=True).to_batches()


def _tasks(batches: Iterable[Any]) -> Iterator[tuple[int, Any, Iterator[Any]]]:
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
            yield task, pa.concat_tables(core), rest
        for _ in rest:
            pass


def _runs(batches: Iterable[Any]) -> Iterator[tuple[tuple[int, int], Any]]:
    """The articles of one task and chunk that come together."""
    for batch in batches:
        yield from _opened(batch)


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


def _met(task: int, core: Any, earlier: Any, settings: Settings, several: bool, *, inside: bool) -> Any:
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
    # Of slots that are cut some agree that do not whole: who looks at the texts tells, see `copies.decided`.
    slots = flat(table["slots"], np.uint16)[0].reshape(len(number), settings.num_perm).astype(np.uint32)
    source = np.array(table["source"].to_pylist(), dtype=str)
    agreeing = steps_of(settings).agreeing_slots(slots, np.stack([pairs.a, pairs.b], axis=1))
    return pa.table(
        {
            "task": np.full(len(pairs.a), task, np.int32),
            "a": number[pairs.a],
            "b": number[pairs.b],
            "cosine": pairs.cosine,
            "score": pairs.score.astype(np.int32),
            "ordinary_a": ordinary[pairs.a],
            "ordinary_b": ordinary[pairs.b],
            "days": np.abs(seconds[pairs.a] - seconds[pairs.b]) / SECONDS_A_DAY,
            "one_outlet": (source[pairs.a] == source[pairs.b]) & (source[pairs.a] != ""),
            "hinted": agreeing >= HINT,
        }
    )


def _never(table: Any, number: NDArray[np.int64]) -> Pairs:
    """The pairs of a table's articles that are never one story."""
    other, bounds = flat(table["never"], np.int64)
    row = row_numbers(bounds)
    place = np.minimum(np.searchsorted(number, other), max(0, len(number) - 1))
    met = (number[place] == other) & (row < place) if len(number) else np.zeros(0, bool)
    a, b = row[met].astype(np.int64), place[met].astype(np.int64)
    return Pairs(a, b, np.zeros(len(a)), np.zeros(len(a), np.int64))


def _ends(batches: Iterable[Any]) -> Iterator[Any]:
    """Of the pairs of a partition how many each article has in each task."""
    import pyarrow as pa

    held: list[Any] = []
    for batch in batches:
        for end in ("a", "b"):
            one = pa.table({"n": batch[end], "task": batch["task"], "pairs": np.ones(batch.num_rows, np.int32)})
            held.append(one)
        if sum(one.num_rows for one in held) > 1 << 22:
            held = [_added_up(held)]
    if held:
        yield from _added_up(held).to_batches()


def _added_up(tables: list[Any]) -> Any:
    import pyarrow as pa

    whole = pa.concat_tables(tables).group_by(["n", "task"]).aggregate([("pairs", "sum")])
    whole = whole.rename_columns(["n", "task", "pairs"])
    return whole.set_column(2, "pairs", whole["pairs"].cast(pa.int32()))


def _full(ends: DataFrame, most: int) -> DataFrame:
    """The articles that have more pairs than are kept."""
    from pyspark.sql import functions as F

    return ends.groupBy("n").agg(F.sum("pairs").alias("count")).where(F.col("count") > most).select("n")


def _least(pairs: DataFrame, full: DataFrame, most: int) -> DataFrame:
    """For each of these the last of the pairs that are its best: its score, and the other article."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    sides = [pairs.selectExpr(f"{one} as n", f"{other} as other", "score") for one, other in ("ab", "ba")]
    rank = F.row_number().over(Window.partitionBy("n").orderBy(F.desc("score"), "other"))
    ends = sides[0].join(full, "n", "left_semi").union(sides[1].join(full, "n", "left_semi"))
    return ends.withColumn("rank", rank).where(F.col("rank") == most).select("n", "other", "score")


def _best(pairs: DataFrame, least: DataFrame) -> DataFrame:
    """The pairs that are among the best of one of their articles, ties going to the earlier other one.

    Args:
        pairs: by task.
        least: for articles that have too many the last of the best, once for each task that has pairs of them.
    """
    a = least.select("task", "n", "other", "score").toDF("task", "a", "other_a", "score_a")
    b = a.toDF("task", "b", "other_b", "score_b")
    of_a = "score_a is null or score > score_a or (score = score_a and b <= other_a)"
    of_b = "score_b is null or score > score_b or (score = score_b and a <= other_b)"
    marked = pairs.join(a.hint("shuffle_hash"), ["task", "a"], "left")
    marked = marked.join(b.hint("shuffle_hash"), ["task", "b"], "left")
    return marked.where(f"({of_a}) or ({of_b})").select(*pairs.columns)


def _rescored(table: Any, taken: float, settings: Settings) -> Any:
    """As `dedup.match.stories.rescored` and `dedup.match.outlets.less_of_one_outlet` in one."""
    cosine = numbers(table["cosine"])
    mean = ((numbers(table["ordinary_a"]) + taken) + (numbers(table["ordinary_b"]) + taken)) / 2
    scores = score(cosine, mean, numbers(table["days"]).astype(np.float64), settings)
    outlet = np.where(numbers(table["one_outlet"]), outlet_penalty(scores, settings), 0)
    keep = np.flatnonzero(scores > 0)
    columns = {name: table[name].take(keep) for name in ("task", "a", "b", "cosine", "hinted")}
    return {**columns, "score": (scores - outlet)[keep].astype(np.int32)}
