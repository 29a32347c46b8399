"""Form notices: texts that overlap as copies do, but are one form filled in twice. Only what was filled in tells."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.features import IS_CAPITAL, IS_NUMBER, HashedText
from dedup.vectorize.hashing import hashes_of

CHANGED = 2
"""Values that must have changed between two texts for them to be one form ..."""
CHANGED_SHARE = 0.1
"""... and the share of all their aligned values that these must be."""
NEWER_SHARE = 0.2
"""The same where numbers alone have changed, within `SOON`: that is how a toll rises, or a figure is corrected."""
SOON = 0.5
"""Days from which one changed value is enough: newer figures come the same day."""
LATER = 2.0
"""Days from which its share does not matter: who prints a text again days later has no number to change in it."""
ALIKE_LENGTH = 0.5
"""A form is filled in from top to bottom: a text this much shorter than the other is a part of it, until `LATER`."""
SLOT = 8
"""Most words that the place of a value can take up in a form."""
ALIGNED_WORDS = 2_000
"""Words of a text that are aligned at most ..."""
MOST_EFFORT = 50_000
"""... and fewer where more pairs of places than this hold one word, as in tables: the time grows with their number. Of
articles compared with themselves one in a hundred has as many as 36,000."""
MOST_WORK = 1 << 18
"""Texts are aligned piece by piece where the pairs of places times the changed words are more than this: an alignment
looks at the pairs again for each stretch that it finds."""
_PIECE = 64
"""Least words of a piece."""
_BINS = 1 << 12
SPELLED = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
"""English numbers that agencies write as words, and as figures where a fraction follows."""


Aligned: TypeAlias = Callable[[NDArray[np.uint32], NDArray[np.uint32]], list[tuple[int, int, int]]]
"""Aligns two texts: `matching_blocks`, or its fast twin."""


def matching_blocks(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
    """The stretches that two texts have in common, aligned by Ratcliff & Obershelp (Ratcliff & Metzener 1988).

    Args:
        one, other: the hashes of their words.

    Returns:
        For each stretch where it begins in both, and its length; the last one is the end of both.
    """
    matcher = SequenceMatcher(None, one.tolist(), other.tolist(), autojunk=False)
    return [(i, j, size) for i, j, size in matcher.get_matching_blocks()]


@cache
def _spelled() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The hashes of the spelled numbers, ascending, and of the figure of each."""
    words, figures = hashes_of(SPELLED), hashes_of([str(number) for number in range(len(SPELLED))])
    order = np.argsort(words)
    return words[order], figures[order]


class _Filled:
    """The beginning of a text, word by word.

    Attributes:
        words: their hashes.
        figures: for each word the hash of its figure if it is a number, else 0.
    """

    __slots__ = ("_flags", "figures", "words")

    def __init__(self, text: HashedText, length: int) -> None:
        self.words, self._flags = text.hashes[:length], text.flags[:length]
        spelled, figures = _spelled()
        place = np.minimum(np.searchsorted(spelled, self.words), len(spelled) - 1)
        digits = np.where(self._flags & IS_NUMBER, self.words, np.uint32(0))
        self.figures = np.where(spelled[place] == self.words, figures[place], digits)

    @property
    def names(self) -> NDArray[np.uint32]:
        """For each word its hash if it is a name, which is capitalised inside a sentence, else 0."""
        return np.where((self._flags & IS_CAPITAL > 0) & (self.figures == 0), self.words, np.uint32(0))


def same_template(
    one: HashedText, other: HashedText, days: float = math.nan, aligned: Aligned = matching_blocks
) -> bool:
    """Whether two overlapping texts are one form filled in twice: the words stay, numbers and names change.

    The texts are aligned word by word. A short stretch that was replaced is a changed number where it has numbers on
    both sides, but others; it is a changed name where it has capitalised words on both sides that the other text does
    not have at all. A newer version of a text changes some numbers too, but leaves more of them than a form does, and
    comes soon. One changed number there must be: rewording replaces names too.

    Args:
        one, other: the two texts; the answer does not depend on which is which.
        days: between their publication, nan where that is not known.
        aligned: aligns them.
    """
    late = days >= LATER
    if not late and min(len(one), len(other)) < ALIKE_LENGTH * max(len(one), len(other)):
        return False
    length = ALIGNED_WORDS
    while _is_laborious(one, other, length):
        length //= 2
    first, second = _Filled(one, length), _Filled(other, length)
    figures = [Counter(_said(form.figures)) for form in (first, second)]
    if not (figures[0] - figures[1] and figures[1] - figures[0]):
        return False  # no alignment could find a changed number: by far the most copies end here
    if first.words.tolist() > second.words.tolist():
        first, second = second, first
    numbers, names, kept = _values(first, second, _aligned(first.words, second.words, aligned))
    changed = numbers + names
    if late or not numbers:
        return numbers > 0
    soon = not days >= SOON  # or not known
    share = NEWER_SHARE if soon and not names else CHANGED_SHARE
    return changed >= (CHANGED if soon else 1) and changed >= share * (changed + kept)


def _pieces(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Places at which two texts can be cut so that their pieces correspond: the ends of each piece in both.

    Texts are cut at words that each has once and both have in the same order (patience diff, B. Cohen), where a piece is
    at least `_PIECE` words long.
    """
    ours, first, count = np.unique(one, return_index=True, return_counts=True)
    theirs, second, times = np.unique(other, return_index=True, return_counts=True)
    _, place, other_place = np.intersect1d(
        ours[count == 1], theirs[times == 1], assume_unique=True, return_indices=True
    )
    a, b = first[count == 1][place], second[times == 1][other_place]
    order = np.argsort(a)
    cuts, last = [], (0, 0)
    for i, j in _ascending(a[order].tolist(), b[order].tolist()):
        if min(i - last[0], j - last[1]) >= _PIECE:
            cuts.append(last := (i, j))
    return [*cuts, (len(one), len(other))]


def _ascending(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """The longest part of pairs, which ascend in `a`, that ascends in `b` too (Fredman 1975)."""
    ends: list[int] = []  # of the best parts of each length so far, the last value
    of: list[int] = []  # and which pair has it
    before = [-1] * len(b)
    for number, value in enumerate(b):
        place = bisect_left(ends, value)
        before[number] = of[place - 1] if place else -1
        ends[place : place + 1], of[place : place + 1] = [value], [number]
    chosen, number = [], of[-1] if of else -1
    while number >= 0:
        chosen.append((a[number], b[number]))
        number = before[number]
    return chosen[::-1]


def _aligned(one: NDArray[np.uint32], other: NDArray[np.uint32], aligned: Aligned) -> list[tuple[int, int, int]]:
    """Aligns two texts, piece by piece where many stretches have changed."""
    changed = max(np.count_nonzero(~np.isin(one, other)), np.count_nonzero(~np.isin(other, one)))
    if _pairs(one, other) * changed <= MOST_WORK:
        return aligned(one, other)
    blocks, i, j = [], 0, 0
    for i_end, j_end in _pieces(one, other):
        blocks += [(i + a, j + b, size) for a, b, size in aligned(one[i:i_end], other[j:j_end]) if size]
        i, j = i_end, j_end
    return [*blocks, (len(one), len(other), 0)]


def _values(one: _Filled, other: _Filled, blocks: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Of two aligned texts the changed numbers, the changed names, and the values of both kinds that were kept."""
    vocabularies = set(one.words.tolist()), set(other.words.tolist())
    one_names, other_names = one.names, other.names
    values = (one_names | one.figures) > 0
    numbers = names = kept = 0
    i = j = 0
    for i_end, j_end, size in blocks:
        if 0 < i_end - i <= SLOT and 0 < j_end - j <= SLOT:
            before, after = _said(one.figures[i:i_end]), _said(other.figures[j:j_end])
            numbers += bool(before) and bool(after) and before != after
            gone, come = set(_said(one_names[i:i_end])), set(_said(other_names[j:j_end]))
            names += bool(gone - vocabularies[1]) and bool(come - vocabularies[0]) and gone.isdisjoint(come)
        kept += int(np.count_nonzero(values[i_end : i_end + size]))
        i, j = i_end + size, j_end + size
    return numbers, names, kept


def _said(values: NDArray[np.uint32]) -> list[int]:
    """The values of a stretch of a text, in order."""
    said: list[int] = values[values > 0].tolist()
    return said


def _is_laborious(one: HashedText, other: HashedText, length: int) -> bool:
    """Whether more than `MOST_EFFORT` pairs of places in the beginnings of two texts hold the same word."""
    first, second = one.hashes[:length], other.hashes[:length]
    if _pairs(first, second) <= MOST_EFFORT:
        return False
    words, counts = np.unique(first, return_counts=True)
    others, other_counts = np.unique(second, return_counts=True)
    _, place, other_place = np.intersect1d(words, others, assume_unique=True, return_indices=True)
    return int(counts[place] @ other_counts[other_place]) > MOST_EFFORT


def _pairs(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> int:
    """How many pairs of places in two texts hold one word, or words that share a bin: hardly more."""
    bins = (np.bincount(words & np.uint32(_BINS - 1), minlength=_BINS) for words in (one, other))
    return int(np.dot(*bins))
