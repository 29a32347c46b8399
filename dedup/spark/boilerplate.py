"""Find boilerplate across homes, with the result of `dedup.vectorize.boilerplate.boilerplate`.

An article has hundreds of passages, too many to shuffle. So fingerprints are sent first: the least hash of the short
runs of words in each passage (winnowing; Schleimer, Wilkerson & Aiken 2003). Equal passages have equal fingerprints,
and neighbouring passages mostly share theirs. The few short passages are their own fingerprints. Only passages whose
fingerprint occurs in enough articles are sent; no other passage can have enough holders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import ascending, binary, flat, mapped, numbers, packed, unpacked, words_of
from dedup.spark.headlines import find_headlines
from dedup.spark.job import Job, worker_backend
from dedup.spark.labels import find_labels
from dedup.spark.partitions import (
    ENTRIES,
    HOME_BITS,
    at_home,
    home_of,
    is_among,
    part_bounds,
    places_in,
    repeated,
)
from dedup.vectorize.boilerplate import (
    HOLDERS,
    PASSAGE,
    SPEAKING,
    UNIT,
    are_unrelated,
    passages_of_bodies,
    related_pairs,
)
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import mix64, shingles_in_order
from dedup.vectorize.kernels.relations import distinctive_words, shares
from dedup.vectorize.labels import outside_labels, outside_segments

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dedup.settings import Settings

RUN = 8
"""Words of the runs whose hashes are the fingerprints."""
SPAN = PASSAGE - RUN + 1
_PER_ARTICLE = 80
"""Estimated number of fingerprints of an article, and of passages of one that shares some."""
SENT = "part int, home int, hashes binary, counts binary, holders binary"
REPEATED = "part int, home int, known binary, holders_hash binary, holders binary, passages binary"
TITLES = "of long, to long, title binary, telling binary"
SHARES = "of long, to long, share long, alone long, speaking long"


def find_boilerplate(job: Job, words: DataFrame) -> DataFrame:
    """Return the hashes of boilerplate `passages` for each `home` with an article that contains them.

    Args:
        job: the run.
        words: words of the articles, without misplaced bodies.
    """
    from pyspark.sql import functions as F

    checkpoints, settings = job.checkpoints, job.settings
    texts = words.select("home", "n", "title", "hashes", "flags")

    def relations(pairs: DataFrame, segments: NDArray[np.uint64]) -> DataFrame:
        return relations_of(shares_of_pairs(texts, pairs, partial(outside_segments, segments=segments), settings))

    def relations_outside(pairs: DataFrame, headlines: NDArray[np.uint64]) -> DataFrame:
        outside = partial(outside_labels, labels=labels)
        return relations_of(shares_of_pairs(texts, pairs, outside, settings, repeated=headlines))

    def outside(words: HashedWords) -> NDArray[np.bool_]:
        return worker_backend(settings).outside_boilerplate(words, known)

    labels = find_labels(job, texts, relations)
    known = np.union1d(labels, find_headlines(job, texts, relations_outside))
    everywhere = texts.select("home").distinct().withColumn("passages", F.lit(packed(known, rising=True)))
    entries = _PER_ARTICLE * checkpoints.rows("words")
    frequent = repeated(job, "fingerprints", texts, _fingerprints, least=HOLDERS, entries=entries)
    # A checkpoint, as the answers to a home identify passages by their position in these parts.
    parts = int(checkpoints.values("parts", lambda: {"parts": max(job.parts, -(-entries // ENTRIES))})["parts"])

    def by_holders() -> DataFrame:
        sent = at_home(texts, frequent, lambda rows, frequent: _suspect_passages(rows, frequent, parts), SENT)
        return sent.groupBy("part").applyInArrow(_by_holders, REPEATED)

    found = checkpoints.step("repeated", by_holders, by="part")
    held = found.where("home is null")
    once = held.groupBy("holders_hash").agg(F.min("part").alias("part"))
    lists_of = held.select("part", "holders_hash", "holders").join(once, ["part", "holders_hash"], "left_semi")
    holders = checkpoints.step("holders", lambda: lists_of.select("holders_hash", "holders"))
    if not checkpoints.rows("holders"):
        return everywhere if len(known) else job.spark.createDataFrame([], "home int, passages binary")
    follows = holders.mapInArrow(mapped(_related_holders), "holders_hash binary, count long, a long, b long")
    pairs = checkpoints.step("following", lambda: follows.select("a", "b").distinct())

    def shares() -> DataFrame:
        sent = found.where("home is not null").select("home", "part", "known")
        coming = sent.unionByName(frequent, allowMissingColumns=True)
        return shares_of_pairs(texts, pairs, outside, settings, coming, parts)

    both = checkpoints.step("shares", shares, rows=2 * checkpoints.rows("following"))

    def unrelated() -> DataFrame:
        related = follows.join(relations_of(both), ["a", "b"])
        columns = (F.sum("relation").alias("total"), F.first("count").alias("count"), F.count("*").alias("pairs"))
        totals = related.groupBy("holders_hash").agg(*columns)
        return totals.where(are_unrelated(*map(F.col, ("total", "count", "pairs")))).select("holders_hash")

    of = checkpoints.step("unrelated", unrelated)

    def homes() -> DataFrame:
        reached = holders.join(of, "holders_hash", "left_semi").mapInArrow(
            mapped(_homes_of_holders), "holders_hash binary, home int"
        )
        some = held.select("holders_hash", "passages").join(reached, "holders_hash").select("home", "passages")
        return some.union(everywhere) if len(known) else some

    return checkpoints.step("furniture", homes)  # the name on disk, so that runs of earlier versions resume


def shares_of_pairs(
    texts: DataFrame,
    pairs: DataFrame,
    outside: Callable[[HashedWords], NDArray[np.bool_]],
    settings: Settings,
    more: DataFrame | None = None,
    parts: int = 0,
    repeated: NDArray[np.uint64] | None = None,
) -> DataFrame:
    """Return what each article of pairs `a`, `b` has of the title of the other one; see `SHARES`.

    Args:
        texts: words of the articles.
        pairs: of articles.
        outside: says which words count.
        settings: of the run.
        more: the repeated passages `known` to each home, and the `hashes` of their fingerprints, if there are any.
        parts: of these passages.
        repeated: other repeated passages, sorted.
    """
    ways = pairs.toDF("of", "to").union(pairs.selectExpr("b", "a"))

    def send(rows: Any, ways: Any) -> Any:
        return _titles(rows, ways, outside, worker_backend(settings))

    def answer(rows: Any, coming: Any) -> Any:
        return _title_shares(rows, coming, parts, outside, worker_backend(settings), repeated)

    coming = at_home(texts, ways, send, TITLES, home=home_of("of")).withColumn("home", home_of("to"))
    if more is not None:
        coming = coming.unionByName(more, allowMissingColumns=True)
    return at_home(texts, coming, answer, SHARES)


def relations_of(shares: DataFrame) -> DataFrame:
    """Return the `relation` of each pair `a`, `b`, as `dedup.vectorize.boilerplate.relations` does."""
    from pyspark.sql import functions as F

    by_pair = shares.withColumns({"a": F.least("of", "to"), "b": F.greatest("of", "to")})
    sides = F.sum(F.when(F.col("share") >= 0, 1).otherwise(0))
    share, alone = (F.sum(F.greatest(name, F.lit(0))) for name in ("share", "alone"))
    total = F.when(F.sum("speaking") >= SPEAKING, alone).otherwise(share)
    relation = F.when(sides > 0, F.floor(total / sides)).otherwise(F.lit(UNIT)).alias("relation")
    return by_pair.groupBy("a", "b").agg(relation)


def passages_of(coming: Any) -> NDArray[np.uint64]:
    """Return the hashes of the boilerplate sent to a home, ascending."""
    parts = [ascending(column) for column in coming["passages"].to_pylist()]
    found: NDArray[np.uint64] = np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))
    return found


def _passage_fingerprints(words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the fingerprint of each passage of each body, and the boundaries of the articles.

    Returns:
        Shapes (passages,) and (articles + 1,).
    """
    first, last = words.offsets[1::2], words.offsets[2::2]
    counts = np.maximum(0, last - first - PASSAGE + 1)
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    least = shingles_in_order(words.hashes, RUN) if bounds[-1] else np.empty(0, np.uint64)
    # The minimum over 1, 2, 4, … neighbours, and finally over `SPAN`. Windows that reach into the next article are
    # not used.
    of = 1
    while 2 * of <= SPAN:
        least = np.minimum(least[:-of], least[of:])
        of *= 2
    if of < SPAN:
        least = np.minimum(least[: of - SPAN], least[SPAN - of :])
    place = np.repeat(first - bounds[:-1], counts) + np.arange(bounds[-1])
    found: NDArray[np.uint64] = least[place]
    return found, bounds


def _short_passages(words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the short passages of each body, and the boundaries of the articles."""
    found = passages_of_bodies(words, short=True)
    ends = np.concatenate([[0], np.cumsum(np.bincount(found.places, minlength=len(words)))]).astype(np.int64)
    return found.hashes[np.argsort(found.places, kind="stable")], ends


def _fingerprints(table: Any) -> NDArray[np.uint64]:
    """Return the distinct fingerprints of each article, with their bits mixed."""
    words = words_of(table)
    windows, bounds = _passage_fingerprints(words)
    short, ends = _short_passages(words)
    windows = np.concatenate([windows, short])
    article = np.concatenate([np.repeat(np.arange(len(of) - 1), np.diff(of)) for of in (bounds, ends)])
    order = np.lexsort((windows, article))
    article, windows = article[order], windows[order]
    other = np.ones(len(windows), np.bool_)
    other[1:] = (windows[1:] != windows[:-1]) | (article[1:] != article[:-1])
    found: NDArray[np.uint64] = mix64(windows[other])
    return found


def _suspects(words: HashedWords, frequent: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the passages with a frequent fingerprint and the position of each holder, by passage, then position."""
    windows, bounds = _passage_fingerprints(words)
    known = is_among(mix64(windows), frequent)
    article = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    short, ends = _short_passages(words)
    known_short = is_among(mix64(short), frequent)
    of_short = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    found, holders = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for place in np.union1d(article[known], of_short[known_short]).tolist():
        mine, some = known[bounds[place] : bounds[place + 1]], slice(ends[place], ends[place + 1])
        long = shingles_in_order(words.body(place), PASSAGE)[mine] if len(mine) else np.empty(0, np.uint64)
        found.append(np.unique(np.concatenate([long, short[some][known_short[some]]])))
        holders.append(np.full(len(found[-1]), place))
    passages, places = np.concatenate(found), np.concatenate(holders)
    order = np.argsort(passages, kind="stable")
    return passages[order], places[order]


def _suspect_passages(rows: Any, frequent: Any, parts: int) -> Any:
    """Return the passages that may be boilerplate with their holders, split into ranges of hashes."""
    import pyarrow as pa

    number = numbers(rows["n"])
    passages, places = _suspects(words_of(rows), frequent)
    each, count = np.unique(passages, return_counts=True)
    ends = np.concatenate([[0], np.cumsum(count)])
    bounds = np.searchsorted(each, part_bounds(parts, 64))
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
    """Group the passages of a part by their set of holders, as those of a footer; and report to each home its own."""
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
    masks_of_homes = [np.packbits(np.isin(mine, known, assume_unique=True)) for mine in each]
    both, none = len(homes), len(held)
    return pa.table(
        {
            "part": pa.array([part] * (both + none), pa.int32()),
            "home": pa.array([*homes, *[None] * none], pa.int32()),
            "known": pa.array([*map(packed, masks_of_homes), *[None] * none], pa.binary()),
            "holders_hash": pa.array([*[None] * both, *held], pa.binary()),
            "holders": pa.array(
                [*[None] * both, *(packed(mine.astype(np.uint64), rising=True) for mine in held.values())], pa.binary()
            ),
            "passages": pa.array(
                [*[None] * both, *(packed(hashes[begin], rising=True) for begin in passages.values())], pa.binary()
            ),
        }
    )


def _holder_lists(column: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the concatenated holders of all rows, and the row of each."""
    found = [ascending(row).astype(np.int64) for row in column.to_pylist()]
    return np.concatenate([np.empty(0, np.int64), *found]), np.repeat(np.arange(len(found)), [*map(len, found)])


def _related_holders(table: Any) -> Any:
    """Return the pairs of holders in each list that are related."""
    holders, row = _holder_lists(table["holders"])
    count = np.bincount(row, minlength=table.num_rows)
    one, other, number = related_pairs(count)
    return {
        "holders_hash": table["holders_hash"].combine_chunks().take(number),
        "count": count[number],
        "a": holders[one],
        "b": holders[other],
    }


def _homes_of_holders(table: Any) -> Any:
    """Return the homes of each list of holders."""
    holders, row = _holder_lists(table["holders"])
    key = np.unique(row << HOME_BITS | holders & ((1 << HOME_BITS) - 1))
    return {
        "holders_hash": table["holders_hash"].combine_chunks().take(key >> HOME_BITS),
        "home": (key & ((1 << HOME_BITS) - 1)).astype(np.int32),
    }


def _titles(rows: Any, ways: Any, outside: Callable[[HashedWords], NDArray[np.bool_]], backend: Any) -> Any:
    """Return the title of an article and its distinctive words, for each article that shares a passage with it."""
    place = places_in(numbers(rows["n"]), numbers(ways["of"]))
    among, back = np.unique(place, return_inverse=True)
    words = words_of(rows.take(among))
    words = words.kept(outside(words))
    distinctive, ends = distinctive_words(words, backend.detect(words))
    titles = [words.title(number) for number in range(len(words))]
    bounds = np.concatenate([[0], np.cumsum([*map(len, titles)])]).astype(np.int64)
    return {
        "of": ways["of"],
        "to": ways["to"],
        "title": binary(np.concatenate([np.empty(0, np.uint32), *titles]), bounds).take(back.ravel()),
        "telling": binary(distinctive, ends).take(back.ravel()),
    }


def _title_shares(
    rows: Any,
    coming: Any,
    parts: int,
    outside: Callable[[HashedWords], NDArray[np.bool_]],
    backend: Any,
    repeated: NDArray[np.uint64] | None,
) -> Any:
    """Return what `vectorize.kernels.relations.shares` does, of each title and the article that it is sent to."""
    import pyarrow.compute as pc

    titles = coming.filter(pc.is_valid(coming["to"]))
    if not titles.num_rows:
        return {name: titles[name] for name in ("of", "to")} | dict.fromkeys(
            ("share", "alone", "speaking"), titles["to"]
        )
    words, number = words_of(rows), numbers(rows["n"])
    known = np.empty(0, np.uint64) if repeated is None else repeated
    if parts:
        passages, _ = _suspects(words, coming.filter(pc.is_valid(coming["hashes"])))
        masks = coming.filter(pc.is_valid(coming["known"]))
        known = _known_passages(np.unique(passages), masks, parts)
    words = words.kept(outside(words))
    place = places_in(number, numbers(titles["to"]).astype(np.int64))
    among, back = np.unique(place, return_inverse=True)
    title, bounds = flat(titles["title"], np.uint32)
    distinctive, ends = flat(titles["telling"], np.uint32)
    share, speaking = shares_in(words.take(among), back.ravel(), (title, bounds), (distinctive, ends), known, backend)
    return {"of": titles["of"], "to": titles["to"], "share": share[:, 0], "alone": share[:, 1], "speaking": speaking}


def _known_passages(passages: NDArray[np.uint64], masks: Any, parts: int) -> NDArray[np.uint64]:
    """Return the passages of a home that have enough holders, from the bit mask of each part."""
    bounds = np.searchsorted(passages, part_bounds(parts, 64))
    bounds[-1] = len(passages)
    found = [np.empty(0, np.uint64)]
    for part, mask in sorted(zip(masks["part"].to_pylist(), masks["known"].to_pylist(), strict=True)):
        mine = passages[bounds[part] : bounds[part + 1]]
        bits = np.unpackbits(unpacked(mask, np.uint8))
        if len(bits) // 8 != -(-len(mine) // 8):
            raise ValueError("passages sent to a home are not those it sent: the step `repeated` is of other articles")
        found.append(mine[bits[: len(mine)].astype(bool)])
    return np.concatenate(found)


def shares_in(
    words: HashedWords,
    place: NDArray[np.int64],
    titles: tuple[NDArray[np.uint32], NDArray[np.int64]],
    distinctive: tuple[NDArray[np.uint32], NDArray[np.int64]],
    repeated: NDArray[np.uint64],
    backend: Any,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the shares of each title in the article at `place`, and how far that article speaks for itself."""
    count, many = len(words), len(place)
    offsets = np.repeat(titles[1], 2)[1:]  # articles without a body
    with_titles = HashedWords.joined([words, HashedWords(titles[0], np.zeros(len(titles[0]), np.uint8), offsets)])
    ways = np.stack([count + np.arange(many), place], axis=1)
    own, ends = distinctive_words(words, backend.detect(words))
    both = np.concatenate([own, distinctive[0]]), np.concatenate([ends, ends[-1] + distinctive[1][1:]])
    share, speaking = shares(with_titles, ways, repeated, both)
    return share, speaking[place]
