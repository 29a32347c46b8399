"""Kernels for weighted term counts of hashed words: what `dedup.vectorize.reference.term_counts` returns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import IS_CAPITAL
from dedup.vectorize.hashing import FEATURES, TERM_BITS
from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import lowest

_ALL = np.uint32(FEATURES)
_ZERO, _ONE, _TERM = np.uint64(0), np.uint64(1), np.uint64(12)
"""Layout of a packed occurrence: bit 0 is set for a capitalised word, then 11 bits of weight, then the term."""
_WEIGHT = np.uint64(0x7FF)
_BYTE = np.uint64(0xFF)
_TERM_BITS = np.uint64(TERM_BITS)
TABLE_BITS = 22
"""The largest table of an article has 2 to this power slots."""
REACH = 64
"""Slots after its own in which a term may be stored."""
_REACH = np.uint64(REACH)


@kernel
def term_of_word(word: Whole) -> Whole:
    """The hashed term of a word by its hash, see `hashing.terms_of`."""
    negative = np.uint32(0) - (word >> np.uint32(31))
    size = np.uint32((word ^ negative) - negative)
    return np.uint32(size - (_ALL & (np.uint32(0) - np.uint32(size >= _ALL))))


@kernel
def pack_one(word: Whole, flag: Whole, weight: Whole) -> Whole:
    """An occurrence of a word as one number, which sorts by hashed term."""
    return np.uint64(term_of_word(word)) << _TERM | weight << _ONE | np.uint64(flag & IS_CAPITAL)


@kernel
def pack(words: NDArray[np.uint32], flags: NDArray[np.uint8], weight: Whole, packed: NDArray[np.uint64]) -> None:
    """Pack the occurrences of words that all have one weight."""
    for place in range(len(words)):
        packed[place] = pack_one(words[place], flags[place], weight)


@kernel
def count_terms(
    words: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    begin: Whole,
    middle: Whole,
    end: Whole,
    title_weight: Whole,
    weights: NDArray[np.uint32],
    packed: NDArray[np.uint64],
    spare: NDArray[np.uint64],
    digits: NDArray[np.uint32],
    keys: NDArray[np.uint32],
    sums: NDArray[np.uint64],
    taken: NDArray[np.uint64],
    terms: NDArray[np.int32],
    every: NDArray[np.uint32],
    capitals: NDArray[np.uint32],
    filled: Whole,
) -> Whole:
    """Write the terms of an article, ascending, with the weighted counts of all words and of the capitalised ones.

    Args:
        words, flags: those of the title are at `begin:middle`, those of the body at `middle:end`.
        title_weight: weight of a word of the title, in units of `COUNT_UNIT`.
        weights: weights of the first words of the body; the last one applies to all further words.
        packed, spare: room for the words. digits: room for 4 · 256 counts.
        keys, sums, taken: see `gather`; all zeros.
        terms, every, capitals: written.
        filled: how many terms they contain already.

    Returns:
        How many they contain now.
    """
    if title_weight == 0:
        begin = middle  # words of weight 0 are not counted
    count = end - begin
    lead = min(middle + len(weights), end)
    pack(words[begin:middle], flags[begin:middle], np.uint64(title_weight), packed)
    pack(words[lead:end], flags[lead:end], np.uint64(weights[-1]), packed[lead - begin :])
    some_words, some_flags, some_packed = words[middle:lead], flags[middle:lead], packed[middle - begin : lead - begin]
    for place in range(lead - middle):
        some_packed[place] = pack_one(some_words[place], some_flags[place], np.uint64(weights[place]))
    bits = np.uint64(6)
    while np.uint64(1) << bits < np.uint64(4 * count) and bits < np.uint64(TABLE_BITS):
        bits += _ONE
    if gather(packed, np.uint64(count), bits, keys, sums, taken):
        return unload(bits, keys, sums, taken, terms, every, capitals, np.uint64(filled))
    discard(bits, keys, sums, taken)
    sort_terms(packed, spare, digits, np.uint64(count))
    # Without a branch, which would be mispredicted at every other word.
    slot, last = np.uint64(filled) - _ONE, ~_ZERO
    weight, capital = _ZERO, _ZERO
    for place in range(np.uint64(count)):
        entry = packed[place]
        term, here = entry >> _TERM, entry >> _ONE & _WEIGHT
        same = np.uint64(term == last)
        last = term
        slot += _ONE - same
        weight = (weight & (_ZERO - same)) + here
        capital = (capital & (_ZERO - same)) + (here & (_ZERO - (entry & _ONE)))
        terms[slot], every[slot], capitals[slot] = np.int32(term), np.uint32(weight), np.uint32(capital)
    return np.int64(slot + _ONE)


@kernel
def gather(
    packed: NDArray[np.uint64],
    count: Whole,
    bits: Whole,
    keys: NDArray[np.uint32],
    sums: NDArray[np.uint64],
    taken: NDArray[np.uint64],
) -> Whole:
    """Sum the occurrences in a hash table whose slots are nearly in the order of the terms.

    The upper bits of a term give its slot; the term is stored there or in one of the `REACH` slots after it. Terms are
    hashes and therefore spread evenly: returns false if there is no free slot, which takes a text made for it.

    Args:
        packed, count: the occurrences.
        bits: the table has 2^bits slots, and `REACH` more.
        keys: the term in each slot plus 1; 0 in an empty slot.
        sums: the weight of all its words, plus 2^32 times that of the capitalised ones.
        taken: a bit for each slot.
    """
    down = _TERM_BITS - bits
    for place in range(count):
        entry = packed[place]
        term, weight = entry >> _TERM, entry >> _ONE & _WEIGHT
        key, slot = np.uint32(term + _ONE), term >> down
        last = slot + _REACH
        while (keys[slot] != key) & (keys[slot] != 0):  # one branch: which of the two ends the loop is unpredictable
            slot += _ONE
            if slot == last:
                return False
        keys[slot] = key
        sums[slot] += weight | (weight << np.uint64(32)) & (_ZERO - (entry & _ONE))
        taken[slot >> np.uint64(6)] |= _ONE << (slot & np.uint64(63))
    return True


@kernel
def unload(
    bits: Whole,
    keys: NDArray[np.uint32],
    sums: NDArray[np.uint64],
    taken: NDArray[np.uint64],
    terms: NDArray[np.int32],
    every: NDArray[np.uint32],
    capitals: NDArray[np.uint32],
    filled: Whole,
) -> Whole:
    """Move the table's content to the three arrays, terms ascending, and return how many these contain now."""
    first = filled
    for chunk in range(((_ONE << bits) + _REACH >> np.uint64(6)) + _ONE):
        rest = taken[chunk]
        taken[chunk] = _ZERO
        while rest:
            slot = chunk << np.uint64(6) | np.uint64(lowest(rest))
            rest &= rest - _ONE
            term, total = np.int32(keys[slot] - np.uint32(1)), sums[slot]
            keys[slot], sums[slot] = np.uint32(0), _ZERO
            at = filled
            while at > first and terms[at - _ONE] > term:
                terms[at], every[at], capitals[at] = terms[at - _ONE], every[at - _ONE], capitals[at - _ONE]
                at -= _ONE
            terms[at], every[at], capitals[at] = term, np.uint32(total), np.uint32(total >> np.uint64(32))
            filled += _ONE
    return np.int64(filled)


@kernel
def discard(bits: Whole, keys: NDArray[np.uint32], sums: NDArray[np.uint64], taken: NDArray[np.uint64]) -> None:
    """Empty the table."""
    size = (_ONE << bits) + _REACH
    keys[:size] = np.uint32(0)
    sums[:size] = _ZERO
    taken[: (size >> np.uint64(6)) + _ONE] = _ZERO


@kernel
def sort_terms(packed: NDArray[np.uint64], spare: NDArray[np.uint64], digits: NDArray[np.uint32], count: Whole) -> None:
    """Radix sort by term, from the lowest byte; the result is in `packed`."""
    digits[: 4 * 256] = np.uint32(0)
    for place in range(count):
        term = packed[place] >> _TERM
        for byte in range(np.uint64(4)):
            digits[byte << np.uint64(8) | term >> (byte << np.uint64(3)) & _BYTE] += np.uint32(1)
    for byte in range(np.uint64(4)):
        starts = digits[byte << np.uint64(8) : (byte + _ONE) << np.uint64(8)]
        total = np.uint32(0)
        for digit in range(np.uint64(256)):
            here = starts[digit]
            starts[digit] = total
            total += here
        spread(packed, spare, starts, count, _TERM + (byte << np.uint64(3)))
        packed, spare = spare, packed


@kernel
def spread(
    source: NDArray[np.uint64],
    target: NDArray[np.uint64],
    digits: NDArray[np.uint32],
    count: Whole,
    shift: Whole,
) -> None:
    """One round of the radix sort, by the byte that begins at bit `shift`."""
    for place in range(count):
        entry = source[place]
        digit = entry >> shift & _BYTE
        target[digits[digit]] = entry
        digits[digit] += np.uint32(1)
