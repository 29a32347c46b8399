"""Plain forms of kernels that have none in the product, in a few lines of NumPy and SciPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def encoded(texts: Sequence[str]) -> tuple[bytes, NDArray[np.int64]]:
    """The UTF-8 of texts, a zero byte after each, and where each begins and the last ends; without the padding.

    Kernel: `vectorize.kernels.encoding.encoded`.
    """
    parts = [text.encode(errors="surrogatepass") + b"\0" for text in texts]
    return b"".join(parts), np.cumsum([0, *map(len, parts)])


def sort_by_term(rows: NDArray[np.int32], terms: NDArray[np.int32], weights: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Entries as term << 32 | vector << 16 | weight, stably sorted by term.

    Kernel: `index.search.kernels.layout.sort_by_term`.
    """
    term, row, weight = (column.astype(np.uint64) for column in (terms, rows, weights))
    return (term << np.uint64(32) | row << np.uint64(16) | weight)[np.argsort(terms, kind="stable")]


def _columns(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Term, vector and weight of entries."""
    given = keys.astype(np.int64)
    return given >> 32, given >> 16 & 0xFFFF, given & 0xFFFF


def term_statistics(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct terms of entries, how many entries each has, and the sum of their squared weights.

    Kernel: `index.search.kernels.layout.term_statistics`.
    """
    term, _, weight = _columns(keys)
    terms, place, frequency = np.unique(term, return_inverse=True, return_counts=True)
    energy = np.zeros(len(terms), np.int64)
    np.add.at(energy, place.ravel(), weight**2)
    return terms.astype(np.int32), frequency, energy


def segment_arrays(
    keys: NDArray[np.uint64], in_head: NDArray[np.bool_], terms: NDArray[np.int32], count: int
) -> tuple[NDArray[np.generic], ...]:
    """The columns of a `Segment` from `postings` on.

    Kernel: `index.search.kernels.layout.segment_arrays`.
    """
    term, row, weight = _columns(keys)
    of_head = in_head[np.searchsorted(terms, term)]
    head, square = terms[in_head], np.zeros(count, np.int64)
    np.add.at(square, row[of_head], weight[of_head] ** 2)
    order = np.flatnonzero(of_head)[np.argsort(row[of_head], kind="stable")]
    begin = np.concatenate([[0], np.cumsum(np.bincount(row[of_head], minlength=count))]).astype(np.int32)
    entries = (np.searchsorted(head, term[order]) << 16 | weight[order]).astype(np.uint32)
    norms = np.ceil(np.sqrt(square.astype(np.float64))).astype(np.uint16)
    postings = (row[~of_head] << 16 | weight[~of_head]).astype(np.uint32)
    return postings, head, begin, entries, norms


def locate_terms(
    indexed: NDArray[np.int32],
    _buckets: NDArray[np.int32],
    head: NDArray[np.int32],
    terms: NDArray[np.int32],
    found: NDArray[np.int32],
) -> None:
    """Writes for each term that is indexed its place, -2 - its place for one of the head, -1 for any other.

    Kernel: `index.search.kernels.scan.locate_terms`.
    """
    found[:] = -1
    for known, factor, first in ((indexed, 1, 0), (head, -1, -2)):
        there = np.isin(terms, known)
        found[there] = first + factor * np.searchsorted(known, terms)[there]


def any_prefix_agrees(rows: NDArray[np.uint8], own: NDArray[np.uint8], least: int, first: int, last: int) -> bool:
    """Whether one of some rows, but for those at `first:last`, agrees with another row in so many places.

    Kernel: `index.search.kernels.prefixes.any_prefix_agrees`, `index.search.kernels.prefixes.any_prefix_listed`.
    """
    agreeing = np.count_nonzero(rows == own, axis=1) >= least
    agreeing[first:last] = False
    return bool(agreeing.any())
