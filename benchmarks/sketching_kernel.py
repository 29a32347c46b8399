"""Kernels for benchmarks: signatures of given hashes, and repeated multiplication."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup import Settings
from dedup.vectorize.hashing import permutations
from dedup.vectorize.kernels.compiling import Whole, kept
from dedup.vectorize.kernels.sketching import least, premix


def of_hashes(hashes: NDArray[np.uint32], ends: NDArray[np.int64], settings: Settings) -> NDArray[np.uint32]:
    """Return the signatures of sets of hashes, shape (sets, num_perm)."""
    a, b = permutations(settings)
    rows = np.empty((len(ends) - 1, len(a)), np.uint32)
    _sketch_hashes(hashes, ends, a, b, rows)
    return rows


@kept
def _sketch_hashes(
    hashes: NDArray[np.uint32],
    ends: NDArray[np.int64],
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
    rows: NDArray[np.uint32],
) -> None:
    longest = np.int64(0)
    for row in range(len(rows)):
        longest = max(longest, ends[row + 1] - ends[row])
    mixed = np.empty(longest, np.uint32)
    for row in range(len(rows)):
        count = ends[row + 1] - ends[row]
        premix(hashes[ends[row] : ends[row + 1]], count, mixed)
        least(mixed, count, a, b, rows[row])


@kept
def multiply(numbers: NDArray[np.uint32], factor: Whole, times: int) -> None:
    """Multiply each number and add to it, `times` times: the minimal work for a slot of a signature."""
    for _ in range(times):
        for place in range(len(numbers)):
            numbers[place] = np.uint32(numbers[place] * factor + np.uint32(1))
