"""The statistics of a collection that scores depend on, frozen so that scores do not change as articles are added.

A run of `cluster` takes document frequencies, background similarity, crowding and boilerplate from the articles that it
groups. A `Background` holds these statistics, learned once (`dedup.learn_background`), for use with other articles. The
score of a pair then depends on its two articles and the background only.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from tokenize import TokenError
from typing import TYPE_CHECKING, Self
from zipfile import BadZipFile

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.errors import InputError
from dedup.match.stories import smoothed_mean
from dedup.vectorize.boilerplate import remaining
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.frequencies import Frequencies, values_at
from dedup.vectorize.hashing import FEATURES
from dedup.vectorize.misplaced_body import body_digests
from dedup.vectorize.vocabulary import checked_words

if TYPE_CHECKING:
    from dedup.vectorize.features import HashedWords
    from dedup.vectorize.tfidf import Vectors

FORMAT = 3
"""Version of the format that `to_bytes` writes."""
_DIGEST = 16
_FEATURES_BEFORE = 2**22
"""Number of hashed terms in backgrounds of format 1."""
_NOT_ONE = (
    *(ValueError, KeyError, TypeError, IndexError, OSError, EOFError, BadZipFile, zlib.error, MemoryError),
    RuntimeError,  # zipfile: a damaged archive that is marked as encrypted, or has an unknown compression
    *(SyntaxError, TokenError),  # NumPy: the header of an array is not valid Python; TokenError since Python 3.12
)
"""What NumPy and zipfile raise if bytes are not an archive of the expected arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Statistics of a collection of news, under which other articles are compared.

    Attributes:
        frequencies: document frequencies.
        articles: number of articles in the collection, copies of one text counted once.
        terms: the hashed terms of their vectors, ascending; int64.
        sums: the sum of their unit vectors at these terms, in units of `WEIGHT_UNIT`; int64.
        crowd: the crowding of the collection, which is subtracted from all scores; see `dedup.match.crowding`.
        passages: the hashes of the passages that are boilerplate, ascending; uint64.
        bodies: the digests of misplaced bodies, see `dedup.vectorize.misplaced_body`.
        words: the words of the collection, by whose hashes all of these are looked up; see `Vocabulary.packed`. They
            keep these hashes under the background, whatever other words an article has. Empty in an older format.
        version: how often the index that it belongs to has learned it again; 0 outside of an index.
        general_sums: as `sums`, of the vectors weighed by news in general, see `dedup.vectorize.general`; None in
            an older format, for which `sums` serve.
    """

    frequencies: Frequencies
    articles: int
    terms: NDArray[np.int64]
    sums: NDArray[np.int64]
    crowd: float
    passages: NDArray[np.uint64]
    bodies: frozenset[bytes] = field(repr=False)
    words: bytes = field(default=b"", repr=False)
    version: int = 0
    general_sums: NDArray[np.int64] | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<Background {self.fingerprint} of {self.articles:,} articles>"

    @classmethod
    def general(cls) -> Self:
        """The background of news in general: the word frequencies that ship with dedup, and nothing else."""
        none = np.empty(0, np.int64)
        return cls(Frequencies.none(), 0, none, none, 0.0, np.empty(0, np.uint64), frozenset())

    @classmethod
    def of(
        cls,
        frequencies: Frequencies,
        vectors: Vectors,
        general: sp.csr_array,
        representative: NDArray[np.int64],
        crowd: float,
        passages: NDArray[np.uint64],
        bodies: frozenset[bytes],
        words: bytes,
    ) -> Self:
        """The background that a run has learned, from the vectors of its articles.

        `general` is their matrix weighed by news in general, see `dedup.vectorize.general`; for `representative` see
        `dedup.match.stories.mean_similarity`.
        """
        represents = np.zeros(len(representative))
        represents[representative] = 1.0
        sums, general_sums = (
            np.rint(np.asarray(matrix.T @ represents).ravel() / WEIGHT_UNIT).astype(np.int64)
            for matrix in (vectors.matrix, general)
        )
        some = sums > 0
        return cls(
            frequencies, int(represents.sum()), vectors.terms[some], sums[some], crowd, passages, bodies, words,
            general_sums=general_sums[some],
        )  # fmt: skip

    def overwritten(self, words: HashedWords, places: Sequence[int] | None = None) -> list[int]:
        """The places of the articles whose body is known as misplaced, ascending; of all articles or of some."""
        return self._among(body_digests(words, places)) if self.bodies else []

    def _among(self, digests: Iterable[tuple[int, bytes]]) -> list[int]:
        return [place for place, digest in digests if digest in self.bodies]

    def own_words(
        self,
        words: HashedWords,
        outside: Callable[[HashedWords, NDArray[np.uint64]], NDArray[np.bool_]],
        digests: Iterable[tuple[int, bytes]] | None = None,
    ) -> tuple[NDArray[np.bool_], list[int]]:
        """Which words are neither in a misplaced body nor boilerplate, and the places of the articles with such a body.

        Args:
            words: of the articles.
            outside: see `dedup.vectorize.boilerplate.remaining`.
            digests: what `misplaced_body.body_digests` yields for the words, if it is known.

        Returns:
            Shape (words,), and places in ascending order.
        """
        digests = body_digests(words) if digests is None and self.bodies else digests
        places = self._among(digests or ())
        keep = words.outside_bodies(places)
        keep[keep] = remaining(words.kept(keep), self.passages, outside)
        if self.bodies and not keep.all():  # what remains of a body may be a misplaced one
            rest = words.kept(keep)
            changed = np.flatnonzero(np.diff(words.offsets)[1::2] != np.diff(rest.offsets)[1::2])
            wrong = self._among(body_digests(rest, changed.tolist()))
            places = sorted(places + wrong)
            keep[keep] = rest.outside_bodies(wrong)
        return keep, places

    def ordinariness(self, vectors: Vectors) -> NDArray[np.float64]:
        """Background similarity: the smoothed mean cosine of each article to those learned from; shape (articles,).

        `crowd` is not included.
        """
        return self._mean_cosine(vectors.matrix, vectors.terms, self.sums)

    def general_ordinariness(self, general: sp.csr_array, terms: NDArray[np.int64]) -> NDArray[np.float64]:
        """`ordinariness` of vectors weighed by news in general, whose columns are hashed terms; shape (articles,)."""
        return self._mean_cosine(general, terms, self.sums if self.general_sums is None else self.general_sums)

    def _mean_cosine(
        self, matrix: sp.csr_array, terms: NDArray[np.int64], sums: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        at_terms = values_at(terms % self.frequencies.width, self.terms, sums) * WEIGHT_UNIT
        total = np.asarray(matrix @ at_terms).ravel()  # exact: multiples of a power of two
        return smoothed_mean(total, self.articles)

    @property
    def fingerprint(self) -> str:
        """A digest of all attributes but the version: 16 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=8)
        for name, column in sorted(self._columns().items()):
            digest.update(f"{name} {column.dtype.str} {column.shape}".encode())
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """All attributes but the version as a compressed `.npz` archive of arrays."""
        out = io.BytesIO()
        form = 1 if self.frequencies.width != FEATURES else 2 if self.general_sums is None else FORMAT
        np.savez_compressed(out, format=np.array(form), **self._columns())  # type: ignore[arg-type] # columns, not `allow_pickle`
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, version: int = 0) -> Self:
        """Read the output of `to_bytes`.

        Raises:
            InputError: the bytes are not a background, or one of a newer version of dedup.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as columns:
                return cls._from(dict(columns), version)
        except _NOT_ONE as error:
            raise InputError(f"this is no background that this version of dedup can read ({error})") from error

    @classmethod
    def _from(cls, columns: dict[str, NDArray[np.generic]], version: int) -> Self:
        form = int(columns["format"].item())
        if form > FORMAT:
            raise ValueError(f"its format is {form}, known are those up to {FORMAT}")
        count = len(columns["languages"])
        width = FEATURES if form > 1 or not len(columns["count"]) else _FEATURES_BEFORE
        counts, terms = columns["count"].astype(np.int64), columns["count_term"].astype(np.int32)
        starts = columns["count_start"].astype(np.int64)
        frequencies = Frequencies(
            tuple(str(name) for name in columns["languages"].tolist()),
            columns["language_articles"].astype(np.int64),
            sp.csr_array((counts, terms, starts), shape=(count, width)),
        )
        bodies = columns["bodies"].astype(np.uint8).tobytes()
        return cls(
            frequencies,
            int(columns["articles"].item()),
            columns["terms"].astype(np.int64),
            columns["sums"].astype(np.int64),
            float(columns["crowd"].item()),
            columns["passages"].astype(np.uint64),
            frozenset(bodies[start : start + _DIGEST] for start in range(0, len(bodies), _DIGEST)),
            checked_words(columns["words"].astype(np.uint8).tobytes()) if form > 1 else b"",
            version,
            columns["general_sums"].astype(np.int64) if form > 2 else None,
        )

    def _columns(self) -> dict[str, NDArray[np.generic]]:
        counts = self.frequencies.counts
        columns: dict[str, NDArray[np.generic]] = {
            "languages": np.array(self.frequencies.languages, dtype="U8"),
            "language_articles": self.frequencies.articles.astype(np.int64),
            "count": counts.data.astype(np.int64),
            "count_term": counts.indices.astype(np.int32),
            "count_start": counts.indptr.astype(np.int64),
            "articles": np.array(self.articles, np.int64),
            "terms": self.terms.astype(np.int32),
            "sums": self.sums,
            "crowd": np.array(self.crowd, np.float64),
            "passages": self.passages,
            "bodies": np.frombuffer(b"".join(sorted(self.bodies)), np.uint8),
        }
        if self.frequencies.width == FEATURES:
            columns["words"] = np.frombuffer(self.words, np.uint8)
        if self.general_sums is not None:
            columns["general_sums"] = self.general_sums
        return columns
