"""Copies in complete runs: copies, texts that only look like copies, and digests."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest

from dedup import Article, cluster, compare

DAY = datetime(2024, 5, 1)  # noqa: DTZ001 - articles may lack a zone


def words(name: str, count: int) -> list[str]:
    """Return `count` words that occur in no other text."""
    return [f"{name}{number}" for number in range(count)]


def article(name: str, text: Iterable[str], days: float = 0.0) -> Article:
    return Article(id=name, title=f"{name} title", text=" ".join(text), published=DAY + timedelta(days=days))


def copies(articles: Sequence[Article]) -> set[frozenset[str]]:
    return {frozenset(group.articles) for story in cluster(articles) for group in story.copy_groups}


def stories(articles: Sequence[Article]) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in cluster(articles)}


def same_text(one: Sequence[str], other: Sequence[str], days: float = 0.0) -> bool:
    return compare(article("one", one), article("other", other, days)).same_text


@pytest.mark.parametrize("digests", [1, 2, 3])
def test_a_digest_of_briefs_does_not_tie_their_stories_together(digests: int) -> None:
    """Six events with a brief and an article that begins like it; digests contain all briefs."""
    briefs = [words(f"event{event}x", 60) for event in range(6)]
    told = [article(f"brief{event}", brief) for event, brief in enumerate(briefs)]
    told += [article(f"long{event}", [*brief, *words(f"more{event}x", 30)]) for event, brief in enumerate(briefs)]
    papers = [
        article(f"paper{number}", [*words(f"hello{number}x", 5), *(word for brief in briefs for word in brief)])
        for number in range(digests)
    ]
    pairs = {frozenset({f"brief{event}", f"long{event}"}) for event in range(6)}
    whole = frozenset(paper.id for paper in papers)
    assert stories([*told, *papers]) == {*pairs, whole}
    assert copies([*told, *papers]) == {*pairs, *([whole] if digests > 1 else [])}


@pytest.mark.parametrize(("one_in", "expected"), [(12, True), (8, True), (4, False)])
def test_light_rewriting_is_copying(one_in: int, expected: bool) -> None:
    """Replacing one word in eight keeps seven of eight words, but three of eight five-word phrases."""
    text = words("wire", 320)
    edited = [f"new{place}" if place % one_in == 0 else word for place, word in enumerate(text)]
    assert same_text(text, edited) is expected


def test_a_brief_cut_from_a_long_text_is_a_copy() -> None:
    text = words("wire", 500)
    assert same_text(text, text[:40])
    assert same_text(text, text[250:310])
    assert not same_text(text, [*text[:40], *words("own", 60)]), "a quotation is not"


def test_a_long_quotation_makes_no_copy() -> None:
    """A quotation is half of a short text but little of the long one."""
    speech = words("speech", 120)
    assert not same_text([*speech, *words("own", 90)], [*speech, *words("other", 500)])


def test_an_extended_text_is_a_copy() -> None:
    text = words("wire", 150)
    for extended in (
        [*text, *words("more", 200)],
        [*words("lead", 200), *text],
        [*text[:75], *words("a", 99), *text[75:]],
    ):
        assert same_text(text, extended)


def test_a_notice_that_comes_back_is_no_copy_and_makes_no_group() -> None:
    """Ten days of one template: three numbers and the day change, the 60 words around them do not."""
    form = words("level", 60)

    def notice(day: int) -> list[str]:
        return [*form[:20], f"{day}", *form[20:40], f"{100 + 3 * day}", *form[40:], f"{200 + 7 * day}"]

    daily = [article(f"day{day}", notice(day), day) for day in range(10)]
    assert copies(daily) == set()
    again = article("reprint", notice(4), 4.2)
    assert copies([*daily, again]) == {frozenset({"day4", "reprint"})}


def test_a_chain_of_texts_that_share_less_and_less_is_no_group() -> None:
    """Six texts, each with the second half of the one before and as many new words."""
    blocks = [words(f"block{block}x", 100) for block in range(7)]
    chain = [article(f"link{link}", [*blocks[link], *blocks[link + 1]]) for link in range(6)]
    found = copies(chain)
    assert found
    assert max(map(len, found)) == 2


def test_a_text_that_hundreds_ran_is_one_group_however_each_cut_it() -> None:
    rng = random.Random(5)  # noqa: S311 - no secret
    text = words("wire", 300)
    papers = [
        article(f"paper{number}", [*text[: rng.randrange(120, 300)], *words(f"own{number}x", rng.randrange(20))])
        for number in range(150)
    ]
    assert copies(papers) == {frozenset(paper.id for paper in papers)}


def test_a_crawlers_notice_in_place_of_articles_makes_no_story() -> None:
    """A notice under the headlines of thirty events, each of which has an article with its own text."""
    wall = "Please log in or take out a subscription to read on. Registered readers have ten articles a month for free."
    told = []
    for event in range(30):
        title = f"town{event} mayor{event} resigns{event}"
        told.append(
            Article(id=f"text{event}", title=title, text=" ".join([title, *words(f"event{event}x", 80), title]))
        )
        told.append(Article(id=f"wall{event}", title=f"mayor{event} of town{event} resigns{event}", text=wall))
    found = stories(told)
    assert copies(told) == set()
    assert found == {frozenset({f"text{event}", f"wall{event}"}) for event in range(30)}
