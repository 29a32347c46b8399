"""Form notices: texts that overlap as copies do, but are one form filled in twice. Only the numbers tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

CHANGED = 2
"""Numbers that must have changed between two texts for them to be one form ..."""
CHANGED_SHARE = 0.2
"""... and the share of all their aligned numbers that these must be."""
ALIKE_LENGTH = 0.5
"""A form is filled in from top to bottom: a text this much shorter than the other is a part of it."""
SLOT = 8
"""Most words that the place of a number can take up in a form."""
ALIGNED_WORDS = 2_000
"""Words of a text that are aligned at most ..."""
MOST_EFFORT = 50_000
"""... and fewer where more pairs of places than this hold one word, as in tables: the time grows with their number. Of
articles compared with themselves one in a hundred has as many as 36,000."""


def is_form(one: Sequence[str], other: Sequence[str], *, days_apart: bool = False) -> bool:
    """Whether two overlapping texts are one form filled in twice: the words stay, the numbers change.

    The texts are aligned word by word (Ratcliff & Metzener 1988); a short stretch that was replaced and has numbers on
    both sides, but others, is a changed number. A later version of a text changes some too, but leaves more of them
    than a form does, and comes soon: who prints a text again days later has no number to change in it.

    Args:
        one, other: the words of the two texts; the answer does not depend on which is which.
        days_apart: whether the texts are known to have been published on different days, so that one changed number
            is enough.
    """
    needed, needed_share = (1, 0.0) if days_apart else (CHANGED, CHANGED_SHARE)
    if min(len(one), len(other)) < ALIKE_LENGTH * max(len(one), len(other)):
        return False
    length = ALIGNED_WORDS
    while _effort(one[:length], other[:length]) > MOST_EFFORT:
        length //= 2
    one, other = sorted((list(one[:length]), list(other[:length])))
    numbers = [Counter(_numbers(words)) for words in (one, other)]
    if min((numbers[0] - numbers[1]).total(), (numbers[1] - numbers[0]).total()) < needed:
        return False  # no alignment could find as many: by far the most copies end here
    changed = kept = 0
    for tag, i, i_end, j, j_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        before = _numbers(one[i:i_end])
        if tag == "equal":
            kept += len(before)
        elif tag == "replace" and i_end - i <= SLOT and j_end - j <= SLOT:
            after = _numbers(other[j:j_end])
            changed += bool(before) and bool(after) and before != after
    return changed >= needed and changed >= needed_share * (changed + kept)


def _effort(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pairs of places in two texts hold the same word."""
    counts = Counter(other)
    return sum(count * counts[word] for word, count in Counter(one).items())


def _numbers(words: Sequence[str]) -> list[str]:
    """Those of some words that begin with a digit: digits are ASCII in a word, and come before all letters."""
    return [word for word in words if word < ":"]
