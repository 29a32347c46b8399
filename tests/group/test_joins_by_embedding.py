"""What an embedding may do to the stories and storylines of words, whatever it says: the rules as properties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.group.cut import EVENT, cut
from dedup.group.fused_storylines import with_fused_storylines
from dedup.group.joining import with_joins
from dedup.group.kernels.cut import cut as kernel_cut
from dedup.group.linkage import LOWEST, Tree, average_linkage
from dedup.group.storylines import Groups, with_storylines
from dedup.match.meaning import UNIT, Near
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

GRANULARITIES = (0.1, 0.3, 0.45, EVENT, 0.55, 0.7, 0.85, 1.0)


def no_products(
    _matrix: sp.csr_array, a: NDArray[np.int64], _b: NDArray[np.int64], _more: sp.csr_array | None
) -> NDArray[np.float64]:
    return np.zeros(len(a))


@dataclass
class Words:
    """What words found among some articles: the merge tree, and what its storylines are made from."""

    tree: Tree
    singles: Groups
    pairs: Pairs


def scored(groups: Groups, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scores of groups that seem random, and are the same for the same groups."""
    means = np.array([0.0, 0.04, 0.055, 0.08, 0.12])[(groups.background[one] * groups.background[other]) % 5]
    return np.asarray(np.rint(groups.size[one] * groups.size[other] * means / SCORE_UNIT), np.int64)


def random_words(random: np.random.Generator, articles: int) -> Words:
    """A merge tree of random scores, with copies, articles that follow, and storylines of random scores."""
    a, b = np.triu_indices(articles, 1)
    some = random.random(len(a)) < 0.35
    a, b = a[some], b[some]
    scores = np.rint(random.choice([0.07, 0.12, 0.2, 0.35], len(a)) / SCORE_UNIT).astype(np.int64)
    weights = np.ones(articles, np.int64)
    copies = [[0, 1]] if articles > 3 and random.random() < 0.5 else []
    for group in copies:
        weights[group[1:]] = 0
        keep = weights[a] * weights[b] > 0
        a, b, scores = a[keep], b[keep], scores[keep]
    follows = random.random(articles) < 0.15
    pairs = Pairs(a, b, np.zeros(len(a)), scores)
    tree = average_linkage(pairs, copies, weights, follows)

    nothing = sp.csr_array((articles, 1))
    strange, no_dates = random.random(articles) / 20, np.zeros(articles)
    singles = Groups.of(nothing, strange, no_dates, weights, no_products)
    tree = with_storylines(tree, cut(tree, EVENT), singles, pairs, scored, average_linkage)
    return Words(tree, singles, pairs)


def joined(words: Words, near: Near, known: NDArray[np.bool_], repeats: NDArray[np.int64]) -> Tree:
    tree = words.tree
    tree = with_joins(tree, cut(tree, EVENT), cut(tree, 1.0), near, known, repeats)
    return with_fused_storylines(tree, cut(tree, EVENT), words.singles, words.pairs, near, known, scored)


def joined_at_random(random: np.random.Generator, words: Words, repeats: NDArray[np.int64]) -> Tree:
    tree = words.tree
    a, b = np.triu_indices(tree.leaves, 1)
    some = random.random(len(a)) < 0.6
    known = (tree.weights > 0) & (random.random(tree.leaves) < 0.9)
    if tree.follows is not None:
        known &= ~tree.follows
    some &= known[a] & known[b]
    a, b = a[some], b[some]
    chances = (random.choice([0.1, 0.5, 0.9, 1.0], (2, len(a))) * UNIT).astype(np.int64)
    return joined(words, Near(a, b, chances[0], np.maximum(*chances)), known, repeats)


def groups_of(labels: NDArray[np.int64]) -> list[set[int]]:
    return [set(np.flatnonzero(labels == one).tolist()) for one in range(int(labels.max(initial=-1)) + 1)]


@given(seed=st.integers(0, 2**32 - 1), articles=st.integers(1, 24))
@bounds(max_examples=400, deadline=None)
def test_what_an_embedding_never_does(seed: int, articles: int) -> None:
    random = np.random.default_rng(seed)
    words = random_words(random, articles)
    repeats = random.choice([1, 1, 1, 2], articles)
    both = joined_at_random(random, words, repeats)
    before: NDArray[np.int64] | None = None
    for granularity in GRANULARITIES:
        alone, found = cut(words.tree, granularity), cut(both, granularity)
        assert (kernel_cut(both, granularity) == found).all()
        if before is not None:  # stories at one granularity are unions of those at any lower one, so are storylines
            for group in groups_of(before):
                assert len({found[one] for one in group}) == 1
        before = found
        if granularity > EVENT:
            continue
        for group in groups_of(alone):  # what words made one story stays one
            assert len({found[one] for one in group}) == 1
        of_words = [group for group in groups_of(alone) if repeats[list(group)].sum() > 1]
        for group in groups_of(found):  # no two stories of several articles
            assert sum(story <= group for story in of_words) <= 1


@given(seed=st.integers(0, 2**32 - 1))
@bounds(max_examples=50, deadline=None)
def test_every_merge_of_an_embedding_holds_at_its_granularity(seed: int) -> None:
    random = np.random.default_rng(seed)
    words = random_words(random, 20)
    both = joined_at_random(random, words, np.ones(20, np.int64))
    stories = len(set(cut(both, EVENT).tolist()))
    assert stories == len(set(cut(words.tree, EVENT).tolist())) - both.embedded
    assert both.leaves == words.tree.leaves
    inside = len(words.tree.height) - words.tree.joined
    assert both.height[:inside].tolist() == words.tree.height[:inside].tolist()
    above = both.height[len(both.height) - both.joined :]
    assert (above >= LOWEST).all()
    if both.follows is None or not both.follows.any():
        assert len(set(cut(both, 1.0).tolist())) == stories - both.joined


@given(seed=st.integers(0, 2**32 - 1))
@bounds(max_examples=50, deadline=None)
def test_nothing_close_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    words, nothing = random_words(random, 24), np.empty(0, np.int64)
    both = joined(words, Near(*[nothing] * 4), np.ones(24, bool), np.ones(24, np.int64))
    for name in ("left", "right", "height", "joined", "embedded"):
        np.testing.assert_array_equal(getattr(both, name), getattr(words.tree, name))


# Storylines


def storylines(
    sizes: list[int], words: dict[tuple[int, int], float], chances: dict[tuple[int, int], float]
) -> list[set[int]]:
    """The storylines of stories of some sizes, by the mean score and the mean chance of pairs of their articles.

    `chances` of a story and itself are those inside it. Pairs of stories are numbered from 0 on, so are the results.
    """
    story = np.repeat(np.arange(len(sizes)), sizes)
    articles = len(story)
    a, b = np.triu_indices(articles, 1)
    of = [(int(one), int(other)) for one, other in zip(story[a], story[b], strict=True)]
    chance = np.array([chances.get(pair, 0.0) for pair in of])
    near = Near(a, b, np.zeros(len(a), np.int64), np.rint(chance * UNIT).astype(np.int64))
    inside = story[a] == story[b]
    score = np.where(inside, 0.3, 0.01)
    pairs = Pairs(a, b, np.zeros(len(a)), np.rint(score / SCORE_UNIT).astype(np.int64))
    weights = np.ones(articles, np.int64)
    tree = average_linkage(pairs.where(inside), [], weights)
    place = {one: number for number, one in enumerate(np.unique(story, return_index=True)[1].tolist())}

    def mean(groups: Groups, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(groups.size) != len(sizes):
            return np.zeros(len(one), np.int64)  # a second round has nothing to add
        means = [words.get(pair, 0.0) for pair in zip(one.tolist(), other.tolist(), strict=True)]
        return np.asarray(np.rint(groups.size[one] * groups.size[other] * np.array(means) / SCORE_UNIT), np.int64)

    singles = Groups.of(sp.csr_array((articles, 1)), np.zeros(articles), np.zeros(articles), weights, no_products)
    known = np.ones(articles, np.bool_)
    found = cut(with_fused_storylines(tree, story, singles, pairs, near.where(near.storyline > 0), known, mean), 1.0)
    return [{place[one] for one in group & place.keys()} for group in groups_of(found)]


INSIDE = {(0, 0): 0.8, (1, 1): 0.6, (2, 2): 0.0}


@pytest.mark.parametrize(
    ("sizes", "words", "chance", "together"),
    [
        ([4, 4, 40], 0.06, 0.0, True),  # words alone
        ([4, 4, 40], 0.0, 0.6, True),  # the embedding alone
        ([4, 4, 40], 0.03, 0.35, True),  # both
        ([4, 4, 40], 0.03, 0.15, False),  # too little of both
        ([4, 4, 40], 0.04, 0.25, False),  # less than half of the chances inside
        ([2, 4, 40], 0.04, 0.25, True),  # which two articles do not tell
        ([1, 1, 40], 0.0, 0.6, True),
        ([1, 4, 40], -0.05, 0.6, False),  # words speak against it
    ],
)
def test_either_is_enough_and_both_are_together(sizes: list[int], words: float, chance: float, together: bool) -> None:
    found = storylines(sizes, {(0, 1): words}, {**INSIDE, (0, 1): chance})
    assert ({0, 1} in found) == together


def test_what_is_as_close_as_any_two_articles_does_not_count() -> None:
    everywhere = {(a, b): 0.9 for a in range(3) for b in range(a, 3)}
    assert storylines([3, 3, 3], {(0, 1): 0.04}, everywhere) == [{0}, {1}, {2}]
    assert storylines([3, 3, 3], {(0, 1): 0.06}, everywhere) == [{0, 1}, {2}]
