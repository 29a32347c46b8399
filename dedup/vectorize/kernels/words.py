"""From UTF-8 to hashed words: `dedup.text.tokens.tokenize` and `dedup.vectorize.hashing.word_hash` in one loop.

A text is given as bytes that end in a zero byte, so that no loop has to ask for its end at every step. What makes a
text other than normalised is watched for on the way; the few texts that are go to the plain form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.characters import decode, encode, is_changed, width
from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import byte, classify, lowest
from dedup.vectorize.kernels.murmur import murmur
from dedup.vectorize.kernels.points import (
    CAPITAL,
    FOLDED,
    IGNORED,
    KIND,
    MARK,
    SCRIPT,
    SENTENCE_END,
    UNSEGMENTED,
    WATCHED,
)

# Flags of a word.
IS_CAPITAL = 1
"""It is capitalised inside a sentence."""
IS_NUMBER = 2
"""It begins with a digit."""
SCRIPT_SHIFT = 2
"""From this bit on: the script of its first character (see `points`)."""

_S = ord("s")
_SMALL = np.uint32(0x20202020)
_CHUNK = np.uint64(6)
_INSIDE = np.uint64(63)
_PLAIN = np.uint64(0)
_INVERTED = np.uint64(2**64 - 1)


@kernel
def survey(text: NDArray[np.uint8], letters: NDArray[np.uint64], shown: NDArray[np.uint64]) -> None:
    """Sets a bit for each byte of a text: in `letters` for ASCII letters and digits, in `shown` for all of interest.

    That is letters, digits, what ends a sentence, and whatever is beyond ASCII. Each number holds the bits of 64 bytes;
    the text must be as long as all of them say.
    """
    for chunk in range(len(letters)):
        found, ends, beyond = classify(text, chunk << 6)
        letters[chunk] = found
        shown[chunk] = found | ends | beyond


@kernel
def next_bit(bits: NDArray[np.uint64], at: Whole, inverted: Whole) -> Whole:
    """The first place from `at` on that has its bit set, all bits being inverted where `inverted` is all ones."""
    chunk = np.uint64(at) >> _CHUNK
    rest = (bits[chunk] ^ inverted) >> (np.uint64(at) & _INSIDE)
    if rest:
        return at + lowest(rest)
    chunk += np.uint64(1)
    while bits[chunk] == inverted:
        chunk += np.uint64(1)
    return np.int64(chunk << _CHUNK) + lowest(bits[chunk] ^ inverted)


@kernel
def read_words(
    text: NDArray[np.uint8],
    begin: Whole,
    end: Whole,
    letters: NDArray[np.uint64],
    shown: NDArray[np.uint64],
    table: NDArray[np.uint32],
    normal: NDArray[np.uint16],
    pairs: NDArray[np.uint64],
    folded: NDArray[np.uint8],
    words: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    places: NDArray[np.uint32],
    count: Whole,
) -> Whole:
    """Reads the words of `text[begin:end]`, after which comes a zero byte.

    Args:
        text: UTF-8, with something of interest after its last zero byte.
        begin, end: where the text begins and ends.
        letters, shown: see `survey`.
        table, normal, pairs: see `points.Points`.
        folded: room for the longest word, folded.
        words, flags, places: where the hash of each word, its flags and the place where it begins are written.
        count: how many are written there already.

    Returns:
        How many there are now; -1 for a text that the plain form has to read.
    """
    at = begin
    sentence_begins = True
    last_end = -1  # where the word before ends
    while True:
        at = next_bit(shown, at, _PLAIN)
        if at >= end:
            return count
        first = byte(text, at)
        entry = table[first]
        if first >= 0x80:
            entry = table[decode(text, at)]
            if entry & WATCHED and is_changed(text, begin, at, normal, pairs):
                return -1
        kind = np.int64(entry >> KIND & 7)
        start = at
        if kind == SENTENCE_END:
            sentence_begins = True
            at += width(first)
        elif kind in (0, MARK, IGNORED):
            at += width(first)
        elif kind == UNSEGMENTED:
            at, count = read_run(text, begin, at, table, normal, pairs, folded, words, flags, places, count)
            if count < 0:
                return -1
            sentence_begins, last_end = False, at
        else:
            flag: Whole = IS_CAPITAL if kind == CAPITAL and not sentence_begins else 0
            at = next_bit(letters, at, _INVERTED)
            if at == start or (byte(text, at) >= 0x80 and is_inside(text, at, table)):
                at, filled = fold_word(text, begin, start, table, normal, pairs, folded)
                if at < 0:
                    return -1
                hashed = murmur(folded, 0, filled, np.uint32(0))
                is_s = filled == 1 and folded[0] == _S
                flag |= np.int64(entry >> SCRIPT & 3) << SCRIPT_SHIFT
                flag |= (folded[0] < 0x3A) << 1
            else:  # by far the most words
                hashed = murmur(text, start, at, _SMALL)
                is_s = at - start == 1 and first | 0x20 == _S
                flag |= (first < 0x3A) << 1
            if not (is_s and is_possessive(text, last_end, start)):
                slot = np.uint64(count)
                words[slot], flags[slot], places[slot] = hashed, flag, start
                count += 1
            sentence_begins, last_end = False, at


@kernel
def is_inside(text: NDArray[np.uint8], at: Whole, table: NDArray[np.uint32]) -> Whole:
    """Whether the word before this place goes on with the character there."""
    kind = table[decode(text, at)] >> KIND & 7
    return CAPITAL <= kind <= MARK or kind == IGNORED


@kernel
def fold_word(
    text: NDArray[np.uint8],
    begin: Whole,
    at: Whole,
    table: NDArray[np.uint32],
    normal: NDArray[np.uint16],
    pairs: NDArray[np.uint64],
    folded: NDArray[np.uint8],
) -> tuple[Whole, Whole]:
    """Folds the word that begins at a place; returns where it ends, -1 for the plain form, and its length folded."""
    filled = 0
    while True:
        entry = table[decode(text, at)]
        kind = entry >> KIND & 7
        if not (CAPITAL <= kind <= MARK or kind == IGNORED):
            return at, filled
        if entry & WATCHED and is_changed(text, begin, at, normal, pairs):
            return -1, 0
        if kind != IGNORED:
            filled = encode(np.int64(entry & FOLDED), folded, filled)
        at += width(byte(text, at))


@kernel
def read_run(
    text: NDArray[np.uint8],
    begin: Whole,
    at: Whole,
    table: NDArray[np.uint32],
    normal: NDArray[np.uint16],
    pairs: NDArray[np.uint64],
    folded: NDArray[np.uint8],
    words: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    places: NDArray[np.uint32],
    count: Whole,
) -> tuple[Whole, Whole]:
    """Reads a run of a script without spaces, pair by pair; returns where it ends, and as `read_words` does."""
    filled, length, place = 0, 0, at
    flag: Whole = 0
    while True:
        entry = table[decode(text, at)]
        kind = entry >> KIND & 7
        if kind not in (UNSEGMENTED, IGNORED):
            break
        if entry & WATCHED and is_changed(text, begin, at, normal, pairs):
            return at, -1
        if kind == UNSEGMENTED:
            length += 1
            if length > 1:
                whole = encode(np.int64(entry & FOLDED), folded, filled)
                words[count], flags[count], places[count] = murmur(folded, 0, whole, np.uint32(0)), flag, place
                count += 1
            flag = np.int64(entry >> SCRIPT & 3) << SCRIPT_SHIFT
            place = at
            filled = encode(np.int64(entry & FOLDED), folded, 0)
        at += width(byte(text, at))
    if length == 1:
        words[count], flags[count], places[count] = murmur(folded, 0, filled, np.uint32(0)), flag, place
        count += 1
    return at, count


@kernel
def is_possessive(text: NDArray[np.uint8], last_end: Whole, start: Whole) -> Whole:
    """Whether nothing but an apostrophe stands between the last word and an s."""
    if last_end < 0:
        return False
    gap = start - last_end
    if gap == 1:
        return byte(text, last_end) == 0x27
    if gap == 2:
        return byte(text, last_end) == 0xCA and byte(text, last_end + 1) == 0xBC
    if gap != 3 or byte(text, last_end + 2) != (0x99 if byte(text, last_end) == 0xE2 else 0x87):
        return False
    return (byte(text, last_end) == 0xE2 and byte(text, last_end + 1) == 0x80) or (
        byte(text, last_end) == 0xEF and byte(text, last_end + 1) == 0xBC
    )


@kernel
def same_word(text: NDArray[np.uint8], one: Whole, other: Whole, table: NDArray[np.uint32]) -> Whole:
    """Whether the words that begin at two places are the same when folded."""
    unsegmented = table[decode(text, one)] >> KIND & 7 == UNSEGMENTED
    if (table[decode(text, other)] >> KIND & 7 == UNSEGMENTED) != unsegmented:
        return False
    seen = 0
    while True:
        left, one = next_folded(text, one, table, unsegmented)
        right, other = next_folded(text, other, table, unsegmented)
        if left != right:
            return False
        seen += 1
        if left == 0 or (unsegmented and seen == 2):
            return True


@kernel
def next_folded(
    text: NDArray[np.uint8], at: Whole, table: NDArray[np.uint32], unsegmented: bool
) -> tuple[Whole, Whole]:
    """The folded character of a word at a place, signs that vanish passed over, 0 at its end; and the place after."""
    while True:
        entry = table[decode(text, at)]
        kind = np.int64(entry >> KIND & 7)
        if kind in (0, SENTENCE_END) or (kind == UNSEGMENTED) != (unsegmented and kind != IGNORED):
            return np.int64(0), at
        at += width(byte(text, at))
        if kind != IGNORED:
            return np.int64(entry & FOLDED), at
