"""The tables of `dedup.text` for kernels: arrays with one number for each code point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from dedup.text.alphabet import SENTENCE_ENDS, SEPARATORS, SPACED_SEPARATORS, UNSEGMENTED_MARKS

POINTS = 0x110000

# An entry of `Points.table`: the folded code point, then the kind of the unfolded one.
FOLDED = 0x1FFFFF
KIND = 21
NONE, CAPITAL, LETTER, DIGIT, MARK, UNSEGMENTED, IGNORED, SENTENCE_END = range(8)
WATCHED = 1 << 24
"""Set if `Points.normal` must be consulted to decide whether the text is normalised."""
SCRIPT = 25
JAPANESE, KOREAN, CHINESE = 1, 2, 3
"""The script of the folded code point if it identifies the language; 0 otherwise."""
_SCRIPTS = ((0x3040, 0x30FF, JAPANESE), (0x3400, 0x9FFF, CHINESE), (0xAC00, 0xD7A3, KOREAN))
"""The first and last code points of the scripts that `dedup.vectorize.language` detects a language by."""
SEPARATOR, SPACED_SEPARATOR = 1 << 27, 1 << 28
"""Set for the signs of `dedup.text.alphabet.SEPARATORS`, and for those of `SPACED_SEPARATORS`."""

# An entry of `Points.normal`: the canonical combining class, then these flags.
ORDER = 0xFF
STACKED = 0x100
"""A mark, of which at most 30 may follow each other."""
JOINING = 0x200
COMPOSED = 0x400
UNKNOWN = 0x800

# An entry of `Points.ascii`: the kind of a byte, or this.
BEYOND = 8
"""The byte begins a character beyond ASCII."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The tables.

    Attributes:
        table: folded code point, kind, script and whether it separates segments, shape (POINTS,); uint32.
        normal: what normalisation does to each code point, shape (POINTS,); uint16.
        ascii: the kind of each byte, shape (256,); uint8.
        pairs: the pairs that normalisation composes, as first << 32 | second, sorted; uint64.
    """

    table: NDArray[np.uint32]
    normal: NDArray[np.uint16]
    ascii: NDArray[np.uint8]
    pairs: NDArray[np.uint64]


def script_of(word: str) -> int:
    """Return the script of the first character of a folded word, as `Points.table` has it."""
    if word < chr(_SCRIPTS[0][0]):
        return 0
    point = ord(word[0])
    return next((script for begin, end, script in _SCRIPTS if begin <= point <= end), 0)


@cache
def points() -> Points:
    """The tables, built when they are first needed (about 10 ms)."""
    table = np.zeros(POINTS, np.uint32)  # pages of zeros take no memory until written to
    normal = np.zeros(POINTS, np.uint16)
    kinds = {"C": CAPITAL, "L": LETTER, "D": DIGIT, "M": MARK, "U": UNSEGMENTED, "I": IGNORED}
    source = files("dedup.text")
    for line in source.joinpath("alphabet.tsv").read_text(encoding="ascii").splitlines()[1:]:
        first, last, kind, shift = line.split("\t")
        begin, end = int(first, 16), int(last, 16) + 1
        table[begin:end] = np.arange(begin + int(shift), end + int(shift), dtype=np.uint32) | kinds[kind] << KIND
        if kind in "MI":
            normal[begin:end] |= STACKED
    for sign in SENTENCE_ENDS:
        table[ord(sign)] = ord(sign) | SENTENCE_END << KIND
    for signs, flag in ((SEPARATORS, SEPARATOR), (SPACED_SEPARATORS, SPACED_SEPARATOR)):
        table[[ord(sign) for sign in signs]] |= np.uint32(flag)
    for mark in _unsegmented_marks():
        normal[mark] |= STACKED
    found: list[int] = []
    joins = {"P": 0, "J": JOINING, "C": COMPOSED, "X": UNKNOWN}
    for line in source.joinpath("normal.tsv").read_text(encoding="ascii").splitlines()[1:]:
        first, last, what = line.split("\t")
        if what == "+":
            found.append(int(first, 16) << 32 | int(last, 16))
        else:
            normal[int(first, 16) : int(last, 16) + 1] |= joins[what[0]] | int(what[1:])
    watched = np.flatnonzero(normal)
    table[watched[normal[watched] != COMPOSED]] |= WATCHED
    _mark_scripts(table)
    kind_of = table[:128] >> KIND & 7
    ascii_kinds = np.full(256, BEYOND, np.uint8)
    ascii_kinds[:128] = kind_of
    return Points(table, normal, ascii_kinds, np.sort(np.array(found, np.uint64)))


def _unsegmented_marks() -> list[int]:
    """The code points of `UNSEGMENTED_MARKS`, which has the syntax of a character class of `re`."""
    marks: list[int] = []
    place = 0
    while place < len(UNSEGMENTED_MARKS):
        first = last = ord(UNSEGMENTED_MARKS[place])
        if UNSEGMENTED_MARKS[place + 1 : place + 2] == "-":
            last = ord(UNSEGMENTED_MARKS[place + 2])
            place += 2
        marks.extend(range(first, last + 1))
        place += 1
    return marks


def _mark_scripts(table: NDArray[np.uint32]) -> None:
    """Set the script of the code points that `dedup.vectorize.language` detects a language by."""
    for begin, end, script in _SCRIPTS:
        shown = table[begin : end + 1]
        shown |= np.uint32(script << SCRIPT)
