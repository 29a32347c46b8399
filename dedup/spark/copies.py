"""Copies: candidates from a join on signature bands, a cheap filter, and exact overlaps block by block.

The filter is an outline: the set of a text's shingles, each truncated to `BITS` bits, stored as gaps. Equal shingles
stay equal, so the shared truncated shingles, and the words they can cover, are upper bounds. A pair that is not near
enough by its outlines does not overlap enough for a copy.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.group.copies import representatives
from dedup.inputs.collection import Seniority
from dedup.match.copies import AGREEING, FEW, HINT, NEAR, NEARLY_WHOLE, Overlaps, bucket_pairs, decide
from dedup.settings import Settings
from dedup.spark.arrow import binary, flat, numbers, packed, split_by_part, unpacked, words_of
from dedup.spark.blocks import assign_blocks, places, vocabulary, with_articles
from dedup.spark.components import components
from dedup.spark.job import Job, worker_backend
from dedup.spark.partitions import HOME_BITS, at_home, is_among, repeated
from dedup.vectorize.hashing import mix64, shingles_in_order

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BANDS = "band int, part int, keys binary, holders binary"
PAIRED = "part int, a binary, b binary"
COPY, TEMPLATE, NEVER = range(1, 4)
"""Kind of a pair, 0 for neither: `NEVER` is a template whatever the dates of the two, and so never one story."""
DECIDED = (
    "a long, b long, kind int, shared long, size_a long, size_b long, jaccard double, containment double,"
    " overlap double"
)
_APART = 16
"""Parts of the run per part of a band: the bands, 64 by default, are parts already."""
BITS = 15
"""Bits of a truncated shingle: with 15, one in a hundred is equal by chance in two texts of three hundred words."""
_SLACK = 1e-9
"""Tolerance for rounding; it does not affect the result, as pairs that pass are compared exactly."""


def band_candidates(job: Job, features: DataFrame) -> DataFrame:
    """Return the pairs of articles `a`, `b` whose signatures agree in a band.

    Bands that occur twice are found first, by short hashes; only those are sent with their holders.
    """
    bands, parts = job.settings.bands, -(-job.parts // _APART)
    signatures = features.select("home", "n", "words", "signature")

    def hashes(table: Any) -> NDArray[np.uint64]:
        return _hashes(_keys(_present(table), bands)).ravel()

    entries = bands * job.checkpoints.rows("features")
    twice = repeated(job, "bands.again", signatures, hashes, least=2, entries=entries)
    found = at_home(signatures, twice, lambda rows, twice: _repeated_bands(_present(rows), twice, bands, parts), BANDS)
    dealt_to = job.parts

    def meet(table: Any) -> Any:
        return _bucket_pairs(table, dealt_to)

    # Copies agree in many bands: their pairs are sent in arrays, and made distinct there.
    pairs = found.groupBy("band", "part").applyInArrow(meet, PAIRED)
    return pairs.groupBy("part").applyInArrow(_distinct_pairs, "a long, b long")


def decide_pairs(job: Job, name: str, candidates: DataFrame, features: DataFrame, *, agreeing: bool) -> DataFrame:
    """Decide which candidates are copies or fill the same template.

    Args:
        job: the run.
        name: the step's name.
        candidates: pairs `a`, `b`; if not `agreeing` also whether they are `alike` enough whatever their slots, and
            the `block` in which their outlines are compared.
        features: features of all articles.
        agreeing: whether the candidates are from bands; those that agree in too few slots are dropped.
    """
    settings = job.settings
    checkpoints, given = job.checkpoints, f"{name}.pairs"
    pairs = checkpoints.step(given, lambda: candidates)
    count = checkpoints.rows(given)
    blocks = assign_blocks(job, f"{name}.blocks", pairs, count) if agreeing else pairs
    texts = features.select("home", "n", "title", "hashes", "flags")

    def may_be() -> DataFrame:
        return with_articles(
            job,
            blocks,
            [texts],
            lambda articles, pairs: near_enough(articles, pairs, settings),
            ", ".join(["a long", "b long", *([] if agreeing else ["alike boolean"]), "block long", "enough boolean"]),
            prepared=lambda rows: outlines(rows, settings.shingle_size),
        )

    near = checkpoints.step(f"{name}.near", may_be)
    close = near.where("enough").drop("enough")
    if not agreeing:
        close = assign_blocks(job, f"{name}.blocks", close.drop("block"), count)

    def decide_all() -> DataFrame:
        return with_articles(
            job,
            close,
            [features.select("home", "n", "seconds", "title", "hashes", "flags")],
            lambda articles, pairs: _decided(articles, pairs, settings, agreeing=agreeing),
            DECIDED,
            known=vocabulary(job, features),
        )

    return checkpoints.step(name, decide_all)


def already_decided(job: Job, name: str, found: DataFrame) -> DataFrame:
    """Return the pairs `a`, `b` decided in the step `name`, including those the filter rejected."""
    return found.select("a", "b").union(job.checkpoints.existing(f"{name}.near").where("not enough").select("a", "b"))


def without_notices(found: DataFrame, distinct: DataFrame) -> DataFrame:
    """Return decided pairs without the copies that are two notices of two names, see `dedup.match.notices`."""
    names = distinct.where("kind = 'notice'").select("n", "names")
    if not names.take(1):
        return found
    held = found
    for end in "ab":
        held = held.join(names.toDF(end, f"names_{end}"), end, "left")
    other = "size(array_except(names_a, names_b)) > 0 and size(array_except(names_b, names_a)) > 0"
    kept = held.where(f"names_a is null or names_b is null or kind != {COPY} or jaccard >= 1 or not ({other})")
    return kept.select(*found.columns)


def find_representatives(job: Job, found: DataFrame, features: DataFrame) -> DataFrame:
    """Return the articles `n` that are left out of the story search, each with its representative."""
    near = found.where(f"kind = {COPY} and jaccard >= {NEAR}")
    of = components(job, "near", near, at_most=job.checkpoints.rows("banded"))
    inside = found.where(f"kind >= {COPY}").join(of.toDF("a", "component"), "a")
    inside = inside.join(of.toDF("b", "other"), "b").where("component = other").drop("other")
    parts = job.parts

    def hide(articles: Any, pairs: Any) -> Any:
        number, pair = numbers(articles["n"]), places(pairs)
        copies, templates = overlaps_of(pairs, pair, [COPY]), overlaps_of(pairs, pair, [TEMPLATE, NEVER])
        found = representatives(copies, templates, seniorities(articles, number))
        hidden = np.flatnonzero(found != np.arange(len(number)))
        return {"n": number[hidden], "standing": number[found[hidden]]}

    def find() -> DataFrame:
        blocks = inside.selectExpr("*", f"pmod(xxhash64(component), {parts}) as block")
        return with_articles(
            job, blocks, [features.select("home", "n", "seconds", "length")], hide, "n long, standing long"
        )

    return job.checkpoints.step("standing", find)


def seniorities(articles: Any, number: NDArray[np.int64]) -> list[Seniority]:
    """Return the sort key of each article, as in `dedup.inputs.collection`."""
    times = numbers(articles["seconds"]).astype(np.float64)
    times = np.where(np.isnan(times), np.inf, times)
    return list(zip(times.tolist(), (-numbers(articles["length"])).tolist(), number.tolist(), strict=True))


def overlaps_of(pairs: Any, pair: NDArray[np.int64], kinds: list[int]) -> Overlaps:
    """Return the overlaps of a block's decided pairs of some kinds, sorted."""
    sizes = np.stack([numbers(pairs["size_a"]), numbers(pairs["size_b"])], axis=1)
    columns = (numbers(pairs[name]) for name in ("jaccard", "containment", "overlap"))
    found = Overlaps(pair[:, 0], pair[:, 1], numbers(pairs["shared"]), sizes, *columns)
    return found.where(np.isin(numbers(pairs["kind"]), kinds))


def _present(table: Any) -> Any:
    """Return the articles that have words."""
    return table.filter(numbers(table["words"]) > 0)


def _keys(table: Any, bands: int) -> NDArray[np.uint64]:
    """Return each band of each article as one number, shape (bands, articles)."""
    count = table.num_rows
    signature = flat(table["signature"], np.uint32)[0]
    signature = signature.reshape(count, bands, len(signature) // max(1, count * bands))
    key = np.zeros((bands, count), np.uint64)
    for slot in range(signature.shape[2]):  # exact for two slots, a hash for more
        if slot > 1:
            key ^= key >> np.uint64(29)
            key *= np.uint64(0xBF58476D1CE4E5B9)
        key = (key << np.uint64(32) | key >> np.uint64(32)) ^ signature[:, :, slot].T
    return key


def _hashes(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each key that depends on its band."""
    band = mix64(np.arange(1, len(key) + 1).astype(np.uint64))
    found: NDArray[np.uint64] = mix64(key ^ band[:, None])
    return found


def _repeated_bands(table: Any, twice: Any, bands: int, parts: int) -> Any:
    """Return the bands that occur twice with their holders, split by band and key."""
    key = _keys(table, bands)
    band, place = np.nonzero(is_among(_hashes(key).ravel(), twice).reshape(key.shape))
    key = key[band, place]
    sub = ((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) % np.uint64(parts)
    part, columns = split_by_part(band * parts + sub.astype(np.int64), [key, numbers(table["n"])[place]])
    band, sub_part = np.divmod(part, parts)
    return {
        "band": band.astype(np.int32),
        "part": sub_part.astype(np.int32),
        "keys": columns[0],
        "holders": columns[1],
    }


def _bucket_pairs(table: Any, parts: int) -> Any:
    """Return the pairs in the buckets of one part of a band, split by article."""
    import pyarrow as pa

    keys, holders = flat(table["keys"], np.uint64)[0], flat(table["holders"], np.int64)[0]
    order = np.lexsort((holders, keys))
    holders = holders[order]
    one, other = bucket_pairs(np.unique(keys, return_counts=True)[1])
    a, b = holders[one], holders[other]
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    part = (a >> HOME_BITS) % parts
    used = np.unique(part).tolist()
    columns = {name: [packed(end[part == one]) for one in used] for name, end in (("a", a), ("b", b))}
    binary_columns = {name: pa.array(column, pa.binary()) for name, column in columns.items()}
    return pa.table({"part": pa.array(used, pa.int32()), **binary_columns})


def _distinct_pairs(table: Any) -> Any:
    """Return the distinct pairs sent to a part."""
    import pyarrow as pa

    a, b = (np.concatenate([unpacked(row, np.int64) for row in table[name].to_pylist()]) for name in ("a", "b"))
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    other = np.ones(len(a), np.bool_)
    other[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return pa.table({"a": a[other], "b": b[other]})


def _decided(articles: Any, pairs: Any, settings: Settings, *, agreeing: bool) -> Any:
    backend, words, number, pair = worker_backend(settings), words_of(articles), numbers(articles["n"]), places(pairs)
    # Signatures are computed again: that is cheaper than sending them.
    slots = backend.agreeing_slots(backend.signatures(words, np.arange(len(words))), pair)
    if agreeing:
        pair = pair[slots >= AGREEING * settings.num_perm]
    else:
        pair = pair[np.array(pairs["alike"].to_pylist(), np.bool_) | (slots >= HINT)]
    seconds = numbers(articles["seconds"]).astype(np.float64)
    copies, templates, never, _ = decide(words, backend, pair, seconds, settings)
    key = pair @ [len(number), 1]
    kind = np.zeros(len(pair), np.int32)
    columns: dict[str, NDArray[Any]] = {
        name: np.zeros(len(pair), np.float64 if name in {"jaccard", "containment", "overlap"} else np.int64)
        for name in ("shared", "size_a", "size_b", "jaccard", "containment", "overlap")
    }
    for found, value in ((copies, COPY), (templates, TEMPLATE)):
        place = np.searchsorted(key, found.a * len(number) + found.b)
        kind[place] = value
        columns["size_a"][place], columns["size_b"][place] = found.sizes.T
        for name in ("shared", "jaccard", "containment", "overlap"):
            columns[name][place] = getattr(found, name)
    kind[np.searchsorted(key, never.a * len(number) + never.b)] = NEVER
    return {"a": number[pair[:, 0]], "b": number[pair[:, 1]], "kind": kind, **columns}


def outlines(rows: Any, size: int) -> Any:
    """Return the outlines of articles.

    Returns:
        Columns `n`; `words`, the number of words; `begun` and `distinct`, the numbers of all and of distinct shingles;
        `low` and `high`, the bytes of the gaps between the truncated shingles.
    """
    words = words_of(rows)
    begun, distinct, cut = [], [], []
    for place in range(len(words)):
        shingles = shingles_in_order(words.main(place).hashes, size)
        begun.append(len(shingles))
        distinct.append(len(np.unique(shingles)))
        cut.append(np.unique(_cut(shingles)))
    bounds = np.cumsum([0, *map(len, cut)]).astype(np.int64)
    gaps = [np.diff(one, prepend=np.uint16(0)).astype(np.uint16) for one in cut]
    all_gaps = np.concatenate([np.empty(0, np.uint16), *gaps])
    return {
        "n": rows["n"],
        "words": words.lengths().astype(np.int32),
        "begun": np.array(begun, np.int32),
        "distinct": np.array(distinct, np.int32),
        "low": binary((all_gaps & 0xFF).astype(np.uint8), bounds),
        "high": binary((all_gaps >> 8).astype(np.uint8), bounds),
    }


def near_enough(articles: Any, pairs: Any, settings: Settings) -> Any:
    """Add to a block's pairs whether they may overlap `enough` for `dedup.match.copies.is_overlapping`."""
    pair, number = places(pairs), numbers(articles["n"])
    low, bounds = flat(articles["low"], np.uint8)
    gaps = low.astype(np.uint16) | flat(articles["high"], np.uint8)[0].astype(np.uint16) << np.uint16(8)
    cut = [np.cumsum(gaps[begin:end], dtype=np.uint16) for begin, end in pairwise(bounds.tolist())]
    held = np.array([len(one) for one in cut], np.int64)
    distinct = numbers(articles["distinct"]).astype(np.int64)
    shared = np.array([_shared(cut[a], cut[b]) for a, b in pair.tolist()], np.int64)
    # Distinct shingles that are equal when truncated: each of them may be shared.
    shared += (distinct - held)[pair].min(axis=1, initial=np.iinfo(np.int64).max)
    smaller = distinct[pair].min(axis=1, initial=np.iinfo(np.int64).max)
    shared = np.minimum(shared, smaller)
    repeats = numbers(articles["begun"]).astype(np.int64) - distinct
    length = numbers(articles["words"]).astype(np.int64)[pair]
    covered = np.minimum(settings.shingle_size * (shared[:, None] + repeats[pair]), length)
    covered[shared == 0] = 0
    share = covered / np.maximum(1, length)
    enough = share.sum(axis=1) / 2 >= settings.copy_overlap - _SLACK
    enough &= (shared >= FEW) | (shared >= (NEARLY_WHOLE - _SLACK) * smaller)
    columns = {name: pairs[name] for name in pairs.column_names}
    return {**columns, "a": number[pair[:, 0]], "b": number[pair[:, 1]], "enough": enough}


def _cut(shingles: NDArray[np.uint64]) -> NDArray[np.uint16]:
    return (shingles >> np.uint64(64 - BITS)).astype(np.uint16)


def _shared(one: NDArray[np.uint16], other: NDArray[np.uint16]) -> int:
    if len(one) > len(other):
        one, other = other, one
    if not len(one):
        return 0
    place = np.minimum(np.searchsorted(other, one), len(other) - 1)
    return int(np.count_nonzero(other[place] == one))
