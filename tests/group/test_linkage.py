"""The merge tree, against a loop over all pairs of groups and against SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage as scipy_linkage

from dedup.group.linkage import LOWEST, Tree, average_linkage
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

Scores = dict[tuple[int, int], int]


def pairs_of(scores: Scores) -> Pairs:
    a, b = np.array(sorted(scores), np.int64).reshape(-1, 2).T
    score = np.array([scores[pair] for pair in sorted(scores)], np.int64)
    return Pairs(a, b, np.zeros(len(a)), score)


def random_scores(seed: int, count: int, share: float, step: int) -> Scores:
    """Scores of a share of all pairs; in steps, so that many are equal."""
    random = np.random.default_rng(seed)
    return {
        pair: int(random.integers(1, (1 << 20) // step)) * step
        for pair in combinations(range(count), 2)
        if random.random() < share
    }


def naive(
    scores: Scores, groups: Sequence[Sequence[int]], weights: Sequence[int]
) -> list[tuple[frozenset[int], float]]:
    """Every merge in order, with its height: the best pair of groups is searched each time."""
    merges: list[tuple[frozenset[int], float]] = []
    clusters = {frozenset([article]) for article in range(len(weights))}
    for group in groups:
        whole = frozenset(group[:1])
        for article in sorted(group)[1:]:
            clusters -= {whole, frozenset([article])}
            whole |= {article}
            clusters.add(whole)
            merges.append((whole, float("inf")))
    while True:
        best: tuple[Fraction, int, int] | None = None
        chosen: tuple[frozenset[int], frozenset[int]] | None = None
        for one, other in combinations(sorted(clusters, key=min), 2):
            total = sum(scores.get((min(a, b), max(a, b)), 0) for a in one for b in other)
            pairs = sum(weights[article] for article in one) * sum(weights[article] for article in other)
            mean = Fraction(total, pairs) * Fraction(SCORE_UNIT)
            key = (-mean, min(one), min(other))
            if float(mean) >= LOWEST and (best is None or key < best):
                best, chosen = key, (one, other)
        if best is None or chosen is None:
            return merges
        clusters -= set(chosen)
        clusters.add(chosen[0] | chosen[1])
        merges.append((chosen[0] | chosen[1], float(-best[0])))


def tree_of(count: int, scores: Scores, groups: Sequence[Sequence[int]] = ()) -> Tree:
    """The tree in which every article has weight 1."""
    return average_linkage(pairs_of(scores), groups, np.ones(count, np.int64))


def nodes(tree: Tree) -> list[tuple[frozenset[int], float]]:
    made = [frozenset([leaf]) for leaf in range(tree.leaves)]
    for left, right in zip(tree.left.tolist(), tree.right.tolist(), strict=True):
        made.append(made[left] | made[right])
    return list(zip(made[tree.leaves :], tree.height.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(30))
def test_the_tree_is_that_of_a_plain_loop(seed: int) -> None:
    count = [1, 2, 9, 14, 20][seed % 5]
    scores = random_scores(seed, count, [0.2, 0.5, 1.0][seed % 3], [1, 1 << 16, 1 << 18][seed % 3])
    order = np.random.default_rng(seed).permutation(count).tolist()
    groups = [sorted(order[:2]), sorted(order[2:5])] if seed % 2 and count > 5 else []
    weights = [1] * count
    if groups and seed % 4 == 3:  # in each group one stands for another
        weights[order[0]] = weights[order[3]] = 0
        scores = {(a, b): score for (a, b), score in scores.items() if weights[a] and weights[b]}
    tree = average_linkage(pairs_of(scores), groups, np.array(weights, np.int64))
    assert nodes(tree) == naive(scores, groups, weights)
    assert tree.weights.tolist() == weights


@pytest.mark.parametrize("seed", range(8))
def test_heights_are_scipys(seed: int) -> None:
    """On dense positive data without ties."""
    count = 40
    random = np.random.default_rng(seed)
    values = random.permutation(np.arange(count * (count - 1) // 2)) * 997 + (1 << 17)
    scores = dict(zip(combinations(range(count), 2), values.tolist(), strict=True))
    tree = tree_of(count, scores)
    reference = scipy_linkage(2.0 - values * SCORE_UNIT, method="average")
    assert tree.height == pytest.approx(2.0 - reference[:, 2])


@pytest.mark.parametrize("seed", range(10))
def test_heights_fall(seed: int) -> None:
    """Exactly: also where many are equal and many pairs are missing."""
    scores = random_scores(seed, 40, 0.4, 1 << 17)
    heights = tree_of(40, scores, [[0, 5, 9], [3, 4]]).height
    assert (heights[:-1] >= heights[1:]).all()
    assert np.isinf(heights[:3]).all()
    assert np.isfinite(heights[3:]).all()
    assert (heights >= LOWEST).all()


def test_a_missing_pair_counts_nothing() -> None:
    tree = tree_of(3, {(0, 1): 1 << 20, (1, 2): 1 << 19})
    assert tree.height.tolist() == [1.0, 0.25]


def test_an_article_of_weight_0_does_not_count_in_the_mean() -> None:
    """Here 1 and 2 are copies of 0, which alone has a score: its height with 3 is that score, not a third of it."""
    copies, scores = [[0, 1, 2]], {(0, 3): 1 << 19}
    for weights, height in (([1, 0, 0, 1], 0.5), ([1, 1, 0, 1], 0.25)):
        tree = average_linkage(pairs_of(scores), copies, np.array(weights, np.int64))
        assert tree.height.tolist() == [float("inf"), float("inf"), height]


def test_below_the_lowest_height_nothing_merges() -> None:
    at, below = round(LOWEST / SCORE_UNIT) + 1, round(LOWEST / SCORE_UNIT) - 1
    assert len(tree_of(2, {(0, 1): at}).height) == 1
    assert len(tree_of(2, {(0, 1): below}).height) == 0


def test_equal_scores_go_to_the_earliest_article() -> None:
    ring = {(0, 1): 1 << 19, (1, 2): 1 << 19, (2, 3): 1 << 19, (0, 3): 1 << 19}
    assert nodes(tree_of(4, ring))[0] == (frozenset({0, 1}), 0.5)


def test_articles_without_pairs_have_no_tree() -> None:
    for count in (0, 1, 5):
        tree = tree_of(count, {})
        assert tree.leaves == count
        assert len(tree.left) == len(tree.right) == len(tree.height) == 0


def test_many_pairs_take_no_quadratic_time() -> None:
    """A chain of 20,000 articles: 20,000 merges, each with few neighbours."""
    chain = {(place, place + 1): (1 << 19) + place % 7 for place in range(20_000)}
    assert len(tree_of(20_001, chain).height) > 10_000


def test_groups_merge_at_exactly_the_lowest_height() -> None:
    """A quarter over five pairs is a twentieth to the last bit."""
    weights = np.array([5, 1], np.int64)
    assert average_linkage(pairs_of({(0, 1): 1 << 18}), (), weights).height.tolist() == [LOWEST]
    assert average_linkage(pairs_of({(0, 1): (1 << 18) - 1}), (), weights).height.tolist() == []
