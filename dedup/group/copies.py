"""Copy groups: what is left of the copy links once digests are seen through."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations, product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.group.canonical import of_group
from dedup.inputs.collection import Seniority
from dedup.match.copies import NEAR, Overlaps
from dedup.match.stories import FLOOR

PART = 0.6
"""A text shorter than this share of another that holds it is a part of it."""
PARTS_LOOKED_AT = 30
TOGETHER = 0.35
"""Mean overlap of the members of two groups from which they become one ..."""
MEMBERS_LOOKED_AT = 8
"""... of so many of each group, so that the time is linear in the number of articles."""


def digests(copies: Overlaps, lengths: NDArray[np.int64], matrix: sp.csr_array) -> NDArray[np.bool_]:
    """Which articles are digests: they hold parts that have nothing to do with each other.

    Args:
        copies: the pairs whose texts overlap as copies do.
        lengths: words of each article, shape (articles,).
        matrix: unit vectors, shape (articles, terms).

    Returns:
        Shape (articles,).
    """
    parts: dict[int, list[int]] = defaultdict(list)
    overlapping = set()
    for a, b in zip(copies.a.tolist(), copies.b.tolist(), strict=True):
        short, whole = (a, b) if lengths[a] <= lengths[b] else (b, a)
        overlapping.add((a, b))
        if lengths[short] < PART * lengths[whole]:
            parts[whole].append(short)
    found = np.zeros(len(lengths), bool)
    for whole, held in parts.items():
        pairs = combinations(sorted(held)[:PARTS_LOOKED_AT], 2)
        found[whole] = any(
            (one, other) not in overlapping and float((matrix[[one]] @ matrix[[other]].T).sum()) <= FLOOR
            for one, other in pairs
        )
    return found


def without_parts(copies: Overlaps, digest: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each copy pair stays: a digest is a copy of another digest only, not of its parts."""
    return ~(digest[copies.a] | digest[copies.b]) | (copies.jaccard >= NEAR)


def representatives(copies: Overlaps, forms: Overlaps, seniority: Sequence[Seniority]) -> NDArray[np.int64]:
    """For each article the one that stands for it when stories are looked for: itself, but for near-copies.

    A text that runs in a hundred papers with small changes is one text. Were it counted a hundred times, its words
    would be common words, and its copies each other's nearest neighbours, in place of the other outlets' own versions.
    """
    standing = np.arange(len(seniority))
    for group in copy_groups(copies.where(copies.jaccard >= NEAR), forms):
        standing[group] = of_group(group, seniority)
    return standing


def copy_groups(copies: Overlaps, forms: Overlaps) -> list[list[int]]:
    """The groups of two and more articles that copy links connect, each ascending, ordered by their first.

    The texts most alike are joined first; two groups that hold a pair known to be one form filled in twice stay apart,
    though a third filling, with few numbers changed, may be linked with both.
    """
    return _joined(copies, forms, lambda _small, _large: True)[1]


def held_together(
    copies: Overlaps, forms: Overlaps, compared: Callable[[NDArray[np.int64]], Overlaps], enough: float
) -> NDArray[np.bool_]:
    """Whether each copy pair stays, so that a group is one text and no chain of texts that share less and less.

    The pairs are gone through as in `copy_groups`, but two groups become one only where their members overlap on
    average: half of a text and its other half share nothing, though each is a copy of the whole, and a text put
    together from two holds parts of two stories.

    Args:
        copies: the copy pairs.
        forms: the pairs that are one form filled in twice.
        compared: gives the overlaps of pairs, of shape (pairs, 2), a < b, sorted: asked about members of groups.
        enough: the overlap of two copies, which is enough for groups too.

    Returns:
        Shape (pairs,): whether both ends of a pair are in one group.
    """
    needed = min(TOGETHER, enough)

    def fit(small: list[int], large: list[int]) -> bool:
        if len(small) == len(large) == 1:
            return True
        looked_at = product(sorted(small)[:MEMBERS_LOOKED_AT], sorted(large)[:MEMBERS_LOOKED_AT])
        shares = compared(np.array(sorted((min(pair), max(pair)) for pair in looked_at), np.int64)).overlap
        return math.fsum(shares.tolist()) >= needed * len(shares)

    return _joined(copies, forms, fit)[0]


def _joined(
    copies: Overlaps, forms: Overlaps, fit: Callable[[list[int], list[int]], bool]
) -> tuple[NDArray[np.bool_], list[list[int]]]:
    """Whether both ends of each pair are in one group, and the groups."""
    group = {article: [article] for article in np.union1d(copies.a, copies.b).tolist()}
    apart: dict[int, set[int]] = defaultdict(set)  # for each article those it makes a form with
    for a, b in zip(forms.a.tolist(), forms.b.tolist(), strict=True):
        apart[a].add(b)
        apart[b].add(a)
    strongest = np.lexsort((copies.b, copies.a, -copies.containment, -copies.jaccard))
    for a, b in zip(copies.a[strongest].tolist(), copies.b[strongest].tolist(), strict=True):
        small, large = sorted((group[a], group[b]), key=len)
        if small is large or any(not apart[article].isdisjoint(large) for article in small if article in apart):
            continue
        if not fit(small, large):
            continue
        large.extend(small)
        for article in small:
            group[article] = large
    inside = [group[a] is group[b] for a, b in zip(copies.a.tolist(), copies.b.tolist(), strict=True)]
    distinct = {id(members): members for members in group.values()}.values()
    return np.array(inside, bool), sorted(sorted(members) for members in distinct if len(members) > 1)
