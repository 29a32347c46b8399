"""The two kernels over a block of articles: from bytes to hashed words, and from these to signatures and counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.text.document import LABEL, REPEATED
from dedup.vectorize.features import BEGINS_SEGMENT
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.counting import REACH, TABLE_BITS, count_terms
from dedup.vectorize.kernels.machine import LANES
from dedup.vectorize.kernels.sketching import least, premix, short_shingles
from dedup.vectorize.kernels.vocabulary import collect, widened
from dedup.vectorize.kernels.words import GROUP, read_words, same_word


@kernel
def repeated(
    text: NDArray[np.uint8],
    words: NDArray[np.uint32],
    places: NDArray[np.uint32],
    begin: Whole,
    middle: Whole,
    end: Whole,
    table: NDArray[np.uint32],
) -> bool:
    """Whether the body, at `middle:end`, begins with the words of the title, at `begin:middle`; see `Document.of`."""
    length = middle - begin
    if length < REPEATED or end - middle < length:
        return False
    for offset in range(length):
        if words[begin + offset] != words[middle + offset]:
            return False
    same: bool = True
    for offset in range(length):  # equal hashes are not always equal words
        same = same and same_word(text, places[offset], places[length + offset], table)
    return same


@kernel
def label_of(flags: NDArray[np.uint8], begin: Whole, middle: Whole, end: Whole) -> Whole:
    """The number of words at the end of the title, at `begin:middle`, that are a label.

    Plain form: `text.document.label_of`. The body, at `middle:end`, begins with the words of the title.
    """
    length = middle - begin
    last = length - np.int64(1)
    while last > 0 and not flags[begin + last] & BEGINS_SEGMENT:
        last -= np.int64(1)
    label: Whole = length - last
    is_label = last > 0 and end - middle == length and not flags[middle + last] & BEGINS_SEGMENT
    return label if is_label and label <= LABEL and 2 * label <= length else np.int64(0)


@kept
def read_block(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    normal: NDArray[np.uint16],
    pairs: NDArray[np.uint64],
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    ends: NDArray[np.int64],
    odd: NDArray[np.bool_],
    factor: Whole,
    terms: NDArray[np.int32],
    of_terms: NDArray[np.uint64],
    at: NDArray[np.int64],
    others: NDArray[np.uint64],
) -> tuple[Whole, Whole]:
    """Read the words of articles, except those that only the plain form can read, which have no words here.

    Args:
        text: titles and bodies in turn as UTF-8, each with a zero byte after it, padded with 1 to 64 bytes 0xFF to a
            multiple of 64 bytes.
        offsets: where each title and body begins, and the end of the last; shape (2 · articles + 1,).
        table, normal, pairs: see `points.Points`.
        hashes, flags: written: those of each word of a title without a label, and of a body without the title
            repeated at its start. Room for half as many as `text` has bytes, and one per article.
        ends: written: where the words of each title and body end, shape (2 · articles,).
        odd: written: which articles the plain form must read, shape (articles,).
        factor, terms, of_terms, at, others: see `vocabulary.collect`; room as in `hashes`.

    Returns:
        How many distinct words there are, and how many words whose term is another word's.
    """
    longest = np.int64(0)
    articles = len(odd)
    for article in range(articles):
        longest = max(longest, offsets[2 * article + 2] - offsets[2 * article])
    folded = np.empty(2 * longest + 8, np.uint8)
    places, wides = np.empty(longest // 2 + 2, np.uint32), np.empty(longest // 2 + 2, np.uint64)
    distinct, place_of, down = widened(terms[:0], terms[:0], factor, terms[:0], np.int64(1 << 12))
    count = more = np.int64(0)
    edges, marks = np.empty(longest + 3 + GROUP, np.uint32), np.empty(longest + 3 + GROUP, np.uint32)
    begun, parted = np.empty(longest // LANES + 1, np.uint64), np.empty(longest // LANES + 1, np.uint64)
    low, high = np.empty(longest // 2 + 2, np.uint32), np.empty(longest // 2 + 2, np.uint32)
    lengths, longer = np.empty(longest // 2 + 2, np.uint32), np.empty(longest // 2 + 3, np.uint32)
    begin = np.int64(0)
    for article in range(articles):
        first, second, third = offsets[2 * article], offsets[2 * article + 1], offsets[2 * article + 2]
        middle = read_words(
            text, first, second - 1, edges, marks, begun, parted, table, normal, pairs, folded, low, high, lengths,
            longer, hashes, flags, wides, places, np.int64(0), begin,
        )  # fmt: skip
        end = middle
        if middle >= 0:
            end = read_words(
                text, second, third - 1, edges, marks, begun, parted, table, normal, pairs, folded, low, high, lengths,
                longer, hashes, flags, wides, places, middle - begin, middle,
            )  # fmt: skip
        odd[article] = end < 0
        if end < 0:
            middle = end = begin
        elif repeated(text, hashes, places, begin, middle, end, table):
            length, label = middle - begin, label_of(flags, begin, middle, end)
            for place in range(middle, end - length):
                hashes[place], flags[place] = hashes[place + length], flags[place + length]
                wides[place - begin] = wides[place - begin + length]
            end -= length
            if label > 0:  # nothing is left of the body
                middle -= label
                end = middle
        size = np.int64(len(distinct))
        while 2 * (count + end - begin) > size:
            size *= 2
        if size > len(distinct):
            distinct, place_of, down = widened(distinct, place_of, factor, terms[:count], size)
        count, more = collect(
            hashes[begin:end], wides, begin, distinct, place_of, factor, down, terms, of_terms, count, at, others, more
        )
        ends[2 * article], ends[2 * article + 1] = middle, end
        begin = end
    return count, more


@kept
def sketch_block(
    hashes: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    ends: NDArray[np.int64],
    size: Whole,
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
    title_weight: Whole,
    weights: NDArray[np.uint32],
    signatures: NDArray[np.uint32],
    terms: NDArray[np.int32],
    every: NDArray[np.uint32],
    capitals: NDArray[np.uint32],
    term_ends: NDArray[np.int64],
) -> None:
    """Compute signatures and term counts of the words of articles.

    Args:
        hashes, flags, ends: as `read_block` writes them.
        size: words in a shingle.
        a, b: the permutations of a signature; empty to compute none.
        title_weight, weights: see `count_terms`; empty weights to compute no term counts.
        signatures: written: shape (articles, slots).
        terms, every, capitals: written: see `count_terms`; room for as many as there are words.
        term_ends: written: where the terms of each article end, shape (articles,).
    """
    most = begin = np.int64(0)
    articles = len(ends) // 2
    for article in range(articles):
        most = max(most, ends[2 * article + 1] - begin)
        begin = ends[2 * article + 1]
    packed, spare = np.empty(most, np.uint64), np.empty(most, np.uint64)
    mixed = np.empty(most, np.uint32)
    digits = np.empty(4 * 256, np.uint32)
    room = np.int64(64)
    while room < 4 * most and room < 1 << TABLE_BITS:
        room *= 2
    room += 2 * REACH
    keys, sums, taken = np.zeros(room, np.uint32), np.zeros(room, np.uint64), np.zeros(room // 64 + 1, np.uint64)
    begin = filled = np.int64(0)
    for article in range(articles):
        middle, end = ends[2 * article], ends[2 * article + 1]
        if len(a):
            start, stop = (middle, end) if end > middle else (begin, middle)
            count = short_shingles(hashes, start, stop, size, mixed)
            premix(mixed, count, mixed)
            least(mixed, count, a, b, signatures[article])
        if len(weights):
            filled = count_terms(
                hashes, flags, begin, middle, end, title_weight, weights, packed, spare, digits, keys, sums, taken,
                terms, every, capitals, filled,
            )  # fmt: skip
        term_ends[article] = filled
        begin = end
