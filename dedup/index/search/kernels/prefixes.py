"""Which signature prefixes have so much in common with one that their articles may be copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import kept
from dedup.vectorize.kernels.machine import fetch


@kept
def any_prefix_agrees(rows: NDArray[np.uint8], own: NDArray[np.uint8], least: int, first: int, last: int) -> bool:
    """Whether any of some signature prefixes has `least` bytes in common with one; those at `first:last` do not count.

    Plain form: `plain_forms.any_prefix_agrees`.
    """
    for row in range(len(rows)):
        agreeing = np.int64(0)
        for place in range(len(own)):
            agreeing += np.int64(rows[row, place] == own[place])
        if agreeing >= least and not first <= row < last:
            return True
    return False


@kept
def any_prefix_listed(
    begin: NDArray[np.int32], lists: NDArray[np.uint16], own: NDArray[np.uint8], least: int, first: int, last: int
) -> bool:
    """`any_prefix_agrees` by the lists of `Prefixes`, which are read of one value of each byte.

    Plain form: `plain_forms.any_prefix_agrees`.
    """
    agreeing = np.zeros(len(lists) // len(own), np.uint8)
    for place in range(len(own)):
        fetch(lists, np.int64(begin[256 * place + np.int64(own[place])]))
    for place in range(len(own)):
        value = 256 * place + np.int64(own[place])
        for at in range(begin[value], begin[value + 1]):
            row = np.int64(lists[at])
            agreeing[row] += np.uint8(1)
            if agreeing[row] >= least and not first <= row < last:
                return True
    return False
