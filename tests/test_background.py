"""With a frozen background the score of a pair depends on its two articles only."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from labelled_data import SEEDS

import dedup
from dedup import Article, Background, InputError

ARTICLES = list(dedup.read_articles([str(SEEDS)]))


@pytest.fixture(scope="module")
def learned() -> Background:
    return dedup.learn_background(ARTICLES)


def test_a_score_does_not_move_when_other_articles_come(learned: Background) -> None:
    for background in (Background.general(), learned):
        clustering = dedup.cluster(ARTICLES, background=background)
        links = [link for link in clustering.links if link.kind == "story"]
        assert len(links) > 5
        for link in links:
            pair = [article for article in ARTICLES if article.id in (link.a, link.b)]
            alone = dedup.cluster(pair, background=background).explain(link.a, link.b)
            assert alone.link.score == link.score
            assert alone.link.cosine == link.cosine


def test_the_stories_with_a_background_do_not_depend_on_the_order(learned: Background) -> None:
    seed = int(np.random.default_rng().integers(10**6))
    shuffled = [ARTICLES[place] for place in np.random.default_rng(seed).permutation(len(ARTICLES))]
    one, other = (dedup.cluster(articles, background=learned) for articles in (ARTICLES, shuffled))
    assert one.stories == other.stories, f"seed {seed}"


def test_what_was_learned_from_articles_gives_their_own_stories(learned: Background) -> None:
    assert dedup.cluster(ARTICLES, background=learned).stories == dedup.cluster(ARTICLES).stories


def test_the_general_background_is_what_two_articles_alone_are_compared_with() -> None:
    a, b = ARTICLES[:2]
    alone = dedup.cluster([a, b], background=Background.general()).explain(0, 1)
    assert alone.link.cosine > 0
    assert alone.background == pytest.approx(0.04)


def test_boilerplate_and_misplaced_bodies_are_known_of_a_single_article() -> None:
    """Boilerplate and misplaced bodies, found in several articles, are recognized in a single one later."""
    wall = "Subscribe now to read on and support the newsroom that brings you this page every day of the week " * 3
    titles = [
        f"{word} {word}ville council vote{place}" for place, word in enumerate(["Alder", "Birch", "Cedar", "Elm"])
    ]
    walled = [Article(id=title, title=title, text=wall) for title in titles]
    learned = dedup.learn_background(walled)
    assert len(learned.bodies) == 1
    late = [Article(id="late", title="Harbour bridge reopens in Dunmere", text=wall), *walled[:1]]
    assert dedup.cluster(late, background=Background.general()).copy_labels == (0, 0)
    clustering = dedup.cluster(late, background=learned)
    assert clustering.copy_labels == (-1, -1)
    assert any("unrelated titles" in notice.problem for notice in clustering.notices)


def test_it_can_be_kept(learned: Background) -> None:
    again = Background.from_bytes(learned.to_bytes(), version=3)
    assert (again.fingerprint, again.version) == (learned.fingerprint, 3)
    assert again.to_bytes() == learned.to_bytes()
    assert dedup.cluster(ARTICLES, background=again).stories == dedup.cluster(ARTICLES, background=learned).stories
    assert replace(learned, crowd=0.5).fingerprint != learned.fingerprint
    assert again.articles == learned.articles > 0
    assert np.array_equal(again.frequencies.counts[:, :9].toarray(), learned.frequencies.counts[:, :9].toarray())


@pytest.mark.parametrize("data", [b"", b"PK", b"something else", Background.general().to_bytes()[:-40]])
def test_what_is_no_background_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no background"):
        Background.from_bytes(data)


def test_bytes_that_are_no_background_are_refused_whatever_is_wrong_with_them(learned: Background) -> None:
    array = io.BytesIO()
    np.save(array, np.arange(3))
    data, random = learned.to_bytes(), np.random.default_rng(5)
    damaged = [array.getvalue(), b"", data[:-40]]
    for _ in range(300):
        turned = bytearray(data)
        for place in random.integers(0, len(turned), 3).tolist():
            turned[place] ^= 0xFF
        damaged.append(bytes(turned))
    for one in damaged:
        with contextlib.suppress(InputError):  # what is damaged where nothing is read is as it was
            assert Background.from_bytes(one).articles >= 0
