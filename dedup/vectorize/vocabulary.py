"""Words that share a hash: detection by a second, wide hash, and another hash for all but one of them.

The hash of a word has 32 bits, its term 31. Two words of a large collection can share one by chance, and a word that
shares one with a given word is easily computed. All later stages take words with one hash for one word. Therefore the
wide hashes of all words are compared while they are read: SipHash with 64 bits (Aumasson & Bernstein 2012), which is
independent of the first. A word whose term stands for another word gets a substitute hash.

The words of the shipped tables and of a frozen background come first: they keep the hashes by which these look them up.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import compress, count
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize import background
from dedup.vectorize.features import HashedWords
from dedup.vectorize.hashing import hashes_of, terms_of, wide_hashes_of

_PACKED = struct.Struct("<II")
NO_WORDS = _PACKED.pack(0, 0)
"""No words, packed."""
_Words: TypeAlias = tuple[NDArray[np.int32], NDArray[np.uint64]]
_NO_WORDS: _Words = np.empty(0, np.int32), np.empty(0, np.uint64)


class WordTable(Protocol):
    """A table of the word that each term stands for. A new one has the words of `shipped_words`."""

    def add(
        self, terms: NDArray[np.int32], wides: NDArray[np.uint64], *, insert: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Add words, and return the places of those that are new, and of those whose term stands for another word.

        Args:
            terms: distinct terms.
            wides: the wide hash of the word of each.
            insert: whether new words are kept.
        """

    def holder(self, term: int) -> int | None:
        """Return the wide hash of the word that a term stands for, None for none."""

    def replace(self, term: int, wide: int) -> None:
        """Let a term stand for a word."""

    def words(self) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """Return all terms and the wide hash of the word of each."""


class PlainTable:
    """A table of words: the arrays of those that are shipped, and a dictionary of others, which come first."""

    def __init__(self) -> None:
        self._shipped = shipped_words()
        self._others: dict[int, int] = {}

    def add(
        self, terms: NDArray[np.int32], wides: NDArray[np.uint64], *, insert: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See `WordTable`.

        Kernel: `vectorize.kernels.vocabulary.CompiledTable.add`.
        """
        shipped, shipped_wides = self._shipped
        place = np.minimum(np.searchsorted(shipped, terms), len(shipped) - 1)
        is_known, held = shipped[place] == terms, shipped_wides[place]
        for at, wide in enumerate(map(self._others.get, terms.tolist())):
            if wide is not None:
                is_known[at], held[at] = True, wide
        new = np.flatnonzero(~is_known)
        if insert:
            self._others.update(zip(terms[new].tolist(), wides[new].tolist(), strict=True))
        return new, np.flatnonzero(is_known & (held != wides))

    def holder(self, term: int) -> int | None:
        """See `WordTable`."""
        if term in self._others:
            return self._others[term]
        terms, wides = self._shipped
        place = int(np.searchsorted(terms, term))
        return int(wides[place]) if place < len(terms) and terms[place] == term else None

    def replace(self, term: int, wide: int) -> None:
        """See `WordTable`."""
        self._others[term] = wide

    def words(self) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """See `WordTable`."""
        (terms, wides), others = self._shipped, np.array([*self._others], np.int32)
        keep = ~np.isin(terms, others)
        other_wides = np.array([*self._others.values()], np.uint64)
        return np.concatenate([terms[keep], others]), np.concatenate([wides[keep], other_wides])


class Vocabulary:
    """The words of a collection, by their terms. Thread-safe.

    Args:
        table: a new table.
        in_order: whether a term stands for the first word that comes, as in an index; else the choice does not depend
            on the order of the articles.
        known: the words of a background, which come first; see `Background.words`.

    Attributes:
        substitutes: the hash of each word whose own term stands for another word, by its wide hash.

    Raises:
        ValueError: `known` is damaged.
    """

    def __init__(self, table: WordTable, *, in_order: bool = False, known: bytes = b"") -> None:
        self.substitutes: dict[int, int] = {}
        self._table, self._in_order, self._lock = table, in_order, threading.Lock()
        self._displaced_before = np.empty(0, np.uint64)  # the words that have substitutes, ascending
        self._unsaved: list[tuple[_Words, dict[int, int]]] = []
        self._written = 0
        self._first = shipped_words()[0]
        if known:
            self.load(known)
            self._first = first_words(known)[0]

    def resolve(self, blocks: Sequence[HashedWords], *, insert: bool = True) -> list[HashedWords]:
        """Return blocks of articles in which no two words share a term.

        Args:
            blocks: articles as they were read, with their distinct words.
            insert: whether the words are kept. If not, a new word can share its term with words of later calls.
        """
        with self._lock:
            conflicts: dict[int, set[int]] = {}
            displaced: set[int] = set()
            if len(self._displaced_before) != len(self.substitutes):
                self._displaced_before = np.sort(np.array([*self.substitutes], np.uint64))
            known = self._displaced_before
            for block in blocks:
                for part in block.distinct:
                    new, taken = self._table.add(part.terms, part.wides, insert=insert)
                    if self._in_order and insert and len(new):
                        self._unsaved.append(((part.terms[new], part.wides[new]), {}))
                    if len(known):  # they keep their substitutes, also if the word in their place was forgotten
                        every = np.concatenate([part.wides, part.others])
                        place = np.minimum(np.searchsorted(known, every), len(known) - 1)
                        displaced.update(every[known[place] == every].tolist())
                    if not len(taken) and not len(part.at):
                        continue
                    found = zip(part.terms[taken].tolist(), part.wides[taken].tolist(), strict=True)
                    more = zip(terms_of(block.hashes[part.at]).tolist(), part.others.tolist(), strict=True)
                    for term, wide in (*found, *more):
                        conflicts.setdefault(term, set()).add(wide)
            displaced.update(wide for term, wides in conflicts.items() for wide in self._displaced(term, wides))
            hash_of = self._with_hashes(sorted(displaced), insert=insert)
            return [substituted(block, hash_of) for block in blocks]

    def move(self, table: WordTable) -> None:
        """Keep the words in another table, which is new."""
        with self._lock:
            table.add(*self._table.words())
            self._table = table

    def unsaved(self) -> bytes:
        """Return the words that were added since the last `unsaved` or `roll_back`, packed; b"" if there are none."""
        with self._lock:
            some = self._unsaved[self._written :]
            self._written = len(self._unsaved)
        if not some:
            return b""
        terms, wides = (np.concatenate(column) for column in zip(*(words for words, _ in some), strict=True))
        return _packed(terms, wides, {wide: hashed for _, more in some for wide, hashed in more.items()})

    def packed(self, terms: NDArray[np.int64] | None = None) -> bytes:
        """Return the words of some terms, or of all, as `unsaved` would, b"" if there are none."""
        with self._lock:
            known, wides = self._table.words()
            terms = known.astype(np.int64) if terms is None else terms
            some = np.isin(known, terms) & ~np.isin(known, shipped_words()[0])
            hashes = np.array([*self.substitutes.values()], np.uint32)
            is_used = np.isin(terms_of(hashes), terms).tolist()
            used = dict(compress(self.substitutes.items(), is_used))
        return _packed(known[some], wides[some], used) if some.any() else b""

    def commit(self) -> None:
        """Forget what `unsaved` has returned: it is stored."""
        with self._lock:
            del self._unsaved[: self._written]
            self._written = 0

    def roll_back(self) -> None:
        """Let `unsaved` return again what was not committed."""
        with self._lock:
            self._written = 0

    def load(self, packed: bytes) -> None:
        """Add words that `unsaved` or `packed` returned.

        Raises:
            ValueError: the bytes are damaged.
        """
        terms, wides, substitutes = _unpacked(packed)
        with self._lock:
            self._table.add(terms, wides)
            for wide, hashed in substitutes.items():
                self._keep(wide, hashed)

    def compared(self, packed: bytes) -> tuple[int, int]:
        """Return how many of some packed words are new, and how many have a term that stands for another word.

        Raises:
            ValueError: the bytes are damaged.
        """
        terms, wides, substitutes = _unpacked(packed)
        with self._lock:
            new, taken = self._table.add(terms, wides, insert=False)
            others = [self.substitutes.get(wide) != hashed for wide, hashed in substitutes.items()]
        return len(new), len(taken) + sum(others)

    def _displaced(self, term: int, wides: set[int]) -> Collection[int]:
        """Decide which word a term stands for, and return the wide hashes of the others."""
        held = self._table.holder(term)
        if held is None:  # words that are not kept
            return ()
        if not self._in_order and not _is_among(term, self._first):
            wides.add(held)
            held = min(wides)
            self._table.replace(term, held)
        return wides - {held}

    def _with_hashes(self, displaced: Sequence[int], *, insert: bool) -> dict[int, int]:
        """Return the substitute hash of each displaced word."""
        found = {wide: self.substitutes[wide] for wide in displaced if wide in self.substitutes}
        missing = [wide for wide in displaced if wide not in found]
        if not missing:
            return found
        firsts = hashes_of(next(substitute_tokens(wide)) for wide in missing)
        for wide, first, term in zip(missing, firsts.tolist(), terms_of(firsts).tolist(), strict=True):
            found[wide] = first if self._table.holder(term) is None else self._free_hash(wide)
            if insert:
                self._keep(wide, found[wide])
                self._unsaved.append((_NO_WORDS, {wide: found[wide]}))
        return found

    def _free_hash(self, wide: int) -> int:
        """Return the hash of the first substitute token whose term stands for no word."""
        return next(
            hashed for hashed in map(_hash_of, substitute_tokens(wide)) if self._table.holder(_term(hashed)) is None
        )

    def _keep(self, wide: int, hashed: int) -> None:
        self.substitutes[wide] = hashed
        self._table.replace(_term(hashed), wide)


def substituted(block: HashedWords, hash_of: Mapping[int, int]) -> HashedWords:
    """Return a block in which some words, given by their wide hashes, have other hashes."""
    if not hash_of:
        return block.resolved()
    displaced = np.array([*hash_of], np.uint64)
    if not any(np.isin(wides, displaced).any() for part in block.distinct for wides in (part.wides, part.others)):
        return block.resolved()
    terms, hashes = terms_of(block.hashes), block.hashes.copy()
    part_of = np.zeros(len(hashes), np.int64)
    for number, part in enumerate(block.distinct):
        if part.places is not None:
            part_of[part.places] = number
    for number, part in enumerate(block.distinct):
        moved = np.flatnonzero(np.isin(part.wides, displaced))
        if len(moved):
            moved = moved[np.argsort(part.terms[moved])]
            moved_terms = part.terms[moved]
            place = np.minimum(np.searchsorted(moved_terms, terms), len(moved) - 1)
            here = (part_of == number) & (moved_terms[place] == terms)
            here[part.at] = False
            hashes[here] = np.array([hash_of[wide] for wide in part.wides[moved].tolist()], np.uint32)[place[here]]
        more = np.isin(part.others, displaced)
        hashes[part.at[more]] = np.array([hash_of[wide] for wide in part.others[more].tolist()], np.uint32)
    return HashedWords(hashes, block.flags, block.offsets)


def substitute_tokens(wide: int) -> Iterator[str]:
    """Yield tokens that can be counted in the place of a word, given its wide hash: no text has them."""
    return (f"\0{wide:016x}{number}" for number in count())


def with_substitutes(words: Sequence[str], hash_of: Mapping[int, int]) -> dict[str, str]:
    """Return the token that is counted for each of some words that have a substitute.

    Args:
        words: any words.
        hash_of: see `Vocabulary.substitutes`.
    """
    if not hash_of:
        return {}
    wides = zip(words, wide_hashes_of(words).tolist(), strict=True)
    return {
        word: next(token for token in substitute_tokens(wide) if _hash_of(token) == hash_of[wide])
        for word, wide in wides
        if wide in hash_of
    }


def words_by_term(words: Iterable[str], hash_of: Mapping[int, int]) -> dict[int, str]:
    """Return the hashed terms of words, each with its word; the first of several with one term.

    Args:
        words: any words.
        hash_of: see `Vocabulary.substitutes`.
    """
    given = list(dict.fromkeys(words))
    token_of = with_substitutes(given, hash_of)
    terms = terms_of(hashes_of([token_of.get(word, word) for word in given]))
    return dict(zip(terms[::-1].tolist(), given[::-1], strict=True))


def _packed(terms: NDArray[np.int32], wides: NDArray[np.uint64], substitutes: Mapping[int, int]) -> bytes:
    order = np.argsort(terms)  # the bytes do not depend on the table
    displaced = np.array(sorted(substitutes), "<u8")
    hashes = np.array([substitutes[wide] for wide in displaced.tolist()], "<u4")
    columns: list[NDArray[np.integer]] = [terms[order].astype("<i4"), wides[order].astype("<u8"), hashes, displaced]
    return _PACKED.pack(len(terms), len(substitutes)) + b"".join(column.tobytes() for column in columns)


def _unpacked(packed: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint64], dict[int, int]]:
    words, substitutes = _PACKED.unpack_from(packed) if len(packed) >= _PACKED.size else (0, 0)
    if len(packed) != _PACKED.size + 12 * (words + substitutes):
        raise ValueError("length")
    at = _PACKED.size + 4 * words
    terms = np.frombuffer(packed, "<i4", words, _PACKED.size).astype(np.int32)
    wides = np.frombuffer(packed, "<u8", words, at).astype(np.uint64)
    hashes = np.frombuffer(packed, "<u4", substitutes, at := at + 8 * words).tolist()
    displaced = np.frombuffer(packed, "<u8", substitutes, at + 4 * substitutes).tolist()
    return terms, wides, dict(zip(displaced, hashes, strict=True))


def checked_words(packed: bytes) -> bytes:
    """Return packed words, see `Vocabulary.packed`.

    Raises:
        ValueError: they are damaged.
    """
    if packed:
        _unpacked(packed)
    return packed


def _hash_of(token: str) -> int:
    return int(hashes_of([token])[0])


def _term(hashed: int) -> int:
    return int(terms_of(np.array([hashed], np.uint32))[0])


def _is_among(term: int, terms: NDArray[np.int32]) -> bool:
    """Whether a term is one of some, which are ascending."""
    place = int(np.searchsorted(terms, term))
    return place < len(terms) and int(terms[place]) == term


@cache
def shipped_words() -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """Return the terms, ascending, and the wide hashes of the words of the shipped tables."""
    return background.hashed_words()


def first_words(background: bytes) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """Return the terms, ascending, and the wide hashes of the words that a new vocabulary has; see `Vocabulary`."""
    terms, wides = shipped_words()
    if not background:
        return terms, wides
    more, more_wides, substitutes = _unpacked(background)
    stand_ins = terms_of(np.array([*substitutes.values()], np.uint32)).astype(np.int32)
    every = np.concatenate([stand_ins, terms, more])
    every_wide = np.concatenate([np.array([*substitutes], np.uint64), wides, more_wides])
    terms, first = np.unique(every, return_index=True)
    return terms, every_wide[first]
