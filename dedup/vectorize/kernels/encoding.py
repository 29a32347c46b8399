"""Kernel that encodes Python strings as the UTF-8 that `onepass.read_block` reads, in half the time of `str.encode`.

Python encodes a text with a single character beyond ASCII, such as a curly quote, character by character. Here the code
points are copied by CPython's C interface, and runs of ASCII, which are still most, are written many at a time.
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
"""Largest number of padding bytes after all texts: the end of the last text is read in chunks of this size."""
_AT_MOST = 4
"""Bytes of a character in UTF-8."""

# Py_UCS4 *PyUnicode_AsUCS4(PyObject *unicode, Py_UCS4 *buffer, Py_ssize_t buflen, int copy_null), in the stable ABI
# since Python 3.7, copies the code points of a string. It fails only if the buffer is too small.
_as_ucs4 = types.ExternalFunction("PyUnicode_AsUCS4", types.intp(types.intp, types.intp, types.intp, types.intc))


def encoded(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 of texts with a zero byte after each, padded with 1 to `PAD` bytes 0xFF.

    Lone surrogates are encoded as with Python's `surrogatepass`.

    Plain form: `plain_forms.encoded`.

    Returns:
        The bytes, a multiple of `PAD`; and the offset of each text and of the padding.
    """
    offsets = np.zeros(len(texts) + 1, np.int64)
    # `texts` keeps the strings alive, so the addresses stay valid.
    addresses = np.fromiter(map(id, texts), np.intp, len(texts))
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    text = np.empty(_AT_MOST * int(lengths.sum()) + len(texts) + 2 * PAD, np.uint8)  # an upper bound
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
    """Write each text as UTF-8 with a zero byte after it, and its offset.

    Args:
        addresses: addresses of the string objects.
        lengths: number of characters of each.
        points: room for the code points of the longest, and `NARROWED` more.
        text: written; with room for `NARROWED` bytes more.
        offsets: written; one more than there are texts.
    """
    filled: Whole = np.int64(0)
    for part in range(len(addresses)):
        offsets[part] = filled
        at, end = np.int64(0), lengths[part]
        _as_ucs4(addresses[part], points.ctypes.data, end, 0)
        points[end] = 0x80  # not ASCII, so that nothing after the end is copied
        while at < end:
            beyond = narrow(points, at, text, filled)
            if beyond == 0:
                at, filled = at + NARROWED, filled + NARROWED
                continue
            ready = lowest(beyond)
            at, filled = at + ready, filled + ready
            while at < end and points[np.uint64(at)] >= 0x80:  # characters beyond ASCII often follow each other
                filled = encode(np.int64(points[np.uint64(at)]), text, filled)
                at += 1
        text[filled] = 0
        filled += 1
    offsets[len(addresses)] = filled
