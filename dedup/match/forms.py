"""Form notices: texts that overlap as copies do, but are one form filled in twice. Only what was filled in tells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache

import numpy as np

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
SPELLED = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
"""English numbers that agencies write as words, and as figures where a fraction follows."""


@cache
def _spelled() -> Mapping[int, int]:
    """For the hash of each spelled number that of its figure."""
    figures = [str(number) for number in range(len(SPELLED))]
    return dict(zip(hashes_of(SPELLED).tolist(), hashes_of(figures).tolist(), strict=True))


class _Form:
    """The beginning of a text, word by word.

    Attributes:
        words: their hashes.
        figures: for each word the hash of its figure if it is a number, else 0.
        names: for each word its hash if it is a name, which is capitalised inside a sentence, else 0.
    """

    __slots__ = ("figures", "names", "words")

    def __init__(self, text: HashedText, length: int) -> None:
        self.words: list[int] = text.hashes[:length].tolist()
        flags, spelled = text.flags[:length], _spelled()
        digits, capitals = (flags & IS_NUMBER).tolist(), (flags & IS_CAPITAL).tolist()
        self.figures = [spelled.get(word, word if digit else 0) for word, digit in zip(self.words, digits, strict=True)]
        self.names = [
            word if capital and not figure else 0
            for word, capital, figure in zip(self.words, capitals, self.figures, strict=True)
        ]


def is_form(one: HashedText, other: HashedText, days: float = math.nan) -> bool:
    """Whether two overlapping texts are one form filled in twice: the words stay, numbers and names change.

    The texts are aligned word by word (Ratcliff & Metzener 1988). A short stretch that was replaced is a changed number
    where it has numbers on both sides, but others; it is a changed name where it has capitalised words on both sides
    that the other text does not have at all. A newer version of a text changes some numbers too, but leaves more of
    them than a form does, and comes soon. One changed number there must be: rewording replaces names too.

    Args:
        one, other: the two texts; the answer does not depend on which is which.
        days: between their publication, nan where that is not known.
    """
    late = days >= LATER
    if not late and min(len(one), len(other)) < ALIKE_LENGTH * max(len(one), len(other)):
        return False
    length = ALIGNED_WORDS
    while _effort(one, other, length) > MOST_EFFORT:
        length //= 2
    first, second = sorted((_Form(one, length), _Form(other, length)), key=lambda form: form.words)
    figures = [Counter(filter(None, form.figures)) for form in (first, second)]
    if not (figures[0] - figures[1] and figures[1] - figures[0]):
        return False  # no alignment could find a changed number: by far the most copies end here
    numbers, names, kept = _values(first, second)
    changed = numbers + names
    if late or not numbers:
        return numbers > 0
    soon = not days >= SOON  # or not known
    share = NEWER_SHARE if soon and not names else CHANGED_SHARE
    return changed >= (CHANGED if soon else 1) and changed >= share * (changed + kept)


def _values(one: _Form, other: _Form) -> tuple[int, int, int]:
    """Of two aligned texts the changed numbers, the changed names, and the values of both kinds that were kept."""
    vocabularies = set(one.words), set(other.words)
    numbers = names = kept = 0
    for tag, i, i_end, j, j_end in SequenceMatcher(None, one.words, other.words, autojunk=False).get_opcodes():
        if tag == "equal":
            kept += sum(map(bool, map(int.__or__, one.names[i:i_end], one.figures[i:i_end])))
        elif tag == "replace" and i_end - i <= SLOT and j_end - j <= SLOT:
            before, after = _said(one.figures[i:i_end]), _said(other.figures[j:j_end])
            numbers += bool(before) and bool(after) and before != after
            gone, come = set(_said(one.names[i:i_end])), set(_said(other.names[j:j_end]))
            names += bool(gone - vocabularies[1]) and bool(come - vocabularies[0]) and gone.isdisjoint(come)
    return numbers, names, kept


def _said(values: Sequence[int]) -> list[int]:
    """The values of a stretch of a text, in order."""
    return [value for value in values if value]


def _effort(one: HashedText, other: HashedText, length: int) -> int:
    """How many pairs of places in the beginnings of two texts hold the same word."""
    words, counts = np.unique(one.hashes[:length], return_counts=True)
    others, other_counts = np.unique(other.hashes[:length], return_counts=True)
    _, place, other_place = np.intersect1d(words, others, assume_unique=True, return_indices=True)
    return int(counts[place] @ other_counts[other_place])
