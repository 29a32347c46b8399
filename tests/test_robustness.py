"""Unusual collections have sensible results."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from labelled_data import SEEDS

import dedup
from dedup import Article, Clustering, Settings

UNRELATED = 2_000


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    return list(dedup.read_articles([str(SEEDS)]))


@pytest.fixture(scope="module")
def stories(articles: list[Article]) -> Clustering:
    return dedup.cluster(articles)


def partition(clustering: Clustering) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in clustering}


def unrelated(count: int, seed: int) -> list[Article]:
    """Return articles of made-up words with Zipf's frequencies, each with a few names."""
    random = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    vocabulary = np.array(["".join(random.choice(letters, random.integers(2, 11))) for _ in range(30_000)])
    share = 1 / np.arange(3, len(vocabulary) + 3)
    drawn = random.choice(len(vocabulary), size=(count, 130), p=share / share.sum())
    made = []
    for place in range(count):
        words = vocabulary[drawn[place]].tolist()
        for name in ("".join(random.choice(letters, 8)).title() for _ in range(4)):
            words[random.integers(1, 130)] = name
        published = date(2024, 1, 1) + timedelta(days=int(random.integers(60)))
        made.append(Article(id=f"u{place}", title=" ".join(words[:7]), text=" ".join(words[7:]), published=published))
    return made


@pytest.fixture(scope="module")
def strangers() -> Clustering:
    return dedup.cluster(unrelated(UNRELATED, 2024))


def test_unrelated_articles_are_stories_of_their_own(strangers: Clustering) -> None:
    assert len(strangers.articles) == len(strangers) == UNRELATED
    assert set(strangers.copy_labels) == {-1}
    assert strangers.links == ()


def test_not_even_a_running_story_is_made_of_strangers(strangers: Clustering) -> None:
    assert len(strangers.rethreshold(1)) >= 0.99 * UNRELATED
    assert len(strangers.rethreshold(0)) == UNRELATED


def test_a_crowd_of_strangers_parts_no_story(stories: Clustering, articles: list[Article]) -> None:
    """The stories of the seeds are unchanged among two thousand other articles, except a few."""
    crowded = dedup.cluster([*articles, *unrelated(UNRELATED, 2025)])
    names = {article.id for article in articles}
    assert all(frozenset(story.articles) <= names or len(story.articles) == 1 for story in crowded)
    found = {story & names for story in partition(crowded)} - {frozenset()}
    same = found & partition(stories)
    assert len(same) >= 0.8 * len(stories)


def test_duplicates_of_everything_change_no_story(stories: Clustering, articles: list[Article]) -> None:
    again = [replace(article, id=f"again/{article.id}", source="Echo") for article in articles]
    doubled = dedup.cluster([*articles, *again])
    assert {frozenset(name for name in story if not name.startswith("again/")) for story in partition(doubled)} == (
        partition(stories)
    )
    for article in articles:
        assert doubled.explain(article.id, f"again/{article.id}").same_text
        assert doubled.copy_labels[doubled.place(article.id)] >= 0
    assert min(len(story.articles) for story in doubled) == 2


def test_an_article_a_hundred_times_is_one_copy_group(articles: list[Article]) -> None:
    hundred = [replace(articles[0], id=str(number)) for number in range(100)]
    clustering = dedup.cluster([*hundred, articles[-1]])
    assert sorted(len(story.articles) for story in clustering) == [1, 100]
    (group,) = clustering.stories[0].copy_groups
    assert len(group.articles) == 100


@pytest.mark.parametrize("empty", ["", " ", "\n\n", "\u200b", "...", "\0"])
def test_an_empty_article_disturbs_nobody(stories: Clustering, articles: list[Article], empty: str) -> None:
    clustering = dedup.cluster([*articles, Article(id="empty", text=empty)])
    assert partition(clustering) == partition(stories) | {frozenset({"empty"})}
    explained = clustering.explain("empty", articles[0].id)
    assert not explained.same_story
    assert explained.link.probability < 0.01
    assert explained.words == ()


def test_nothing_but_empty_articles() -> None:
    clustering = dedup.cluster([Article(id=str(number), text="") for number in range(5)])
    assert [len(story.articles) for story in clustering] == [1] * 5
    assert clustering.links == ()


@pytest.mark.parametrize("granularity", [0, 0.5, 1])
def test_one_article_alone(articles: list[Article], granularity: float) -> None:
    clustering = dedup.cluster(articles[:1], Settings(granularity=granularity))
    assert clustering.labels == (0,)
    assert clustering.copy_labels == (-1,)
    assert clustering.explain(0, 0).link.probability == 1


@pytest.mark.parametrize("granularity", [0, 0.5, 1])
def test_two_that_are_identical(articles: list[Article], granularity: float) -> None:
    pair = [articles[0], replace(articles[0], id="twin")]
    clustering = dedup.cluster(pair, Settings(granularity=granularity))
    assert clustering.labels == clustering.copy_labels == (0, 0)
    (link,) = clustering.links
    assert (link.kind, link.score, link.probability) == ("copy", 1, 1)
