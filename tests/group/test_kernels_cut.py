"""The cut by a kernel, against the plain form, on trees of every shape and at every granularity."""

from __future__ import annotations

import numpy as np
import pytest

from dedup.group.cut import cut as plain_cut
from dedup.group.kernels.cut import cut
from dedup.group.linkage import Tree


def random_tree(random: np.random.Generator, leaves: int, merges: int) -> Tree:
    """A tree whose first nodes are copies and whose heights fall, many of them equal."""
    free, left, right = random.permutation(leaves).tolist(), list[int](), list[int]()
    for node in range(leaves, leaves + merges):
        one, other = (free.pop(int(random.integers(len(free)))) for _ in range(2))
        left.append(one)
        right.append(other)
        free.append(node)
    height = np.sort(random.choice([np.inf, 0.9, 0.5, 0.4, 0.3, 0.2, 0.18, 0.16, 0.15, 0.1, 0.05], merges))[::-1]
    weights = (random.random(leaves) < 0.9).astype(np.int64)
    return Tree(leaves, np.array(left, np.int64), np.array(right, np.int64), height.copy(), weights)


@pytest.mark.parametrize("seed", range(30))
def test_the_stories_are_those_of_the_plain_form(seed: int) -> None:
    random = np.random.default_rng(seed)
    leaves = [0, 1, 2, 30, 400][seed % 5]
    tree = random_tree(random, leaves, int(random.integers(max(1, leaves))))
    for granularity in (0.0, 0.1, 0.35, 0.5, 0.6, 0.75, 1.0):
        found, expected = cut(tree, granularity), plain_cut(tree, granularity)
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()
