"""Crowding, against counting one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dedup.match.crowding import EACH, FEW, NEARBY, STRONG, USUAL_COUNT, USUAL_MATES, estimate_crowding, mean_concurrent
from dedup.match.scores import SECONDS_A_DAY, score
from dedup.match.stories import Pairs, rescored
from dedup.settings import Settings
from dedup.vectorize.exact import SCORE_UNIT

NAN = float("nan")


def pairs_with(scores: list[float]) -> Pairs:
    """Pairs of any articles with these scores."""
    places = np.arange(len(scores))
    whole = np.rint(np.array(scores, np.float64) / SCORE_UNIT).astype(np.int64)
    return Pairs(places, places + 1, np.array(scores, np.float64), whole)


@pytest.mark.parametrize("seed", range(8))
def test_concurrent_articles_are_counted_like_one_by_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    days = random.choice([0.0, 1.0, 4.999, 5.0, 5.001, 10.0, 12.5, 400.0, NAN], size=int(random.integers(1, 40)))
    together = sum(
        not abs(one - other) > NEARBY  # True where a date is unknown
        for i, one in enumerate(days.tolist())
        for j, other in enumerate(days.tolist())
        if i != j
    )
    assert mean_concurrent(days * SECONDS_A_DAY) == pytest.approx(together / len(days)), f"seed {seed}"


def test_no_articles_have_no_concurrent_articles() -> None:
    assert mean_concurrent(np.empty(0)) == 0
    assert estimate_crowding(pairs_with([]), np.empty(0), np.empty(0, np.int64)) == 0


@pytest.mark.parametrize(("articles", "strong"), [(300, 0), (2_000, 0), (2_000, 50), (9_000, 3_000)])
def test_crowding_is_the_logarithm_of_unrelated_articles_per_related_one(articles: int, strong: int) -> None:
    undated = np.full(articles, NAN)
    pairs = pairs_with([STRONG] * strong + [STRONG - 0.01] * 200)
    mates = (2 * strong + USUAL_MATES * USUAL_COUNT) / (articles + USUAL_COUNT)
    expected = max(0.0, EACH * math.log((articles - 1) / mates / FEW))
    taken = estimate_crowding(pairs, undated, np.arange(articles))
    assert taken == pytest.approx(expected, abs=SCORE_UNIT)
    assert taken / SCORE_UNIT == round(taken / SCORE_UNIT)


def test_there_is_no_crowding_in_small_collections_or_where_each_story_has_many_articles() -> None:
    undated = np.full(2_000, NAN)
    assert estimate_crowding(pairs_with([]), undated, np.arange(60)) == 0
    assert estimate_crowding(pairs_with([0.5] * 10_000), undated, np.arange(2_000)) == 0


def test_articles_of_other_days_do_not_crowd() -> None:
    """An archive of years is as crowded as one of its weeks."""
    week = np.repeat(np.arange(5.0), 400) * SECONDS_A_DAY
    years = np.concatenate([week + start * 30 * SECONDS_A_DAY for start in range(20)])
    pairs = pairs_with([0.5] * 400)
    of_years = pairs_with([0.5] * 400 * 20)
    one, all_of_them = (
        estimate_crowding(found, seconds, np.arange(len(seconds)))
        for found, seconds in ((pairs, week), (of_years, years))
    )
    assert one > 0
    assert one == pytest.approx(all_of_them, abs=0.001)


def test_rescored_pairs_without_a_positive_score_are_dropped() -> None:
    pairs = pairs_with([0.3, 0.1, 0.5])
    seconds = np.array([0.0, 3.0, NAN, 20.0]) * SECONDS_A_DAY
    background_similarity = np.array([0.1, 0.12, 0.2, 0.1])
    found = rescored(pairs, background_similarity, seconds, Settings(), 0.05)
    assert found.a.tolist() == [0, 2]
    days = np.array([3.0, NAN])
    mean = np.array([0.11, 0.15])
    expected = score(np.array([0.3, 0.5]), mean, mean, days, Settings().date_penalty, 0.05)
    assert found.score.tolist() == expected.tolist()
