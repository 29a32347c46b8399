"""Vectors weighed by news in general: what the words of a story are worth outside of the collection.

A story's own words become common with it. At a hundred articles of a thousand their idf is less than half of what it
was at one, and the parts of a large story look like different matters. The shares of the shipped tables do not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from dedup.vectorize import background
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.frequencies import Frequencies
from dedup.vectorize.tfidf import Vectors, idf_by_language, unit_weights

if TYPE_CHECKING:
    from dedup.settings import Settings


def general_matrix(
    vectors: Vectors, languages: Sequence[str], frequencies: Frequencies, settings: Settings
) -> sp.csr_array:
    """Weigh vectors as if their collection were not counted; of a language without a table they stay as they are.

    Args:
        vectors: the vectors of articles.
        languages: the language of each, as `detect` returns it.
        frequencies: the document frequencies by which they were weighed.
        settings: for `background`.

    Returns:
        Unit vectors of the same shape and columns; multiples of `WEIGHT_UNIT`.
    """
    matrix = vectors.matrix
    if not frequencies.articles.sum():
        return matrix
    rows = matrix.shape[0]
    row_of = np.repeat(np.arange(rows), np.diff(matrix.indptr))
    names = sorted({*languages})
    number = {name: place for place, name in enumerate(names)}
    language_of = np.fromiter((number[name] for name in languages), np.int64, len(languages))[row_of]
    weights = matrix.data.copy()
    before = dict(idf_by_language(vectors.terms, names, frequencies, settings))
    after = dict(idf_by_language(vectors.terms, names, Frequencies.none(), settings))
    for name in names:
        if name in background.languages():
            ratio = after[name] / np.where(before[name] > 0, before[name], 1.0)
            mine = slice(None) if len(names) == 1 else language_of == number[name]
            weights[mine] *= ratio[matrix.indices[mine]]
    unit = unit_weights(weights, row_of, rows) * WEIGHT_UNIT
    return sp.csr_array((unit, matrix.indices, matrix.indptr), shape=matrix.shape)
