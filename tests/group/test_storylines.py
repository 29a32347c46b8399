"""Storylines: stories that belong together by the mean over all pairs of articles."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import scipy.sparse as sp
from storyline_articles import storyline_articles

import dedup
from dedup import Settings
from dedup.group.cut import EVENT, cut
from dedup.group.linkage import LOWEST, Tree, average_linkage
from dedup.group.storylines import STRANGERS, Groups, SparseSums, scores_between, with_storylines
from dedup.match.stories import Pairs, products
from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT

DAY = 86_400


def some_groups(rng: np.random.Generator, articles: int, terms: int = 12) -> Groups:
    weights = rng.integers(0, 4000, (articles, terms)) * (rng.random((articles, terms)) < 0.4)
    vectors = sp.csr_array(weights * WEIGHT_UNIT)
    seconds = np.where(rng.random(articles) < 0.2, np.nan, rng.integers(0, 40 * DAY, articles))
    counted = (rng.random(articles) < 0.8).astype(np.int64)
    return Groups.of(vectors, rng.random(articles) / 20, seconds, counted, products)


def matrix_of(groups: Groups) -> sp.csr_array:
    return cast(SparseSums, groups.sums).rows(groups.row)


def test_the_score_of_two_groups_is_the_sum_over_all_pairs_of_their_articles() -> None:
    rng, settings = np.random.default_rng(1), Settings(date_penalty=0, window=1000)
    for _ in range(20):
        single = some_groups(rng, 9)
        group = rng.integers(0, 2, 9)
        group[:2] = 0, 1
        joined = single.joined(group)
        a, b = np.array([0]), np.array([1])
        found = scores_between(joined, a, b, 0.01, settings)[0] * SCORE_UNIT
        vectors, background = matrix_of(single).toarray(), single.background * SCORE_UNIT
        pairs = [(i, j) for i in range(9) for j in range(9) if group[i] == 0 and group[j] == 1]
        expected = sum(
            vectors[i] @ vectors[j] - STRANGERS / 2 * (background[i] + background[j]) - 0.01
            for i, j in pairs
            if single.size[i] and single.size[j]
        )
        assert found == pytest.approx(expected, abs=2 * SCORE_UNIT)


def test_groups_joined_in_any_steps_are_the_same() -> None:
    rng = np.random.default_rng(2)
    single = some_groups(rng, 30)
    first, second = rng.integers(0, 12, 30), rng.integers(0, 4, 12)
    first[:12], second[:4] = np.arange(12), np.arange(4)
    stepwise, at_once = single.joined(first).joined(second), single.joined(second[first])
    assert (matrix_of(stepwise) - matrix_of(at_once)).nnz == 0
    for name in ("size", "background", "start", "end"):
        np.testing.assert_array_equal(getattr(stepwise, name), getattr(at_once, name))


@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_sums_added_in_parts_are_those_added_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    rng = np.random.default_rng(6)
    group, other = rng.integers(0, 9, 40), rng.integers(0, 3, 9)
    group[:9], other[:3] = np.arange(9), np.arange(3)
    single = some_groups(rng, 40)
    whole = single.joined(group)
    expected = matrix_of(whole).toarray(), matrix_of(whole.joined(other)).toarray()
    monkeypatch.setattr("dedup.group.storylines._AT_ONCE", at_once)
    parts = single.joined(group)
    for found, known in zip((parts, parts.joined(other)), expected, strict=True):
        np.testing.assert_array_equal(matrix_of(found).toarray(), known)
        assert known.any()


def test_a_gap_beyond_the_window_separates_and_days_between_cost() -> None:
    vectors = sp.csr_array(np.full((3, 1), 0.5))
    single = Groups.of(vectors, np.zeros(3), np.array([0.0, 10 * DAY, 50 * DAY]), np.ones(3, np.int64), products)
    a, b = np.array([0, 0, 1]), np.array([1, 2, 2])
    found = scores_between(single, a, b, 0.0, Settings()) * SCORE_UNIT
    assert 0 < found[0] < 0.25
    assert (found[1], found[2]) == (0, 0)


def test_stories_are_nodes_of_the_tree_and_storylines_above_them() -> None:
    rng = np.random.default_rng(3)
    for seed in range(12):
        articles = 20
        a, b = np.triu_indices(articles, 1)
        some = rng.random(len(a)) < 0.4
        score = rng.integers(1, int(0.4 / SCORE_UNIT), some.sum())
        pairs = Pairs(a[some], b[some], np.zeros(some.sum()), score)
        weights = np.ones(articles, np.int64)
        tree = average_linkage(pairs, [[0, 1]] if seed % 2 else [], weights)
        story = cut(tree, EVENT)
        single = some_groups(rng, articles)
        single = Groups.of(matrix_of(single), np.zeros(articles), single.start, weights, products)

        def scored(groups: Groups, one: np.ndarray, other: np.ndarray) -> np.ndarray:
            return scores_between(groups, one, other, 0.0, Settings())

        found = with_storylines(tree, story, single, pairs, scored, average_linkage)
        np.testing.assert_array_equal(cut(found, EVENT), story)
        for low in (0.2, 0.4):
            np.testing.assert_array_equal(cut(found, low), cut(tree, low))
        before = cut(found, 0.0)
        for granularity in (0.3, 0.5, 0.6, 0.8, 1.0):
            label = cut(found, granularity)
            assert all(len({*label[before == one]}) == 1 for one in {*before})
            before = label
        above = found.height[len(found.height) - found.joined :]
        assert found.joined == 0 or above.min() >= LOWEST


def test_every_result_names_the_storyline_and_stories_share_it_at_most_as_a_whole() -> None:
    articles = storyline_articles()
    found = dedup.cluster(articles)
    line = {story.id: story.storyline for story in found}
    assert len(found) == 5
    assert {frozenset(name.split("-")[0] for name in story.articles) for story in found.rethreshold(1.0)} == {
        frozenset({"sale", "strike", "judgment"}),
        frozenset({"volcano"}),
        frozenset({"museum"}),
    }
    assert {record["id"]: record["storyline"] for record in found.to_records()} == {
        name: line[story.id] for story in found for name in story.articles
    }
    assert sum(one.size for one in found.storylines) == len(articles)
    assert [one.size for one in found.storylines] == sorted((one.size for one in found.storylines), reverse=True)
    assert sorted(name for one in found.storylines for name in one.stories) == sorted(line)
    widest = found.rethreshold(1.0)
    assert {frozenset(story.articles) for story in widest} == {
        frozenset(name for story in found if story.storyline == one.id for name in story.articles)
        for one in found.storylines
    }
    assert {story.storyline for story in widest} == {one.id for one in found.storylines}


def test_no_articles_have_no_storylines() -> None:
    empty = Tree(0, *(np.empty(0, np.int64),) * 2, np.empty(0), np.empty(0, np.int64))
    assert dedup.cluster([]).storylines == ()
    assert cut(empty, 1.0).tolist() == []
