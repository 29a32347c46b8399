"""The cut of the merge tree by a kernel, equal to `dedup.group.cut.cut`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedup.group.cut import drop_at, height_needed, joining_threshold, merge_threshold
from dedup.group.linkage import Tree
from dedup.vectorize.kernels.compiling import callable_by_kernels, kept

callable_by_kernels(height_needed)


def cut(tree: Tree, granularity: float) -> NDArray[np.int64]:
    """Cut a merge tree into stories: its largest nodes in which every merge reached `height_needed`.

    Plain form: `group.cut.cut`.

    Returns:
        Shape (articles,): numbers from 0 in the order of each story's first article.
    """
    drops = _drops(granularity, (int(tree.weights.sum()) // 2 + 1).bit_length())  # by size of the smaller group
    threshold = merge_threshold(granularity)
    joining = joining_threshold(granularity)
    return _cut(tree.left, tree.right, tree.height, tree.weights, threshold, drops, joining, tree.joined)


@lru_cache(64)
def _drops(granularity: float, bits: int) -> NDArray[np.float64]:
    """`drop_at` for each size below 2^bits."""
    sizes = 1 << bits
    return np.fromiter((drop_at(granularity, size) for size in range(sizes)), np.float64, sizes)


@kept
def _cut(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    heights: NDArray[np.float64],
    weights: NDArray[np.int64],
    threshold: float,
    drops: NDArray[np.float64],
    joining: float,
    joined: int,
) -> NDArray[np.int64]:
    leaves, nodes = len(weights), len(weights) + len(heights)
    size, good = np.zeros(nodes, np.int64), np.ones(nodes, np.bool_)
    height, parent = np.full(nodes, np.inf), np.full(nodes, -1)
    for leaf in range(leaves):  # numba compiles an assigned slice for seconds
        size[leaf] = weights[leaf]
    for merge in range(len(heights)):
        node, a, b = leaves + merge, left[merge], right[merge]
        size[node], height[node] = size[a] + size[b], heights[merge]
        drop = drops[min(size[a], size[b])]
        needed = height_needed(threshold, drop, (size[a], size[b]), (height[a], height[b]))
        if node >= nodes - joined:
            needed = joining
        good[node] = good[a] and good[b] and height[node] >= needed
        parent[a], parent[b] = node, node
    label, stories = np.empty(leaves, np.int64), 0
    top, number = np.arange(nodes), np.full(nodes, -1)
    for node in range(nodes - 1, -1, -1):
        if parent[node] >= 0 and good[parent[node]]:
            top[node] = top[parent[node]]
    for leaf in range(leaves):
        if number[top[leaf]] < 0:
            number[top[leaf]] = stories
            stories += 1
        label[leaf] = number[top[leaf]]
    return label
