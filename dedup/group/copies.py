"""Copy groups: what is left of the copy links once digests are seen through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.group.canonical import Seniority, of_group
from dedup.match.copies import NEAR, Overlaps
from dedup.match.stories import FLOOR

PART = 0.6
"""A text shorter than this share of another that holds it is a part of it."""
PARTS_LOOKED_AT = 30


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
        large.extend(small)
        for article in small:
            group[article] = large
    distinct = {id(members): members for members in group.values()}.values()
    return sorted(sorted(members) for members in distinct if len(members) > 1)
