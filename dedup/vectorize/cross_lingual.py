"""What survives translation: names and figures, by which articles in different languages are compared.

Two reports of one event in two languages share few words, but they name the same people and places and give the same
figures. The cosine of these alone tells such pairs apart better than the cosine of all words, which is what two
articles of one language are compared by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.exact import WEIGHT_UNIT, Number
from dedup.vectorize.features import IS_NUMBER, HashedWords
from dedup.vectorize.frequencies import AT_ONCE
from dedup.vectorize.hashing import terms_of
from dedup.vectorize.language import UNKNOWN
from dedup.vectorize.tfidf import Vectors

WORTH = 0.7
"""What a cosine of names and figures counts, so that one threshold serves pairs of one language and of two."""
LEAST = 0.3
"""Length below which the part of a vector that is names and figures is not stretched to one: two numbers in common say
little of articles that have little else to compare."""
ONE_TONGUE = {"ms": "id", "sk": "cs", "da": "nb"}
"""Languages so close that an article of one is easily taken for the other; they share their words too."""


@dataclass(frozen=True, slots=True)
class CrossLingual:
    """Articles of several languages, as far as they can be compared across them.

    Attributes:
        matrix: the names and figures in the vectors of the articles, shape (articles, terms): their dot products are
            `WORTH` times the cosine of these parts; whole multiples of `WEIGHT_UNIT`.
        tongues: the number of each article's language, shape (articles,); -1 where it is unknown.
    """

    matrix: sp.csr_array
    tongues: NDArray[np.int64]

    def spans(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the articles of each pair are in different languages: names and figures alone compare them."""
        one, other = self.tongues[a], self.tongues[b]
        foreign: NDArray[np.bool_] = (one != other) & (one >= 0) & (other >= 0)
        return foreign


def figures(words: HashedWords) -> NDArray[np.int64]:
    """The hashed terms that are numbers in some article, ascending."""
    blocks = [slice(start, start + AT_ONCE) for start in range(0, len(words.hashes), AT_ONCE)]
    found = [np.unique(words.hashes[block][(words.flags[block] & IS_NUMBER) > 0]) for block in blocks]
    return np.unique(terms_of(np.unique(np.concatenate([np.empty(0, np.uint32), *found]))))


def tongues(languages: Iterable[str]) -> list[str]:
    """The known languages among some, sorted; those that are taken for each other count as one."""
    return sorted({ONE_TONGUE.get(language, language) for language in languages} - {UNKNOWN})


def tongues_of(languages: Sequence[str], names: Sequence[str] | None = None) -> NDArray[np.int64] | None:
    """The number of each article's language, -1 where it is unknown; None where there are not two known ones.

    Args:
        languages: of the articles.
        names: the `tongues` of the collection, where these are not all its articles.
    """
    names = tongues(languages) if names is None else names
    if len(names) < 2:
        return None
    number = {name: place for place, name in enumerate(names)}
    return np.array([number.get(ONE_TONGUE.get(language, language), -1) for language in languages], np.int64)


def cross_lingual_vectors(
    vectors: Vectors, capitals: sp.csr_array, figures: NDArray[np.int64], languages: Sequence[str]
) -> CrossLingual | None:
    """The bridge between the languages of a collection, None where all articles are in one.

    Kernel: `vectorize.kernels.cross_lingual.cross_lingual_vectors`.

    Args:
        vectors: TF-IDF vectors of the articles.
        capitals: counts of the words capitalised inside a sentence, as `term_counts` returns them.
        figures: the hashed terms that are numbers, ascending, as `figures` returns them.
        languages: the language of each article.
    """
    tongues = tongues_of(languages)
    return None if tongues is None else CrossLingual(_stretched(_kept(vectors, capitals, figures)), tongues)


def _kept(vectors: Vectors, capitals: sp.csr_array, figures: NDArray[np.int64]) -> sp.csr_array:
    """The vectors without what is neither a name of its article nor a figure."""
    matrix, width = vectors.matrix, np.int64(len(vectors.terms))
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    name_rows = np.repeat(np.arange(capitals.shape[0]), np.diff(capitals.indptr))
    name_keys = name_rows * width + np.searchsorted(vectors.terms, capitals.indices)  # ascending, as all indices are
    keys = rows * width + matrix.indices
    found = np.minimum(np.searchsorted(name_keys, keys), max(0, len(name_keys) - 1))
    is_name = name_keys[found] == keys if len(name_keys) else np.zeros(len(keys), bool)
    keep = is_name | np.isin(vectors.terms, figures)[matrix.indices]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[keep], minlength=matrix.shape[0]))])
    return sp.csr_array((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)


def cross_lingual_weight(weight: Number, squares: Number) -> Number:
    """The weight of a name or figure in the cross-lingual vector of its article: at length √`WORTH`, or below.

    Args:
        weight: its weight in the article's TF-IDF vector, in `WEIGHT_UNIT`.
        squares: the sum of the squared weights of all names and figures of the article.

    Returns:
        In `WEIGHT_UNIT`, rounded.
    """
    length = np.maximum(np.sqrt(squares) * WEIGHT_UNIT, LEAST)
    return np.rint(weight * WEIGHT_UNIT / length * np.sqrt(WORTH) / WEIGHT_UNIT)


def _stretched(part: sp.csr_array) -> sp.csr_array:
    """The cross-lingual vectors of articles from the names and figures in their TF-IDF vectors."""
    rows = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
    weights = np.rint(part.data / WEIGHT_UNIT).astype(np.int64)
    squares = np.zeros(part.shape[0], np.int64)
    np.add.at(squares, rows, weights * weights)
    data = cross_lingual_weight(weights, squares[rows]) * WEIGHT_UNIT
    stretched = sp.csr_array((data, part.indices, part.indptr), shape=part.shape)
    stretched.eliminate_zeros()
    return stretched
