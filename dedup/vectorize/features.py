"""Features of articles: hashed words, MinHash signatures and weighted term counts.

Later stages need neither texts nor words, only these arrays. Three implementations give the same bits: `plain_features`
by scikit-learn and datasketch, `numpy_features`, and the kernels of `kernels.extractor.Extractor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.text.document import Document
from dedup.text.tokens import SEGMENT, SENTENCE, Tokens
from dedup.vectorize.hashing import (
    FEATURES,
    mix32,
    permutations,
    plain_hashes,
    short_shingles_in_order,
    terms_of,
    wide_hashes_of,
)
from dedup.vectorize.kernels.points import script_of
from dedup.vectorize.reference import COUNT_UNIT, lead_weights, signatures, term_counts

if TYPE_CHECKING:
    from dedup.settings import Settings

# Flags of a word.
IS_CAPITAL = 1
"""Set for a word that is capitalised inside a sentence."""
IS_NUMBER = 2
"""Set for a word that begins with a digit."""
SCRIPT_SHIFT = 2
"""The first bit of the script of a word's first character (see `kernels.points.SCRIPT`)."""
BEGINS_SHIFT = 4
"""The first bit of what a word begins (see `dedup.text.tokens.Tokens.begins`)."""
BEGINS_SENTENCE = SENTENCE << BEGINS_SHIFT
"""Set for the first word of a text, and after a sign that ends a sentence or a line."""
BEGINS_SEGMENT = SEGMENT << BEGINS_SHIFT
"""Set for the first word of a text, and after a separator: a colon, bar, bracket, bullet or spaced dash."""
_AT_ONCE = 4_096
"""Shingles that are permuted at a time."""


TEXT = 60
"""Words of a body that is a text, as opposed to a headline alone; see `form_of`."""


def form_of(headline: NDArray[np.bool_], length: NDArray[np.int64]) -> NDArray[np.int8]:
    """The form of articles: 1 for a headline alone, -1 for a text of `TEXT` words and more, 0 for others.

    Args:
        headline: whether each has no body.
        length: words in the body of each.
    """
    return headline.astype(np.int8) - (~headline & (length >= TEXT)).astype(np.int8)


@dataclass(frozen=True, slots=True, eq=False)
class HashedText:
    """The hashes of the words of one text and their flags, each of shape (words,)."""

    hashes: NDArray[np.uint32]
    flags: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.hashes)


@dataclass(frozen=True, slots=True, eq=False)
class DistinctWords:
    """The distinct words of a block of articles; see `dedup.vectorize.vocabulary`.

    Attributes:
        terms: the distinct terms, in the order in which they come; int32.
        wides: the wide hash of the first word of each; uint64.
        at: the places of words whose term is that of another word before them; int64.
        others: the wide hash of each of these; uint64.
        places: which of the block's words are described; None for all that no other `DistinctWords` describes.
    """

    terms: NDArray[np.int32]
    wides: NDArray[np.uint64]
    at: NDArray[np.int64]
    others: NDArray[np.uint64]
    places: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, words: Sequence[str], hashes: NDArray[np.uint32]) -> Self:
        """The distinct words of a block, given its words and their hashes.

        Kernel: `vectorize.kernels.extractor.Extractor.words`.
        """
        first: dict[str, int] = {}
        for place, word in enumerate(words):
            first.setdefault(word, place)
        terms, wides = terms_of(hashes), wide_hashes_of(first)
        held: dict[int, str] = {}
        for word, place in first.items():
            held.setdefault(int(terms[place]), word)
        wide_of = dict(zip(first, wides.tolist(), strict=True))
        distinct = np.array([*held], np.int32), np.array([wide_of[word] for word in held.values()], np.uint64)
        if len(held) == len(first):
            return cls(*distinct, np.empty(0, np.int64), np.empty(0, np.uint64))
        at = [place for place, word in enumerate(words) if held[int(terms[place])] != word]
        others = [wide_of[words[place]] for place in at]
        return cls(*distinct, np.array(at, np.int64), np.array(others, np.uint64))

    def moved(self, to: NDArray[np.int64], first: int, count: int, *, rest: bool) -> Self:
        """These words in a larger block.

        Args:
            to: the place in that block of each word of this one and others.
            first, count: where the words of this block are in `to`.
            rest: whether this describes all words that no other describes.
        """
        here = to[first : first + count]
        within = None if rest else here[self.places] if self.places is not None else here
        return type(self)(self.terms, self.wides, here[self.at], self.others, within)


@dataclass(frozen=True, slots=True, eq=False)
class HashedWords:
    """The words of articles, each as its `word_hash`.

    Attributes:
        hashes: uint32, shape (words,).
        flags: `IS_CAPITAL`, `IS_NUMBER`, the script, `BEGINS_SENTENCE` and `BEGINS_SEGMENT` of each; uint8, shape
            (words,).
        offsets: the title of article i is at `offsets[2 · i]:offsets[2 · i + 1]`, its body at
            `offsets[2 · i + 1]:offsets[2 · i + 2]`; int64, shape (2 · articles + 1,).
        distinct: the distinct words of articles as they were read, until a `Vocabulary` has resolved them.
    """

    hashes: NDArray[np.uint32]
    flags: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    distinct: tuple[DistinctWords, ...] = ()

    def __len__(self) -> int:
        """The number of articles."""
        return len(self.offsets) // 2

    @classmethod
    def of(
        cls, documents: Sequence[Document], hash_words: Callable[[list[str]], NDArray[np.uint32]] = plain_hashes
    ) -> Self:
        """The hashed words of documents; `hash_words` is `plain_hashes` or a faster function that gives the same.

        Kernel: `vectorize.kernels.extractor.Extractor.words`.
        """
        parts = [tokens for document in documents for tokens in (document.title, document.body)]
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(tokens) for tokens in parts], out=offsets[1:])
        words = [word for tokens in parts for word in tokens.words]
        hashes = hash_words(words)
        flags = [flag for tokens in parts for flag in _flags(tokens)]
        return cls(hashes, np.array(flags, np.uint8), offsets, (DistinctWords.of(words, hashes),))

    def resolved(self) -> Self:
        """These words without their `distinct` words."""
        return type(self)(self.hashes, self.flags, self.offsets)

    def title(self, article: int) -> NDArray[np.uint32]:
        """The words of an article's title."""
        return self.hashes[self.offsets[2 * article] : self.offsets[2 * article + 1]]

    def body(self, article: int) -> NDArray[np.uint32]:
        """The words of an article's body."""
        return self.hashes[self.offsets[2 * article + 1] : self.offsets[2 * article + 2]]

    def main(self, article: int) -> HashedText:
        """The text that copies are detected by: the body, or the title of an article without one."""
        first, middle, last = self.offsets[2 * article : 2 * article + 3].tolist()
        span = slice(middle if middle < last else first, last)
        return HashedText(self.hashes[span], self.flags[span])

    def lengths(self, places: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The number of words in the main text of some articles, or of all; shape (articles,). See `main`."""
        spans = self.spans(places)
        return spans[:, 1] - spans[:, 0]

    def forms(self) -> NDArray[np.int8]:
        """1 for an article without a body, -1 for one whose body has `TEXT` words, 0 for others; shape (articles,)."""
        body = self.offsets[2::2] - self.offsets[1:-1:2]
        return form_of(body == 0, body)

    def part(self, first: int, last: int) -> Self:
        """A view of the words of the articles `first:last`."""
        offsets = self.offsets[2 * first : 2 * last + 1]
        span = slice(int(offsets[0]), int(offsets[-1]))
        return type(self)(self.hashes[span], self.flags[span], offsets - offsets[0])

    def kept(self, keep: NDArray[np.bool_]) -> Self:
        """These words without those where `keep`, shape (words,), is false."""
        gone = np.flatnonzero(~keep)
        if not len(gone):
            return self
        return type(self)(self.hashes[keep], self.flags[keep], self.offsets - np.searchsorted(gone, self.offsets))

    def outside_bodies(self, articles: Sequence[int]) -> NDArray[np.bool_]:
        """Which words are not in the bodies of some articles; shape (words,)."""
        keep = np.ones(len(self.hashes), bool)
        for article in articles:
            keep[self.offsets[2 * article + 1] : self.offsets[2 * article + 2]] = False
        return keep

    def spans(self, places: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """Where the main text begins and ends, of some articles or of all; shape (articles, 2). See `main`."""
        title = 2 * (np.arange(len(self)) if places is None else places)
        first, middle, last = (self.offsets[title + part] for part in range(3))
        empty = middle == last
        return np.stack([np.where(empty, first, middle), last], axis=1)

    def take(self, places: Sequence[int] | NDArray[np.int64], *, bodies: bool = True) -> Self:
        """The words of the articles at some places, in that order; those of the titles only if not `bodies`."""
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
        """Concatenate blocks of articles."""
        if len(blocks) == 1 and not blocks[0].distinct:
            return blocks[0]
        starts = np.cumsum([0, *(len(block.hashes) for block in blocks)])
        offsets = [block.offsets[:-1] + start for block, start in zip(blocks, starts.tolist(), strict=False)]
        return cls(
            np.concatenate([np.empty(0, np.uint32), *(block.hashes for block in blocks)]),
            np.concatenate([np.empty(0, np.uint8), *(block.flags for block in blocks)]),
            np.concatenate([*offsets, starts[-1:]]).astype(np.int64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of articles.

    Attributes:
        words: their hashed words.
        signatures: MinHash signatures, shape (articles, num_perm); uint32.
        indptr: the terms of article i are at `indptr[i]:indptr[i + 1]`; int64, shape (articles + 1,).
        terms: hashed terms, ascending in each article; int32.
        every, capitals: the weighted count of each term, and the part of it in capitalised words, in units of
            `COUNT_UNIT`; uint16, or uint32 if one does not fit.
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

    def terms_of(self, weights: NDArray[np.unsignedinteger]) -> sp.csr_array:
        """A sparse matrix of one of the counts, `every` or `capitals`, without its zeros."""
        keep = weights > 0
        if keep.all():
            return sp.csr_array((weights, self.terms, self.indptr), shape=(len(self), FEATURES))
        before = np.concatenate([[0], np.cumsum(keep)])
        return sp.csr_array((weights[keep], self.terms[keep], before[self.indptr]), shape=(len(self), FEATURES))

    def term_counts(self) -> tuple[sp.csr_array, sp.csr_array]:
        """The counts `every` and `capitals` as `reference.term_counts` returns them."""
        shape = (len(self), FEATURES)
        every = sp.csr_array((self.every.astype(np.float64), self.terms, self.indptr), shape=shape)
        capitals = sp.csr_array((self.capitals.astype(np.float64), self.terms.copy(), self.indptr.copy()), shape=shape)
        capitals.eliminate_zeros()
        return every, capitals

    @classmethod
    def joined(cls, blocks: Sequence[Self], slots: int = 0) -> Self:
        """Concatenate blocks of articles; `slots` is the width of the signatures if there is no block."""
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


def plain_features(documents: Sequence[Document], settings: Settings, words: HashedWords | None = None) -> Features:
    """The features of documents by scikit-learn and datasketch: the specification of the other implementations.

    Kernel: `vectorize.kernels.extractor.Extractor.sketch`.

    Args:
        documents: the documents.
        settings: for the signatures and the weights.
        words: their hashed words, if they are known.
    """
    every, capitals = term_counts(documents, settings)
    return Features(
        HashedWords.of(documents).resolved() if words is None else words,
        signatures(documents, settings),
        every.indptr.astype(np.int64),
        every.indices.astype(np.int32),
        narrowed(every.data),
        narrowed(aligned(capitals, every)),
    )


def numpy_features(words: HashedWords, settings: Settings) -> Features:
    """The features of articles from their hashed words, by NumPy alone: what `plain_features` returns.

    scikit-learn and datasketch take longer to import than a small job takes.
    """
    lengths = np.diff(words.offsets)
    parts = np.repeat(np.arange(len(lengths)), lengths)
    lead = lead_weights(settings)
    positions = np.arange(len(words.hashes)) - words.offsets[parts]
    in_title = parts % 2 == 0
    title_weight = round(settings.title_weight / COUNT_UNIT)
    weights = np.where(in_title, title_weight, lead[np.minimum(positions, len(lead) - 1)]).astype(np.int64)
    counted = weights > 0
    keys, where = np.unique((parts // 2 * FEATURES + terms_of(words.hashes))[counted], return_inverse=True)
    weights, is_capital = weights[counted], words.flags[counted] & IS_CAPITAL
    # Sums of integers below 2^53 are exact in floats.
    every, capitals = (
        np.bincount(where, given, len(keys)).astype(np.float64) for given in (weights, weights * is_capital)
    )
    indptr = np.searchsorted(keys, np.arange(len(words) + 1) * FEATURES)
    terms = (keys % FEATURES).astype(np.int32)
    return Features(words, numpy_signatures(words, settings), indptr, terms, narrowed(every), narrowed(capitals))


def numpy_signatures(words: HashedWords, settings: Settings) -> NDArray[np.uint32]:
    """The MinHash signatures of articles from their hashed words, by NumPy alone; shape (articles, num_perm)."""
    a, b = (column[:, np.newaxis] for column in permutations(settings))
    rows = np.full((len(words), settings.num_perm), 0xFFFFFFFF, np.uint32)
    for row, (begin, end) in zip(rows, words.spans().tolist(), strict=True):
        shingles = mix32(short_shingles_in_order(words.hashes[begin:end], settings.shingle_size))
        for start in range(0, len(shingles), _AT_ONCE):
            np.minimum(row, (a * shingles[start : start + _AT_ONCE] + b).min(axis=1), out=row)
    return rows


def aligned(part: sp.csr_array, matrix: sp.csr_array) -> NDArray[np.float64]:
    """The entries of `part`, 0 where it has none, at the places where `matrix` has entries."""
    width = np.int64(matrix.shape[1])
    keys = [np.repeat(np.arange(m.shape[0]), np.diff(m.indptr)) * width + m.indices for m in (matrix, part)]
    found = np.zeros(len(keys[0]))
    found[np.searchsorted(keys[0], keys[1])] = part.data
    return found


def narrowed(weights: NDArray[np.uint32] | NDArray[np.float64]) -> NDArray[np.unsignedinteger]:
    """A copy as uint16 if all values fit, as uint32 otherwise."""
    return weights.astype(np.uint16 if weights.max(initial=0) < 1 << 16 else np.uint32)


def _flags(tokens: Tokens) -> Iterator[int]:
    for word, capital, begins in zip(tokens.words, tokens.capitals, tokens.begins, strict=True):
        script = script_of(word) << SCRIPT_SHIFT
        yield capital * IS_CAPITAL | (word < ":") * IS_NUMBER | script | begins << BEGINS_SHIFT
