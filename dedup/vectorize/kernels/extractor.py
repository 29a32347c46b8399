"""Features of articles by kernels, in blocks on all processors; the plain form is `features.plain_features`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.text.document import Document
from dedup.vectorize.features import DistinctWords, Features, HashedWords, narrowed
from dedup.vectorize.hashing import permutations
from dedup.vectorize.kernels.murmur import hash_words
from dedup.vectorize.kernels.points import Points, points
from dedup.vectorize.kernels.threads import in_threads
from dedup.vectorize.kernels.vocabulary import FACTOR
from dedup.vectorize.reference import COUNT_UNIT, lead_weights

if TYPE_CHECKING:
    from dedup.settings import Settings

BLOCK = 512
"""Articles of a block, at most."""
BLOCK_LENGTH = 1 << 21
"""Characters after which a block ends."""
LONGEST_TEXT = 1 << 28
"""Characters above which the plain form reads a text: offsets in a block of bytes have 32 bits."""
LONGEST_BLOCK = 1 << 29
"""Characters above which a block of several articles is split, for the same reason."""
LONGEST_TITLE = 1 << 22
"""Words of a title above which its weighted counts may not fit into 32 bits."""
PILE = 1 << 26
"""Bytes of an array with those of many blocks: the system has all of it back when it is no longer needed."""
FEW = 8
"""Articles up to which no thread is started."""


_Number = TypeVar("_Number", bound=np.generic)


class Extractor:
    """Computes features of blocks of articles. Thread-safe.

    Args:
        settings: for the signatures and the weights.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._points: Points = points()
        self._a, self._b = permutations(settings)
        self._weights = lead_weights(settings)
        self._title_weight = round(settings.title_weight / COUNT_UNIT)

    def features(self, articles: Sequence[tuple[str, str]]) -> Features:
        """The features of a block of articles, each given as title and text."""
        return self.sketch(self.words(articles))

    def words(self, articles: Sequence[tuple[str, str]]) -> HashedWords:
        """The hashed words of a block of articles, each given as title and text.

        Plain form: `vectorize.features.HashedWords.of`.
        """
        from dedup.vectorize.kernels.encoding import encoded
        from dedup.vectorize.kernels.onepass import read_block

        parts = [part for article in articles for part in article]
        long = {place // 2 for place, part in enumerate(parts) if len(part) > LONGEST_TEXT}
        for place in long:
            parts[2 * place] = parts[2 * place + 1] = ""
        if len(articles) > 1 and sum(map(len, parts)) > LONGEST_BLOCK:
            half = len(articles) // 2
            return _side_by_side([self.words(articles[:half]), self.words(articles[half:])])
        text, offsets = encoded(parts)
        room = len(text) // 2 + len(articles)
        hashes, flags = np.empty(room, np.uint32), np.empty(room, np.uint8)
        ends, odd = np.zeros(len(offsets), np.int64), np.zeros(len(articles), np.bool_)
        terms, wides = np.empty(room, np.int32), np.empty(room, np.uint64)
        at, others = np.empty(room, np.int64), np.empty(room, np.uint64)
        known = self._points
        count, more = read_block(
            text, offsets, known.table, known.normal, known.pairs, hashes, flags, ends[1:], odd, FACTOR, terms, wides,
            at, others,
        )  # fmt: skip
        distinct = DistinctWords(terms[:count].copy(), wides[:count].copy(), at[:more].copy(), others[:more].copy())
        found = HashedWords(hashes[: ends[-1]].copy(), flags[: ends[-1]].copy(), ends, (distinct,))
        odd[list(long)] = True
        return _with_plain(found, articles, np.flatnonzero(odd).tolist()) if odd.any() else found

    def sketch(self, words: HashedWords) -> Features:
        """The features of articles from their hashed words.

        Plain form: `vectorize.features.plain_features`.

        Raises:
            InputError: a title has more than four million words.
        """
        from dedup.vectorize.kernels.onepass import sketch_block

        if np.diff(words.offsets)[::2].max(initial=0) > LONGEST_TITLE:
            raise InputError(f"an article has a title of more than {LONGEST_TITLE} words")
        count, room = len(words), len(words.hashes)
        signatures = np.empty((count, len(self._a)), np.uint32)
        terms, indptr = np.empty(room, np.int32), np.zeros(count + 1, np.int64)
        every, capitals = np.empty(room, np.uint32), np.empty(room, np.uint32)
        sketch_block(
            words.hashes, words.flags, words.offsets[1:], self._settings.shingle_size, self._a, self._b,
            self._title_weight, self._weights, signatures, terms, every, capitals, indptr[1:],
        )  # fmt: skip
        filled = int(indptr[-1])
        return Features(
            words, signatures, indptr, terms[:filled].copy(), narrowed(every[:filled]), narrowed(capitals[:filled])
        )

    def _signatures(self, words: HashedWords) -> NDArray[np.uint32]:
        from dedup.vectorize.kernels.onepass import sketch_block

        found, none = np.empty((len(words), len(self._a)), np.uint32), np.empty(0, np.uint32)
        sketch_block(
            words.hashes, words.flags, words.offsets[1:], self._settings.shingle_size, self._a, self._b,
            self._title_weight, none, found, np.empty(0, np.int32), none, none, np.empty(len(words), np.int64),
        )  # fmt: skip
        return found

    def stream(self, articles: Iterable[tuple[str, str]], threads: int | None = None) -> Iterator[Features]:
        """The features of a stream of articles, block by block and in order.

        Args:
            articles: titles and texts; only a few blocks of them are in memory at any time.
            threads: number of threads; None for one per processor. The result does not depend on it.
        """
        return in_threads(self.features, blocks(articles), threads)

    def read(self, articles: Iterable[tuple[str, str]], threads: int | None = None) -> list[HashedWords]:
        """The hashed words of a stream of articles, which is read block by block."""
        found = in_threads(self.words, blocks(articles), threads)
        return [*islice(found, 1), *map(_Pile().moved, found)]  # few articles are one block

    def signatures(self, words: HashedWords, threads: int | None = None) -> NDArray[np.uint32]:
        """The signatures of articles from their hashed words, without term counts; shape (articles, num_perm)."""
        starts = range(0, len(words), BLOCK)
        parts = (words.part(start, min(start + BLOCK, len(words))) for start in starts)
        found = in_threads(self._signatures, parts, threads)
        return np.concatenate([np.empty((0, len(self._a)), np.uint32), *found])

    def sketch_all(
        self, words: HashedWords, threads: int | None = None, progress: Callable[[str, int, int], None] | None = None
    ) -> Features:
        """The features of any number of articles from their hashed words, computed in blocks by several threads."""
        count = len(words)
        if count <= FEW:
            return self.sketch(words)
        signatures, indptr = np.empty((count, len(self._a)), np.uint32), np.zeros(count + 1, np.int64)
        terms: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        every: list[NDArray[np.unsignedinteger]] = [np.empty(0, np.uint16)]
        capitals: list[NDArray[np.unsignedinteger]] = [np.empty(0, np.uint16)]
        starts = range(0, count, BLOCK)
        parts = (words.part(start, min(start + BLOCK, count)) for start in starts)
        for start, found in zip(starts, in_threads(self.sketch, parts, threads), strict=True):
            end = start + len(found)
            signatures[start:end] = found.signatures
            indptr[start + 1 : end + 1] = indptr[start] + found.indptr[1:]
            terms.append(found.terms)
            every.append(found.every)
            capitals.append(found.capitals)
            if progress is not None:
                progress("counting the words", end, count)
        return Features(words, signatures, indptr, _concatenated(terms), _concatenated(every), _concatenated(capitals))


def blocks(articles: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Split a stream of articles into blocks, see `BLOCK` and `BLOCK_LENGTH`."""
    block: list[tuple[str, str]] = []
    length = 0
    for title, text in articles:
        block.append((title, text))
        length += len(title) + len(text)
        if len(block) == BLOCK or length >= BLOCK_LENGTH:
            yield block
            block, length = [], 0
    if block:
        yield block


class _Pile:
    """Keeps the arrays of blocks in a few large ones.

    Each thread has memory of its own, and returns to the system only what is free at its end: many small arrays that
    stay, among larger ones that go, would keep a multiple of their size.
    """

    def __init__(self) -> None:
        self._under_way: dict[np.dtype[Any], tuple[NDArray[Any], int]] = {}

    def moved(self, block: HashedWords) -> HashedWords:
        """The same block, with its arrays in the pile."""
        kept = self._kept
        distinct = [
            DistinctWords(kept(part.terms), kept(part.wides), kept(part.at), kept(part.others), part.places)
            for part in block.distinct
        ]
        return HashedWords(kept(block.hashes), kept(block.flags), kept(block.offsets), tuple(distinct))

    def _kept(self, array: NDArray[_Number]) -> NDArray[_Number]:
        room, filled = self._under_way.get(array.dtype, (array[:0], 0))
        if filled + len(array) > len(room):
            room, filled = np.empty(max(PILE // array.itemsize, len(array)), array.dtype), 0
        end = filled + len(array)
        room[filled:end] = array
        self._under_way[array.dtype] = room, end
        found: NDArray[_Number] = room[filled:end]
        return found


def _concatenated(parts: list[NDArray[_Number]]) -> NDArray[_Number]:
    """Concatenate the arrays of a list and empty the list, so that they do not stay in memory twice."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def _with_plain(words: HashedWords, articles: Sequence[tuple[str, str]], odd: list[int]) -> HashedWords:
    """The words of a block after the plain form has read the articles that the kernel marked as `odd`."""
    every = _side_by_side([words, HashedWords.of([Document.of(*articles[place]) for place in odd], hash_words)])
    places = np.arange(len(words))
    places[odd] = len(words) + np.arange(len(odd))
    count = len(every.hashes)
    numbered = HashedWords(np.arange(count, dtype=np.uint32), every.flags, every.offsets).take(places)
    to = np.empty(count, np.int64)
    to[numbered.hashes] = np.arange(count)
    distinct = [part.moved(to, 0, count, rest=part.places is None) for part in every.distinct]
    return HashedWords(every.hashes[numbered.hashes], numbered.flags, numbered.offsets, tuple(distinct))


def _side_by_side(parts: Sequence[HashedWords]) -> HashedWords:
    """Concatenate blocks of articles, and list their distinct words."""
    joined = HashedWords.joined(parts)
    to, first, distinct = np.arange(len(joined.hashes)), 0, list[DistinctWords]()
    for number, block in enumerate(parts):
        count = len(block.hashes)
        distinct += [part.moved(to, first, count, rest=number == 0 and part.places is None) for part in block.distinct]
        first += count
    return HashedWords(joined.hashes, joined.flags, joined.offsets, tuple(distinct))
