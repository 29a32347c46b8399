"""Copies: candidates by a join on bands, decided on exact overlaps, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.group.copies import representatives
from dedup.inputs.collection import Seniority
from dedup.match.copies import AGREEING, HINT, NEAR, Overlaps, bucket_pairs, decide, never_one_story
from dedup.settings import Settings
from dedup.spark.arrow import dealt, flat, numbers, packed, unpacked, words_of
from dedup.spark.blocks import in_blocks, places, with_articles
from dedup.spark.components import components
from dedup.spark.job import Job, worker_backend
from dedup.spark.packing import vocabulary
from dedup.spark.partitions import HOME_BITS, are_named, at_home, repeated, spread
from dedup.spark.prefilter import near_enough, outlines

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BANDS = "band int, part int, keys binary, holders binary"
PAIRED = "part int, a binary, b binary"
COPY, FORM, NEVER = range(1, 4)
"""What a pair of articles is, 0 for nothing of it: `NEVER` a form whenever the two were published, and so never one
story."""
DECIDED = (
    "a long, b long, kind int, shared long, size_a long, size_b long, jaccard double, containment double,"
    " overlap double"
)
_APART = 16
"""Bands are 64 parts already, as a rule: for so many parts of the run one more of each."""


def band_candidates(job: Job, features: DataFrame) -> DataFrame:
    """The pairs of articles `a`, `b` whose signatures are equal in a whole band, as on one machine.

    First it is found which bands occur twice, by short hashes of them; only those are sent with who has them.
    """
    bands, parts = job.settings.bands, -(-job.parts // _APART)
    signatures = features.select("home", "n", "words", "signature")

    def hashes(table: Any) -> NDArray[np.uint64]:
        return _hashes(_keys(_present(table), bands)).ravel()

    entries = bands * job.kept.rows("features")
    again = repeated(job, "bands.again", signatures, hashes, least=2, entries=entries)
    found = at_home(signatures, again, lambda rows, again: _banded(_present(rows), again, bands, parts), BANDS)
    dealt_to = job.parts

    def meet(table: Any) -> Any:
        return _in_buckets(table, dealt_to)

    # Copies meet in many bands: their pairs are sent in arrays, and counted once.
    pairs = found.groupBy("band", "part").applyInArrow(meet, PAIRED)
    return pairs.groupBy("part").applyInArrow(_once, "a long, b long")


def decided(job: Job, name: str, candidates: DataFrame, features: DataFrame, *, agreeing: bool) -> DataFrame:
    """What candidates are.

    Args:
        job: the run.
        name: what the step is called.
        candidates: pairs `a`, `b`; where not `agreeing` also whether they are `alike` enough without a look at slots,
            and a `block` in which their outlines meet.
        features: of all articles.
        agreeing: the candidates are from bands: those that agree in too few slots are left out.
    """
    settings = job.settings
    kept, given = job.kept, f"{name}.pairs"
    pairs = kept.step(given, lambda: candidates)
    count = kept.rows(given)
    blocks = in_blocks(job, f"{name}.blocks", pairs, count) if agreeing else pairs
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

    near = kept.step(f"{name}.near", may_be)
    close = near.where("enough").drop("enough")
    if not agreeing:
        close = in_blocks(job, f"{name}.blocks", close.drop("block"), count)

    def decide_all() -> DataFrame:
        return with_articles(
            job,
            close,
            [features.select("home", "n", "seconds", "title", "hashes", "flags")],
            lambda articles, pairs: _decided(articles, pairs, settings, agreeing=agreeing),
            DECIDED,
            known=vocabulary(job, features),
        )

    return kept.step(name, decide_all)


def known(job: Job, name: str, found: DataFrame) -> DataFrame:
    """The pairs `a`, `b` of which `decided` has said, under that name, what they are: those that are no copies too."""
    return found.select("a", "b").union(job.kept.made(f"{name}.near").where("not enough").select("a", "b"))


def standing(job: Job, found: DataFrame, features: DataFrame) -> DataFrame:
    """For each article `n` that another stands for when stories are looked for, the one that does."""
    near = found.where(f"kind = {COPY} and jaccard >= {NEAR}")
    of = components(job, "near", near, at_most=job.kept.rows("banded"))
    inside = found.where(f"kind >= {COPY}").join(of.toDF("a", "component"), "a")
    inside = inside.join(of.toDF("b", "other"), "b").where("component = other").drop("other")
    parts = job.parts

    def stand(articles: Any, pairs: Any) -> Any:
        number, pair = numbers(articles["n"]), places(pairs)
        copies, forms = overlaps_of(pairs, pair, [COPY]), overlaps_of(pairs, pair, [FORM, NEVER])
        found = representatives(copies, forms, seniorities(articles, number))
        hidden = np.flatnonzero(found != np.arange(len(number)))
        return {"n": number[hidden], "standing": number[found[hidden]]}

    def find() -> DataFrame:
        blocks = inside.selectExpr("*", f"pmod(xxhash64(component), {parts}) as block")
        return with_articles(
            job, blocks, [features.select("home", "n", "seconds", "length")], stand, "n long, standing long"
        )

    return job.kept.step("standing", find)


def seniorities(articles: Any, number: NDArray[np.int64]) -> list[Seniority]:
    """The key by which articles are ordered, as `dedup.inputs.collection` has it."""
    times = numbers(articles["seconds"]).astype(np.float64)
    times = np.where(np.isnan(times), np.inf, times)
    return list(zip(times.tolist(), (-numbers(articles["length"])).tolist(), number.tolist(), strict=True))


def overlaps_of(pairs: Any, pair: NDArray[np.int64], kinds: list[int]) -> Overlaps:
    """The overlaps of those decided pairs of a block that are of some kinds, sorted."""
    sizes = np.stack([numbers(pairs["size_a"]), numbers(pairs["size_b"])], axis=1)
    columns = (numbers(pairs[name]) for name in ("jaccard", "containment", "overlap"))
    found = Overlaps(pair[:, 0], pair[:, 1], numbers(pairs["shared"]), sizes, *columns)
    return found.where(np.isin(numbers(pairs["kind"]), kinds))


def _present(table: Any) -> Any:
    """The articles that have words."""
    return table.filter(numbers(table["words"]) > 0)


def _keys(table: Any, bands: int) -> NDArray[np.uint64]:
    """The slots of each band of articles as one number; shape (bands, articles)."""
    count = table.num_rows
    signature = flat(table["signature"], np.uint32)[0]
    signature = signature.reshape(count, bands, len(signature) // max(1, count * bands))
    key = np.zeros((bands, count), np.uint64)
    for slot in range(signature.shape[2]):  # of two slots another number for each two; of more a hash
        if slot > 1:
            key ^= key >> np.uint64(29)
            key *= np.uint64(0xBF58476D1CE4E5B9)
        key = (key << np.uint64(32) | key >> np.uint64(32)) ^ signature[:, :, slot].T
    return key


def _hashes(key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of each key, another one in each band."""
    band = spread(np.arange(1, len(key) + 1).astype(np.uint64))
    return spread(key ^ band[:, None])


def _banded(table: Any, again: Any, bands: int, parts: int) -> Any:
    """The slots of those bands of articles that occur twice, dealt out by band and by what they are."""
    key = _keys(table, bands)
    band, place = np.nonzero(are_named(_hashes(key).ravel(), again).reshape(key.shape))
    key = key[band, place]
    sub = ((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) % np.uint64(parts)
    part, columns = dealt(band * parts + sub.astype(np.int64), [key, numbers(table["n"])[place]])
    band, sub_part = np.divmod(part, parts)
    return {
        "band": band.astype(np.int32),
        "part": sub_part.astype(np.int32),
        "keys": columns[0],
        "holders": columns[1],
    }


def _in_buckets(table: Any, parts: int) -> Any:
    """The pairs of the buckets of one part of a band, dealt out by their articles."""
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


def _once(table: Any) -> Any:
    """The pairs that were sent to a part, each once."""
    import pyarrow as pa

    a, b = (np.concatenate([unpacked(row, np.int64) for row in table[name].to_pylist()]) for name in ("a", "b"))
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    other = np.ones(len(a), np.bool_)
    other[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return pa.table({"a": a[other], "b": b[other]})


def _decided(articles: Any, pairs: Any, settings: Settings, *, agreeing: bool) -> Any:
    by, words, number, pair = worker_backend(settings), words_of(articles), numbers(articles["n"]), places(pairs)
    # Signatures are made of the words again: to make them is cheaper than to send them.
    slots = by.agreeing_slots(by.signatures(words, np.arange(len(words))), pair)
    if agreeing:
        pair = pair[slots >= AGREEING * settings.num_perm]
    else:
        pair = pair[np.array(pairs["alike"].to_pylist(), np.bool_) | (slots >= HINT)]
    seconds = numbers(articles["seconds"]).astype(np.float64)
    copies, forms = decide(words, by, pair, seconds, settings)
    never = never_one_story(words, by, forms)
    key = pair @ [len(number), 1]
    kind = np.zeros(len(pair), np.int32)
    columns: dict[str, NDArray[Any]] = {
        name: np.zeros(len(pair), np.float64 if name in {"jaccard", "containment", "overlap"} else np.int64)
        for name in ("shared", "size_a", "size_b", "jaccard", "containment", "overlap")
    }
    for found, value in ((copies, COPY), (forms, FORM)):
        place = np.searchsorted(key, found.a * len(number) + found.b)
        kind[place] = value
        columns["size_a"][place], columns["size_b"][place] = found.sizes.T
        for name in ("shared", "jaccard", "containment", "overlap"):
            columns[name][place] = getattr(found, name)
    kind[np.searchsorted(key, never.a * len(number) + never.b)] = NEVER
    return {"a": number[pair[:, 0]], "b": number[pair[:, 1]], "kind": kind, **columns}
