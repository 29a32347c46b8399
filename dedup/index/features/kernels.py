"""Kernels that weigh the terms of articles, read stored vectors and compute cross-lingual vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.segments import Reals, Wholes
from dedup.vectorize.cross_lingual import cross_lingual_weight
from dedup.vectorize.features import IS_NUMBER, Features
from dedup.vectorize.kernels.compiling import Whole, callable_by_kernels, kept, kernel
from dedup.vectorize.kernels.counting import term_of_word
from dedup.vectorize.kernels.halving import bucket_of, first_not_below, place_of
from dedup.vectorize.kernels.machine import fetch
from dedup.vectorize.kernels.tfidf import logarithms_of, weigh_one

callable_by_kernels(cross_lingual_weight)


@kept
def look_up(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    known: NDArray[np.int32],
    buckets: NDArray[np.int32],
    values: NDArray[np.int64] | NDArray[np.float64],
    found: NDArray[np.int64] | NDArray[np.float64],
) -> None:
    """Write the values of the terms of some rows, by a table of known terms.

    Plain form: `index.features.tfidf.look_up`.
    """
    for row in rows:
        _look_up(indptr[row], indptr[row + 1], terms, known, buckets, values, found)


@kernel
def _look_up(
    first: Whole,
    last: Whole,
    terms: NDArray[np.int32],
    known: NDArray[np.int32],
    buckets: NDArray[np.int32],
    values: NDArray[np.int64] | NDArray[np.float64],
    found: NDArray[np.int64] | NDArray[np.float64],
) -> None:
    """Write the values of the terms at `first:last`. What lies far apart in memory is fetched for several at a time."""
    for entry in range(first, last):
        fetch(buckets, bucket_of(terms[entry], buckets))
    for entry in range(first, last):
        fetch(known, np.int64(buckets[bucket_of(terms[entry], buckets)]))
    for entry in range(first, last):
        found[entry] = values[place_of(terms[entry], known, buckets)]


def weigh(
    features: Features,
    tables: Sequence[tuple[NDArray[np.int64], Reals]],
    capital_weight: float,
    short: NDArray[np.int32],
    sums: Wholes,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16], NDArray[np.bool_], NDArray[np.int64]]:
    """Unit vectors of articles, without entries of 0.

    Plain form: `index.features.tfidf.Weigher.weigh`.

    Args:
        features: of the articles.
        tables: the articles of each language, and the idf of its terms.
        capital_weight: see `Settings`.
        short: the terms of the articles as `sums` has them.
        sums: of the vectors of the background.

    Returns:
        Where the terms of each article begin, the terms, their weights, which of them are names or figures, and the
        dot product of each vector with `sums`.
    """
    weights, products = np.empty(len(features.terms)), np.empty(len(features), np.int64)
    logarithms, large = logarithms_of(features)
    for rows, idf in tables:
        _weigh(
            rows, features.indptr, features.terms, features.every, features.capitals, logarithms, large,
            capital_weight, *idf, short, *sums, weights, products,
        )  # fmt: skip
    words = features.words
    given = features.indptr, features.terms, features.capitals
    return *_lay_out(*given, weights, words.hashes, words.flags, words.offsets), products


@kept
def _weigh(
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    every: NDArray[np.unsignedinteger],
    capitals: NDArray[np.unsignedinteger],
    logarithms: NDArray[np.float64],
    large: NDArray[np.int64],
    capital_weight: float,
    known: NDArray[np.int32],
    buckets: NDArray[np.int32],
    idf: NDArray[np.float64],
    short: NDArray[np.int32],
    summed: NDArray[np.int32],
    summed_buckets: NDArray[np.int32],
    sums: NDArray[np.int64],
    weights: NDArray[np.float64],
    products: NDArray[np.int64],
) -> None:
    """Write the weights of the terms of some articles, and their dot products with some sums."""
    found = np.empty(len(terms), np.int64)
    for row in rows:
        first, last = indptr[row], indptr[row + 1]
        _look_up(first, last, terms, known, buckets, idf, weights)
        weigh_one(first, last, every, capitals, logarithms, large, capital_weight, weights)
        _look_up(first, last, short, summed, summed_buckets, sums, found)
        product = np.int64(0)
        for entry in range(first, last):
            product += np.int64(weights[entry]) * found[entry]
        products[row] = product


@kept
def _lay_out(
    indptr: NDArray[np.int64],
    terms: NDArray[np.int32],
    capitals: NDArray[np.unsignedinteger],
    weights: NDArray[np.float64],
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16], NDArray[np.bool_]]:
    """The entries that are not 0: where those of each article begin, terms, weights, and which are names or figures.

    `hashes`, `flags` and `offsets` are those of the words of the articles.
    """
    begin, is_figure = np.zeros(len(indptr), np.int64), np.zeros(len(terms), np.bool_)
    out_terms, out_weights = np.empty(len(terms), np.int32), np.empty(len(terms), np.uint16)
    crossing, found = np.empty(len(terms), np.bool_), np.int64(0)
    for row in range(len(indptr) - 1):
        first, last = indptr[row], indptr[row + 1]
        for word in range(offsets[2 * row], offsets[2 * row + 2]):
            if flags[word] & IS_NUMBER:
                term = np.int32(term_of_word(hashes[word]))
                place = first_not_below(terms, term, first, last)
                if place < last and terms[place] == term:
                    is_figure[place] = True
        for entry in range(first, last):
            if weights[entry] > 0:
                out_terms[found], out_weights[found] = terms[entry], np.uint16(weights[entry])
                crossing[found] = capitals[entry] > 0 or is_figure[entry]
                found += 1
        begin[row + 1] = found
    return begin, out_terms[:found].copy(), out_weights[:found].copy(), crossing[:found].copy()


@kept
def unpack_vectors(
    raw: NDArray[np.uint8], first: NDArray[np.int64], start: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.uint16], NDArray[np.bool_], bool]:
    """The terms, weights and `crossing` of packed vectors, and whether the terms of each are ascending.

    Plain form: `index.features.sketch.Vector.unpacked`.

    Args:
        raw: the bytes of all vectors.
        first: where the packed terms of each vector begin in `raw`.
        start: where the terms of each vector are written, and the end of the last.
    """
    total = start[-1]
    terms, weights, crossing = np.empty(total, np.int32), np.empty(total, np.uint16), np.empty(total, np.bool_)
    for vector in range(len(first)):
        count, at, before = start[vector + 1] - start[vector], first[vector], np.int32(-1)
        for entry in range(count):
            place, byte = start[vector] + entry, at + 4 * entry
            low, high = np.int32(raw[byte]), np.int32(raw[byte + 1])
            low, high = low | high << np.int32(8), np.int32(raw[byte + 2]) | np.int32(raw[byte + 3]) << np.int32(8)
            terms[place] = low | high << np.int32(16)
            if terms[place] <= before:
                return terms, weights, crossing, False
            before = terms[place]
            byte = at + 4 * count + 2 * entry
            weights[place] = np.uint16(np.int32(raw[byte]) | (np.int32(raw[byte + 1]) << np.int32(8)))
            byte = at + 6 * count + (entry >> 3)
            crossing[place] = (np.int32(raw[byte]) >> np.int32(7 - (entry & 7))) & 1
    return terms, weights, crossing, True


@kept
def cross_lingual_parts(
    start: NDArray[np.int64],
    terms: NDArray[np.int32],
    weights: NDArray[np.uint16],
    crossing: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]:
    """The cross-lingual vectors of articles from their TF-IDF vectors: where each begins, its terms and weights.

    Plain form: `index.features.sketch.Vector.names`.
    """
    begin = np.zeros(len(start), np.int64)
    out_terms, out_weights = np.empty(len(terms), np.int32), np.empty(len(terms), np.uint16)
    found = np.int64(0)
    for vector in range(len(start) - 1):
        squares = np.int64(0)
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                squares += np.int64(weights[at]) * np.int64(weights[at])
        for at in range(start[vector], start[vector + 1]):
            if crossing[at]:
                weight = np.int64(cross_lingual_weight(np.int64(weights[at]), squares))
                if weight > 0:
                    out_terms[found], out_weights[found] = terms[at], np.uint16(weight)
                    found += 1
        begin[vector + 1] = found
    return begin, out_terms[:found].copy(), out_weights[:found].copy()
