"""Kernels that find the distinct words of articles, and words that share a term: see `dedup.vectorize.vocabulary`.

Tables place a term by a factor that differs from process to process, so that nobody can choose words that crowd them.
What is found does not depend on it.
"""

from __future__ import annotations

import secrets
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.counting import term_of_word
from dedup.vectorize.vocabulary import shipped_words

FACTOR = np.uint64(secrets.randbits(64) | 1)
"""By which tables place terms; odd."""
_SMALLEST = 14
_ONE, _BITS = np.uint64(1), np.uint64(64)


@kernel
def slot_of(term: Whole, table: NDArray[np.int32], factor: Whole, down: Whole) -> Whole:
    """The slot of a term in a table of terms, -1 in an empty slot: where it is, or the slot to put it."""
    wrap = np.uint64(len(table) - 1)
    slot = np.uint64(term) * factor >> down
    while table[slot] >= 0 and table[slot] != term:
        slot = slot + _ONE & wrap
    return slot


@kernel
def collect(
    hashes: NDArray[np.uint32],
    wides: NDArray[np.uint64],
    begin: Whole,
    table: NDArray[np.int32],
    places: NDArray[np.int32],
    factor: Whole,
    down: Whole,
    terms: NDArray[np.int32],
    of_terms: NDArray[np.uint64],
    count: Whole,
    at: NDArray[np.int64],
    others: NDArray[np.uint64],
    more: Whole,
) -> tuple[Whole, Whole]:
    """Add words to the distinct ones of a block.

    Args:
        hashes, wides: the two hashes of each word.
        begin: the place of the first in the block.
        table: terms by slot, with room. places: for each the place among the distinct words.
        factor, down: see `slot_of`.
        terms, of_terms: written: the distinct terms, and the wide hash of the first word of each.
        count: how many there are.
        at, others: written: the place of each word whose term is another word's, and its wide hash.
        more: how many there are.

    Returns:
        `count` and `more` after it.
    """
    for word in range(len(hashes)):
        term = np.int32(term_of_word(hashes[word]))
        slot = slot_of(term, table, factor, down)
        if table[slot] < 0:
            table[slot], places[slot] = term, count
            terms[count], of_terms[count] = term, wides[word]
            count += 1
        elif of_terms[places[slot]] != wides[word]:
            at[more], others[more] = begin + word, wides[word]
            more += 1
    return count, more


@kernel
def widened(
    table: NDArray[np.int32], places: NDArray[np.int32], factor: Whole, terms: NDArray[np.int32], size: Whole
) -> tuple[NDArray[np.int32], NDArray[np.int32], Whole]:
    """A table with `size` slots, a power of two, of distinct terms and their places; and how far products are moved."""
    bits = np.uint64(0)
    while _ONE << bits < np.uint64(size):
        bits += _ONE
    table, places = np.full(size, -1, np.int32), np.empty(size, np.int32)
    for place in range(len(terms)):
        slot = slot_of(terms[place], table, factor, _BITS - bits)
        table[slot], places[slot] = terms[place], place
    return table, places, _BITS - bits


@kept
def add_words(
    table: NDArray[np.int32],
    held: NDArray[np.uint64],
    factor: Whole,
    down: Whole,
    terms: NDArray[np.int32],
    wides: NDArray[np.uint64],
    insert: bool,
    new: NDArray[np.int64],
    taken: NDArray[np.int64],
) -> tuple[Whole, Whole]:
    """Add words to a table, and write the places of new ones and of those whose term is another word's."""
    count = more = np.int64(0)
    for word in range(len(terms)):
        slot = slot_of(terms[word], table, factor, down)
        if table[slot] < 0:
            new[count] = word
            count += 1
            if insert:
                table[slot], held[slot] = terms[word], wides[word]
        elif held[slot] != wides[word]:
            taken[more] = word
            more += 1
    return count, more


class CompiledTable:
    """A table of words in two arrays, see `vectorize.vocabulary.WordTable`."""

    def __init__(self, first: CompiledTable | None = None) -> None:
        """Make a table with the words of another one, by default with those of `shipped_words`."""
        first = first or _shipped()
        self._bits: int = first._bits
        self._count: int = first._count
        self._terms: NDArray[np.int32] = first._terms.copy()
        self._wides: NDArray[np.uint64] = first._wides.copy()

    def add(
        self, terms: NDArray[np.int32], wides: NDArray[np.uint64], *, insert: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See `vectorize.vocabulary.WordTable`.

        Plain form: `vectorize.vocabulary.PlainTable.add`.
        """
        while insert and 2 * (self._count + len(terms)) > len(self._terms):
            known = self.words()
            self._bits, self._count = self._bits + 1, 0
            self._terms, self._wides = np.full(1 << self._bits, -1, np.int32), np.empty(1 << self._bits, np.uint64)
            self._add(*known, insert=True)
        return self._add(terms, wides, insert=insert)

    def holder(self, term: int) -> int | None:
        """See `vectorize.vocabulary.WordTable`."""
        slot = self._slot(term)
        return int(self._wides[slot]) if self._terms[slot] >= 0 else None

    def replace(self, term: int, wide: int) -> None:
        """See `vectorize.vocabulary.WordTable`."""
        self.add(np.array([term], np.int32), np.array([wide], np.uint64))
        self._wides[self._slot(term)] = wide

    def words(self) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """See `vectorize.vocabulary.WordTable`."""
        some = self._terms >= 0
        return self._terms[some], self._wides[some]

    def _add(
        self, terms: NDArray[np.int32], wides: NDArray[np.uint64], *, insert: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        new, taken = np.empty(len(terms), np.int64), np.empty(len(terms), np.int64)
        down = _BITS - np.uint64(self._bits)
        count, more = add_words(self._terms, self._wides, FACTOR, down, terms, wides, insert, new, taken)
        self._count += count if insert else 0
        return new[:count], taken[:more]

    def _slot(self, term: int) -> int:
        slot = (term * int(FACTOR) & 0xFFFFFFFFFFFFFFFF) >> (64 - self._bits)
        while self._terms[slot] not in (-1, term):
            slot = (slot + 1) % len(self._terms)
        return slot


class _SmallTable(CompiledTable):
    """A table without words."""

    def __init__(self) -> None:
        self._bits, self._count = _SMALLEST, 0
        self._terms, self._wides = np.full(1 << _SMALLEST, -1, np.int32), np.empty(1 << _SMALLEST, np.uint64)


@cache
def _shipped() -> CompiledTable:
    table = _SmallTable()
    table.add(*shipped_words())
    return table
