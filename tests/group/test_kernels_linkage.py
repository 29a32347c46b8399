"""The merge tree by kernels, against the plain form: every node and height, to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.group.kernels.linkage import average_linkage
from dedup.group.linkage import LOWEST, Tree
from dedup.group.linkage import average_linkage as plain_average_linkage
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

LOW = round(LOWEST / SCORE_UNIT)
Scores = dict[tuple[int, int], int]


def pairs_of(scores: Scores) -> Pairs:
    a, b = np.array(sorted(scores), np.int64).reshape(-1, 2).T
    score = np.array([scores[pair] for pair in sorted(scores)], np.int64)
    return Pairs(a, b, np.zeros(len(a)), score)


def assert_equal_trees(scores: Scores, groups: Sequence[Sequence[int]], weights: NDArray[np.int64]) -> Tree:
    found = average_linkage(pairs_of(scores), groups, weights)
    expected = plain_average_linkage(pairs_of(scores), groups, weights)
    assert found.leaves == expected.leaves
    for name in ("left", "right", "height", "weights"):
        mine, its = getattr(found, name), getattr(expected, name)
        assert mine.dtype == its.dtype, name
        assert mine.tolist() == its.tolist(), name
    return found


@pytest.mark.parametrize("seed", range(6))
def test_topics_inside_topics(seed: int) -> None:
    """Scores that fall with the distance in a hierarchy, nearly all merging, at many different heights."""
    random = np.random.default_rng(seed)
    places = random.integers(0, 1 << 12, 200)
    near = {
        (a, b): int(random.integers(1 << 14)) + (1 << 20) // (1 + int(places[a] ^ places[b]).bit_length())
        for a, b in combinations(range(200), 2)
        if int(places[a] ^ places[b]).bit_length() < 7 or random.random() < 0.05
    }
    tree = assert_equal_trees(near, [[3, 50], [7, 9, 11]], np.ones(200, np.int64))
    assert len(tree.height) > 100


@pytest.mark.parametrize("score", [LOW * 2, 1 << 19])
def test_a_chain_a_star_and_a_ring(score: int) -> None:
    """Ties all along: the chain is followed to its end, and the star grows by one at a time."""
    count = 300
    shapes: list[Scores] = [
        {(place, place + 1): score for place in range(count - 1)},
        {(place, place + 1): score + place for place in range(count - 1)},
        {(place, place + 1): score - place for place in range(count - 1)},
        {(0, place): score for place in range(1, count)},
        {(place, count - 1): score + place for place in range(count - 1)},
        {(place, place + 1): score for place in range(count - 1)} | {(0, count - 1): score},
    ]
    for scores in shapes:
        assert len(assert_equal_trees(scores, [], np.ones(count, np.int64)).height) > 0


@pytest.mark.parametrize("seed", range(6))
def test_scores_below_nothing_count_too(seed: int) -> None:
    """A second opinion can make a score negative."""
    random = np.random.default_rng(seed)
    scores = {
        pair: int(random.integers(-(1 << 18), 1 << 20)) for pair in combinations(range(60), 2) if random.random() < 0.5
    }
    assert_equal_trees(scores, [[1, 5, 30]], np.ones(60, np.int64))


def test_lists_are_moved_together_where_memory_ends() -> None:
    """One group absorbs article after article, each with many neighbours."""
    random = np.random.default_rng(0)
    count = 150
    scores = {pair: (1 << 19) + int(random.integers(1 << 18)) for pair in combinations(range(count), 2)}
    tree = assert_equal_trees(scores, [], np.ones(count, np.int64))
    assert len(tree.height) == count - 1


def test_two_groups_whose_lists_fill_the_memory() -> None:
    """When the two centres merge first, more memory is needed than compaction frees."""
    stars = {(0, place): 1 << 18 for place in range(2, 500)} | {(1, place): 1 << 18 for place in range(500, 998)}
    assert len(assert_equal_trees(stars | {(0, 1): 1 << 19}, [], np.ones(998, np.int64)).height) > 2


def test_a_score_of_an_article_of_weight_0_is_refused_as_in_the_plain_form() -> None:
    weights, scores = np.array([1, 0], np.int64), pairs_of({(0, 1): 1 << 19})
    for linkage in (average_linkage, plain_average_linkage):
        with pytest.raises(ZeroDivisionError):
            linkage(scores, [], weights)


def test_many_pairs_of_one_group_take_no_quadratic_time() -> None:
    chain = {(place, place + 1): (1 << 19) + place % 7 for place in range(20_000)}
    assert len(average_linkage(pairs_of(chain), [list(range(5_000))], np.ones(20_001, np.int64)).height) > 10_000
