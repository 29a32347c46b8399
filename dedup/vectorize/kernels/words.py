"""Kernels from UTF-8 to hashed words: `dedup.text.tokens.tokenize` and `dedup.vectorize.hashing.word_hash` in one.

A text is given as bytes with a zero byte after it, so that no loop must check for the end at every step. Characters
that normalisation may change are detected on the way; the plain form reads the few texts that have any.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.text.tokens import SEGMENT, SENTENCE
from dedup.vectorize.features import BEGINS_SHIFT, SCRIPT_SHIFT
from dedup.vectorize.kernels.characters import decode, encode, is_changed, width
from dedup.vectorize.kernels.compiling import Whole, kernel
from dedup.vectorize.kernels.machine import LANES, byte, classify, eight_bytes, how_many, lowest
from dedup.vectorize.kernels.murmur import LOW, READY, SHORT, SMALL, murmur, murmur_longer, murmur_many
from dedup.vectorize.kernels.points import (
    CAPITAL,
    FOLDED,
    IGNORED,
    KIND,
    MARK,
    SCRIPT,
    SENTENCE_END,
    SEPARATOR,
    SPACED_SEPARATOR,
    UNSEGMENTED,
    WATCHED,
)
from dedup.vectorize.kernels.siphash import siphash, siphash_many

_S = ord("s")
_A = np.uint8(ord("A"))
_LONE_S = np.uint64(_S)
_NONE, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_LAST = np.uint64(LANES - 1)
_ALL = np.uint64(2**64 - 1)
_HALF, _SIX = np.uint64(32), np.uint64(6)
GROUP = 8


@kernel
def unpack(bits: Whole, at: Whole, places: NDArray[np.uint32], filled: Whole) -> Whole:
    """Append the places of the set bits, counted from `at`, and return how many places there are now.

    Up to `GROUP` values more are written.
    """
    after = filled + np.uint64(how_many(bits))
    while filled < after:  # in groups: a branch at every bit would often be mispredicted
        for offset in range(GROUP):
            places[filled + np.uint64(offset)] = at + lowest(bits)
            bits &= bits - _ONE
        filled += np.uint64(GROUP)
    return after


@kernel
def outline(
    text: NDArray[np.uint8],
    begin: Whole,
    end: Whole,
    edges: NDArray[np.uint32],
    marks: NDArray[np.uint32],
    begun: NDArray[np.uint64],
    parted: NDArray[np.uint64],
) -> None:
    """Locate the words and the characters beyond ASCII in `text[begin:end]`, 64 bytes at a time.

    Args:
        text: UTF-8, with at least 63 more bytes.
        begin, end: where the text begins and ends.
        edges: written: where each run of ASCII letters and digits begins and where it ends, in turn.
        marks: written: where each character beyond ASCII begins. Both end with `end`, twice.
        begun: written: a bit for each byte, set where a run begins a sentence: if an ASCII sign that ends a sentence is
            between it and the run before, or it is the first run.
        parted: written: the same for segments and their ASCII separators.
    """
    edge = mark = _NONE
    before, ended, separated, space, hyphen = _NONE, _ONE, _ONE, _NONE, _NONE
    for place, at in enumerate(range(begin, end, LANES)):
        letters, ends, separators, hyphens, spaces, beyond = classify(text, at)
        inside = _ALL if end - at >= LANES else (_ONE << np.uint64(end - at)) - _ONE
        letters &= inside
        # A hyphen separates after a space and before a space or a hyphen: the bit is that of the latter.
        after_space = hyphens & (spaces << _ONE | space)
        separators |= (after_space << _ONE | hyphen) & (spaces | hyphens)
        space, hyphen = spaces >> _LAST, after_space >> _LAST
        others = ~letters
        begun[np.uint64(place)], ended = next_letters(others, ends & inside, ended)
        parted[np.uint64(place)], separated = next_letters(others, separators & inside, separated)
        rest = letters ^ (letters << _ONE | before)
        before = letters >> _LAST
        edge = unpack(rest, at, edges, edge)
        mark = unpack(beyond & inside, at, marks, mark)
    if edge & _ONE:  # a run that ends with the text, at the end of the last 64 bytes
        edges[edge] = end
        edge += _ONE
    edges[edge] = edges[edge + _ONE] = marks[mark] = marks[mark + _ONE] = end


@kernel
def next_letters(others: Whole, signs: Whole, before: Whole) -> tuple[Whole, Whole]:
    """The first letter after each sign, and whether there is a sign after the last letter.

    Args:
        others: a bit for each byte that is no letter.
        signs: those that are signs. before: whether there is a sign that no letter has followed yet.
    """
    # Adding the signs to the others carries each sign over the others to the next letter.
    some = others + signs
    carried = some + before
    return carried & ~others, np.uint64(some < others) | np.uint64(carried < some)


@kernel
def read_words(
    text: NDArray[np.uint8],
    begin: Whole,
    end: Whole,
    edges: NDArray[np.uint32],
    marks: NDArray[np.uint32],
    begun: NDArray[np.uint64],
    parted: NDArray[np.uint64],
    table: NDArray[np.uint32],
    normal: NDArray[np.uint16],
    pairs: NDArray[np.uint64],
    folded: NDArray[np.uint8],
    low: NDArray[np.uint32],
    high: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    longer: NDArray[np.uint32],
    words: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    wides: NDArray[np.uint64],
    places: NDArray[np.uint32],
    before: Whole,
    first: Whole,
) -> Whole:
    """Read the words of `text[begin:end]`, which a zero byte follows.

    Args:
        text: UTF-8; see `outline`.
        begin, end: where the text begins and ends.
        edges, marks, begun, parted: room for the output of `outline`, and `GROUP` more in the first two.
        table, normal, pairs: see `points.Points`.
        folded: room for the longest word, folded. low, high, lengths, longer: room for the words (see `murmur_many`),
            and for one more in `longer`.
        words, flags: written: the hash and the flags of each word, from place `first` on.
        wides, places: written: the wide hash of each word and where it begins, from place `before` on.

    Returns:
        How many words there are in `words` now; -1 if the plain form must read the text.
    """
    if begin == end:
        return first
    outline(text, begin, end, edges, marks, begun, parted)
    edge = mark = _NONE
    count = np.int64(0)
    last_end = np.int64(-1)  # where the previous word ends
    # `believed`: whether `begun` and `parted` are right for the next word, which they may not be after a word that is
    # not all ASCII. `begins`: what the next word begins in any case.
    believed, begins = True, np.int64(0)
    while True:
        next_mark = np.int64(marks[mark])
        slow = np.int64(-1)  # where a word that is not all ASCII begins
        if edges[edge] < next_mark and (begins or not believed):
            start = np.int64(edges[edge])
            begins |= begun_between(text, last_end, start, table)
            chunk, bit = np.uint64(start - begin) >> _SIX, _ONE << (np.uint64(start - begin) & _LAST)
            begun[chunk] = begun[chunk] | bit if begins & SENTENCE else begun[chunk] & ~bit
            parted[chunk] = parted[chunk] | bit if begins & SEGMENT else parted[chunk] & ~bit
        while edges[edge] < next_mark:  # nearly all words
            start, at = np.int64(edges[edge]), np.int64(edges[edge + _ONE])
            if at == next_mark and at < end and is_inside(text, at, table):
                slow = start
                break
            edge += _TWO
            if at - start > 1 or byte(text, start) | 0x20 != _S or not is_possessive(text, last_end, start):
                places[np.uint64(before + count)], lengths[np.uint64(count)] = start, at - start
                count += 1
            last_end, believed, begins = at, True, np.int64(0)
        if slow < 0:
            if next_mark == end:
                begins_at, found = places[before : before + count], words[first : first + count]
                many = load_words(text, begin, begins_at, lengths, begun, parted, low, high, longer, flags[first:])
                murmur_many(low, high, lengths, found)
                found_wides = wides[before : before + count]
                siphash_many(low, high, lengths, found_wides)
                for slot in longer[:many]:
                    begin_of, length = np.int64(begins_at[slot]), lengths[slot]
                    found_wides[slot] = siphash(text, begin_of, begin_of + np.int64(length), SMALL)
                    if length > SHORT:
                        found[slot] = murmur_longer(text, begin_of, length, low[slot], high[slot])
                return first + count
            mark += _ONE
            entry = table[decode(text, next_mark)]
            if entry & WATCHED and is_changed(text, begin, next_mark, normal, pairs):
                return -1
            kind = entry >> KIND & 7
            if entry & SEPARATOR or (entry & SPACED_SEPARATOR and is_spaced(text, begin, next_mark)):
                begins |= SEGMENT
            if kind in (0, MARK, IGNORED):
                continue
            if kind == SENTENCE_END:
                begins |= SENTENCE
                continue
            if kind == UNSEGMENTED:
                begins |= begun_between(text, last_end, next_mark, table)
                last_end, count = read_run(
                    text, begin, next_mark, table, normal, pairs, folded, low, lengths, flags, wides, places, before,
                    first, count, begins,
                )  # fmt: skip
                if count < 0:
                    return -1
            else:
                slow = next_mark
        if slow >= 0:
            entry = table[decode(text, slow)]
            at, filled = fold_word(text, begin, slow, table, normal, pairs, folded)
            if at < 0:
                return -1
            if filled > 1 or folded[0] != _S or not is_possessive(text, last_end, slow):
                low[count], lengths[count] = murmur(folded, np.int64(0), filled, np.uint32(0)), READY
                wides[before + count] = siphash(folded, np.int64(0), filled, _NONE)
                flag: Whole = np.int64(entry >> SCRIPT & 3) << SCRIPT_SHIFT
                flag |= np.int64(folded[0] < 0x3A) << 1
                begins |= begun_between(text, last_end, slow, table)
                flag |= np.int64(entry >> KIND & 7 == CAPITAL and not begins & SENTENCE) | begins << BEGINS_SHIFT
                flags[first + count], places[before + count] = flag, slow
                count += 1
            last_end = at
        believed, begins = False, np.int64(0)
        while edges[edge] < last_end:  # skip what belongs to the word just read
            edge += _TWO
        while marks[mark] < last_end:
            mark += _ONE


@kernel
def load_words(
    text: NDArray[np.uint8],
    begin: Whole,
    places: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    begun: NDArray[np.uint64],
    parted: NDArray[np.uint64],
    low: NDArray[np.uint32],
    high: NDArray[np.uint32],
    longer: NDArray[np.uint32],
    flags: NDArray[np.uint8],
) -> Whole:
    """Load the words that are all ASCII for `murmur_many`, set their flags, and return how many are long.

    Args:
        text: see `outline`; begin: where the text begins.
        places, lengths: where each word begins and how many bytes it has; `READY` for words to be skipped.
        begun, parted: see `outline`.
        low, high: written: see `murmur_many`.
        longer: written: which words have `SHORT` bytes or more.
        flags: written.
    """
    many = _NONE
    for slot in range(np.uint64(len(places))):
        start, length = np.int64(places[slot]), np.uint64(lengths[slot])
        if length == READY:
            continue
        letter, offset = byte(text, start), np.uint64(start - begin)
        word = (eight_bytes(text, start) | SMALL) & LOW[min(length, SHORT)]
        low[slot], high[slot] = np.uint32(word), np.uint32(word >> _HALF)
        begins = begun[offset >> _SIX] >> (offset & _LAST) & _ONE
        begins |= (parted[offset >> _SIX] >> (offset & _LAST) & _ONE) << _ONE
        flag = (np.uint8(letter - _A) < 26) & (begins & np.uint64(SENTENCE) == _NONE) | (letter < 0x3A) << 1
        flags[slot] = flag | begins << np.uint64(BEGINS_SHIFT)
        longer[many] = slot
        many += np.uint64(length >= SHORT)
    return many


@kernel
def begun_between(text: NDArray[np.uint8], last_end: Whole, start: Whole, table: NDArray[np.uint32]) -> Whole:
    """What a word at `start` begins by the ASCII signs that follow the last word, or as the first word."""
    found: Whole = np.int64(0)
    if last_end < 0:
        return np.int64(SENTENCE | SEGMENT)
    for at in range(last_end, start):
        sign = byte(text, at)
        if sign < 0x80:
            entry = table[sign]
            found |= np.int64(entry >> KIND & 7 == SENTENCE_END) * SENTENCE
            if entry & SEPARATOR or (entry & SPACED_SEPARATOR and is_spaced(text, last_end, at)):
                found |= SEGMENT
    return found


@kernel
def is_spaced(text: NDArray[np.uint8], begin: Whole, at: Whole) -> Whole:
    """Whether a space is before the sign at a place, and after it a space or, if it is a hyphen, a hyphen."""
    if at == begin or byte(text, at - 1) != 0x20:
        return False
    after = byte(text, at + width(byte(text, at)))
    return after == 0x20 or (after == 0x2D and byte(text, at) == 0x2D)


@kernel
def is_inside(text: NDArray[np.uint8], at: Whole, table: NDArray[np.uint32]) -> Whole:
    """Whether the character at a place continues the word before it."""
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
    """Fold the word that begins at a place; returns where it ends (-1 for the plain form) and its folded length."""
    filled = np.int64(0)
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
    low: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    flags: NDArray[np.uint8],
    wides: NDArray[np.uint64],
    places: NDArray[np.uint32],
    before: Whole,
    first: Whole,
    count: Whole,
    begins: Whole,
) -> tuple[Whole, Whole]:
    """Read a run of a script without spaces as bigrams; returns where it ends and how many words there are now.

    `begins` is what the first of them begins.
    """
    filled, length, place = np.int64(0), 0, at
    flag, begin_flag = np.int64(0), begins << BEGINS_SHIFT
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
                size = encode(np.int64(entry & FOLDED), folded, filled)
                low[count], lengths[count] = murmur(folded, np.int64(0), size, np.uint32(0)), READY
                wides[before + count] = siphash(folded, np.int64(0), size, _NONE)
                flags[first + count], places[before + count] = flag | begin_flag, place
                count, begin_flag = count + 1, np.int64(0)
            flag = np.int64(entry >> SCRIPT & 3) << SCRIPT_SHIFT
            place = at
            filled = encode(np.int64(entry & FOLDED), folded, np.int64(0))
        at += width(byte(text, at))
    if length == 1:
        low[count], lengths[count] = murmur(folded, np.int64(0), filled, np.uint32(0)), READY
        wides[before + count] = siphash(folded, np.int64(0), filled, _NONE)
        flags[first + count], places[before + count] = flag | begin_flag, place
        count += 1
    return at, count


@kernel
def is_possessive(text: NDArray[np.uint8], last_end: Whole, start: Whole) -> Whole:
    """Whether only an apostrophe is between the last word and an s that begins at `start`."""
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
    """Whether the words that begin at two places are equal when folded."""
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
    """The next folded character of a word (0 at its end; ignorable signs are skipped) and the place after it."""
    while True:
        entry = table[decode(text, at)]
        kind = np.int64(entry >> KIND & 7)
        if kind in (0, SENTENCE_END) or (kind == UNSEGMENTED) != (unsegmented and kind != IGNORED):
            return np.int64(0), at
        at += width(byte(text, at))
        if kind != IGNORED:
            return np.int64(entry & FOLDED), at
