"""Form notices: texts that overlap as copies do, but are one form filled in twice. Only what was filled in tells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from dedup.text.tokens import Tokens

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
_FIGURES = {word: str(number) for number, word in enumerate(SPELLED)}


def is_form(one: Tokens, other: Tokens, days: float = math.nan) -> bool:
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
    while _effort(one.words[:length], other.words[:length]) > MOST_EFFORT:
        length //= 2
    one, other = sorted((_beginning(one, length), _beginning(other, length)), key=lambda text: text.words)
    figures = [Counter(_numbers(text.words)) for text in (one, other)]
    if not (figures[0] - figures[1] and figures[1] - figures[0]):
        return False  # no alignment could find a changed number: by far the most copies end here
    numbers, names, kept = _values(one, other)
    changed = numbers + names
    if late or not numbers:
        return numbers > 0
    soon = not days >= SOON  # or not known
    share = NEWER_SHARE if soon and not names else CHANGED_SHARE
    return changed >= (CHANGED if soon else 1) and changed >= share * (changed + kept)


def _values(one: Tokens, other: Tokens) -> tuple[int, int, int]:
    """Of two aligned texts the changed numbers, the changed names, and the values of both kinds that were kept."""
    vocabularies = set(one.words), set(other.words)
    numbers = names = kept = 0
    for tag, i, i_end, j, j_end in SequenceMatcher(None, one.words, other.words, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs = zip(one.words[i:i_end], one.capitals[i:i_end], strict=True)
            kept += sum(bool(capital) or _is_number(word) for word, capital in pairs)
        elif tag == "replace" and i_end - i <= SLOT and j_end - j <= SLOT:
            before, after = _numbers(one.words[i:i_end]), _numbers(other.words[j:j_end])
            numbers += bool(before) and bool(after) and before != after
            gone, come = _names(one, i, i_end), _names(other, j, j_end)
            names += bool(gone - vocabularies[1]) and bool(come - vocabularies[0]) and gone.isdisjoint(come)
    return numbers, names, kept


def _beginning(text: Tokens, length: int) -> Tokens:
    return Tokens(text.words[:length], text.capitals[:length])


def _effort(one: Sequence[str], other: Sequence[str]) -> int:
    """How many pairs of places in two texts hold the same word."""
    counts = Counter(other)
    return sum(count * counts[word] for word, count in Counter(one).items())


def _is_number(word: str) -> bool:
    """Whether a word begins with a digit (they are ASCII in a word, and come before all letters) or spells a number."""
    return word < ":" or word in _FIGURES


def _numbers(words: Sequence[str]) -> list[str]:
    """The numbers among some words, as figures."""
    return [_FIGURES.get(word, word) for word in words if _is_number(word)]


def _names(text: Tokens, start: int, end: int) -> set[str]:
    """The words of a stretch of a text that are capitalised inside a sentence."""
    stretch = zip(text.words[start:end], text.capitals[start:end], strict=True)
    return {word for word, capital in stretch if capital and not _is_number(word)}
