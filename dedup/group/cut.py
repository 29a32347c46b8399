"""Cutting the merge tree into stories."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.group.linkage import Tree

SEVERAL = 3
"""Articles a group needs for its own height to count."""
DROP = 0.8
"""Two groups of several articles merge only where this share of their own heights is reached ..."""
CAP = 0.4
"""... heights above this counting as this."""


def cut(tree: Tree, threshold: float) -> NDArray[np.int64]:
    """The stories of a tree: its largest nodes in which every merge was good enough.

    A merge is good enough at the threshold; where both sides are groups of several articles, it must besides not fall
    far below the height at which they formed themselves: two dense stories on one topic are not one loose story.

    Returns:
        Shape (articles,): numbers from 0 in the order of each story's first article.
    """
    nodes = tree.leaves + len(tree.height)
    size, good = np.zeros(nodes, np.int64), np.ones(nodes, bool)
    size[: tree.leaves] = tree.weights
    height = np.full(nodes, np.inf)
    height[tree.leaves :] = tree.height
    parent = np.full(nodes, -1)
    for node, (a, b) in enumerate(zip(tree.left.tolist(), tree.right.tolist(), strict=True), tree.leaves):
        size[node] = size[a] + size[b]
        needed = threshold
        if size[a] >= SEVERAL and size[b] >= SEVERAL:
            needed = max(threshold, DROP * min(CAP, height[a], height[b]))
        good[node] = good[a] and good[b] and height[node] >= needed
        parent[a] = parent[b] = node
    story = np.arange(nodes)
    for node in range(nodes - 1, -1, -1):
        above = parent[node]
        if above >= 0 and good[above]:
            story[node] = story[above]
    _, first, labels = np.unique(story[: tree.leaves], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[labels]
