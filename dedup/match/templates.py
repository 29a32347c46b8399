"""Templates: texts that overlap as copies do, but are instances of one template with other numbers and names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.match.figures import with_figures
from dedup.vectorize.features import IS_CAPITAL, IS_NUMBER, HashedText

CHANGED = 2
"""Changed values between two texts from which they are made from one template ..."""
CHANGED_SHARE = 0.1
"""... and the least share of the aligned values that they must be."""
NEWER_SHARE = 0.2
"""The least share if only numbers changed, within `SOON`: as when a toll rises, or a figure is corrected."""
SOON = 0.5
"""Days from which one changed value is enough: newer figures of one event come the same day."""
LATER = 2.0
"""Days from which the share does not matter: a text that is republished days later has no numbers changed."""
ALIKE_LENGTH = 0.5
"""Ratio of lengths below which a text is a part of the other and not another instance, until `LATER`."""
SLOT = 8
"""Most words that a value takes up in a template."""
ALIGNED_WORDS = 2_000
"""Most words of a text that are aligned ..."""
MOST_EFFORT = 50_000
"""... and fewer where more pairs of places than this have equal words, as in tables: the time grows with their number.
Of articles compared with themselves one in a hundred has 36,000."""
_BINS = 1 << 12
FEWEST_SLOTS = 3
"""Filled slots of two texts from which they are made from one template (changed numbers count as one) ..."""
FIXED_WORDS = 50
"""... if there is one in so many words that stay ..."""
SLOT_SHARE = 2 / 3
"""... and they are so large a share of the stretches that differ."""
FIXED_RUN = 2
"""Least words of a fixed run: single words are met by chance inside two answers."""
PHRASE = 5
"""Least words of a filled slot without a name, on both sides together."""
EDGE = 24
"""Most words of a slot at the beginning or the end, on both sides together: outlets add sentences there."""
NEW_SHARE = 0.3
"""Share of the words of a filled slot that the other text does not have: rewording keeps most of them."""
TITLE_SHARE = 0.5
"""Share of the shorter title that stays if two titles name different persons or places in one phrase."""


Aligned: TypeAlias = Callable[[NDArray[np.uint32], NDArray[np.uint32]], list[tuple[int, int, int]]]
"""Aligns two texts: `matching_blocks`, or its kernel."""


def matching_blocks(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
    """Align two texts and return the blocks of equal words, by Ratcliff & Obershelp (Ratcliff & Metzener 1988).

    Kernel: `match.kernels.templates.matching_blocks`.

    Args:
        one, other: the hashes of their words.

    Returns:
        Where each block begins in both texts, and its length; the last block is empty, at the end of both.
    """
    matcher = SequenceMatcher(None, one.tolist(), other.tolist(), autojunk=False)
    return [(i, j, size) for i, j, size in matcher.get_matching_blocks()]


def numpy_matching_blocks(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> list[tuple[int, int, int]]:
    """Return what `matching_blocks` does, by NumPy: faster where many stretches changed.

    `difflib` looks at all pairs of places again for each block that it finds. Here runs of equal words are found once.
    The longest block inside bounds is the longest run after it is cut to the bounds. Of several the first is taken, and
    then the first behind it, which would be the longest of what is left.
    """
    starts, others, lengths = _runs(one, other)
    most = int(lengths.max(initial=0))
    found = []
    waiting = [(0, len(one), 0, len(other))]
    while waiting:
        i_low, i_high, j_low, j_high = waiting.pop()
        near = slice(*np.searchsorted(starts, (i_low - most, i_high)))
        i, j = starts[near], others[near]
        skipped = np.maximum(0, np.maximum(i_low - i, j_low - j))
        left = np.minimum(lengths[near], np.minimum(i_high - i, j_high - j)) - skipped
        size = int(left.max(initial=0))
        if size <= 0:
            continue
        longest = np.flatnonzero(left == size)
        i, j = i[longest] + skipped[longest], j[longest] + skipped[longest]
        order = np.lexsort((j, i))
        a, b = i_low, j_low
        for i_next, j_next in zip(i[order].tolist(), j[order].tolist(), strict=True):
            if i_next >= a and j_next >= b:
                found.append((i_next, j_next, size))
                waiting.append((a, i_next, b, j_next))
                a, b = i_next + size, j_next + size
        waiting.append((a, i_high, b, j_high))
    joined: list[tuple[int, int, int]] = []
    for a, b, size in sorted(found):
        if joined and (joined[-1][0] + joined[-1][2], joined[-1][1] + joined[-1][2]) == (a, b):
            joined[-1] = (*joined[-1][:2], joined[-1][2] + size)
        else:
            joined.append((a, b, size))
    return [*joined, (len(one), len(other), 0)]


def _runs(
    one: NDArray[np.uint32], other: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the longest runs of equal words: where they begin in both texts, ascending in the first, and lengths."""
    order = np.argsort(other, kind="stable")
    ranked = other[order]
    first = np.searchsorted(ranked, one)
    count = np.searchsorted(ranked, one, side="right") - first
    i = np.repeat(np.arange(len(one)), count)
    j = order[np.arange(len(i)) + np.repeat(first - np.cumsum(count) + count, count)]
    along = np.lexsort((i, j - i))
    i, j = i[along], j[along]
    begins = np.flatnonzero((np.diff(i, prepend=-2) != 1) | (np.diff(j, prepend=-2) != 1))
    i, j, length = i[begins], j[begins], np.diff(np.append(begins, len(i)))
    order = np.argsort(i, kind="stable")
    return i[order], j[order], length[order]


class _Words:
    """The beginning of a text, word by word, with numbers as figures.

    Attributes:
        words: their hashes.
        figures: for each word its hash if it is a number, else 0.
        names: for each word its hash if it is a name, capitalised inside a sentence, else 0.
    """

    __slots__ = ("figures", "names", "words")

    def __init__(self, text: HashedText) -> None:
        self.words = text.hashes
        self.figures = np.where(text.flags & IS_NUMBER > 0, self.words, np.uint32(0))
        self.names = np.where(text.flags & (IS_CAPITAL | IS_NUMBER) == IS_CAPITAL, self.words, np.uint32(0))


def same_template(
    one: HashedText,
    other: HashedText,
    days: float = math.nan,
    aligned: Aligned = matching_blocks,
    titles: tuple[HashedText, HashedText] | None = None,
) -> bool:
    """Whether two overlapping texts are made from the same template: the words stay, numbers, names or answers change.

    The texts are aligned word by word, with numbers as figures. A short replaced block is a changed number if both
    sides have different numbers; it is a changed name if both sides have capitalised words that the other text does not
    have anywhere. A newer version of a text changes numbers too, but fewer than a template does, and comes soon. Where
    no number changed, names are not enough, because rewording replaces names too: the titles must name different
    persons or places in the same phrase, or several stretches between fixed runs must be filled with new words.

    Args:
        one, other: the two texts, in any order.
        days: between their dates, nan if one is unknown.
        aligned: aligns the texts.
        titles: their titles, None if the texts are titles themselves.
    """
    late = days >= LATER
    if not late and min(len(one), len(other)) < ALIKE_LENGTH * max(len(one), len(other)):
        return False
    if np.array_equal(one.hashes, other.hashes):
        return False
    length = ALIGNED_WORDS
    while _is_laborious(one, other, length):
        length //= 2
    first, second = (_Words(with_figures(text, length)) for text in (one, other))
    figures = [Counter(_nonzero(text.figures)) for text in (first, second)]
    renumbered = bool(figures[0] - figures[1] and figures[1] - figures[0])
    distinct = [set(text.words.tolist()) for text in (first, second)]
    few_new = min(len(distinct[0] - distinct[1]), len(distinct[1] - distinct[0]))
    if not (few_new or renumbered):
        return False  # no alignment can find enough: most copies end here
    renamed = few_new > 0 and titles is not None and _other_subject(*titles, first, second, aligned)
    if not renumbered and not renamed and few_new < FEWEST_SLOTS:
        return False
    new = [np.isin(a.words, b.words, invert=True) for a, b in ((first, second), (second, first))]
    if first.words.tolist() > second.words.tolist():
        first, second, new = second, first, new[::-1]
    blocks = aligned(first.words, second.words)
    numbers, names, kept = _values(first, second, blocks)
    slots, inner, gaps, fixed = _slots(first, second, new, blocks)
    if slots >= SLOT_SHARE * gaps:
        if renamed and inner:
            return True
        if slots + renumbered >= FEWEST_SLOTS and fixed <= FIXED_WORDS * slots:
            return True
    changed = numbers + names
    if late or not numbers:
        return numbers > 0
    soon = not days >= SOON  # or unknown
    share = NEWER_SHARE if soon and not names else CHANGED_SHARE
    return changed >= (CHANGED if soon else 1) and changed >= share * (changed + kept)


def _other_subject(title: HashedText, other_title: HashedText, one: _Words, other: _Words, aligned: Aligned) -> bool:
    """Whether two titles are one phrase about different persons or places, which the other article does not name."""
    words = [text.hashes.tolist() for text in (title, other_title)]
    if words[0] == words[1] or set(words[0]).isdisjoint(words[1]):
        return False
    if words[0] > words[1]:
        title, other_title, one, other = other_title, title, other, one
    new = [
        np.isin(text.hashes, others, invert=True) & (text.flags & IS_NUMBER == 0)
        for text, others in ((title, other.words), (other_title, one.words))
    ]
    stays = i = j = 0
    for i_end, j_end, size in aligned(title.hashes, other_title.hashes):
        removed, added = new[0][i:i_end], new[1][j:j_end]
        if (len(removed) or len(added)) and not (removed.any() and added.any()):
            return False
        stays += size
        i, j = i_end + size, j_end + size
    shorter = min(len(title), len(other_title))
    return TITLE_SHARE * shorter <= stays < shorter


def _slots(
    one: _Words, other: _Words, new: list[NDArray[np.bool_]], blocks: list[tuple[int, int, int]]
) -> tuple[int, bool, int, int]:
    """Count the filled slots of two aligned texts, the stretches that differ, and the words in fixed runs.

    A slot is filled with new names, or with several new words. Words that are replaced one by one are reworded.
    A word that is replaced
    everywhere is one slot. Stretches in which only numbers changed do not count.

    Args:
        one, other: the texts.
        new: for each word of both whether the other text does not have it.
        blocks: the alignment.

    Returns:
        The slots; whether one is neither at the beginning nor at the end, where outlets have words of their own; the
        stretches; the words.
    """
    gaps = fixed = i = j = 0
    slots, inner = set[bytes](), False
    for i_end, j_end, size in blocks:
        if 0 < size < FIXED_RUN:
            continue
        removed, added = new[0][i:i_end], new[1][j:j_end]
        filled = False
        if len(removed) and len(added):
            share = min(removed.mean(), added.mean())
            named = bool((removed & (one.names[i:i_end] > 0)).any() and (added & (other.names[j:j_end] > 0)).any())
            one_by_one = len(removed) == len(added) and (one.words[i:i_end] == other.words[j:j_end]).any()
            phrase = len(removed) + len(added) >= PHRASE and min(len(removed), len(added)) >= 2 and not one_by_one
            at_edge = not i or not size
            filled = (
                bool(share >= NEW_SHARE) and (named or phrase) and not (at_edge and len(removed) + len(added) > EDGE)
            )
        if filled:
            slots.add(one.words[i:i_end].tobytes())
            inner |= i > 0 and size > 0
        gaps += filled or not (one.figures[i:i_end].all() and other.figures[j:j_end].all())
        fixed += size
        i, j = i_end + size, j_end + size
    return len(slots), inner, gaps, fixed


def _values(one: _Words, other: _Words, blocks: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Count the changed numbers, the changed names and the unchanged values of two aligned texts."""
    vocabularies = set(one.words.tolist()), set(other.words.tolist())
    values = (one.names | one.figures) > 0
    numbers = names = kept = 0
    i = j = 0
    for i_end, j_end, size in blocks:
        if 0 < i_end - i <= SLOT and 0 < j_end - j <= SLOT:
            before, after = _nonzero(one.figures[i:i_end]), _nonzero(other.figures[j:j_end])
            numbers += bool(before) and bool(after) and before != after
            removed, added = set(_nonzero(one.names[i:i_end])), set(_nonzero(other.names[j:j_end]))
            names += bool(removed - vocabularies[1]) and bool(added - vocabularies[0]) and removed.isdisjoint(added)
        kept += int(np.count_nonzero(values[i_end : i_end + size]))
        i, j = i_end + size, j_end + size
    return numbers, names, kept


def _nonzero(values: NDArray[np.uint32]) -> list[int]:
    """The values other than 0, in order."""
    found: list[int] = values[values > 0].tolist()
    return found


def _is_laborious(one: HashedText, other: HashedText, length: int) -> bool:
    """Whether more than `MOST_EFFORT` pairs of places in the beginnings of two texts have equal words."""
    first, second = one.hashes[:length], other.hashes[:length]
    # An upper bound, because equal words share a bin; it is nearly always enough.
    bins = (np.bincount(words & np.uint32(_BINS - 1), minlength=_BINS) for words in (first, second))
    if int(np.dot(*bins)) <= MOST_EFFORT:
        return False
    words, counts = np.unique(first, return_counts=True)
    others, other_counts = np.unique(second, return_counts=True)
    _, place, other_place = np.intersect1d(words, others, assume_unique=True, return_indices=True)
    return int(counts[place] @ other_counts[other_place]) > MOST_EFFORT
