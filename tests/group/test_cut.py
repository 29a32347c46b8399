"""The cut of the merge tree, against a recursion."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.group.cut import CAP, DROP, PAIR, SAME_EVENT, SEVERAL, cut, drop_at, threshold_at
from dedup.group.linkage import LOWEST, Tree, average_linkage
from dedup.match.stories import Pairs


def random_tree(seed: int, count: int) -> Tree:
    random = np.random.default_rng(seed)
    topic = random.integers(4, size=count)
    some = [pair for pair in combinations(range(count), 2) if random.random() < 0.7]
    a, b = np.array(some, np.int64).reshape(-1, 2).T
    score = np.where(topic[a] == topic[b], random.uniform(0.2, 0.7, len(a)), random.uniform(0.05, 0.5, len(a)))
    pairs = Pairs(a, b, score, np.rint(score * 2**20).astype(np.int64))
    groups, weights = ([[0, 1, 2], [3, 7, 8, 9]] if seed % 2 else []), np.ones(count, np.int64)
    if seed % 4 == 3:  # one article of a group, any of it, stands for one or several others
        weights[[0, 2, 8]] = 0
        pairs = pairs.where((weights[a] > 0) & (weights[b] > 0))
    return average_linkage(pairs, groups, weights)


def naive(tree: Tree, granularity: float) -> set[frozenset[int]]:
    """The largest nodes in which every merge was high enough."""

    def leaves(node: int) -> frozenset[int]:
        if node < tree.leaves:
            return frozenset([node])
        merge = node - tree.leaves
        return leaves(int(tree.left[merge])) | leaves(int(tree.right[merge]))

    def height(node: int) -> float:
        return float("inf") if node < tree.leaves else float(tree.height[node - tree.leaves])

    def good(node: int) -> bool:
        if node < tree.leaves:
            return True
        sides = [int(side[node - tree.leaves]) for side in (tree.left, tree.right)]
        needed = threshold_at(granularity)
        sizes = [sum(tree.weights[list(leaves(side))].tolist()) for side in sides]
        if sizes == [1, 1]:
            needed *= PAIR
        if min(sizes) >= SEVERAL:
            share = 1 - (1 - DROP) / (min(sizes) / SEVERAL) ** 1.5
            needed = max(needed, share * min(1, 2 * (1 - granularity)) * min(CAP, *map(height, sides)))
        return all(map(good, sides)) and height(node) >= needed

    stories: set[frozenset[int]] = set()
    for node in reversed(range(tree.leaves + len(tree.height))):
        if good(node) and not any(leaves(node) <= story for story in stories):
            stories.add(leaves(node))
    return stories


def stories(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@pytest.mark.parametrize("granularity", [0.05, 0.2, 0.35, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(8))
def test_the_cut_is_that_of_a_recursion(seed: int, granularity: float) -> None:
    tree = random_tree(seed, 30)
    assert stories(cut(tree, granularity)) == naive(tree, granularity)


def test_the_adaptive_rule_has_cases_here() -> None:
    """Otherwise the test above would not cover it."""
    differing = 0
    for seed in range(8):
        tree = random_tree(seed, 30)
        plain = int((tree.height < PAIR * threshold_at(0.5)).sum())
        differing += len(stories(cut(tree, 0.5))) > 30 - len(tree.height) + plain
    assert differing >= 3


@pytest.mark.parametrize("seed", range(4))
def test_stories_are_numbered_by_their_first_article(seed: int) -> None:
    labels = cut(random_tree(seed, 25), 0.4).tolist()
    firsts = [labels.index(number) for number in range(max(labels) + 1)]
    assert firsts == sorted(firsts)


def test_two_dense_stories_do_not_become_one_loose_one() -> None:
    def tree(size: int, between: float) -> Tree:
        """Two groups at height .4, merged at `between`."""
        left, right, nodes = [], [], 2 * size
        for start in (0, size):
            node = start
            for article in range(start + 1, start + size):
                left.append(node)
                right.append(article)
                node = nodes
                nodes += 1
        left.append(nodes - size)
        right.append(nodes - 1)
        heights = [0.4] * (2 * size - 2) + [between]
        return Tree(2 * size, np.array(left), np.array(right), np.array(heights), np.ones(2 * size, np.int64))

    assert len(set(cut(tree(3, 0.19), 0.5).tolist())) == 2
    assert len(set(cut(tree(3, 0.21), 0.5).tolist())) == 1
    assert len(set(cut(tree(2, 0.19), 0.5).tolist())) == 1, "two articles are not several"
    assert len(set(cut(tree(2, 0.15), 0.5).tolist())) == 2
    assert len(set(cut(tree(12, 0.37), 0.5).tolist())) == 2, "of many articles the heights are surer: .375 is needed"
    assert len(set(cut(tree(12, 0.38), 0.5).tolist())) == 1


def test_two_single_articles_need_more_than_two_groups() -> None:
    def stories(height: float, leaves: int, weights: list[int]) -> int:
        left, right = np.array([0, leaves][: leaves - 1]), np.array([1, 2][: leaves - 1])
        heights = np.array([0.4, height][3 - leaves :])
        return len(set(cut(Tree(leaves, left, right, heights, np.array(weights)), 0.5).tolist()))

    between = SAME_EVENT * (1 + PAIR) / 2
    assert stories(between, 2, [1, 1]) == 2
    assert stories(PAIR * SAME_EVENT, 2, [1, 1]) == 1
    assert stories(between, 3, [1, 1, 1]) == 1
    assert stories(between, 3, [1, 0, 1]) == 2, "a near-copy of an article makes no second one of it"


@pytest.mark.parametrize(("weights", "stories"), [([1, 1, 1], 2), ([1, 1, 0], 1), ([0, 1, 0], 1)])
def test_articles_with_another_representative_do_not_count(weights: list[int], stories: int) -> None:
    """Two groups of three articles at height .4, one of them copies in part; merged at .19."""
    left, right = np.array([0, 6, 3, 8, 7]), np.array([1, 2, 4, 5, 9])
    height = np.array([np.inf if sum(weights) < 3 else 0.4, 0.4, 0.4, 0.4, 0.19])
    tree = Tree(6, left, right, height, np.array([*weights, 1, 1, 1]))
    assert len(set(cut(tree, 0.5).tolist())) == stories


def test_without_merges_every_article_is_alone() -> None:
    nothing, ones = np.empty(0, np.int64), np.ones(3, np.int64)
    assert cut(Tree(3, nothing, nothing, np.empty(0), ones), 0.5).tolist() == [0, 1, 2]
    assert cut(Tree(0, nothing, nothing, np.empty(0), nothing), 0.5).tolist() == []


# The knob


def test_the_threshold_at_three_granularities() -> None:
    assert [threshold_at(granularity) for granularity in (0, 0.5, 1)] == [1.0, SAME_EVENT, LOWEST]
    found = [drop_at(granularity, SEVERAL) for granularity in (0, 0.25, 0.5, 0.75, 1)]
    assert found == pytest.approx([DROP, DROP, DROP, DROP / 2, 0])


def test_larger_groups_may_drop_less() -> None:
    shares = [drop_at(0.5, size) for size in range(200)]
    assert shares[:SEVERAL] == [0] * SEVERAL
    assert shares[SEVERAL] == pytest.approx(DROP)
    assert all(one < other < 1 for one, other in pairwise(shares[SEVERAL - 1 :]))
    assert 1 - shares[4 * SEVERAL] == pytest.approx((1 - DROP) / 8)


def test_what_a_merge_needs_never_rises() -> None:
    grid = np.linspace(0, 1, 10_001).tolist()
    assert all(threshold_at(fine) > threshold_at(coarse) for fine, coarse in pairwise(grid))
    for size in (0, SEVERAL, 40):
        assert all(drop_at(fine, size) >= drop_at(coarse, size) for fine, coarse in pairwise(grid))


def test_at_granularity_0_only_copies_are_a_story() -> None:
    """Whatever the scores: rounded vectors can have a cosine a little above 1."""
    tree = Tree(4, np.array([0, 4]), np.array([1, 2]), np.array([np.inf, 1.0001]), np.ones(4, np.int64))
    assert cut(tree, 0).tolist() == [0, 0, 1, 2]
    assert cut(tree, 0.0001).tolist() == [0, 0, 0, 1]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_stories_are_unions_of_the_stories_of_any_finer_cut(seed: int, grains: list[float]) -> None:
    tree = random_tree(seed, 24)
    assert_nested([cut(tree, granularity) for granularity in sorted(grains)])


def assert_nested(cuts: list[np.ndarray]) -> None:
    """Labels from fine to coarse: articles of one story stay in one story."""
    for fine, coarse in pairwise(cuts):
        parents = {(one, other) for one, other in zip(fine.tolist(), coarse.tolist(), strict=True)}
        assert len(parents) == len(set(fine.tolist()))
