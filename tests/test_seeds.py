"""The seed corpus is valid, its traps are traps, and clustering gives its manifest."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from typing import TypedDict

import pytest
from labelled_data import REAL_SEEDS, SEEDS

import dedup

DIGEST = "harbour-post/morning/0515.txt"

Groups = frozenset[frozenset[str]]
Shingles = frozenset[tuple[str, ...]]


class Gold(TypedDict):
    """A story of the manifest."""

    name: str
    shows: str
    articles: list[str]
    copies: list[list[str]]


@pytest.fixture(scope="module")
def manifest() -> list[Gold]:
    stories: list[Gold] = tomllib.loads((SEEDS / "manifest.toml").read_text(encoding="utf-8"))["story"]
    return stories


@pytest.fixture(scope="module")
def articles() -> dict[str, dedup.Article]:
    return {article.id: article for article in dedup.read_articles([str(SEEDS)])}


@pytest.fixture(scope="module")
def clustering() -> dedup.Clustering:
    return dedup.cluster(dedup.read_articles([str(SEEDS)]))


def test_every_story_says_what_it_shows(manifest: list[Gold]) -> None:
    for story in manifest:
        assert set(story) == {"name", "shows", "articles", "copies"}, story
        assert story["name"].strip(), story
        assert story["shows"].strip(), story
    names = [story["name"] for story in manifest]
    assert len(set(names)) == len(names)


def test_every_article_is_listed_once(manifest: list[Gold], articles: Mapping[str, dedup.Article]) -> None:
    listed = [article for story in manifest for article in story["articles"]]
    assert sorted(listed) == sorted(articles)
    assert 30 <= len(listed) <= 40


def test_copy_groups_lie_inside_their_story_and_do_not_overlap(manifest: list[Gold]) -> None:
    for story in manifest:
        copies = [article for group in story["copies"] for article in group]
        assert len(set(copies)) == len(copies), story["name"]
        assert set(copies) <= set(story["articles"]), story["name"]
        assert all(len(group) > 1 for group in story["copies"]), story["name"]


def test_nothing_in_the_corpus_needs_a_notice(clustering: dedup.Clustering) -> None:
    assert not clustering.notices, "\n".join(map(str, clustering.notices))


def test_the_traps_are_traps(manifest: list[Gold], articles: Mapping[str, dedup.Article]) -> None:
    """Copies share most of the shorter text, notices look like copies, and the digest contains its briefs."""
    by_name = {story["name"]: story for story in manifest}
    texts = {place: shingles(article.text, 5) for place, article in articles.items()}
    for story in manifest:
        for group in story["copies"]:
            for a, b in combinations(group, 2):
                assert containment(texts[a], texts[b]) >= 0.6, (a, b)
    notices = [by_name[f"Reservoir levels, {day}"]["articles"][0] for day in ("27 May", "3 June", "17 June")]
    for a, b in combinations(notices, 2):
        assert len(texts[a] & texts[b]) / len(texts[a] | texts[b]) >= 0.4, (a, b)
    whole = [place for place, text in texts.items() if place != DIGEST and text <= texts[DIGEST]]
    assert len(whole) == 4, whole


def test_stories_share_no_sentence(manifest: list[Gold], articles: Mapping[str, dedup.Article]) -> None:
    """Except the digest and the template notices."""
    seen: dict[str, str] = {}
    for story in manifest:
        if DIGEST in story["articles"] or story["name"].startswith("Reservoir levels"):
            continue
        for sentence in {line for place in story["articles"] for line in sentences(articles[place].text)}:
            assert sentence not in seen, (sentence, seen[sentence], story["name"])
            seen[sentence] = story["name"]


def test_the_stories_are_exactly_the_manifest(manifest: list[Gold], clustering: dedup.Clustering) -> None:
    gold = {story["name"]: frozenset(story["articles"]) for story in manifest}
    found = frozenset(frozenset(story.articles) for story in clustering)
    assert found == frozenset(gold.values()), difference(gold, found)


def test_the_copy_groups_are_exactly_the_manifest(manifest: list[Gold], clustering: dedup.Clustering) -> None:
    gold = {f"copies in {story['name']}": frozenset(group) for story in manifest for group in story["copies"]}
    found = frozenset(frozenset(group.articles) for story in clustering for group in story.copy_groups)
    assert found == frozenset(gold.values()), difference(gold, found)


def test_a_difference_reads_well() -> None:
    gold = {"ferry": frozenset({"a", "b"}), "bridge": frozenset({"c"}), "book": frozenset({"d"})}
    found = frozenset({frozenset({"a", "c"}), frozenset({"b"}), frozenset({"d"})})
    assert difference(gold, found).splitlines() == [
        "",
        "ferry",
        "    together: a",
        "        with: c (bridge)",
        "    together: b",
        "bridge",
        "    together: c",
        "        with: a (ferry)",
    ]


def test_our_words_on_the_weapons_story_are_our_own(
    manifest: list[Gold], articles: Mapping[str, dedup.Article]
) -> None:
    pages = sorted(REAL_SEEDS.glob("*.txt"))
    if not pages:
        pytest.skip("the two real articles are not here: set DEDUP_DATA to the data folder beside them")
    theirs = {shingle for page in pages for shingle in shingles(page.read_text(encoding="utf-8"), 8)}
    assert theirs
    for place in manifest[0]["articles"]:
        ours = shingles(f"{articles[place].title}\n{articles[place].text}", 8)
        assert not ours & theirs, place


def difference(gold: Mapping[str, frozenset[str]], found: Groups) -> str:
    """Return, for every gold group not found, where its articles are and with which others."""
    home = {article: name for name, group in gold.items() for article in group}
    placed = {article for group in found for article in group}
    lines = [""]
    for name, group in gold.items():
        if group in found:
            continue
        lines.append(name)
        for other in sorted(map(sorted, found)):
            if group.isdisjoint(other):
                continue
            lines.append(f"    together: {listing(group.intersection(other))}")
            if strangers := set(other) - group:
                lines.append(f"        with: {listing(f'{x} ({home[x]})' if x in home else x for x in strangers)}")
        if group - placed:
            lines.append(f"    alone: {listing(group - placed)}")
    lines.extend(
        f"not in the manifest: {listing(group)}"
        for group in sorted(map(sorted, found))
        if home.keys().isdisjoint(group)
    )
    return "\n".join(lines)


def listing(articles: Iterable[str]) -> str:
    return ", ".join(sorted(articles))


def shingles(text: str, size: int) -> Shingles:
    """Return runs of `size` words, by a definition of words independent of the code under test."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def containment(a: Collection[tuple[str, ...]], b: Collection[tuple[str, ...]]) -> float:
    return len(set(a) & set(b)) / min(len(a), len(b))


def sentences(text: str) -> list[str]:
    """Return the sentences of at least four words."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n", text) if len(part.split()) >= 4]
