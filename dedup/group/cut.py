"""Cut of the merge tree into stories; the granularity chooses how fine."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dedup.group.linkage import LOWEST, Tree

EVENT = 0.5
"""The default granularity, at which a story is one event. Above it, stories grow into storylines."""
SAME_EVENT = 0.16
"""Mean score from which two groups of articles merge at the granularity .5, the default."""
PAIR = 1.125
"""Factor on the threshold for two single articles: one score is less certain than the mean of several."""
SEVERAL = 3
"""Articles from which the height of a group counts."""
DROP = 0.5
"""Share of their own heights at which two groups of `SEVERAL` articles merge; larger groups need more ..."""
CAP = 0.4
"""... (see `drop_at`). Greater heights count as this."""


def threshold_at(granularity: float) -> float:
    """The mean score from which two groups of articles become one story.

    The reciprocal of a quadratic in the granularity, 1/(1 + 2g + 17g²), through 1 at 0, `SAME_EVENT` at .5 and `LOWEST`
    at 1. It is smooth and decreasing, spends two thirds of the range between .3 and .06, where stories are decided, and
    consists of operations that IEEE 754 defines to the last bit.

    It ends at `LOWEST` because a pair below the candidate floor has no score and counts 0. Its score would be at most
    the floor less the usual background similarity, about .04, so no threshold above that depends on unmeasured pairs.
    """
    linear = 4 / SAME_EVENT - 3 - 1 / LOWEST
    square = 2 + 2 / LOWEST - 4 / SAME_EVENT
    return 1 / (1 + linear * granularity + square * granularity**2)


def drop_at(granularity: float, size: int) -> float:
    """The share of their own heights at which two groups merge, the smaller of which has `size` articles.

    It is 0 below `SEVERAL` articles, `DROP` at `SEVERAL`, and rises to 1 with the size to the power 1.5: groups of
    three still form by chance, of ten no longer. Above the granularity .5 it falls linearly to 0 at 1, which matters
    only to an index that regroups a few stories by it: in a run, stories are joined by storylines there.
    """
    if size < SEVERAL:
        return 0.0
    small = SEVERAL / size
    return (1 - (1 - DROP) * small * math.sqrt(small)) * min(1.0, 2 - 2 * granularity)


def merge_threshold(granularity: float) -> float:
    """The mean score that any merge needs: `threshold_at`, but at 0 infinite, as only copies of one text merge then."""
    return threshold_at(granularity) if granularity > 0 else math.inf


def joining_threshold(granularity: float) -> float:
    """The mean score from which stories become one storyline: `merge_threshold`, but infinite up to `EVENT`."""
    return merge_threshold(granularity) if granularity > EVENT else math.inf


def pair_threshold(granularity: float) -> float:
    """The score from which two single articles become one story."""
    return PAIR * threshold_at(granularity)


def height_needed(threshold: float, drop: float, sizes: tuple[int, int], heights: tuple[float, float]) -> float:
    """The mean score from which two groups of articles merge; kernels call it too.

    Two single articles need `PAIR` times the threshold. Two groups of several articles must also not fall far below the
    heights at which they formed themselves: two dense stories on one topic are not one loose story.

    Args:
        threshold: see `merge_threshold`.
        drop: see `drop_at`, for the smaller of the groups.
        sizes: articles in each group.
        heights: mean scores at which each formed, infinite for an article or copies of one text.
    """
    needed = PAIR * threshold if sizes[0] == 1 and sizes[1] == 1 else threshold
    return max(needed, drop * min(CAP, heights[0], heights[1])) if drop > 0 else needed


def cut(tree: Tree, granularity: float) -> NDArray[np.int64]:
    """Cut a merge tree into stories: its largest nodes in which every merge reached `height_needed`.

    Merges of stories into storylines need `joining_threshold` instead. What a merge needs never rises with the
    granularity, so the stories at one granularity are unions of the stories at any lower one.

    Kernel: `group.kernels.cut.cut`.

    Returns:
        Shape (articles,): numbers from 0 in the order of each story's first article.
    """
    threshold, nodes = merge_threshold(granularity), tree.leaves + len(tree.height)
    size, good = np.zeros(nodes, np.int64), np.ones(nodes, bool)
    size[: tree.leaves] = tree.weights
    height = np.full(nodes, np.inf)
    height[tree.leaves :] = tree.height
    parent = np.full(nodes, -1)
    stories = nodes - tree.joined
    for node, (a, b) in enumerate(zip(tree.left.tolist(), tree.right.tolist(), strict=True), tree.leaves):
        size[node] = size[a] + size[b]
        drop = drop_at(granularity, min(size[a], size[b]))
        needed = height_needed(threshold, drop, (size[a], size[b]), (height[a], height[b]))
        if node >= stories:
            needed = joining_threshold(granularity)
        good[node] = good[a] and good[b] and height[node] >= needed
        parent[a] = parent[b] = node
    story = np.arange(nodes)
    for node in range(nodes - 1, -1, -1):
        above = parent[node]
        if above >= 0 and good[above]:
            story[node] = story[above]
    _, first, labels = np.unique(story[: tree.leaves], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[labels]
