"""Chances: what the cosines of an embedding tell, learned from the stories that words find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from dedup.embedding import Embedding
from dedup.match.meaning import LEAST, STEPS, UNIT, Meaning, _rising

DAY = 86_400.0


def stories_in_space(count: int, size: int, noise: float, seed: int = 3) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """Vectors of `count` stories of `size` articles around random centres, and the story of each."""
    random = np.random.default_rng(seed)
    story = np.repeat(np.arange(count), size)
    points = random.normal(size=(count, 24))[story] + noise * random.normal(size=(count * size, 24))
    return Embedding(None).vectors([""] * len(points), points.tolist()), story


def meaning_of(vectors: NDArray[np.int16], story: NDArray[np.int64], **changed: Any) -> Meaning:
    count = len(vectors)
    given: dict[str, Any] = {
        "known": np.ones(count, bool),
        "languages": np.zeros(count, np.int64),
        "seconds": np.zeros(count),
        "window": 30.0,
        "groups": (story, story // 2),
    }
    return Meaning.of("m", vectors, **{**given, **changed})


def test_chances_are_shares_of_the_pairs_that_words_find() -> None:
    vectors, story = stories_in_space(12, 6, 0.4)
    meaning = meaning_of(vectors, story)
    a, b = np.triu_indices(len(story), 1)
    chances, wider = meaning.chances(a, b)
    together = story[a] == story[b]
    assert chances[together].mean() > 0.8 * UNIT
    assert chances[~together].mean() < 0.05 * UNIT
    assert (wider >= chances).all()
    assert chances.sum() / UNIT == pytest.approx(together.sum(), rel=0.1)  # calibrated


def test_an_embedding_that_knows_nothing_gives_no_chance() -> None:
    _, story = stories_in_space(12, 6, 0.4)
    noise, _ = stories_in_space(72, 1, 1.0, seed=8)
    meaning = meaning_of(noise, story)
    a, b = np.triu_indices(len(story), 1)
    assert meaning.chances(a, b)[0].max() < UNIT // 2


def test_two_articles_prove_nothing() -> None:
    vectors, story = stories_in_space(1, 2, 0.1)
    assert meaning_of(vectors, story * 0).chances(np.array([0]), np.array([1]))[0] < 0.75 * UNIT
    assert meaning_of(vectors, np.arange(2)).chances(np.array([0]), np.array([1]))[0] == 0


def test_a_language_that_the_model_does_not_know_has_no_chances() -> None:
    """In the first language it tells stories apart, in the second all texts are alike to it."""
    known, story = stories_in_space(12, 4, 0.3)
    random = np.random.default_rng(5)
    alike = random.normal(size=24)[None, :] + 0.1 * random.normal(size=(48, 24))
    blind = Embedding(None).vectors([""] * 48, alike.tolist())
    languages = np.repeat([0, 1], 48)
    both, stories = np.concatenate([known, blind]), np.concatenate([story, 100 + story])
    meaning = meaning_of(both, stories, languages=languages)
    a, b = np.triu_indices(48, 1)
    assert meaning.chances(a, b)[0][story[a] == story[b]].mean() > 0.7 * UNIT
    assert meaning.chances(a + 48, b + 48)[0].max() < 0.3 * UNIT
    assert meaning.chances(a, b + 48)[0].max() < 0.3 * UNIT  # nor have pairs with the other


def test_near_pairs_equal_all_pairs_with_a_chance() -> None:
    vectors, story = stories_in_space(30, 5, 0.5)
    random = np.random.default_rng(2)
    seconds = np.asarray(random.integers(0, 90, len(story)) * DAY, np.float64)
    seconds[random.random(len(story)) < 0.2] = np.nan
    known = random.random(len(story)) < 0.9
    meaning = meaning_of(vectors, story, seconds=seconds, known=known)
    rows = random.random(len(story)) < 0.4
    near = meaning.near(rows, seconds, 30.0)
    a, b = np.triu_indices(len(story), 1)
    chance, wider = meaning.chances(a, b)
    wanted = (rows[a] & known[a] | rows[b] & known[b]) & ~(np.abs(seconds[a] - seconds[b]) > 30 * DAY)
    wanted &= np.maximum(chance, wider) >= LEAST
    assert len(near.a) > 50
    assert near.a.tolist() == a[wanted].tolist()
    assert near.b.tolist() == b[wanted].tolist()
    assert near.story.tolist() == chance[wanted].tolist()
    assert near.storyline.tolist() == wider[wanted].tolist()


def test_no_articles() -> None:
    empty = np.empty(0, np.int64)
    meaning = meaning_of(np.empty((0, 0), np.int16), empty)
    assert not len(meaning.near(np.empty(0, bool), np.empty(0), 30.0).a)


def test_vectors_of_zeros_take_no_part() -> None:
    vectors, story = stories_in_space(10, 4, 0.3)
    vectors[0] = 0
    meaning = meaning_of(vectors, story)
    assert not meaning.known[0]
    assert meaning.chances(np.array([0]), np.array([1]))[0] == 0


@pytest.mark.parametrize("seed", range(5))
def test_rising_is_isotonic_regression(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, weights = random.random(2 * STEPS + 1), random.integers(1, 50, 2 * STEPS + 1)
    expected = isotonic_regression(values, weights=weights).x
    assert _rising(values, weights) == pytest.approx(expected)
