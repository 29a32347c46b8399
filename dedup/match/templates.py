"""Templates: texts that overlap as copies do, but are instances of one template with other numbers and names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import cached_property
from itertools import compress
from operator import and_, eq
from typing import NamedTuple, TypeAlias

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


class SharedWords(NamedTuple):
    """What words two texts share.

    Attributes:
        pairs: the pairs of places that have equal words.
        few_new: the distinct words that the other text does not have, of the text with fewer of them.
        new: for each word of both whether the other text does not have it.
    """

    pairs: int
    few_new: int
    new: tuple[NDArray[np.bool_], NDArray[np.bool_]]


Aligned: TypeAlias = Callable[[NDArray[np.uint32], NDArray[np.uint32]], list[tuple[int, int, int]]]
"""Aligns two texts: `matching_blocks`, or its kernel."""
Sharing: TypeAlias = Callable[[NDArray[np.uint32], NDArray[np.uint32]], SharedWords]
"""Compares the words of two texts: `shared_words`, or its kernel."""


def shared_words(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> SharedWords:
    """Find what words two texts share, given the hashes of their words.

    Kernel: `match.kernels.templates.shared_words`.
    """
    words, number = np.unique(np.concatenate([one, other]), return_inverse=True)
    places = np.split(number.ravel(), [len(one)])  # NumPy 2.0 returns the inverse with a second axis
    a, b = (np.bincount(some, minlength=len(words)) for some in places)
    few_new = min(np.count_nonzero((a > 0) & (b == 0)), np.count_nonzero((b > 0) & (a == 0)))
    return SharedWords(int(a @ b), int(few_new), (b[places[0]] == 0, a[places[1]] == 0))


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


class Instance:
    """A text that may be made from a template: its beginning word by word, with numbers as figures.

    Args:
        text: its words.
        title: those of its title, None if it has none.
        length: words that are read.

    Attributes:
        text, title: as given; a missing title is empty.
    """

    def __init__(self, text: HashedText, title: HashedText | None = None, length: int = ALIGNED_WORDS) -> None:
        self.text, self._length = text, length
        self.title = HashedText(text.hashes[:0], text.flags[:0]) if title is None else title

    @cached_property
    def read(self) -> HashedText:
        """The words that are read."""
        return with_figures(self.text, self._length)

    @cached_property
    def words(self) -> list[int]:
        """Their hashes as a list: loops over short stretches are faster so."""
        return self.read.hashes.tolist()  # type: ignore[no-any-return]

    @cached_property
    def is_figure(self) -> list[bool]:
        """Whether each is a number."""
        return (self.read.flags & IS_NUMBER > 0).tolist()  # type: ignore[no-any-return]

    @cached_property
    def is_name(self) -> list[bool]:
        """Whether each is a name, capitalised inside a sentence."""
        return (self.read.flags & (IS_CAPITAL | IS_NUMBER) == IS_CAPITAL).tolist()  # type: ignore[no-any-return]

    @cached_property
    def figures(self) -> Counter[int]:
        """How often each number occurs."""
        return Counter(self.read.hashes[self.read.flags & IS_NUMBER > 0].tolist())

    @cached_property
    def values_before(self) -> list[int]:
        """The number of names and numbers before each word, and in all."""
        is_value = self.read.flags & (IS_CAPITAL | IS_NUMBER) > 0
        return [0, *np.cumsum(is_value).tolist()]


def same_template(
    one: Instance,
    other: Instance,
    days: float = math.nan,
    aligned: Aligned = matching_blocks,
    sharing: Sharing = shared_words,
) -> tuple[bool, bool]:
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
        sharing: compares their words.

    Returns:
        The answer, and whether it is true by the texts alone, whatever their dates.
    """
    late, lengths = days >= LATER, (len(one.text), len(other.text))
    alike = min(lengths) >= ALIKE_LENGTH * max(lengths)
    if not (alike or late) or not min(lengths) or np.array_equal(one.text.hashes, other.text.hashes):
        return False, False
    if one.words > other.words:
        one, other = other, one
    length, shared = ALIGNED_WORDS, sharing(one.read.hashes, other.read.hashes)
    while shared.pairs > MOST_EFFORT:
        length //= 2
        one, other = (Instance(instance.text, instance.title, length) for instance in (one, other))
        shared = sharing(one.read.hashes, other.read.hashes)
    few_new = shared.few_new
    renumbered = bool(one.figures - other.figures and other.figures - one.figures)
    if not (renumbered or few_new >= FEWEST_SLOTS or (few_new and _other_subject(one, other, aligned))):
        return False, False  # no alignment can find enough: most copies end here
    blocks = aligned(one.read.hashes, other.read.hashes)
    new = shared.new[0].tolist(), shared.new[1].tolist()
    if few_new:
        slots, inner, gaps, fixed = _slots(one, other, new, blocks)
        enough = slots + renumbered >= FEWEST_SLOTS and fixed <= FIXED_WORDS * slots
        if slots >= SLOT_SHARE * gaps and (enough or (inner and _other_subject(one, other, aligned))):
            return True, alike
    numbers, names, kept = _values(one, other, new, blocks) if renumbered else (0, 0, 0)
    is_template = _is_changed(numbers, names, kept, days)
    return is_template, is_template and alike and _is_changed(numbers, names, kept, math.nan)


def _is_changed(numbers: int, names: int, kept: int, days: float) -> bool:
    """Whether so many changed values, of all values, are more than a newer version of a text changes."""
    if days >= LATER or not numbers:
        return numbers > 0
    soon, changed = not days >= SOON, numbers + names  # soon if unknown
    share = NEWER_SHARE if soon and not names else CHANGED_SHARE
    return changed >= (CHANGED if soon else 1) and changed >= share * (changed + kept)


def _other_subject(one: Instance, other: Instance, aligned: Aligned) -> bool:
    """Whether two titles are one phrase about different persons or places, which the other article does not name."""
    titles = one.title, other.title
    words = titles[0].hashes.tolist(), titles[1].hashes.tolist()
    least = TITLE_SHARE * min(map(len, words))
    if words[0] == words[1] or sum((Counter(words[0]) & Counter(words[1])).values()) < max(1, least):
        return False
    if words[0] > words[1]:
        one, other, titles, words = other, one, titles[::-1], words[::-1]
    new = [
        (~np.isin(title.hashes, text.read.hashes) & (title.flags & IS_NUMBER == 0)).tolist()
        for text, title in zip((other, one), titles, strict=True)
    ]
    if not (any(new[0]) and any(new[1])):
        return False
    stays = i = j = 0
    for i_end, j_end, size in aligned(titles[0].hashes, titles[1].hashes):
        if (i < i_end or j < j_end) and not (any(new[0][i:i_end]) and any(new[1][j:j_end])):
            return False
        stays += size
        i, j = i_end + size, j_end + size
    return least <= stays < min(map(len, words))


def _slots(
    one: Instance, other: Instance, new: tuple[list[bool], list[bool]], blocks: list[tuple[int, int, int]]
) -> tuple[int, bool, int, int]:
    """Count the filled slots of two aligned texts, the stretches that differ, and the words in fixed runs.

    A slot is filled with new names, or with several new words. Words that are replaced one by one are reworded. What
    is replaced everywhere is one slot. Stretches in which only numbers changed do not count.

    Args:
        one, other: the texts.
        new: for each word of both whether the other text does not have it.
        blocks: the alignment.

    Returns:
        The slots; whether one is neither at the beginning nor at the end, where outlets have words of their own; the
        stretches; the words.
    """
    gaps = fixed = i = j = 0
    slots, inner = set[tuple[int, ...]](), False
    for i_end, j_end, size in blocks:
        if 0 < size < FIXED_RUN:
            continue
        before, after = slice(i, i_end), slice(j, j_end)
        least, words = min(i_end - i, j_end - j), i_end - i + j_end - j
        filled = False
        if least and ((i and size) or words <= EDGE):
            removed, added = new[0][before], new[1][after]
            if sum(removed) >= NEW_SHARE * len(removed) and sum(added) >= NEW_SHARE * len(added):
                named = any(map(and_, removed, one.is_name[before]))
                named = named and any(map(and_, added, other.is_name[after]))
                one_by_one = 2 * least == words and any(map(eq, one.words[before], other.words[after]))
                filled = named or (words >= PHRASE and least >= 2 and not one_by_one)
        if filled:
            slots.add(tuple(one.words[before]))
            inner |= i > 0 and size > 0
        gaps += filled or not (all(one.is_figure[before]) and all(other.is_figure[after]))
        fixed += size
        i, j = i_end + size, j_end + size
    return len(slots), inner, gaps, fixed


def _values(
    one: Instance, other: Instance, new: tuple[list[bool], list[bool]], blocks: list[tuple[int, int, int]]
) -> tuple[int, int, int]:
    """Count the changed numbers, the changed names and the unchanged values of two aligned texts."""
    numbers = names = kept = i = j = 0
    for i_end, j_end, size in blocks:
        if 0 < i_end - i <= SLOT and 0 < j_end - j <= SLOT:
            removed = list(compress(one.words[i:i_end], one.is_figure[i:i_end]))
            added = list(compress(other.words[j:j_end], other.is_figure[j:j_end]))
            numbers += bool(removed and added) and removed != added
            if any(map(and_, new[0][i:i_end], one.is_name[i:i_end])) and any(
                map(and_, new[1][j:j_end], other.is_name[j:j_end])
            ):
                removed = list(compress(one.words[i:i_end], one.is_name[i:i_end]))
                added = list(compress(other.words[j:j_end], other.is_name[j:j_end]))
                names += set(removed).isdisjoint(added)
        kept += one.values_before[i_end + size] - one.values_before[i_end]
        i, j = i_end + size, j_end + size
    return numbers, names, kept
