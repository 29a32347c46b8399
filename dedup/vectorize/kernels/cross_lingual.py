"""Kernels for cross-lingual vectors: `dedup.vectorize.cross_lingual` on the arrays of `Features`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.cross_lingual import CrossLingual, cross_lingual_weight, figures, language_numbers
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.features import Features
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kept
from dedup.vectorize.tfidf import Vectors

callable_by_kernels(cross_lingual_weight)


def cross_lingual_vectors(vectors: Vectors, features: Features, languages: Sequence[str]) -> CrossLingual | None:
    """Cross-lingual vectors of the articles of a collection; None where all are in one language.

    Plain form: `vectorize.cross_lingual.cross_lingual_vectors`.

    Args:
        vectors: TF-IDF vectors of the articles.
        features: of the same articles.
        languages: the language of each article.
    """
    numbers = language_numbers(languages)
    if numbers is None:
        return None
    return CrossLingual(names_and_figures(vectors, features, figures(features.words)), numbers)


def names_and_figures(vectors: Vectors, features: Features, known: NDArray[np.int64]) -> sp.csr_array:
    """The matrix of `CrossLingual`; `known` are the hashed terms that are figures, ascending."""
    matrix = vectors.matrix
    is_figure = np.isin(vectors.terms, known)
    start, columns = np.asarray(matrix.indptr, np.int64), np.asarray(matrix.indices, np.int32)
    given = (start, columns, matrix.data, vectors.terms, is_figure, features.indptr, features.terms, features.capitals)
    ends = np.zeros(len(start), np.int64)
    _names_and_figures(*given, np.empty(0, np.int32), np.empty(0), ends)
    np.cumsum(ends, out=ends)
    columns_kept, data = np.empty(ends[-1], np.int32), np.empty(ends[-1])
    _names_and_figures(*given, columns_kept, data, ends)
    return sp.csr_array((data, columns_kept, ends), shape=matrix.shape)


@kept
def _names_and_figures(
    start: NDArray[np.int64],
    columns: NDArray[np.int32],
    data: NDArray[np.float64],
    terms: NDArray[np.int64],
    is_figure: NDArray[np.bool_],
    counted: NDArray[np.int64],
    counted_terms: NDArray[np.int32],
    capitals: NDArray[np.unsignedinteger],
    columns_kept: NDArray[np.int32],
    data_kept: NDArray[np.float64],
    ends: NDArray[np.int64],
) -> None:
    """Write the names and figures of each vector; given no room for them, write only how many each has to `ends`."""
    longest: Whole = np.int64(0)
    for row in range(len(start) - 1):
        longest = max(longest, start[row + 1] - start[row])
    chosen, weights = np.empty(longest, np.int32), np.empty(longest, np.int64)
    for row in range(len(start) - 1):
        entry, count, squares = counted[row], 0, np.int64(0)
        for place in range(start[row], start[row + 1]):
            term = terms[columns[place]]
            while counted_terms[entry] != term:
                entry += 1
            if capitals[entry] > 0 or is_figure[columns[place]]:
                chosen[count] = columns[place]
                weights[count] = np.int64(np.rint(data[place] / WEIGHT_UNIT))
                squares += weights[count] * weights[count]
                count += 1
        at: Whole = ends[row]
        filled: Whole = np.int64(0)
        for place in range(count):
            value = cross_lingual_weight(weights[place], squares) * WEIGHT_UNIT
            if value != 0:
                if len(columns_kept):
                    columns_kept[at + filled], data_kept[at + filled] = chosen[place], value
                filled += 1
        if not len(columns_kept):
            ends[row + 1] = filled
