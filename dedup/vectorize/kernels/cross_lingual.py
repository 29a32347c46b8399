"""The names and figures of articles by kernels: what `dedup.vectorize.cross_lingual.bridge` makes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.cross_lingual import CrossLingual, cross_lingual_weight, figures, tongues_of
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.features import Features
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.tfidf import Vectors

_cross_lingual_weight = kernel(cross_lingual_weight)


def cross_lingual_vectors(vectors: Vectors, features: Features, languages: Sequence[str]) -> CrossLingual | None:
    """The bridge between the languages of a collection, None where all articles are in one.

    Plain form: `vectorize.cross_lingual.cross_lingual_vectors`.

    Args:
        vectors: TF-IDF vectors of the articles.
        features: of the same articles.
        languages: the language of each article.
    """
    tongues = tongues_of(languages)
    return None if tongues is None else CrossLingual(crossing(vectors, features, figures(features.words)), tongues)


def crossing(vectors: Vectors, features: Features, known: NDArray[np.int64]) -> sp.csr_array:
    """The names and figures in vectors; `known` are the hashed terms that are figures, ascending."""
    matrix = vectors.matrix
    is_figure = np.zeros(len(vectors.terms), np.bool_)
    place = np.searchsorted(vectors.terms, known)
    known, place = known[place < len(vectors.terms)], place[place < len(vectors.terms)]
    is_figure[place[vectors.terms[place] == known]] = True
    start, columns = np.asarray(matrix.indptr, np.int64), np.asarray(matrix.indices, np.int32)
    given = (start, columns, matrix.data, vectors.terms, is_figure, features.indptr, features.terms, features.capitals)
    filled = np.zeros(len(start), np.int64)
    _crossing(*given, np.empty(0, np.int32), np.empty(0), filled)
    np.cumsum(filled, out=filled)
    columns_kept, data = np.empty(filled[-1], np.int32), np.empty(filled[-1])
    _crossing(*given, columns_kept, data, filled)
    return sp.csr_array((data, columns_kept, filled), shape=matrix.shape)


@kept
def _crossing(
    start: NDArray[np.int64],
    columns: NDArray[np.int32],
    data: NDArray[np.float64],
    terms: NDArray[np.int64],
    is_figure: NDArray[np.bool_],
    counted: NDArray[np.int64],
    counted_terms: NDArray[np.int32],
    capitals: NDArray[np.unsignedinteger],
    crossing: NDArray[np.int32],
    stretched: NDArray[np.float64],
    filled: NDArray[np.int64],
) -> None:
    """Writes what of each vector crosses, at the length it has there; without room for it, only how much that is."""
    longest: Whole = np.int64(0)
    for row in range(len(start) - 1):
        longest = max(longest, start[row + 1] - start[row])
    chosen, whole = np.empty(longest, np.int32), np.empty(longest, np.int64)
    for row in range(len(start) - 1):
        entry, count, squares = counted[row], 0, np.int64(0)
        for place in range(start[row], start[row + 1]):
            term = terms[columns[place]]
            while counted_terms[entry] != term:
                entry += 1
            if capitals[entry] > 0 or is_figure[columns[place]]:
                chosen[count] = columns[place]
                whole[count] = np.int64(np.rint(data[place] / WEIGHT_UNIT))
                squares += whole[count] * whole[count]
                count += 1
        at: Whole = filled[row]
        kept_entries: Whole = np.int64(0)
        for place in range(count):
            value = _cross_lingual_weight(whole[place], squares) * WEIGHT_UNIT
            if value != 0:
                if len(crossing):
                    crossing[at + kept_entries], stretched[at + kept_entries] = chosen[place], value
                kept_entries += 1
        if not len(crossing):
            filled[row + 1] = kept_entries
