"""What the fast pass takes from articles: hashed words, signatures and term counts, block by block on all processors.

All of it equals what the plain form says: `Document.of`, `word_hash`, `reference.signatures`, `reference.term_counts`.
After it neither texts nor words are needed; what later stages ask of an article is asked of its hashed words.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.text.document import Document
from dedup.text.tokens import Tokens
from dedup.vectorize.kernels.compiling import is_compiled
from dedup.vectorize.kernels.murmur import hash_words
from dedup.vectorize.kernels.points import SCRIPT, Points, points
from dedup.vectorize.kernels.words import IS_CAPITAL, IS_NUMBER, SCRIPT_SHIFT
from dedup.vectorize.reference import COUNT_UNIT, FEATURES, ZONE, body_weight

if TYPE_CHECKING:
    from dedup.settings import Settings

BLOCK = 512
"""Articles that are read at a time ..."""
BLOCK_LENGTH = 1 << 21
"""... or fewer, with so many characters."""
LONGEST_TEXT = 1 << 28
"""Bytes of a text from which on the plain form reads it, ..."""
LONGEST_BLOCK = 1 << 30
"""... and of several articles from which on they are not read at once: places are kept in 32 bits."""
LONGEST_TITLE = 1 << 22
"""Words of a title up to which its weighted counts are sure to fit into 32 bits."""
_PAD = 64


@dataclass(frozen=True, slots=True, eq=False)
class HashedWords:
    """The words of articles, each as its `word_hash`.

    Attributes:
        hashes: uint32, shape (words,).
        flags: what else is known of each: see `words.IS_CAPITAL` and its like; uint8, shape (words,).
        offsets: the title of article i is at `offsets[2 · i]:offsets[2 · i + 1]`, its body from there to
            `offsets[2 · i + 2]`; int64, shape (2 · articles + 1,).
    """

    hashes: NDArray[np.uint32]
    flags: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of articles."""
        return len(self.offsets) // 2

    @classmethod
    def of(cls, documents: Sequence[Document]) -> Self:
        """The same of documents, whichever way they were read."""
        parts = [tokens for document in documents for tokens in (document.title, document.body)]
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(tokens) for tokens in parts], out=offsets[1:])
        hashes = hash_words([word for tokens in parts for word in tokens.words])
        table = points().table
        flags = [flag for tokens in parts for flag in _flags(tokens, table)]
        return cls(hashes, np.array(flags, np.uint8), offsets)

    def spans(self) -> NDArray[np.int64]:
        """Where the words are that copies are looked for in, as `Document.words` has them; shape (articles, 2)."""
        first, middle, last = self.offsets[:-1:2], self.offsets[1::2], self.offsets[2::2]
        empty = middle == last
        return np.stack([np.where(empty, first, middle), last], axis=1)

    def take(self, places: Sequence[int] | NDArray[np.int64], *, bodies: bool = True) -> Self:
        """The words of some articles, in the order asked for; of their titles alone, if bodies are not wanted."""
        wanted = np.asarray(places, np.int64)
        starts = np.stack([self.offsets[2 * wanted], self.offsets[2 * wanted + 1]], axis=1)
        stops = np.stack([starts[:, 1], self.offsets[2 * wanted + 2] if bodies else starts[:, 1]], axis=1)
        offsets = np.zeros(2 * len(wanted) + 1, np.int64)
        np.cumsum((stops - starts).ravel(), out=offsets[1:])
        hashes, flags = np.empty(int(offsets[-1]), np.uint32), np.empty(int(offsets[-1]), np.uint8)
        pieces = zip(offsets[:-1:2].tolist(), starts[:, 0].tolist(), stops[:, 1].tolist(), strict=True)
        for target, start, stop in pieces:
            hashes[target : target + stop - start] = self.hashes[start:stop]
            flags[target : target + stop - start] = self.flags[start:stop]
        return type(self)(hashes, flags, offsets)

    @classmethod
    def joined(cls, blocks: Sequence[Self]) -> Self:
        """Blocks of articles, one after the other."""
        starts = np.cumsum([0, *(len(block.hashes) for block in blocks)])
        offsets = [block.offsets[:-1] + start for block, start in zip(blocks, starts.tolist(), strict=False)]
        return cls(
            np.concatenate([np.empty(0, np.uint32), *(block.hashes for block in blocks)]),
            np.concatenate([np.empty(0, np.uint8), *(block.flags for block in blocks)]),
            np.concatenate([*offsets, starts[-1:]]).astype(np.int64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the pass takes from articles.

    Attributes:
        words: their hashed words.
        signatures: shape (articles, num_perm), uint32.
        indptr: the terms of article i are at `indptr[i]:indptr[i + 1]`; int64, shape (articles + 1,).
        terms: the features that words are counted under, ascending in each article; int32.
        every, capitals: for each of these the weight of all its words, and of the capitalised ones, in units of
            `COUNT_UNIT`; uint16, or uint32 where one is large.
    """

    words: HashedWords
    signatures: NDArray[np.uint32]
    indptr: NDArray[np.int64]
    terms: NDArray[np.int32]
    every: NDArray[np.unsignedinteger]
    capitals: NDArray[np.unsignedinteger]

    def __len__(self) -> int:
        """The number of articles."""
        return len(self.words)

    def term_counts(self) -> tuple[sp.csr_array, sp.csr_array]:
        """The term counts in the form that `reference.term_counts` returns them in."""
        shape = (len(self), FEATURES)
        every = sp.csr_array((self.every.astype(np.float64), self.terms, self.indptr), shape=shape)
        capitals = sp.csr_array((self.capitals.astype(np.float64), self.terms.copy(), self.indptr.copy()), shape=shape)
        capitals.eliminate_zeros()
        return every, capitals

    @classmethod
    def joined(cls, blocks: Sequence[Self], slots: int = 0) -> Self:
        """Blocks of articles, one after the other; without any block, of signatures with so many slots."""
        starts = np.cumsum([0, *(len(block.terms) for block in blocks)])
        indptr = [block.indptr[:-1] + start for block, start in zip(blocks, starts.tolist(), strict=False)]
        return cls(
            HashedWords.joined([block.words for block in blocks]),
            np.concatenate([block.signatures for block in blocks] or [np.empty((0, slots), np.uint32)]),
            np.concatenate([*indptr, starts[-1:]]).astype(np.int64),
            np.concatenate([np.empty(0, np.int32), *(block.terms for block in blocks)]),
            np.concatenate([np.empty(0, np.uint16), *(block.every for block in blocks)]),
            np.concatenate([np.empty(0, np.uint16), *(block.capitals for block in blocks)]),
        )


class Extractor:
    """Takes the features from blocks of articles; may be used by several threads at a time.

    Args:
        settings: for the signatures and the weights.
        tell: told, if given, what is being done where the kernels have to be compiled first.
    """

    def __init__(self, settings: Settings, tell: Callable[[str, int, int], None] | None = None) -> None:
        self._settings = settings
        self._points: Points = points()
        self._a, self._b = permutations(settings)
        self._weights = lead_weights(settings)
        self._title_weight = round(settings.title_weight / COUNT_UNIT)
        if tell is not None and not is_compiled():
            tell("compiling, once for this machine", 0, 1)
            self.features([("", "")])
            tell("compiling, once for this machine", 1, 1)

    def features(self, articles: Sequence[tuple[str, str]]) -> Features:
        """The features of a block of articles, each a title and a text."""
        return self.sketch(self.words(articles))

    def words(self, articles: Sequence[tuple[str, str]]) -> HashedWords:
        """The hashed words of a block of articles, each a title and a text."""
        from dedup.vectorize.kernels.onepass import read_block

        # A lone surrogate, which UTF-8 has no bytes for, is no letter in any form, and so separates words.
        parts = [part.encode(errors="surrogatepass") for article in articles for part in article]
        long = {place // 2 for place, part in enumerate(parts) if len(part) > LONGEST_TEXT}
        for place in long:
            parts[2 * place] = parts[2 * place + 1] = b""
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)) + 1, out=offsets[1:])
        if offsets[-1] > LONGEST_BLOCK and len(articles) > 1:
            half = len(articles) // 2
            return HashedWords.joined([self.words(articles[:half]), self.words(articles[half:])])
        parts.append(b"\xff" * (_PAD + -int(offsets[-1]) % _PAD))
        text = np.frombuffer(b"\0".join(parts), np.uint8)
        room = len(text) // 2 + len(articles)
        hashes, flags = np.empty(room, np.uint32), np.empty(room, np.uint8)
        ends, odd = np.zeros(len(offsets), np.int64), np.zeros(len(articles), np.bool_)
        known = self._points
        read_block(text, offsets, known.table, known.normal, known.pairs, hashes, flags, ends[1:], odd)
        found = HashedWords(hashes[: ends[-1]].copy(), flags[: ends[-1]].copy(), ends)
        odd[list(long)] = True
        return _with_plain(found, articles, np.flatnonzero(odd).tolist()) if odd.any() else found

    def sketch(self, words: HashedWords) -> Features:
        """The features of articles whose hashed words are known.

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
            words, signatures, indptr, terms[:filled].copy(), _narrow(every[:filled]), _narrow(capitals[:filled])
        )

    def stream(self, articles: Iterable[tuple[str, str]], threads: int | None = None) -> Iterator[Features]:
        """The features of articles block by block, in their order, while later ones are still coming in.

        Args:
            articles: titles and texts; no more of them than a few blocks are held at a time.
            threads: how many blocks are worked on at a time, as many as there are processors if not given. The result
                does not depend on it.
        """
        threads = threads or processors()
        if threads == 1:
            yield from map(self.features, blocks(articles))
            return
        waiting: deque[Future[Features]] = deque()
        with ThreadPoolExecutor(threads, "dedup") as pool:
            for block in blocks(articles):
                waiting.append(pool.submit(self.features, block))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def blocks(articles: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Articles in blocks that are worth a call and do not take much memory."""
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


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def permutations(settings: Settings) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The factors and the summands of a signature's permutations: datasketch's, which takes long to import."""
    random = np.random.RandomState(settings.seed)
    factors = random.randint(0, 1 << 31, settings.num_perm, np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, random.randint(0, 1 << 32, settings.num_perm, np.uint32)


def lead_weights(settings: Settings) -> NDArray[np.uint32]:
    """The weight of each word of the body, down to the zone from which on it no longer changes."""
    last = body_weight(10**9, settings)
    weights = [body_weight(0, settings)]
    while weights[-1] > last:
        weights.append(body_weight(len(weights) * ZONE, settings))
    return np.repeat(np.array(weights, np.uint32), ZONE)


def _narrow(weights: NDArray[np.uint32]) -> NDArray[np.unsignedinteger]:
    """A copy, in half the memory where the numbers allow it."""
    return weights.astype(np.uint16 if weights.max(initial=0) < 1 << 16 else np.uint32)


def _flags(tokens: Tokens, table: NDArray[np.uint32]) -> Iterator[int]:
    for word, capital in zip(tokens.words, tokens.capitals, strict=True):
        script = int(table[ord(word[0])] >> SCRIPT & 3)
        yield capital * IS_CAPITAL | (word < ":") * IS_NUMBER | script << SCRIPT_SHIFT


def _with_plain(words: HashedWords, articles: Sequence[tuple[str, str]], odd: list[int]) -> HashedWords:
    """The words of a block with those articles read the plain way that the kernel left out."""
    plain = HashedWords.of([Document.of(*articles[place]) for place in odd])
    every = HashedWords.joined([words, plain])
    places = np.arange(len(words))
    places[odd] = len(words) + np.arange(len(odd))
    return every.take(places)
