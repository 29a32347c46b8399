"""Words of a data frame that share a term, and the substitute hashes of all but one of them.

The counterpart of `dedup.vectorize.vocabulary` for articles that are read in many tasks. Articles are written as they
were read, and each block of them with its distinct words. Words that share a term with another word are found by
range of terms; only these reach the driver, where a `Vocabulary` decides. If there are none, the articles are used as
they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import ascending, binary, mapped, packed, unpacked, words_of
from dedup.spark.job import Job, broadcast
from dedup.vectorize.features import DistinctWords, HashedWords
from dedup.vectorize.hashing import FEATURES, hashes_of, terms_of
from dedup.vectorize.vocabulary import PlainTable, Vocabulary, first_words, substitute_tokens, substituted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_Term = TypeVar("_Term", np.int32, np.int64)
Words: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""The terms and the wide hashes of words."""
_FIELDS = ("terms", "wides", "at", "other_terms", "other_wides", "places")
DISTINCT = f"array<struct<{', '.join(f'{name}: binary' for name in _FIELDS)}>>"
"""Type of the column with the distinct words of a block, in the row of its first article; null in other rows."""
_WORDS = "term long, wide long"
_PARTS = "part int, terms binary, wides binary"
_BLOCKS = 64
"""Minimum number of blocks whose words are combined before they are sent."""


def distinct_column(blocks: Sequence[HashedWords]) -> Any:
    """Return the column of type `DISTINCT` for blocks of articles as they were read."""
    import pyarrow as pa

    column: list[list[dict[str, bytes | None]] | None] = []
    for block in _joined(blocks):
        column += [[_packed(part, block) for part in block.distinct], *[None] * (len(block) - 1)]
    return pa.array(column, pa.list_(pa.struct([(name, pa.binary()) for name in _FIELDS])))


def find_substitutes(job: Job, articles: DataFrame) -> dict[int, int]:
    """Return the substitute hashes of words, by wide hash, as `Vocabulary.substitutes` of all articles.

    Args:
        job: the run.
        articles: a step with the column `distinct`.
    """
    known, parts = articles.select("distinct").where("distinct is not null"), job.parts
    packed_words = job.background.words if job.background else b""

    def send(table: Any) -> Any:
        return _in_ranges(*_words(table), parts)

    def find() -> DataFrame:
        shared = broadcast(job.spark, packed_words)

        def sharing(table: Any) -> Any:
            return _sharing(table, shared.value)

        return known.mapInArrow(mapped(send, _BLOCKS), _PARTS).groupBy("part").applyInArrow(sharing, _WORDS)

    def holders(terms: NDArray[np.int64]) -> Words:
        wanted = broadcast(job.spark, terms)

        def held(table: Any) -> Any:
            terms, wides = _words(table)
            here = np.isin(terms, wanted.value)
            return {"term": terms[here], "wide": wides[here].view(np.int64)}

        return _collected(known.mapInArrow(mapped(held, _BLOCKS), _WORDS))

    return decide(_collected(job.checkpoints.step("shared_terms", find)), holders, packed_words)


def decide(words: Words, holders: Callable[[NDArray[np.int64]], Words], background: bytes = b"") -> dict[int, int]:
    """Return the substitute hashes that a `Vocabulary` of a whole collection has.

    Args:
        words: all words of the collection that share a term with another one.
        holders: returns the words of the collection that have some terms.
        background: see `Background.words`.
    """
    asked: set[int] = set()
    for tokens in (4**number for number in count()):  # so that few calls are enough, also for chosen words
        words = _sorted(*words)
        vocabulary = Vocabulary(PlainTable(), known=background)
        vocabulary.resolve([_article_of(*words)])
        chosen = np.array([*vocabulary.substitutes.values()], np.uint32)
        chosen_terms = zip(vocabulary.substitutes, terms_of(chosen).tolist(), strict=True)
        unsure = [wide for wide, term in chosen_terms if term not in asked]
        if not unsure:
            break
        terms = terms_of(hashes_of([token for wide in unsure for token in islice(substitute_tokens(wide), tokens)]))
        asked.update(terms.tolist())
        more = holders(terms)
        words = np.concatenate([words[0], more[0]]), np.concatenate([words[1], more[1]])
    return vocabulary.substitutes


def with_substitutes(rows: Any, hash_of: Mapping[int, int]) -> Any:
    """Return the rows of a home, in the order of `uid`, with the substitute hashes of words that have one."""
    rows = rows.sort_by("uid")
    words, column = words_of(rows), rows["distinct"].to_pylist()
    begins = [place for place, parts in enumerate(column) if parts is not None]
    hashes = [
        substituted(replace(words.part(begin, end), distinct=(*map(_unpacked, column[begin]),)), hash_of).hashes
        for begin, end in zip(begins, [*begins[1:], len(words)], strict=True)
    ]
    changed = binary(np.concatenate(hashes), words.offsets[::2])
    return rows.set_column(rows.column_names.index("hashes"), "hashes", changed)


def _joined(blocks: Sequence[HashedWords]) -> Sequence[HashedWords]:
    """Join blocks if no two of their words share a term: distinct words of larger blocks are fewer bytes."""
    parts = [part for block in blocks for part in block.distinct]
    terms, wides = _sorted(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("terms", "wides")))
    if any(len(part.at) for part in parts) or (terms[1:] == terms[:-1]).any():
        return blocks
    distinct = DistinctWords(terms, wides, np.empty(0, np.int64), np.empty(0, np.uint64))
    return [replace(HashedWords.joined(blocks), distinct=(distinct,))]


def _packed(part: DistinctWords, block: HashedWords) -> dict[str, bytes | None]:
    order = np.argsort(part.terms)
    return {
        "terms": packed(part.terms[order].astype(np.uint64), rising=True),
        "wides": packed(part.wides[order]),
        "at": packed(part.at),
        "other_terms": packed(terms_of(block.hashes[part.at])),
        "other_wides": packed(part.others),
        "places": None if part.places is None else packed(part.places),
    }


def _unpacked(part: Mapping[str, bytes | None]) -> DistinctWords:
    terms, wides, at, _, others, places = (part[name] or b"" for name in _FIELDS)
    return DistinctWords(
        ascending(terms).astype(np.int32),
        unpacked(wides, np.uint64),
        unpacked(at, np.int64),
        unpacked(others, np.uint64),
        None if part["places"] is None else unpacked(places, np.int64),
    )


def _words(table: Any) -> Words:
    """Return the words of blocks."""
    parts = [part for row in table["distinct"].to_pylist() for part in row]
    terms = [ascending(part["terms"]).astype(np.int64) for part in parts]
    terms += [unpacked(part["other_terms"], np.int64) for part in parts]
    wides = [unpacked(part[name], np.uint64) for name in ("wides", "other_wides") for part in parts]
    return _sorted(np.concatenate(terms), np.concatenate(wides))


def _in_ranges(terms: NDArray[np.int64], wides: NDArray[np.uint64], parts: int) -> Any:
    """Split words, sorted by term, into ranges of terms, one row each."""
    import pyarrow as pa

    bounds = np.searchsorted(terms, np.arange(parts + 1) * FEATURES // parts)
    used = np.flatnonzero(np.diff(bounds)).tolist()
    ranges = [slice(int(bounds[part]), int(bounds[part + 1])) for part in used]
    return {
        "part": pa.array(used, pa.int32()),
        "terms": pa.array([packed(terms[of].astype(np.uint64), rising=True) for of in ranges], pa.binary()),
        "wides": pa.array([packed(wides[of]) for of in ranges], pa.binary()),
    }


def _sharing(table: Any, background: bytes = b"") -> Any:
    """Return the words of a range that share a term; those that come first count even where they do not occur."""
    import pyarrow as pa

    terms = np.concatenate([ascending(row).astype(np.int64) for row in table["terms"].to_pylist()])
    wides = np.concatenate([unpacked(row, np.uint64) for row in table["wides"].to_pylist()])
    first, wides_of_first = first_words(background)
    here = np.isin(first, terms)
    terms, wides = _sorted(np.concatenate([terms, first[here]]), np.concatenate([wides, wides_of_first[here]]))
    _, place, words = np.unique(terms, return_inverse=True, return_counts=True)
    several = words[place] > 1
    return pa.table({"term": terms[several], "wide": wides[several].view(np.int64)})


def _sorted(terms: NDArray[_Term], wides: NDArray[np.uint64]) -> tuple[NDArray[_Term], NDArray[np.uint64]]:
    """Return distinct words by term, then wide hash."""
    order = np.lexsort((wides, terms))
    terms, wides = terms[order], wides[order]
    is_first = np.ones(len(terms), np.bool_)
    is_first[1:] = (terms[1:] != terms[:-1]) | (wides[1:] != wides[:-1])
    return terms[is_first], wides[is_first]


def _article_of(terms: NDArray[np.int64], wides: NDArray[np.uint64]) -> HashedWords:
    """Return an article of some words, which are sorted by term."""
    is_other = np.diff(terms, prepend=-1) == 0
    others = np.flatnonzero(is_other)
    distinct = DistinctWords(terms[~is_other].astype(np.int32), wides[~is_other], others, wides[others])
    hashes = terms.astype(np.uint32)  # a term is the term of itself as a hash
    return HashedWords(hashes, np.zeros(len(terms), np.uint8), np.array([0, 0, len(terms)]), (distinct,))


def _collected(words: DataFrame) -> Words:
    rows = words.collect()
    found = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2)
    return found[:, 0].copy(), found[:, 1].copy().view(np.uint64)
