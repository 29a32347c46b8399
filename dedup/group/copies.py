"""Copy groups, without digests and without chains of texts that share little."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.inputs.collection import Seniority
from dedup.match.copies import NEAR, NEARLY_WHOLE, Overlaps
from dedup.match.stories import FLOOR
from dedup.vectorize.features import IS_NUMBER, HashedWords

PART = 0.6
"""Ratio of lengths below which a copy is a part of the other text."""
MOST_PARTS = 30
"""Most parts of a text that are compared with each other."""
TOGETHER = 0.35
"""Mean overlap of the members of two groups from which they merge ..."""
MOST_MEMBERS = 8
"""... of at most so many members of each, so that the time is linear in the number of articles."""


def title_keys(words: HashedWords, copies: Overlaps) -> list[bytes]:
    """Return the words of the title of each article in copy pairs as bytes, without numbers (of pages); else b""."""
    keys = [b""] * len(words)
    for article in np.unique([copies.a, copies.b]).tolist():
        span = slice(*words.offsets[2 * article : 2 * article + 2].tolist())
        keys[article] = words.hashes[span][words.flags[span] & IS_NUMBER == 0].tobytes()
    return keys


def pages(copies: Overlaps, titles: Sequence[bytes]) -> NDArray[np.bool_]:
    """Find copy pairs of which one is a page of the other: contained in it, and under its title.

    Args:
        copies: the copy pairs.
        titles: see `title_keys`.

    Returns:
        Shape (pairs,).
    """
    pairs = zip(copies.a.tolist(), copies.b.tolist(), strict=True)
    equal = np.array([bool(titles[a]) and titles[a] == titles[b] for a, b in pairs], bool)
    return equal & (copies.containment >= NEARLY_WHOLE)


def digests(
    copies: Overlaps, lengths: NDArray[np.int64], matrix: sp.csr_array, titles: Sequence[bytes]
) -> NDArray[np.bool_]:
    """Find digests: articles that contain other articles which are unrelated to each other.

    The pages of an article are one text: they need not be related, but another part is to one of them.

    Args:
        copies: the copy pairs.
        lengths: words of each article, shape (articles,).
        matrix: unit vectors, shape (articles, terms).
        titles: see `title_keys`.

    Returns:
        Shape (articles,).
    """
    parts, own_pages = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    overlapping = set()
    for a, b, is_page in zip(copies.a.tolist(), copies.b.tolist(), pages(copies, titles).tolist(), strict=True):
        short, long = (a, b) if lengths[a] <= lengths[b] else (b, a)
        overlapping |= {(a, b), (b, a)}
        if lengths[short] < PART * lengths[long]:
            (own_pages if is_page else parts)[long].append(short)
    found = np.zeros(len(lengths), bool)
    for long, contained in parts.items():
        others, own = sorted(contained)[:MOST_PARTS], sorted(own_pages[long])[:MOST_PARTS]
        if len(others) + len(own) == 1:
            continue
        related = (matrix[others] @ matrix[[*others, *own]].T).toarray() > FLOOR
        related |= [[one == other or (one, other) in overlapping for other in (*others, *own)] for one in others]
        to_pages = related[:, len(others) :].any(axis=1) if own else True
        found[long] = not (np.all(related[:, : len(others)]) and np.all(to_pages))
    return found


def without_parts(copies: Overlaps, digest: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether to keep each copy pair: a digest is no copy of its parts, only of another digest."""
    return ~(digest[copies.a] | digest[copies.b]) | (copies.jaccard >= NEAR)


def representatives(copies: Overlaps, templates: Overlaps, seniority: Sequence[Seniority]) -> NDArray[np.int64]:
    """Choose the representative of each article, which alone is compared for stories: itself, except for near-copies.

    A text that a hundred papers print with small changes is one text. Counted a hundred times, its words would be
    common words, and its copies would be each other's nearest neighbours in place of other outlets' versions.
    """
    representative = np.arange(len(seniority))
    for group in copy_groups(copies.where(copies.jaccard >= NEAR), templates):
        representative[group] = first_of_group(group, seniority)
    return representative


def copy_groups(copies: Overlaps, templates: Overlaps) -> list[list[int]]:
    """Group articles that copy links connect: groups of two or more, each ascending, in the order of their first.

    The most similar texts are joined first. Two groups with a pair made from the same template stay apart, though a
    third instance with few numbers changed may be linked to both.
    """
    return _joined(copies, templates, lambda _pair, _small, _large: True)[1]


def coherent(
    copies: Overlaps,
    templates: Overlaps,
    compared: Callable[[NDArray[np.int64]], Overlaps],
    enough: float,
    titles: Sequence[bytes],
) -> NDArray[np.bool_]:
    """Whether to keep each copy pair, so that a group is one text and not a chain of texts that share less and less.

    Pairs are joined as in `copy_groups`, but two groups merge only if their members overlap on average: the two halves
    of a text share nothing, though each is a copy of the full text, and a text composed of two has parts of two
    stories. Only the pages of an article, under one title, go with it.

    Args:
        copies: the copy pairs.
        templates: the pairs made from the same template.
        compared: returns the overlaps of pairs of shape (pairs, 2), a < b, sorted; called for members of groups.
        enough: the overlap of copies; groups need no more.
        titles: see `title_keys`.

    Returns:
        Shape (pairs,): whether both articles of a pair are in one group.
    """
    needed = min(TOGETHER, enough)
    is_page = pages(copies, titles)

    def fit(pair: int, small: list[int], large: list[int]) -> bool:
        if len(small) == len(large) == 1:
            return True
        if is_page[pair] and len({titles[article] for article in (*small, *large)}) == 1:
            return True
        ends = sorted((min(one, other), max(one, other)) for one, other in product(small, large))
        shares = compared(np.array(ends, np.int64)).overlap
        return math.fsum(shares.tolist()) >= needed * len(shares)

    return _joined(copies, templates, fit)[0]


def _joined(
    copies: Overlaps, templates: Overlaps, fit: Callable[[int, list[int], list[int]], bool]
) -> tuple[NDArray[np.bool_], list[list[int]]]:
    """Join pairs greedily where `fit` allows: whether both articles of each pair are in one group, and the groups.

    `fit` receives the first `MOST_MEMBERS` articles of both groups, ascending. The time grows with the pairs times the
    logarithm of their number: the smaller group joins the larger one.
    """
    group = {article: article for article in np.union1d(copies.a, copies.b).tolist()}  # named by one of its members
    members = {article: [article] for article in group}
    first = dict(members)
    apart: dict[int, set[int]] = defaultdict(set)  # the groups with other instances of its template
    for a, b in zip(templates.a.tolist(), templates.b.tolist(), strict=True):
        apart[a].add(b)
        apart[b].add(a)
    strongest = np.lexsort((copies.b, copies.a, -copies.containment, -copies.jaccard))
    ends = zip(strongest.tolist(), copies.a[strongest].tolist(), copies.b[strongest].tolist(), strict=True)
    for pair, a, b in ends:
        small, large = sorted((group[a], group[b]), key=lambda name: len(members[name]))
        if small == large or small in apart[large] or not fit(pair, first[small], first[large]):
            continue
        for other in apart.pop(small, ()):
            apart[other].remove(small)
            apart[other].add(large)
            apart[large].add(other)
        first[large] = sorted(first[large] + first.pop(small))[:MOST_MEMBERS]
        for article in members[small]:
            group[article] = large
        members[large] += members.pop(small)
    inside = [group[a] == group[b] for a, b in zip(copies.a.tolist(), copies.b.tolist(), strict=True)]
    return np.array(inside, bool), sorted(sorted(some) for some in members.values() if len(some) > 1)


def first_of_group(group: Iterable[int], seniority: Sequence[Seniority]) -> int:
    """Return the first published article of a group, and of several the longest: the one that it is named after."""
    return min(group, key=lambda article: seniority[article])
