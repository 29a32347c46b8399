"""Furniture, found by its holders wherever they are: what `dedup.vectorize.furniture.furniture` finds.

An article has some hundred passages, too many to send each to where its other holders might be. So fingerprints are
sent first: of each passage the least hash of the short runs of words in it (winnowing; Schleimer, Wilkerson & Aiken
2003). Equal passages have equal fingerprints, and neighbouring ones mostly share theirs. Only passages whose
fingerprint enough articles have are looked at themselves, and no other can have enough holders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dedup.engines.spark.blocks import in_blocks, places, with_articles
from dedup.engines.spark.job import Job, steps_of
from dedup.engines.spark.packed import dealt, flat, mapped, numbers, row_numbers, words_of
from dedup.vectorize.features import HashedWords
from dedup.vectorize.furniture import HOLDERS, PASSAGE, RELATED, UNIT
from dedup.vectorize.hashing import shingles_in_order
from dedup.vectorize.kernels.relations import lists

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RUN = 8
"""Words of the runs that fingerprints are hashes of."""
SPAN = PASSAGE - RUN + 1
DEALT = "part int, hashes binary, holders binary"
HELD = "n long, hashes binary"
REPEATED = "holders_hash binary, holders binary, passages binary"
COMPARED = "a long, b long, neither long, first long, second long, both long, first_lists boolean, second_lists boolean"


def furniture(job: Job, words: DataFrame) -> DataFrame:
    """For each article `n` that holds furniture the `passages` of it, by their hashes.

    Args:
        words: of the articles, without bodies that are not theirs.
    """
    from pyspark.sql import functions as F

    kept, settings, parts = job.kept, job.settings, job.parts
    texts = words.select("n", "title", "hashes", "flags")

    def suspected() -> DataFrame:
        found = texts.mapInArrow(mapped(lambda table: _fingerprints(table, parts)), DEALT)
        held = found.groupBy("part").applyInArrow(_held_by_several, HELD)
        return held.groupBy("n").agg(F.collect_list("hashes").alias("fingerprints"))

    some = kept.step("fingerprints", suspected)

    def repeated_ones() -> DataFrame:
        found = texts.join(some, "n").mapInArrow(mapped(lambda table: _passages(table, parts)), DEALT)
        lists_of_holders = found.groupBy("part").applyInArrow(_by_holders, REPEATED)
        return lists_of_holders.groupBy("holders_hash").agg(
            F.first("holders").alias("holders"), F.collect_list("passages").alias("passages")
        )

    repeated = kept.step("repeated", repeated_ones)
    if not kept.rows("repeated"):
        return job.spark.createDataFrame([], "n long, passages array<binary>")
    follows = repeated.select("holders_hash", "holders").mapInArrow(
        mapped(_follows), "holders_hash binary, count long, a long, b long"
    )

    def compared() -> DataFrame:
        def compare(articles: Any, pairs: Any) -> Any:
            return _compared(articles, pairs, steps_of(settings))

        own = kept.step("repeats", lambda: _by_article(repeated))
        pairs = kept.step("following", lambda: follows.select("a", "b").distinct())
        blocks = in_blocks(job, "relations.blocks", pairs, kept.rows("following"))
        return with_articles(blocks, texts.join(own, "n"), compare, COMPARED)

    relations = kept.step("relations", compared)
    ends = [
        relations.where(f"{side}_lists").select(F.col(end).alias("n"))
        for side, end in (("first", "a"), ("second", "b"))
    ]
    listing = kept.step("lists", lambda: ends[0].union(ends[1]).distinct())

    def found() -> DataFrame:
        related = relations
        for end in "ab":
            flag = listing.select(F.col("n").alias(end), F.lit(True).alias(f"{end}_lists"))
            related = related.join(flag, end, "left")
        one, other = (F.coalesce(f"{end}_lists", F.lit(False)) for end in "ab")
        relation = F.when(one & other, F.col("both")).when(one, F.col("first")).when(other, F.col("second"))
        related = related.select("a", "b", relation.otherwise(F.col("neither")).alias("relation"))
        total = follows.join(related, ["a", "b"]).groupBy("holders_hash").agg(
            F.sum("relation").alias("total"), F.first("count").alias("count")
        )  # fmt: skip
        unrelated = total.where(f"{RELATED} * total * count < (count - 1) * (count - 2) * {UNIT}")
        return _by_article(repeated.join(unrelated.select("holders_hash"), "holders_hash", "left_semi"))

    return kept.step("furniture", found)


def without_furniture(words: HashedWords, passages: NDArray[np.uint64], by: Any) -> HashedWords:
    """The words that stay when passages are taken out of bodies."""
    return words.kept(by.outside_furniture(words, np.unique(passages))) if len(passages) else words


def flat_lists(column: Any) -> NDArray[np.uint64]:
    """All hashes of a column of lists of binaries."""
    import pyarrow.compute as pc

    return flat(pc.list_flatten(column), np.uint64)[0]


def _windows(body: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The fingerprint of each passage of a body; shape (passages,)."""
    least: NDArray[np.uint64] = sliding_window_view(shingles_in_order(body, RUN), SPAN).min(axis=1)
    return least


def _fingerprints(table: Any, parts: int) -> Any:
    return _dealt(table, parts, lambda _place, body: np.unique(_windows(body)))


def _passages(table: Any, parts: int) -> Any:
    """The passages whose fingerprint enough articles have."""
    known = [np.unique(np.frombuffer(b"".join(row), np.uint64)) for row in table["fingerprints"].to_pylist()]
    return _dealt(
        table,
        parts,
        lambda place, body: np.unique(shingles_in_order(body, PASSAGE)[np.isin(_windows(body), known[place])]),
    )


def _dealt(table: Any, parts: int, hashes_of: Callable[[int, NDArray[np.uint32]], NDArray[np.uint64]]) -> Any:
    """Hashes of bodies, and who holds them, dealt into parts."""
    words, holder = words_of(table), numbers(table["n"])
    whole = [place for place in range(len(words)) if len(words.body(place)) >= PASSAGE]
    found = [hashes_of(place, words.body(place)) for place in whole]
    hashes = np.concatenate([np.empty(0, np.uint64), *found])
    holders = np.repeat(holder[np.array(whole, np.int64)], [len(part) for part in found])
    part, columns = dealt((hashes % np.uint64(parts)).astype(np.int64), [hashes, holders.astype(np.int64)])
    return {"part": part.astype(np.int32), "hashes": columns[0], "holders": columns[1]}


def _sorted(table: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of a part the hashes that enough articles hold, who holds them, where each begins, and how many hold it."""
    hashes, holders = flat(table["hashes"], np.uint64)[0], flat(table["holders"], np.int64)[0]
    order = np.lexsort((holders, hashes))
    hashes, holders = hashes[order], holders[order]
    _, number, count = np.unique(hashes, return_inverse=True, return_counts=True)
    enough = count[number.ravel()] >= HOLDERS
    hashes, holders = hashes[enough], holders[enough]
    begins = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])) if len(hashes) else np.empty(0, int)
    return hashes, holders, begins, np.diff(np.append(begins, len(hashes)))


def _held_by_several(table: Any) -> Any:
    import pyarrow as pa

    hashes, holders, _, _ = _sorted(table)
    holder, columns = dealt(holders, [hashes])
    return pa.table({"n": holder, "hashes": columns[0]})


def _by_holders(table: Any) -> Any:
    """The passages of a part that have the very same holders, together: of a footer all."""
    import pyarrow as pa

    hashes, holders, begins, counts = _sorted(table)
    passages: dict[bytes, list[int]] = {}
    held: dict[bytes, NDArray[np.int64]] = {}
    for begin, count in zip(begins.tolist(), counts.tolist(), strict=True):
        mine = holders[begin : begin + count]
        key = hashlib.blake2b(mine.tobytes(), digest_size=16).digest()
        passages.setdefault(key, []).append(begin)
        held[key] = mine
    return pa.table(
        {
            "holders_hash": pa.array(list(held), pa.binary()),
            "holders": pa.array([mine.tobytes() for mine in held.values()], pa.binary()),
            "passages": pa.array([hashes[places].tobytes() for places in passages.values()], pa.binary()),
        }
    )


def _follows(table: Any) -> Any:
    """Of each list of holders each with the next."""
    holders, bounds = flat(table["holders"], np.int64)
    row = row_numbers(bounds)
    pairs = np.flatnonzero(row[1:] == row[:-1])
    return {
        "holders_hash": table["holders_hash"].combine_chunks().take(row[pairs]),
        "count": np.diff(bounds)[row[pairs]],
        "a": holders[pairs],
        "b": holders[pairs + 1],
    }


def _by_article(repeated: DataFrame) -> DataFrame:
    """For each article the passages that it holds of some."""
    from pyspark.sql import functions as F

    held = repeated.mapInArrow(mapped(_holdings, 256), "n long, passages binary")
    return held.groupBy("n").agg(F.collect_list("passages").alias("passages"))


def _holdings(table: Any) -> Any:
    import pyarrow as pa

    holders, bounds = flat(table["holders"], np.int64)
    passages = pa.array([b"".join(parts) for parts in table["passages"].to_pylist()], pa.binary())
    return {"n": holders, "passages": passages.take(row_numbers(bounds))}


def _compared(articles: Any, pairs: Any, by: Any) -> Any:
    """The relation of pairs, whichever of the two hold lists of headlines; which those are, all pairs together say.

    Every article is there twice, as one that holds no list and as one that does.
    """
    words, number, pair = words_of(articles), numbers(articles["n"]), places(pairs)
    repeated = np.unique(flat_lists(articles["passages"]))
    count, languages = len(words), by.detect(words)
    twice = HashedWords.joined([words, words])
    listing = np.arange(2 * count) >= count
    cases = [
        by.relations(twice, pair + np.array([a, b]), repeated, languages * 2, listing)
        for b in (0, count)
        for a in (0, count)
    ]
    lists_of = lists(words, pair)
    return {
        "a": number[pair[:, 0]],
        "b": number[pair[:, 1]],
        **dict(zip(("neither", "first", "second", "both"), cases, strict=True)),
        "first_lists": lists_of[pair[:, 0]],
        "second_lists": lists_of[pair[:, 1]],
    }
