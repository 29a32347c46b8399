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

_BLOCK = 1_000
"""Articles whose vectors are weighed together: memory for few is used again, which is faster than new memory."""


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
    names = sorted({*languages} & {*background.languages()})
    before = dict(idf_by_language(vectors.terms, names, frequencies, settings))
    after = dict(idf_by_language(vectors.terms, names, Frequencies.none(), settings))
    ratio = {name: after[name] / np.where(before[name] > 0, before[name], 1.0) for name in names}
    del before, after
    unit = np.empty(len(matrix.data))
    for start in range(0, len(languages), _BLOCK):
        mine = languages[start : start + _BLOCK]
        bounds = matrix.indptr[start : start + len(mine) + 1]
        entries, row_of = slice(bounds[0], bounds[-1]), np.repeat(np.arange(len(mine)), np.diff(bounds))
        weights, columns = matrix.data[entries].copy(), matrix.indices[entries]
        for name in {*mine} & ratio.keys():
            some = np.array([language == name for language in mine])[row_of]
            weights[some] *= ratio[name][columns[some]]
        unit[entries] = unit_weights(weights, row_of, len(mine))
    unit *= WEIGHT_UNIT
    return sp.csr_array((unit, matrix.indices, matrix.indptr), shape=matrix.shape)
