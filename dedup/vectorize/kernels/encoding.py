"""From Python's strings to the bytes that `onepass.read_block` takes: what `str.encode` does, in half the time.

Python writes the UTF-8 of a text that is not all ASCII character by character, and one curly quote is enough. Here the
characters are taken as CPython's C interface hands them out, and those that are ASCII, still most, are written many at
a time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import types
from numpy.typing import NDArray

from dedup.vectorize.kernels.characters import encode
from dedup.vectorize.kernels.compiling import Whole, kept_with_gil
from dedup.vectorize.kernels.machine import NARROWED, lowest, narrow

PAD = 64
"""The most bytes that come after all texts, of which the last has to be read with those after it."""
_AT_MOST = 4
"""Bytes of a character."""

# Py_UCS4 *PyUnicode_AsUCS4(PyObject *unicode, Py_UCS4 *buffer, Py_ssize_t buflen, int copy_null), of the stable
# interface since Python 3.7: copies the characters of a string. It fails only where the buffer is too small.
_as_ucs4 = types.ExternalFunction("PyUnicode_AsUCS4", types.intp(types.intp, types.intp, types.intp, types.intc))


def encoded(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 of texts, a zero byte after each, and at the very end one to `PAD` times 0xFF.

    Lone surrogates are kept, as with Python's `surrogatepass`.

    Plain form: `plain_forms.encoded`.

    Returns:
        The bytes, a multiple of `PAD`; and where each text begins and, the last, where the padding does.
    """
    offsets = np.zeros(len(texts) + 1, np.int64)
    # `texts` holds the strings meanwhile, so that nothing else comes to stand where they are.
    addresses = np.fromiter(map(id, texts), np.intp, len(texts))
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    text = np.empty(_AT_MOST * int(lengths.sum()) + len(texts) + 2 * PAD, np.uint8)  # most is never touched
    _encode_all(addresses, lengths, np.empty(int(lengths.max(initial=0)) + NARROWED, np.uint32), text, offsets)
    end = int(offsets[-1])
    size = end + PAD - end % PAD
    text[end:size] = 0xFF
    return text[:size], offsets


@kept_with_gil
def _encode_all(
    addresses: NDArray[np.intp],
    lengths: NDArray[np.int64],
    points: NDArray[np.uint32],
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> None:
    """Writes each text as UTF-8 with a zero byte after it, and where it begins.

    Args:
        addresses: where the strings are.
        lengths: the characters of each.
        points: room for those of the longest, and `NARROWED` more.
        text: written; with room for `NARROWED` bytes more.
        offsets: written; one more than there are texts.
    """
    filled: Whole = np.int64(0)
    for part in range(len(addresses)):
        offsets[part] = filled
        at, end = np.int64(0), lengths[part]
        _as_ucs4(addresses[part], points.ctypes.data, end, 0)
        points[end] = 0x80  # so that what comes after the end is never taken for ASCII
        while at < end:
            beyond = narrow(points, at, text, filled)
            if beyond == 0:
                at, filled = at + NARROWED, filled + NARROWED
                continue
            ready = lowest(beyond)
            at, filled = at + ready, filled + ready
            while at < end and points[np.uint64(at)] >= 0x80:  # what is beyond ASCII often comes in a row
                filled = encode(np.int64(points[np.uint64(at)]), text, filled)
                at += 1
        text[filled] = 0
        filled += 1
    offsets[len(addresses)] = filled
