"""Sparse average linkage (UPGMA: Sokal & Michener 1958): the dendrogram in which the most similar groups merge first.

The similarity of two groups is the mean score over all pairs between them; a pair without a score counts 0. After a
merge it is updated by adding sums of scores (the recurrence of Lance & Williams 1967). Scores are integers and ties go
to the groups with the earliest articles, so the tree does not depend on the order of the input.

Some articles only follow: digests, live blogs, opinion, flashes. One that merges with a group of others joins it, but
its scores are dropped and it counts in no mean, so the merges of the others are those without it. Groups that consist
of such articles alone are merged like others.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

LOWEST = 0.05
"""Mean score below which nothing merges; no threshold is lower."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A merge tree (dendrogram) of articles: merge m joins nodes `left[m]` and `right[m]` into node `leaves + m`.

    Attributes:
        leaves: the number of articles.
        left, right: the merged nodes, shape (merges,).
        height: mean score of each merge, shape (merges,), decreasing; infinite for copies of one text.
        weights: 1, or 0 for an article that a representative replaces, shape (leaves,).
        joined: how many of the last merges join stories into storylines, see `dedup.group.storylines`.
        follows: whether an article only follows, shape (leaves,); one with a copy that does not follow does not either.
        embedded: how many merges before those join stories by an embedding, see `dedup.group.joining`.
    """

    leaves: int
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    height: NDArray[np.float64]
    weights: NDArray[np.int64]
    joined: int = 0
    follows: NDArray[np.bool_] | None = None
    embedded: int = 0


def unit_follows(
    groups: Sequence[Sequence[int]], follows: NDArray[np.bool_] | None, articles: int
) -> NDArray[np.bool_]:
    """Return whether each article follows, shape (articles,): in a copy group only where all articles follow."""
    found = np.zeros(articles, np.bool_) if follows is None else follows.copy()
    if found.any():
        for group in groups:
            found[group] = found[group].all()
    return found


def average_linkage(
    pairs: Pairs,
    groups: Sequence[Sequence[int]],
    weights: NDArray[np.int64],
    follows: NDArray[np.bool_] | None = None,
) -> Tree:
    """Build the merge tree of articles.

    Kernel: `group.kernels.linkage.average_linkage`.

    Args:
        pairs: the scored pairs.
        groups: disjoint groups of articles that are merged before all others: the copies of one text.
        weights: 1, or 0 for an article that the representative of its group replaces, shape (articles,); only
            representatives have scores.
        follows: whether each article only follows, shape (articles,); None if none does.
    """
    articles = len(weights)
    follows = unit_follows(groups, follows, articles)
    following = follows.tolist()
    sums: list[dict[int, int]] = [{} for _ in range(articles)]
    for a, b, score in zip(pairs.a.tolist(), pairs.b.tolist(), pairs.score.tolist(), strict=True):
        sums[a][b] = sums[b][a] = score
    size, first = weights.tolist(), list(range(articles))
    merges: list[tuple[int, int, float]] = []
    alive = [True] * articles

    def merge(a: int, b: int, height: float) -> int:
        """Replace two nodes by a new one, adding their sums of scores to the others."""
        node = len(sums)
        merges.append((a, b, height))
        if following[a] != following[b]:
            joining = a if following[a] else b
            for other in sums[joining]:
                del sums[other][joining]
            sums[joining], size[joining], first[joining] = {}, 0, articles
        following.append(following[a] and following[b])
        wide, narrow = (sums[a], sums[b]) if len(sums[a]) >= len(sums[b]) else (sums[b], sums[a])
        for other, total in narrow.items():
            wide[other] = wide.get(other, 0) + total
        for merged in (a, b):
            wide.pop(merged, None)
        for other, total in wide.items():
            back = sums[other]
            for merged in (a, b):
                back.pop(merged, None)
            back[node] = total
        sums.append(wide)
        sums[a], sums[b] = {}, {}
        alive[a] = alive[b] = False
        alive.append(True)
        size.append(size[a] + size[b])
        first.append(min(first[a], first[b]))
        return node

    for group in groups:
        node, *others = sorted(group)
        for other in others:
            node = merge(node, other, float("inf"))

    heap: list[tuple[float, int, int, int, int]] = []

    def offer(a: int, b: int, total: int) -> None:
        height = total * SCORE_UNIT / (size[a] * size[b])
        if height >= LOWEST:
            low, high = (a, b) if first[a] < first[b] else (b, a)
            heapq.heappush(heap, (-height, first[low], first[high], low, high))

    for a, others_of in enumerate(sums):
        for b, total in others_of.items():
            if a < b:
                offer(a, b, total)
    while heap:
        height, _, _, a, b = heapq.heappop(heap)
        if alive[a] and alive[b]:
            node = merge(a, b, -height)
            for other, total in sums[node].items():
                offer(node, other, total)
    left, right, heights = (np.array(column) for column in zip(*merges, strict=True)) if merges else ([], [], [])
    columns = (np.asarray(left, np.int64), np.asarray(right, np.int64), np.asarray(heights, np.float64))
    return Tree(articles, *columns, weights, follows=follows)
