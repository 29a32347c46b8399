"""What an embedding may do to the stories and storylines of words, whatever it says: the rules as properties."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from numpy.typing import NDArray

from dedup.group.cut import EVENT, cut
from dedup.group.joining import with_joins
from dedup.group.kernels.cut import cut as kernel_cut
from dedup.group.linkage import Tree, average_linkage
from dedup.group.storylines import Groups, with_storylines
from dedup.match.meaning import UNIT, Near
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

GRANULARITIES = (0.1, 0.3, 0.45, EVENT, 0.55, 0.7, 0.85, 1.0)


def random_tree(random: np.random.Generator, articles: int) -> tuple[Tree, Groups]:
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

    def scored(groups: Groups, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
        every = groups.size[one] * groups.size[other]
        means = random.choice([0.0, 0.04, 0.055, 0.08, 0.12], len(one))
        return np.asarray(np.rint(every * means / SCORE_UNIT), np.int64)

    import scipy.sparse as sp

    singles = Groups.of(
        sp.csr_array((articles, 1)),
        np.zeros(articles),
        np.zeros(articles),
        weights,
        lambda _m, one, _o: np.zeros(len(one)),
    )
    return with_storylines(tree, cut(tree, EVENT), singles, pairs, scored, average_linkage), singles


def joined(random: np.random.Generator, tree: Tree, repeats: NDArray[np.int64]) -> Tree:
    story, line = cut(tree, EVENT), cut(tree, 1.0)
    a, b = np.triu_indices(tree.leaves, 1)
    some = random.random(len(a)) < 0.6
    a, b = a[some], b[some]
    chances = (random.choice([0.1, 0.5, 0.9, 1.0], (2, len(a))) * UNIT).astype(np.int64)
    known = (tree.weights > 0) & (random.random(tree.leaves) < 0.9)
    if tree.follows is not None:
        known &= ~tree.follows
    return with_joins(tree, story, line, Near(a, b, chances[0], np.maximum(*chances)), known, repeats)


def groups_of(labels: NDArray[np.int64]) -> list[set[int]]:
    return [set(np.flatnonzero(labels == one).tolist()) for one in range(int(labels.max(initial=-1)) + 1)]


@given(seed=st.integers(0, 2**32 - 1), articles=st.integers(1, 24))
@bounds(max_examples=400, deadline=None)
def test_what_an_embedding_never_does(seed: int, articles: int) -> None:
    random = np.random.default_rng(seed)
    words, _ = random_tree(random, articles)
    repeats = random.choice([1, 1, 1, 2], articles)
    both = joined(random, words, repeats)
    stories = groups_of(cut(words, EVENT))
    several = [story for story in stories if repeats[list(story)].sum() > 1]
    before: NDArray[np.int64] | None = None
    for granularity in GRANULARITIES:
        alone, found = cut(words, granularity), cut(both, granularity)
        assert (kernel_cut(both, granularity) == found).all()
        for group in groups_of(alone):  # what words put together stays together
            assert len({found[one] for one in group}) == 1
        if before is not None:  # stories at one granularity are unions of those at any lower one
            for group in groups_of(before):
                assert len({found[one] for one in group}) == 1
        before = found
        if granularity <= EVENT:  # no two stories of several articles
            of_words = [group for group in groups_of(alone) if repeats[list(group)].sum() > 1]
            for group in groups_of(found):
                assert sum(story <= group for story in of_words) <= 1
    lines = [line for line in groups_of(cut(words, 1.0)) if any(story <= line for story in several)]
    for line in groups_of(cut(both, 1.0)):  # no two storylines that each have such a story
        assert sum(other <= line for other in lines) <= 1


@given(seed=st.integers(0, 2**32 - 1))
@bounds(max_examples=50, deadline=None)
def test_every_merge_of_an_embedding_holds_at_its_granularity(seed: int) -> None:
    random = np.random.default_rng(seed)
    words, _ = random_tree(random, 20)
    both = joined(random, words, np.ones(20, np.int64))
    assert len(set(cut(both, EVENT).tolist())) == len(set(cut(words, EVENT).tolist())) - both.embedded
    assert both.leaves == words.leaves
    inside = len(words.height) - words.joined
    assert both.height[:inside].tolist() == words.height[:inside].tolist()


def test_nothing_close_changes_no_group() -> None:
    random = np.random.default_rng(1)
    words, _ = random_tree(random, 24)
    nothing = np.empty(0, np.int64)
    both = with_joins(
        words, cut(words, EVENT), cut(words, 1.0), Near(*[nothing] * 4), np.ones(24, bool), np.ones(24, np.int64)
    )
    for granularity in GRANULARITIES:
        assert (cut(both, granularity) == cut(words, granularity)).all()
