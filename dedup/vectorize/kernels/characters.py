"""Kernels for UTF-8 and for the check that a text is normalised. Nearly all are; the plain form reads the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.text.alphabet import LONGEST_STACK
from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import byte
from dedup.vectorize.kernels.points import COMPOSED, JOINING, ORDER, STACKED, UNKNOWN


@kernel
def width(first: Whole) -> Whole:
    """The number of bytes of a character, by its first byte."""
    if first < 0x80:
        return 1
    if first < 0xE0:
        return 2
    return 3 if first < 0xF0 else 4


@kernel
def decode(text: NDArray[np.uint8], at: Whole) -> Whole:
    """The code point of the character that begins at a place."""
    first = np.int64(byte(text, at))
    if first < 0x80:
        return np.uint32(first)
    second = np.int64(byte(text, at + 1)) & 0x3F
    if first < 0xE0:
        return np.uint32((first & 0x1F) << 6 | second)
    third = np.int64(byte(text, at + 2)) & 0x3F
    if first < 0xF0:
        return np.uint32((first & 0x0F) << 12 | second << 6 | third)
    return np.uint32((first & 0x07) << 18 | second << 12 | third << 6 | (np.int64(byte(text, at + 3)) & 0x3F))


@kernel
def encode(point: Whole, out: NDArray[np.uint8], at: Whole) -> Whole:
    """Write the UTF-8 of a code point at a place, and return the place after it."""
    if point < 0x80:
        out[at] = point
        return at + 1
    if point < 0x800:
        out[at] = 0xC0 | point >> 6
        out[at + 1] = 0x80 | (point & 0x3F)
        return at + 2
    if point < 0x10000:
        out[at] = 0xE0 | point >> 12
        out[at + 1] = 0x80 | (point >> 6 & 0x3F)
        out[at + 2] = 0x80 | (point & 0x3F)
        return at + 3
    out[at] = 0xF0 | point >> 18
    out[at + 1] = 0x80 | (point >> 12 & 0x3F)
    out[at + 2] = 0x80 | (point >> 6 & 0x3F)
    out[at + 3] = 0x80 | (point & 0x3F)
    return at + 4


@kernel
def composes(first: Whole, second: Whole, pairs: NDArray[np.uint64]) -> bool:
    """Whether normalisation composes two characters, except for Hangul."""
    wanted = np.uint64(first) << np.uint64(32) | np.uint64(second)
    low, high = 0, len(pairs)
    while low < high:
        middle = (low + high) >> 1
        if pairs[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < len(pairs) and pairs[low] == wanted


@kernel
def is_changed(
    text: NDArray[np.uint8], begin: Whole, at: Whole, normal: NDArray[np.uint16], pairs: NDArray[np.uint64]
) -> bool:
    """Whether the normalisation by `tokenize` may change the text at a character that has `points.WATCHED` set.

    Normalisation does not change a text in which all marks are in canonical order and none composes with the letter
    before it (the quick check of Unicode Standard Annex 15, section 9, except that characters which may compose are
    checked against the letter that precedes them). Returns true in doubt: the plain form reads such a text.
    """
    point = decode(text, at)
    known = normal[point]
    if known & UNKNOWN:
        return True
    order = known & ORDER
    stack = 1 if known & STACKED else 0
    in_stack, joining, nearest = stack == 1, (known & JOINING) != 0, True
    while at > begin and (in_stack or joining or nearest):
        at -= 1
        while byte(text, at) & 0xC0 == 0x80:
            at -= 1
        before = decode(text, at)
        known = normal[before]
        if nearest and order and (known & ORDER) > order:
            return True
        nearest = False
        if in_stack:
            in_stack = (known & STACKED) != 0
            stack += 1 if in_stack else 0
            if stack > LONGEST_STACK:
                return True
        if joining and known & ORDER == 0:
            joining = False
            hangul = 0x1161 <= point <= 0x11C2
            if hangul or known & COMPOSED or composes(before, point, pairs):
                return True
    return False
