"""Cross-lingual vectors: the names and figures of articles, by which those in different languages are compared.

Two reports of one event in two languages share few words, but they name the same people and places and give the same
figures. For such pairs the cosine of names and figures alone is more accurate than the cosine of all terms, which
compares two articles of one language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.exact import WEIGHT_UNIT, Numbers
from dedup.vectorize.features import IS_NUMBER, HashedWords
from dedup.vectorize.frequencies import AT_ONCE
from dedup.vectorize.hashing import terms_of
from dedup.vectorize.language import UNKNOWN
from dedup.vectorize.tfidf import Vectors

WORTH = 0.7
"""Factor of a cosine of names and figures, so that one threshold fits pairs of one language and of two."""
LEAST = 0.3
"""Length below which the names and figures of a vector are not scaled to unit length: two numbers in common are weak
evidence for articles that have nearly no other names and figures."""
SAME_LANGUAGE = {"ms": "id", "sk": "cs", "da": "nb"}
"""Languages that count as another one: detection confuses the two, and they share most of their words."""


@dataclass(frozen=True, slots=True)
class CrossLingual:
    """Cross-lingual vectors of articles.

    Attributes:
        matrix: the names and figures in the vectors of the articles, shape (articles, terms). Dot products are `WORTH`
            times the cosine of these parts; entries are multiples of `WEIGHT_UNIT`.
        languages: the number of each article's language, shape (articles,); -1 where it is unknown.
    """

    matrix: sp.csr_array
    languages: NDArray[np.int64]

    def spans(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the articles of each pair are in different languages, so that names and figures compare them."""
        one, other = self.languages[a], self.languages[b]
        foreign: NDArray[np.bool_] = (one != other) & (one >= 0) & (other >= 0)
        return foreign


def figures(words: HashedWords) -> NDArray[np.int64]:
    """The hashed terms that are numbers in any article, ascending."""
    blocks = [slice(start, start + AT_ONCE) for start in range(0, len(words.hashes), AT_ONCE)]
    found = [np.unique(words.hashes[block][(words.flags[block] & IS_NUMBER) > 0]) for block in blocks]
    return np.unique(terms_of(np.unique(np.concatenate([np.empty(0, np.uint32), *found]))))


def distinct_languages(languages: Iterable[str]) -> list[str]:
    """The known languages among those of articles, sorted; see `SAME_LANGUAGE`."""
    return sorted({SAME_LANGUAGE.get(language, language) for language in languages} - {UNKNOWN})


def number_languages(languages: Sequence[str]) -> NDArray[np.int64]:
    """The number of each article's language from 0 on; articles of unknown language have the last."""
    names = distinct_languages(languages)
    numbers = language_numbers(languages, [*names, UNKNOWN])
    return np.zeros(len(languages), np.int64) if numbers is None else numbers


def language_numbers(languages: Sequence[str], names: Sequence[str] | None = None) -> NDArray[np.int64] | None:
    """The number of each article's language, -1 where it is unknown; None for a collection of fewer than two.

    Args:
        languages: of the articles.
        names: the `distinct_languages` of the collection, where it has more articles than these.
    """
    names = distinct_languages(languages) if names is None else names
    if len(names) < 2:
        return None
    number = {name: place for place, name in enumerate(names)}
    return np.array([number.get(SAME_LANGUAGE.get(language, language), -1) for language in languages], np.int64)


def cross_lingual_vectors(
    vectors: Vectors, capitals: sp.csr_array, figures: NDArray[np.int64], languages: Sequence[str]
) -> CrossLingual | None:
    """Cross-lingual vectors of the articles of a collection; None where all are in one language.

    Kernel: `vectorize.kernels.cross_lingual.cross_lingual_vectors`.

    Args:
        vectors: TF-IDF vectors of the articles.
        capitals: counts of the words capitalised inside a sentence, as `term_counts` returns them.
        figures: the hashed terms that are numbers, ascending, as `figures` returns them.
        languages: the language of each article.
    """
    numbers = language_numbers(languages)
    return None if numbers is None else CrossLingual(_rescaled(_kept(vectors, capitals, figures)), numbers)


def _kept(vectors: Vectors, capitals: sp.csr_array, figures: NDArray[np.int64]) -> sp.csr_array:
    """The entries of vectors that are names in their article, or figures."""
    matrix, width = vectors.matrix, np.int64(len(vectors.terms))
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    name_rows = np.repeat(np.arange(capitals.shape[0]), np.diff(capitals.indptr))
    name_keys = name_rows * width + np.searchsorted(vectors.terms, capitals.indices)  # ascending: indices are sorted
    keys = rows * width + matrix.indices
    found = np.minimum(np.searchsorted(name_keys, keys), max(0, len(name_keys) - 1))
    is_name = name_keys[found] == keys if len(name_keys) else np.zeros(len(keys), bool)
    keep = is_name | np.isin(vectors.terms, figures)[matrix.indices]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[keep], minlength=matrix.shape[0]))])
    return sp.csr_array((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)


def cross_lingual_weight(weight: Numbers, squares: Numbers) -> Numbers:
    """The weight of a name or figure in the cross-lingual vector of its article: at length √`WORTH`, or below.

    Args:
        weight: its weight in the article's TF-IDF vector, in `WEIGHT_UNIT`.
        squares: the sum of the squared weights of all names and figures of the article.

    Returns:
        In `WEIGHT_UNIT`, rounded.
    """
    length = np.maximum(np.sqrt(squares) * WEIGHT_UNIT, LEAST)
    return np.rint(weight * WEIGHT_UNIT / length * np.sqrt(WORTH) / WEIGHT_UNIT)


def _rescaled(part: sp.csr_array) -> sp.csr_array:
    """The cross-lingual vectors of articles from the names and figures in their TF-IDF vectors."""
    rows = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
    weights = np.rint(part.data / WEIGHT_UNIT).astype(np.int64)
    squares = np.zeros(part.shape[0], np.int64)
    np.add.at(squares, rows, weights * weights)
    data = cross_lingual_weight(weights, squares[rows]) * WEIGHT_UNIT
    rescaled = sp.csr_array((data, part.indices, part.indptr), shape=part.shape)
    rescaled.eliminate_zeros()
    return rescaled
