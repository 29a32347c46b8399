"""Search by halving: numba compiles `np.searchsorted` for a second."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.hashing import TERM_BITS
from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import lowest


@kernel
def first_not_below(values: NDArray[Any], value: Whole, low: Whole, high: Whole) -> Whole:
    """The first of the places `low:high` of ascending values that holds no less than one; `high` if none does."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def bucket_of(term: Whole, buckets: NDArray[np.int32]) -> Whole:
    """The bucket of a term; see `hashing.buckets_of`."""
    return np.int64(term) >> (TERM_BITS - lowest(np.uint64(len(buckets) - 1)))


@kernel
def place_of(term: Whole, terms: NDArray[np.integer[Any]], buckets: NDArray[np.int32]) -> Whole:
    """The place of a term among ascending ones, -1 where it is not among them; see `hashing.buckets_of`."""
    bucket = bucket_of(term, buckets)
    end = np.int64(buckets[bucket + 1])
    place = first_not_below(terms, term, np.int64(buckets[bucket]), end)
    return place if place < end and terms[place] == term else np.int64(-1)
