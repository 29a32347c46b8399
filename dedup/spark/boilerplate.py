"""Boilerplate, found by its holders wherever they are: what `dedup.vectorize.boilerplate.boilerplate` finds.

An article has some hundred passages, too many to send each to where its other holders might be. So fingerprints are
sent first: of each passage the least hash of the short runs of words in it (winnowing; Schleimer, Wilkerson & Aiken
2003). Equal passages have equal fingerprints, and neighbouring ones mostly share theirs. Only passages whose
fingerprint enough articles have are looked at themselves, and no other can have enough holders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import ascending, binary, flat, mapped, numbers, packed, unpacked, words_of
from dedup.spark.job import Job, worker_backend
from dedup.spark.partitions import (
    ENTRIES,
    HOME_BITS,
    are_named,
    at_home,
    home_of,
    limits_of,
    places_in,
    repeated,
    spread,
)
from dedup.vectorize.boilerplate import HOLDERS, PASSAGE, RELATED, UNIT
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import shingles_in_order
from dedup.vectorize.kernels import relations as relating
from dedup.vectorize.kernels.boilerplate import outside
from dedup.vectorize.kernels.relations import lists
from dedup.vectorize.misplaced_body import common

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RUN = 8
"""Words of the runs that fingerprints are hashes of."""
SPAN = PASSAGE - RUN + 1
_PER_ARTICLE = 48
"""Fingerprints of an article, about; and passages of one that shares some."""
SENT = "part int, home int, hashes binary, counts binary, holders binary"
REPEATED = "part int, home int, known binary, holders_hash binary, holders binary, passages binary"
TITLES = "of long, to long, title binary, telling binary"
SHARES = "of long, to long, share long"


def find_boilerplate(job: Job, words: DataFrame) -> DataFrame:
    """For each `home` in which an article holds boilerplate the `passages` of it, by their hashes.

    Args:
        words: of the articles, without bodies that are not theirs.
    """
    from pyspark.sql import functions as F

    kept, settings = job.kept, job.settings
    texts = words.select("home", "n", "title", "hashes", "flags")
    entries = _PER_ARTICLE * kept.rows("words")
    some = repeated(job, "fingerprints", texts, _fingerprints, least=HOLDERS, entries=entries)
    # Kept, for what is sent back to a home says which passages it sent by where they are in its parts.
    parts = int(kept.small("parts", lambda: {"parts": max(job.parts, -(-entries // ENTRIES))})["parts"])

    def by_holders() -> DataFrame:
        sent = at_home(texts, some, lambda rows, some: _sent(rows, some, parts), SENT)
        return sent.groupBy("part").applyInArrow(_by_holders, REPEATED)

    found = kept.step("repeated", by_holders, by="part")
    held = found.where("home is null")
    once = held.groupBy("holders_hash").agg(F.min("part").alias("part"))
    lists_of = held.select("part", "holders_hash", "holders").join(once, ["part", "holders_hash"], "left_semi")
    holders = kept.step("holders", lambda: lists_of.select("holders_hash", "holders"))
    if not kept.rows("holders"):
        return job.spark.createDataFrame([], "home int, passages binary")
    follows = holders.mapInArrow(mapped(_follows), "holders_hash binary, count long, a long, b long")
    pairs = kept.step("following", lambda: follows.select("a", "b").distinct())

    def shares() -> DataFrame:
        known = found.where("home is not null").select("home", "part", "known")
        ways = pairs.toDF("of", "to").union(pairs.selectExpr("b", "a"))
        titles = at_home(
            texts, ways, lambda rows, ways: _titles(rows, ways, worker_backend(settings)), TITLES, home=home_of("of")
        )
        coming = titles.withColumn("home", home_of("to")).unionByName(known, allowMissingColumns=True)
        coming = coming.unionByName(some, allowMissingColumns=True)
        return at_home(texts, coming, lambda rows, coming: _shares(rows, coming, parts), SHARES)

    both = kept.step("shares", shares, rows=2 * kept.rows("following"))

    def unrelated() -> DataFrame:
        told = both.select(F.least("of", "to").alias("a"), F.greatest("of", "to").alias("b"), "share")
        sides = F.sum(F.when(F.col("share") >= 0, 1).otherwise(0))
        total = F.sum(F.when(F.col("share") >= 0, F.col("share")).otherwise(0))
        relation = F.when(sides > 0, F.floor(total / sides)).otherwise(F.lit(UNIT)).alias("relation")
        related = follows.join(told.groupBy("a", "b").agg(relation), ["a", "b"])
        whole = related.groupBy("holders_hash").agg(F.sum("relation").alias("total"), F.first("count").alias("count"))
        return whole.where(f"{RELATED} * total * count < (count - 1) * (count - 2) * {UNIT}").select("holders_hash")

    of = kept.step("unrelated", unrelated)

    def homes() -> DataFrame:
        reached = holders.join(of, "holders_hash", "left_semi").mapInArrow(
            mapped(_homes), "holders_hash binary, home int"
        )
        return held.select("holders_hash", "passages").join(reached, "holders_hash").select("home", "passages")

    return kept.step("furniture", homes)  # the name of its files: a run of an earlier version goes on from them


def passages_of(coming: Any) -> NDArray[np.uint64]:
    """The hashes of the boilerplate that comes to a home, ascending."""
    parts = [ascending(column) for column in coming["passages"].to_pylist()]
    found: NDArray[np.uint64] = np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))
    return found


def without_boilerplate(words: HashedWords, passages: NDArray[np.uint64], by: Any) -> HashedWords:
    """The words that stay when passages are taken out of bodies."""
    return words.kept(by.outside_boilerplate(words, np.unique(passages))) if len(passages) else words


def _windows(words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The fingerprint of each passage of all bodies, one after the other; and where those of each article begin.

    Returns:
        Shapes (passages,) and (articles + 1,).
    """
    first, last = words.offsets[1::2], words.offsets[2::2]
    counts = np.maximum(0, last - first - PASSAGE + 1)
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    least = shingles_in_order(words.hashes, RUN) if bounds[-1] else np.empty(0, np.uint64)
    # The least of 1, 2, 4, … neighbours, and of so many more that it is of `SPAN`. What reaches into the next article
    # is not looked at.
    of = 1
    while 2 * of <= SPAN:
        least = np.minimum(least[:-of], least[of:])
        of *= 2
    if of < SPAN:
        least = np.minimum(least[: of - SPAN], least[SPAN - of :])
    place = np.repeat(first - bounds[:-1], counts) + np.arange(bounds[-1])
    found: NDArray[np.uint64] = least[place]
    return found, bounds


def _fingerprints(table: Any) -> NDArray[np.uint64]:
    """Of each article each once."""
    windows, bounds = _windows(words_of(table))
    article = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    order = np.lexsort((windows, article))
    article, windows = article[order], windows[order]
    other = np.ones(len(windows), np.bool_)
    other[1:] = (windows[1:] != windows[:-1]) | (article[1:] != article[:-1])
    return spread(windows[other])


def _suspects(words: HashedWords, some: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The passages whose fingerprint enough articles have, and the places of their holders: by passage, then place."""
    windows, bounds = _windows(words)
    known = are_named(spread(windows), some)
    article = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    found, holders = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for place in np.unique(article[known]).tolist():
        mine = known[bounds[place] : bounds[place + 1]]
        found.append(np.unique(shingles_in_order(words.body(place), PASSAGE)[mine]))
        holders.append(np.full(len(found[-1]), place))
    passages, places = np.concatenate(found), np.concatenate(holders)
    order = np.argsort(passages, kind="stable")
    return passages[order], places[order]


def _sent(rows: Any, some: Any, parts: int) -> Any:
    """The passages that may be boilerplate, and who holds them, in stretches of all passages."""
    import pyarrow as pa

    number = numbers(rows["n"])
    passages, places = _suspects(words_of(rows), some)
    each, count = np.unique(passages, return_counts=True)
    ends = np.concatenate([[0], np.cumsum(count)])
    bounds = np.searchsorted(each, limits_of(parts, 64))
    bounds[-1] = len(each)
    used = [part for part in range(parts) if bounds[part] < bounds[part + 1]]
    of = [slice(int(bounds[part]), int(bounds[part + 1])) for part in used]
    held = [packed(number[places[ends[one.start] : ends[one.stop]]]) for one in of]
    return {
        "part": pa.array(used, pa.int32()),
        "home": pa.array([rows["home"][0].as_py()] * len(used), pa.int32()),
        "hashes": pa.array([packed(each[one], rising=True) for one in of], pa.binary()),
        "counts": pa.array([packed(count[one].astype(np.uint16)) for one in of], pa.binary()),
        "holders": pa.array(held, pa.binary()),
    }


def _by_holders(table: Any) -> Any:
    """The passages of a part that have the very same holders, together: of a footer all. And for each home its own."""
    import pyarrow as pa

    part = table["part"][0].as_py()
    homes, each = table["home"].to_pylist(), [ascending(column) for column in table["hashes"].to_pylist()]
    counts = [unpacked(column, np.uint16).astype(np.int64) for column in table["counts"].to_pylist()]
    holders = np.concatenate([unpacked(column, np.int64) for column in table["holders"].to_pylist()])
    hashes = np.concatenate([np.repeat(mine, count) for mine, count in zip(each, counts, strict=True)])
    order = np.lexsort((holders, hashes))
    hashes, holders = hashes[order], holders[order]
    begins = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
    held_by = np.diff(np.append(begins, len(hashes)))
    enough = held_by >= HOLDERS
    known = hashes[begins[enough]]

    passages: dict[bytes, list[int]] = {}
    held: dict[bytes, NDArray[np.int64]] = {}
    for begin, count in zip(begins[enough].tolist(), held_by[enough].tolist(), strict=True):
        mine = holders[begin : begin + count]
        key = hashlib.blake2b(mine.tobytes(), digest_size=16).digest()
        passages.setdefault(key, []).append(begin)
        held[key] = mine
    marks = [np.packbits(np.isin(mine, known, assume_unique=True)) for mine in each]
    both, none = len(homes), len(held)
    return pa.table(
        {
            "part": pa.array([part] * (both + none), pa.int32()),
            "home": pa.array([*homes, *[None] * none], pa.int32()),
            "known": pa.array([*map(packed, marks), *[None] * none], pa.binary()),
            "holders_hash": pa.array([*[None] * both, *held], pa.binary()),
            "holders": pa.array(
                [*[None] * both, *(packed(mine.astype(np.uint64), rising=True) for mine in held.values())], pa.binary()
            ),
            "passages": pa.array(
                [*[None] * both, *(packed(hashes[begin], rising=True) for begin in passages.values())], pa.binary()
            ),
        }
    )


def _lists(column: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The holders of each row, one after the other, and the rows that they are of."""
    found = [ascending(row).astype(np.int64) for row in column.to_pylist()]
    return np.concatenate([np.empty(0, np.int64), *found]), np.repeat(np.arange(len(found)), [*map(len, found)])


def _follows(table: Any) -> Any:
    """Of each list of holders each with the next."""
    holders, row = _lists(table["holders"])
    pairs = np.flatnonzero(row[1:] == row[:-1])
    return {
        "holders_hash": table["holders_hash"].combine_chunks().take(row[pairs]),
        "count": np.bincount(row, minlength=table.num_rows)[row[pairs]],
        "a": holders[pairs],
        "b": holders[pairs + 1],
    }


def _homes(table: Any) -> Any:
    """For each list of holders the homes that they are in."""
    holders, row = _lists(table["holders"])
    key = np.unique(row << HOME_BITS | holders & ((1 << HOME_BITS) - 1))
    return {
        "holders_hash": table["holders_hash"].combine_chunks().take(key >> HOME_BITS),
        "home": (key & ((1 << HOME_BITS) - 1)).astype(np.int32),
    }


def _titles(rows: Any, ways: Any, by: Any) -> Any:
    """What is sent of an article to others that hold a passage of it: its title, and the telling words of that."""
    place = places_in(numbers(rows["n"]), numbers(ways["of"]))
    among, back = np.unique(place, return_inverse=True)
    words = words_of(rows.take(among))
    telling, ends = telling_words(words, by.detect(words))
    titles = [words.title(number) for number in range(len(words))]
    bounds = np.concatenate([[0], np.cumsum([*map(len, titles)])]).astype(np.int64)
    return {
        "of": ways["of"],
        "to": ways["to"],
        "title": binary(np.concatenate([np.empty(0, np.uint32), *titles]), bounds).take(back.ravel()),
        "telling": binary(telling, ends).take(back.ravel()),
    }


def _shares(rows: Any, coming: Any, parts: int) -> Any:
    """Of the telling words of titles that come to a home the share that stands in the article they are sent to.

    In one that holds a list of headlines (a title that comes to it stands in it word by word) only what is outside of
    repeated passages counts, as in `dedup.vectorize.boilerplate.relations`. -1 where no word of a title is telling.
    """
    import pyarrow.compute as pc

    titles = coming.filter(pc.is_valid(coming["to"]))
    if not titles.num_rows:
        return {name: titles[name] for name in ("of", "to")} | {"share": titles["to"]}
    words, number = words_of(rows), numbers(rows["n"])
    passages, _ = _suspects(words, coming.filter(pc.is_valid(coming["hashes"])))
    masks = coming.filter(pc.is_valid(coming["known"]))
    known = _marked(np.unique(passages), masks, parts)
    place = places_in(number, numbers(titles["to"]).astype(np.int64))
    among, back = np.unique(place, return_inverse=True)
    title, bounds = flat(titles["title"], np.uint32)
    telling, ends = flat(titles["telling"], np.uint32)
    share = shares_in(words.take(among), back.ravel(), (title, bounds), (telling, ends), known)
    return {"of": titles["of"], "to": titles["to"], "share": np.where(np.diff(ends) > 0, share, -1)}


def _marked(passages: NDArray[np.uint64], masks: Any, parts: int) -> NDArray[np.uint64]:
    """Of the passages that a home sent those that enough articles hold, as each part has told of those it was sent."""
    bounds = np.searchsorted(passages, limits_of(parts, 64))
    bounds[-1] = len(passages)
    found = [np.empty(0, np.uint64)]
    for part, mask in sorted(zip(masks["part"].to_pylist(), masks["known"].to_pylist(), strict=True)):
        mine = passages[bounds[part] : bounds[part + 1]]
        bits = np.unpackbits(unpacked(mask, np.uint8))
        if len(bits) // 8 != -(-len(mine) // 8):
            raise ValueError("a home was told of other passages than it sent: the step `repeated` is of other articles")
        found.append(mine[bits[: len(mine)].astype(bool)])
    return np.concatenate(found)


def telling_words(words: HashedWords, languages: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The distinct telling words of each article's title, or of how it begins, and where they begin and end."""
    names = sorted(set(languages))
    common_words = [np.sort(np.fromiter(common(name), np.uint32)) for name in names]
    starts = np.cumsum([0, *map(len, common_words)]).astype(np.int64)
    tongue = np.searchsorted(names, languages).astype(np.int64) if names else np.empty(0, np.int64)
    every = np.concatenate([np.empty(0, np.uint32), *common_words])
    return relating._telling(words.hashes, words.offsets, tongue, every, starts)


def shares_in(
    words: HashedWords,
    place: NDArray[np.int64],
    titles: tuple[NDArray[np.uint32], NDArray[np.int64]],
    telling: tuple[NDArray[np.uint32], NDArray[np.int64]],
    repeated: NDArray[np.uint64],
) -> NDArray[np.int64]:
    """The share of the telling words of each title that stands in the article at each `place`, in `UNIT`s."""
    count, many = len(words), len(place)
    offsets = np.repeat(titles[1], 2)[1:]  # articles without a body
    with_titles = HashedWords.joined([words, HashedWords(titles[0], np.zeros(len(titles[0]), np.uint8), offsets)])
    pairs = np.stack([count + np.arange(many), place], axis=1)
    listing = lists(with_titles, pairs)
    own = outside(with_titles, repeated)
    # The articles themselves have no telling words here: what is asked goes one way.
    ends = np.concatenate([np.zeros(count, np.int64), telling[1]])
    found = np.empty(many, np.int64)
    relating._relations(with_titles.hashes, with_titles.offsets, pairs, own, listing, telling[0], ends, found)
    return found
