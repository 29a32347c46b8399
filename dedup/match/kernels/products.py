"""Dot products of pairs of sparse rows by a kernel, equal to `dedup.match.stories.products`."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kept, kernel


def products(
    matrix: sp.csr_array, a: NDArray[np.int64], b: NDArray[np.int64], more: sp.csr_array | None = None
) -> NDArray[np.float64]:
    """Dot products of pairs of rows; shape (pairs,). Fast if pairs with one row in `a` follow each other.

    Plain form: `match.stories.products`.
    """
    return _products(*_arrays(matrix), *_arrays(matrix[:0] if more is None else more), a, b, np.zeros(matrix.shape[1]))


def _arrays(matrix: sp.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    data = matrix.data.astype(np.float64, copy=False)
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False), data


@kept
def _products(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    more_starts: NDArray[np.int64],
    more_columns: NDArray[np.int32],
    more_weights: NDArray[np.float64],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    dense: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The products, given a vector of zeros."""
    found = np.empty(len(a))
    count, last = np.int64(len(starts) - 1), np.int64(-1)
    for pair in range(len(a)):
        one, other = a[pair], b[pair]
        if one != last:
            for row, factor in ((last, 0.0), (one, 1.0)):
                if row >= count:
                    _spread(more_starts, more_columns, more_weights, row - count, factor, dense)
                elif row >= 0:
                    _spread(starts, columns, weights, row, factor, dense)
            last = one
        if other >= count:
            found[pair] = _dot(more_starts, more_columns, more_weights, other - count, dense)
        else:
            found[pair] = _dot(starts, columns, weights, other, dense)
    return found


@kernel
def _spread(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    row: Whole,
    factor: float,
    dense: NDArray[np.float64],
) -> None:
    """Write a row, times a factor, to a dense vector."""
    for place in range(starts[row], starts[row + 1]):
        dense[columns[place]] = factor * weights[place]


@kernel
def _dot(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float64],
    row: Whole,
    dense: NDArray[np.float64],
) -> float:
    """The dot product of a row and a dense vector."""
    total = 0.0
    for place in range(starts[row], starts[row + 1]):
        total += dense[columns[place]] * weights[place]
    return total
