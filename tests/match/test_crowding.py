"""Crowding, against counting one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from dedup.match.crowding import EACH, FEW, NEARBY, SAMPLE, USUAL_COUNT, USUAL_MATES, estimate_crowding, mean_concurrent
from dedup.match.scores import SECONDS_A_DAY, score
from dedup.match.stories import STRONG, Pairs, related_to, story_pairs
from dedup.settings import Settings
from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT

NAN = float("nan")


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
    assert estimate_crowding(0, np.empty(0), np.empty(0, np.int64)) == 0


@pytest.mark.parametrize(("articles", "related"), [(300, 0), (2_000, 0), (2_000, 100), (9_000, 6_000)])
def test_crowding_is_the_logarithm_of_unrelated_articles_per_related_one(articles: int, related: int) -> None:
    undated = np.full(articles, NAN)
    mates = (related + USUAL_MATES * USUAL_COUNT) / (min(articles, SAMPLE) + USUAL_COUNT)
    expected = max(0.0, EACH * math.log((articles - 1) / mates / FEW))
    taken = estimate_crowding(related, undated, np.arange(articles))
    assert taken == pytest.approx(expected, abs=SCORE_UNIT)
    assert taken / SCORE_UNIT == round(taken / SCORE_UNIT)


def test_there_is_no_crowding_in_small_collections_or_where_each_story_has_many_articles() -> None:
    undated = np.full(2_000, NAN)
    assert estimate_crowding(0, undated, np.arange(60)) == 0
    assert estimate_crowding(20_000, undated, np.arange(2_000)) == 0


def test_articles_of_other_days_do_not_crowd() -> None:
    """An archive of years is as crowded as one of its weeks."""
    week = np.repeat(np.arange(5.0), 400) * SECONDS_A_DAY
    years = np.concatenate([week + start * 30 * SECONDS_A_DAY for start in range(4)])
    one, all_of_them = (
        estimate_crowding(related, seconds, np.arange(len(seconds)))
        for related, seconds in ((800, week), (800 * 4, years))
    )
    assert one > 0
    assert one == pytest.approx(all_of_them, abs=0.001)


@pytest.mark.parametrize("seed", range(4))
def test_the_related_articles_of_a_sample_are_those_of_all_pairs_with_it(seed: int) -> None:
    random, count = np.random.default_rng(seed), 120
    topics = random.random((10, 30)) * (random.random((10, 30)) < 0.3)
    dense = topics[random.integers(0, 10, count)] + 0.3 * random.random((count, 30)) * (
        random.random((count, 30)) < 0.3
    )
    matrix = sp.csr_array(np.rint(dense / np.linalg.norm(dense, axis=1, keepdims=True) / WEIGHT_UNIT) * WEIGHT_UNIT)
    seconds, background = random.uniform(0, 40, count) * SECONDS_A_DAY, random.random(count) / 20
    nothing = np.empty(0, np.int64)
    given = (matrix, background, seconds, np.arange(count), Pairs(nothing, nothing, np.empty(0), nothing), Settings())
    pairs = story_pairs(*given)
    strong = pairs.where(pairs.score * SCORE_UNIT >= STRONG)
    assert related_to(np.arange(count), *given) == 2 * len(strong.a) > 100
    sample = np.arange(40)
    assert related_to(sample, *given) == int((strong.a < 40).sum() + (strong.b < 40).sum())


def test_pairs_are_scored_and_selected_with_the_crowding() -> None:
    """Of two articles on one day and one of days later, that which is best without the crowding is not with it."""
    cosines = [0.5, 0.52]
    vectors = [[1.0, 0.0, 0.0], *([cosine, math.sqrt(1 - cosine**2), 0.0] for cosine in cosines[:1])]
    vectors.append([cosines[1], 0.0, math.sqrt(1 - cosines[1] ** 2)])
    matrix = sp.csr_array(np.rint(np.array(vectors) / WEIGHT_UNIT) * WEIGHT_UNIT)
    seconds, nothing = np.array([0.0, 0.0, 2.0]) * SECONDS_A_DAY, np.empty(0, np.int64)
    never = Pairs(nothing, nothing, np.empty(0), nothing)
    settings = Settings(neighbours=1, date_penalty=0.15)

    def best_of_first(crowding: float) -> tuple[int, list[int]]:
        found = story_pairs(matrix, np.full(3, crowding), seconds, np.arange(3), never, settings, crowding=crowding)
        best = int(found.b[np.argmax(found.score)])
        days = np.abs(seconds[found.a] - seconds[found.b]) / SECONDS_A_DAY
        taken = np.full(2, crowding)
        expected = score(found.cosine, taken, taken, days, settings.date_penalty, crowding)
        assert found.score.tolist() == expected.tolist()
        return best, found.score.tolist()

    assert best_of_first(0.0)[0] == 2
    assert best_of_first(0.08)[0] == 1
