"""Search by halving: numba compiles `np.searchsorted` for a second."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kernel


@kernel
def first_not_below(values: NDArray[Any], value: Whole) -> Whole:
    """The place of the first of ascending values that is not below one, their number if all are."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low
