"""Dot products of pairs of sparse rows by a kernel, equal to `dedup.match.stories.products`."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept


def products(matrix: sp.csr_array, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Dot products of pairs of rows; shape (pairs,). Fast if pairs with one row in `a` follow each other.

    Plain form: `match.stories.products`.
    """
    starts, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False)
    return _products(starts, columns, matrix.data.astype(np.float64, copy=False), a, b, np.zeros(matrix.shape[1]))


@kept
def _products(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    dense: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The products, given a vector of zeros."""
    found = np.empty(len(a))
    last = np.int64(-1)
    for pair in range(len(a)):
        one, other = a[pair], b[pair]
        if one != last:
            if last >= 0:
                for place in range(starts[last], starts[last + 1]):
                    dense[columns[place]] = 0.0
            for place in range(starts[one], starts[one + 1]):
                dense[columns[place]] = weights[place]
            last = one
        total = 0.0
        for place in range(starts[other], starts[other + 1]):
            total += dense[columns[place]] * weights[place]
        found[pair] = total
    return found
