"""Second opinions of invented embeddings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import dedup
from dedup import SecondOpinionError
from dedup.match.opinion import BAND, BATCH, MOST, opinions
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT


def made_pairs(seed: int, count: int = 40) -> tuple[Pairs, NDArray[np.float64]]:
    """All pairs of some articles with noisy scores from hidden vectors; and the vectors."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, 6)) + 1
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    a, b = np.array(list(combinations(range(count), 2)), np.int64).T
    score = 0.3 * (units[a] * units[b]).sum(axis=1) + random.normal(scale=0.03, size=len(a))
    return Pairs(a, b, score, np.rint(score / SCORE_UNIT).astype(np.int64)), vectors


def embedding(vectors: NDArray[np.float64], calls: list[list[str]] | None = None) -> Callable[[list[str]], Any]:
    def embed(texts: list[str]) -> NDArray[np.float64]:
        if calls is not None:
            calls.append(texts)
        return vectors[[int(text) for text in texts]]

    return embed


def test_only_borderline_pairs_are_moved_and_within_bounds() -> None:
    pairs, vectors = made_pairs(1)
    moved = opinions(pairs, str, embedding(vectors)) * SCORE_UNIT
    score = pairs.score * SCORE_UNIT
    outside = (score < BAND[0]) | (score > BAND[1])
    assert 0 < outside.sum() < len(outside)
    assert not moved[outside].any()
    assert (moved[~outside] > 0).any()
    assert (moved[~outside] < 0).any()
    assert 0.001 < np.abs(moved).max() <= MOST


def test_more_similar_pairs_gain_score() -> None:
    pairs, vectors = made_pairs(2)
    moved = opinions(pairs, str, embedding(vectors))
    borderline = np.flatnonzero((pairs.score * SCORE_UNIT >= BAND[0]) & (pairs.score * SCORE_UNIT <= BAND[1]))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = (units[pairs.a] * units[pairs.b]).sum(axis=1)[borderline]
    order = np.argsort(similarity)
    assert (np.diff(moved[borderline][order]) >= 0).all()
    assert (moved[borderline][similarity > similarity.mean() + 0.001] >= 0).all()
    assert (moved[borderline][similarity < similarity.mean() - 0.001] <= 0).all()


def test_the_scale_of_the_vectors_does_not_matter() -> None:
    pairs, vectors = made_pairs(3)
    expected = opinions(pairs, str, embedding(vectors))
    for scale in (1000, 0.001):
        assert opinions(pairs, str, embedding(vectors * scale)).tolist() == expected.tolist()
    lists = lambda texts: vectors[[int(text) for text in texts]].tolist()  # noqa: E731 - a list of lists is an array too
    assert opinions(pairs, str, lists).tolist() == expected.tolist()


def test_an_embedding_that_contradicts_the_words_has_no_effect() -> None:
    pairs, vectors = made_pairs(4)
    contrary = Pairs(pairs.a, pairs.b, pairs.cosine, round(0.32 / SCORE_UNIT) - pairs.score)
    assert not opinions(contrary, str, embedding(vectors)).any()
    assert not opinions(pairs, str, embedding(np.ones((40, 3)))).any(), "nor one that tells nothing apart"
    assert not opinions(pairs, str, embedding(np.zeros((40, 3)))).any()


def test_few_pairs_are_moved_little() -> None:
    pairs, vectors = made_pairs(5)
    borderline = np.flatnonzero((pairs.score * SCORE_UNIT >= BAND[0]) & (pairs.score * SCORE_UNIT <= BAND[1]))
    for count, most in ((0, 0.0), (1, 0.0), (2, 2 / 22), (10, 10 / 30)):
        keep = np.zeros(len(pairs.a), bool)
        keep[borderline[:count]] = True
        moved = opinions(pairs.where(keep), str, embedding(vectors)) * SCORE_UNIT
        assert np.abs(moved).max(initial=0) <= MOST * most + SCORE_UNIT


def test_each_text_of_a_borderline_pair_is_embedded_once_and_no_other() -> None:
    pairs, vectors = made_pairs(6, 100)
    pairs = pairs.where((pairs.a < 90) & (pairs.b < 90))
    calls: list[list[str]] = []
    seen: list[tuple[int, int]] = []
    opinions(pairs, str, embedding(vectors, calls), lambda _, done, total: seen.append((done, total)))
    score = pairs.score * SCORE_UNIT
    borderline = (score >= BAND[0]) & (score <= BAND[1])
    wanted = np.union1d(pairs.a[borderline], pairs.b[borderline]).tolist()
    assert [text for call in calls for text in call] == [str(place) for place in wanted]
    assert [len(call) for call in calls] == [BATCH, len(wanted) - BATCH]
    assert seen == [(BATCH, len(wanted)), (len(wanted), len(wanted))]


def fails(_: list[str]) -> Any:
    raise OSError("the model is not there")


@pytest.mark.parametrize(
    ("embed", "message"),
    [
        (fails, "failed on 40 texts: OSError: the model is not there"),
        (lambda _: None, r"shape \(40, dimensions\), not \(\)"),
        (lambda texts: np.ones(len(texts)), r"not \(40,\)"),
        (lambda _: np.ones((3, 4)), r"not \(3, 4\)"),
        (lambda texts: np.ones((len(texts), 0)), r"not \(40, 0\)"),
        (lambda texts: np.full((len(texts), 2), np.nan), "infinite or none at all"),
        (lambda texts: texts, "failed on 40 texts|not"),
    ],
)
def test_an_invalid_embedding_is_an_error(embed: Any, message: str) -> None:
    pairs, _ = made_pairs(7)
    with pytest.raises(SecondOpinionError, match=message):
        opinions(pairs, lambda place: f"text {place}", embed)


def test_vectors_of_changing_width_are_an_error() -> None:
    pairs, _ = made_pairs(8, 100)
    widths = iter([3, 4])
    with pytest.raises(SecondOpinionError, match="3 as before, not 4"):
        opinions(pairs, str, lambda texts: np.ones((len(texts), next(widths))))


# From end to end


def letters(texts: list[str]) -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(analyzer="char_wb", ngram_range=(4, 4), n_features=2**12).transform(texts).toarray()


@pytest.fixture(scope="module")
def articles() -> list[dict[str, Any]]:
    """Invented articles of topics that share their places: many pairs are borderline."""
    random = np.random.default_rng(11)
    words = ["".join(random.choice(list("abcdefghijklmnoprstuvz"), 7)) for _ in range(1_200)]
    topics = [random.choice(words, 60, replace=False) for _ in range(8)]
    made = []
    for place in range(64):
        own, shared = random.choice(words, 45), random.choice(topics[place % 8], 28)
        made.append({"id": f"a{place}", "text": " ".join(random.permutation([*own, *shared]))})
    return made


def test_a_clustering_takes_the_opinion_into_account(articles: list[dict[str, Any]]) -> None:
    alone, asked = dedup.cluster(articles), dedup.cluster(articles, second_opinion=letters)
    explained = [(asked.explain(a, b), alone.explain(a, b)) for a, b in combinations(range(24), 2)]
    assert any(ours.second_opinion for ours, _ in explained)
    for ours, theirs in explained:
        assert theirs.second_opinion == 0
        assert ours.link.score == pytest.approx(theirs.link.score + ours.second_opinion, abs=1e-12)
        assert abs(ours.second_opinion) <= MOST
    scores = {(link.a, link.b): link.score for link in asked.links}
    shared = [(ours.link, (ours.a, ours.b)) for ours, _ in explained if (ours.a, ours.b) in scores]
    assert all(scores[pair] == link.score for link, pair in shared)


def test_the_order_of_the_articles_does_not_matter(articles: list[dict[str, Any]]) -> None:
    one, other = (dedup.cluster(some, second_opinion=letters) for some in (articles, articles[::-1]))
    assert [story.articles for story in one] == [story.articles for story in other]
    assert one.links == other.links


def test_another_granularity_keeps_the_opinion(articles: list[dict[str, Any]]) -> None:
    asked = dedup.cluster(articles, second_opinion=letters)
    again = dedup.cluster(articles, dedup.Settings(granularity=0.7), second_opinion=letters)
    assert asked.rethreshold(0.7).stories == again.stories
    assert asked.rethreshold(0.7).links == again.links


def test_texts_that_are_not_an_articles_own_are_not_embedded() -> None:
    """A paywall's notice under many titles: the title alone is read."""
    notice = (
        "Subscribe now to read this article and support our journalism in these difficult times for all of us. " * 3
    )
    titles = [
        f"{what} in {where}" for what in ("Flood", "Strike", "Election", "Festival") for where in ("Lind", "Tolmin")
    ]
    records = [{"title": title, "text": notice} for title in titles] + [
        {"text": f"{title} was heard of"} for title in titles
    ]
    seen: list[str] = []

    def embed(texts: list[str]) -> Any:
        seen.extend(texts)
        return letters(texts)

    dedup.cluster(records, second_opinion=embed)
    assert not any("Subscribe" in text for text in seen)


def test_nothing_is_embedded_where_nothing_is_borderline() -> None:
    def never(texts: list[str]) -> Any:
        raise AssertionError(texts)

    assert len(dedup.cluster(["Fire on the ferry.", "Rates stay put."], second_opinion=never)) == 2
    assert len(dedup.cluster([], second_opinion=never)) == 0
