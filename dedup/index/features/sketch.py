"""The features of an article that an index stores: its hashed words, and its vector under the background."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.backends import CompiledBackend, PlainBackend
from dedup.errors import StoreError
from dedup.index.features.tfidf import Weigher
from dedup.index.search.segments import concatenated
from dedup.vectorize.boilerplate import outside_boilerplate
from dedup.vectorize.cross_lingual import cross_lingual_weight
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.features import TEXT, HashedWords

if TYPE_CHECKING:
    from dedup.background import Background
    from dedup.settings import Settings
    from dedup.vectorize.vocabulary import Vocabulary

_WORDS = struct.Struct("<II")
HEAD = _WORDS.size
"""Bytes of packed words that tell how many words there are."""
_VECTOR = struct.Struct("<IiH4sd")
FEW, MANY = 64, 4_096
"""Articles below which the plain form removes boilerplate, if there are many passages: the kernel first builds a hash
set of all."""
_PACKING = 1
"""The level of zlib: takes half the time of higher ones, and the output is at most 2% larger."""


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """The vector of an article, and what else its comparison with other articles needs.

    Attributes:
        terms: hashed terms, ascending; int32.
        weights: TF-IDF weights in units of `WEIGHT_UNIT`; uint16.
        crossing: which terms are names or figures, see `dedup.vectorize.cross_lingual`.
        signature_bytes: the lowest eight bits of each slot of the MinHash signature (Li & König 2010); uint8.
        language: as `detect` returns it.
        background_similarity: see `Background.ordinariness`.
        length: number of words in the main text, see `HashedWords.main`.
        headline: whether that is the title, as there is no body.
    """

    terms: NDArray[np.int32]
    weights: NDArray[np.uint16]
    crossing: NDArray[np.bool_]
    signature_bytes: NDArray[np.uint8]
    language: str
    background_similarity: float
    length: int
    headline: bool

    @property
    def form(self) -> int:
        """What `form_of` returns, without arrays."""
        return 1 if self.headline else -int(self.length >= TEXT)

    def names(self) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """The cross-lingual vector of the article: its names and figures, as terms and weights.

        Kernel: `index.features.kernels.cross_lingual_parts`.
        """
        weights = self.weights[self.crossing].astype(np.int64)
        if not len(weights):
            return np.empty(0, np.int32), np.empty(0, np.uint16)
        weights = cross_lingual_weight(weights, np.dot(weights, weights))
        some = weights > 0
        return self.terms[self.crossing][some], weights[some].astype(np.uint16)

    def packed(self) -> bytes:
        """Serialise the vector; see `unpacked`."""
        head = _VECTOR.pack(
            len(self.terms),
            -self.length if self.headline else self.length,
            len(self.signature_bytes),
            self.language.encode("ascii"),
            float(self.background_similarity),
        )
        parts = (
            self.terms.astype("<i4").tobytes(),
            self.weights.astype("<u2").tobytes(),
            np.packbits(self.crossing).tobytes(),
        )
        return b"".join((head, *parts, self.signature_bytes.tobytes()))

    @classmethod
    def unpacked(cls, data: bytes) -> Vector:
        """Read the output of `packed`.

        Kernel: `index.features.kernels.unpack_vectors`.

        Raises:
            StoreError: the bytes are damaged.
        """
        try:
            count, length, slots, language, background_similarity = _VECTOR.unpack_from(data)
            mask = -(-count // 8)
            if len(data) != _size(count, slots):
                raise ValueError("length")
            raw, at = np.frombuffer(data, np.uint8), _VECTOR.size
            terms = np.frombuffer(data, "<i4", count, at).astype(np.int32, copy=False)
            if (np.diff(terms, prepend=-1) <= 0).any():
                raise ValueError("terms")
            at += 4 * count
            weights = np.frombuffer(data, "<u2", count, at)
            at += 2 * count
            crossing = np.unpackbits(raw[at : at + mask], count=count).astype(np.bool_)
            name = language.rstrip(b"\0").decode("ascii")
        except (struct.error, ValueError) as error:
            raise StoreError("a vector in the store is damaged: 'dedup index check --repair' makes it anew") from error
        signature_bytes = raw[at + mask : at + mask + slots]
        return cls(terms, weights, crossing, signature_bytes, name, background_similarity, abs(length), length < 0)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of one article.

    Attributes:
        packed: all of its words as bytes for the store, empty if they are not to be stored.
        words: its words outside boilerplate.
        vector: its vector.
        background: under which they were computed.
        is_misplaced: whether its body stands under other, unrelated titles too.
        embedded: its embedding, in units of `dedup.embedding.GRAIN`; None in an index without one.
    """

    packed: bytes
    words: HashedWords
    vector: Vector
    background: Background
    is_misplaced: bool = False
    embedded: NDArray[np.int16] | None = None

    @property
    def has_boilerplate(self) -> bool:
        """Whether some of its stored words are boilerplate."""
        title, body = _WORDS.unpack_from(self.packed)
        return bool(title + body > len(self.words.hashes))


def _size(count: int, slots: int) -> int:
    """The size of a packed vector of `count` terms and a signature of `slots`, in bytes."""
    return _VECTOR.size + 6 * count + -(-count // 8) + slots


def count_terms(packed: bytes) -> int:
    """Return the number of terms of a serialised vector."""
    return int(_VECTOR.unpack_from(packed)[0])


def unpacked(packed: Sequence[bytes]) -> list[Vector]:
    """Read many vectors at once, by a kernel; the plain form is `Vector.unpacked`.

    Raises:
        StoreError: see `Vector.unpacked`.
    """
    from dedup.index.features.kernels import unpack_vectors

    try:
        heads = [_VECTOR.unpack_from(data) for data in packed]
    except struct.error:
        heads = []
    sizes = [_size(count, slots) for count, _, slots, _, _ in heads]
    if [len(data) for data in packed] != sizes:
        return [Vector.unpacked(data) for data in packed]  # one is damaged
    raw = np.frombuffer(b"".join(packed), np.uint8)
    begin, start = np.zeros(len(packed) + 1, np.int64), np.zeros(len(packed) + 1, np.int64)
    np.cumsum(sizes, out=begin[1:])
    np.cumsum([head[0] for head in heads], out=start[1:])
    terms, weights, crossing, fits = unpack_vectors(raw, begin[:-1] + _VECTOR.size, start)
    if not fits or not all(head[3].isascii() for head in heads):
        return [Vector.unpacked(data) for data in packed]
    bounds, ends = start.tolist(), begin[1:].tolist()
    names = {head[3]: head[3].rstrip(b"\0").decode("ascii") for head in heads}
    found = []
    for place, (_, length, slots, language, background_similarity) in enumerate(heads):
        span = slice(bounds[place], bounds[place + 1])
        signature_bytes = raw[ends[place] - slots : ends[place]]
        shared = terms[span], weights[span], crossing[span], signature_bytes, names[language], background_similarity
        one = Vector(*shared, abs(length), length < 0)
        found.append(one)
    return found


def names_of(vectors: Sequence[Vector]) -> list[tuple[NDArray[np.int32], NDArray[np.uint16]]]:
    """The cross-lingual vectors of many articles, by a kernel; the plain form is `Vector.names`."""
    from dedup.index.features.kernels import cross_lingual_parts

    # Copied even for one vector: a kernel would be compiled again for the arrays of a packed one, which are read-only.
    if len(vectors) == 1:
        (one,) = vectors
        start, terms, weights = np.array([0, len(one.terms)]), one.terms.copy(), one.weights.copy()
        _, terms, weights = cross_lingual_parts(start, terms, weights, one.crossing.copy())
        return [(terms, weights)]
    start, terms, weights = concatenated([(vector.terms, vector.weights) for vector in vectors])
    crossing = np.concatenate([np.empty(0, np.bool_), *(vector.crossing for vector in vectors)])
    begin, terms, weights = cross_lingual_parts(start, terms, weights, crossing)
    bounds = begin.tolist()
    spans = [slice(bounds[place], bounds[place + 1]) for place in range(len(vectors))]
    return [(terms[span], weights[span]) for span in spans]


class Sketcher:
    """Computes the features of articles for an index.

    Args:
        backend: reads words and computes features from them.
        settings: those of the index.
        background: that of the index.

    Attributes:
        background: the background with the boilerplate that the index has learned.
    """

    def __init__(self, backend: PlainBackend, settings: Settings, background: Background) -> None:
        self._backend, self.background = backend, background
        self._weigher = Weigher(settings, background, fast=isinstance(backend, CompiledBackend))

    def words(self, texts: Sequence[tuple[str, str]], vocabulary: Vocabulary, *, insert: bool = True) -> HashedWords:
        """All hashed words of titles and texts; see `Vocabulary.resolve`."""
        blocks = self._backend.blocks(texts)
        if any(len(block.distinct) > 1 for block in blocks):  # some were read later than those that follow them
            blocks = [block for text in texts for block in self._backend.blocks([text])]
        return HashedWords.joined(vocabulary.resolve(blocks, insert=insert))

    def judged(self, words: HashedWords) -> HashedWords:
        """The words that are compared: without misplaced bodies and boilerplate."""
        return words.kept(self.own_words(words, self.background))

    def own_words(
        self, words: HashedWords, background: Background, digests: Iterable[tuple[int, bytes]] | None = None
    ) -> NDArray[np.bool_]:
        """Which words are neither in a misplaced body nor boilerplate of a background; shape (words,).

        For `digests` see `Background.own_words`.
        """
        return self.own_and_misplaced(words, background, digests)[0]

    def own_and_misplaced(
        self, words: HashedWords, background: Background, digests: Iterable[tuple[int, bytes]] | None = None
    ) -> tuple[NDArray[np.bool_], list[int]]:
        """Return `own_words`, and the places of the articles with a misplaced body."""
        is_many = len(background.passages) > MANY
        outside = outside_boilerplate if len(words) < FEW and is_many else self._backend.outside_boilerplate
        return background.own_words(words, outside, digests)

    def vectors(self, judged: HashedWords) -> list[Vector]:
        """The vectors of articles from the words that are compared."""
        count = len(judged)
        features = self._backend.features(judged, np.ones(len(judged.hashes), np.bool_), np.arange(count))
        languages = self._backend.detect(judged)
        found = self._weigher.weigh(features, languages)
        signature_bytes, similarity = features.signatures.astype(np.uint8), found.background_similarity.tolist()
        bounds, ends = found.indptr.tolist(), judged.offsets.tolist()
        vectors = []
        for place in range(count):
            span, (first, middle, last) = slice(bounds[place], bounds[place + 1]), ends[2 * place : 2 * place + 3]
            vectors.append(
                Vector(
                    found.terms[span],
                    found.weights[span],
                    found.crossing[span],
                    signature_bytes[place],
                    languages[place],
                    similarity[place],
                    last - middle or middle - first,
                    middle == last,
                )
            )
        return vectors

    def general(self, vectors: Sequence[Vector]) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
        """Return weights of vectors by news in general and background similarities; see `Weigher.weigh_generally`."""
        start, terms, weights = concatenated([(vector.terms, vector.weights) for vector in vectors])
        general, usual = self._weigher.weigh_generally(start, terms, weights, [vector.language for vector in vectors])
        return [general[first:last] for first, last in pairwise(start.tolist())], usual


def pack_words(words: HashedWords, article: int) -> bytes:
    """Serialise the words of one article; see `unpack_words`."""
    first, middle, last = words.offsets[2 * article : 2 * article + 3].tolist()
    hashes, flags = words.hashes[first:last].astype("<u4", copy=False), words.flags[first:last]
    return _WORDS.pack(middle - first, last - middle) + zlib.compress(hashes.tobytes() + flags.tobytes(), _PACKING)


def count_body(packed: bytes) -> int:
    """Return the number of words in a body, from the first `HEAD` bytes that `pack_words` returned; -1 if damaged."""
    return int(_WORDS.unpack_from(packed)[1]) if len(packed) >= HEAD else -1


def unpack_words(packed: Iterable[bytes]) -> HashedWords:
    """Read the words of articles, each the output of `pack_words`.

    Raises:
        StoreError: the bytes are damaged.
    """
    hashes, flags, lengths = [], [], []
    try:
        for data in packed:
            title, body = _WORDS.unpack_from(data)
            raw, count = zlib.decompress(data[_WORDS.size :]), title + body
            if len(raw) != 5 * count:
                raise ValueError("length")
            hashes.append(np.frombuffer(raw, "<u4", count))
            flags.append(np.frombuffer(raw, np.uint8, count, 4 * count))
            lengths += [title, body]
    except (struct.error, ValueError, zlib.error) as error:
        raise StoreError("words in the store are damaged: 'dedup index check --repair' makes them anew") from error
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    joined = np.concatenate([np.empty(0, np.uint32), *hashes]).astype(np.uint32, copy=False)
    return HashedWords(joined, np.concatenate([np.empty(0, np.uint8), *flags]), offsets)


@dataclass(frozen=True, eq=False)
class Compared:
    """The vectors of a few articles as matrices."""

    vectors: Sequence[Vector]

    @cached_property
    def matrix(self) -> sp.csr_array:
        """Shape (articles, distinct terms), the columns in the order of the hashed terms."""
        return matrix_of([(vector.terms, vector.weights) for vector in self.vectors])[0]

    @cached_property
    def names(self) -> sp.csr_array:
        """Their cross-lingual vectors; shape (articles, distinct names and figures)."""
        return matrix_of([vector.names() for vector in self.vectors])[0]


def matrix_of(rows: Sequence[tuple[NDArray[np.int32], NDArray[np.integer]]]) -> tuple[sp.csr_array, NDArray[np.int64]]:
    """The matrix of vectors given as terms and weights in `WEIGHT_UNIT`, and the hashed terms of its columns."""
    indptr = np.concatenate([[0], np.cumsum([len(terms) for terms, _ in rows])]).astype(np.int32)
    terms = np.concatenate([np.empty(0, np.int32), *(terms for terms, _ in rows)])
    data = np.concatenate([np.empty(0, np.uint16), *(weights for _, weights in rows)]) * WEIGHT_UNIT
    known, columns = np.unique(terms, return_inverse=True)
    matrix = sp.csr_array((data, columns.ravel().astype(np.int32), indptr), shape=(len(rows), len(known)))
    return matrix, known.astype(np.int64)
