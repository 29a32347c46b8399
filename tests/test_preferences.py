"""Preferences of the user: which version of a text is shown, and what is never grouped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dedup
from dedup import Article, Settings, SettingsError, StoryIndex
from dedup.inputs.preferences import Preferences

FIRE = (
    "Twelve people died when a fire swept through a paper mill on the edge of Harlow on Tuesday evening, the county"
    " fire service said. Crews from nine stations fought the blaze until dawn. The cause is not known, said chief"
    " officer Ann Bell, who asked residents to keep their windows closed."
)


def article(id_: str, text: str = FIRE, **fields: Any) -> Article:
    return Article(**{"id": id_, "text": text, "title": "Fire kills twelve at Harlow mill", **fields})


ARTICLES = [
    article("wire", published=None, source="Wire"),
    article("paper", source="The Paper", url="https://www.paper.example/fire"),
    article("closed", FIRE + " It was raining.", source="Closed Times"),
    article("part", FIRE[:140], source="Favourite"),
]


def shown(settings: Settings, articles: list[Article] = ARTICLES) -> str:
    found = {dedup.cluster(order, settings).story_of("wire").canonical for order in (articles, articles[::-1])}
    for batch in (1, 9):
        with StoryIndex.open(":memory:", settings) as index:
            index.add_many(articles, batch=batch)
            found.add(index.story(index.article("wire").story).canonical)
    (name,) = found
    return name


def test_preferred_outlets_come_first_among_complete_versions() -> None:
    assert shown(Settings(preferred_outlets="the paper")) == "paper"
    assert shown(Settings(preferred_outlets="Nowhere, paper.example")) == "paper"
    assert shown(Settings(preferred_outlets="Favourite, Closed  times, wire")) == "closed"  # its first is a part


def test_open_versions_come_before_paywalled_ones() -> None:
    articles = [article("wire", source="Wire"), article("other", source="Other")]
    for closed, open_ in (("Wire", "other"), ("Other", "wire")):
        assert shown(Settings(paywalled_outlets=closed), articles) == open_
    assert shown(Settings(paywalled_outlets="wire", preferred_outlets="wire"), articles) == "wire"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("source:Wire", True),
        ("source: wi* ", True),
        ("source:paper.example", True),
        ("section:horoscopes", True),
        ("section:horo*", True),
        ("url:https://www.paper.example/stars/*", True),
        ("url:*/stars/*", True),
        ("source:Paper, section:Life", True),
        ("source:Paper", False),
        ("section:scope", False),
        ("url:/stars/", False),
        ("", False),
    ],
)
def test_patterns(pattern: str, matches: bool) -> None:
    found = article("a", source="Wire", section="Life, Horoscopes", url="https://www.paper.example/stars/1")
    assert Preferences(Settings(ungrouped=pattern)).is_ungrouped(found) is matches


def test_ungrouped_articles_are_stories_of_their_own() -> None:
    settings = Settings(ungrouped="source:Wire")
    url = "https://wire.example/2024/fire-at-harlow-mill"
    articles = [*ARTICLES, article("again", source="Wire", url=url), article("twice", source="Wire", url=url)]
    run = dedup.cluster(articles, settings)
    assert {story.articles for story in run if "paper" not in story.articles} == {("wire",), ("again",), ("twice",)}
    with StoryIndex.open(":memory:", settings) as index:
        index.add_many(articles)
        assert {story.articles for story in index.stories() if "paper" not in story.articles} == {
            *(("wire",), ("again",), ("twice",))
        }
        assert index.match(article("", source="Wire")).new_story
        assert index.match(article("", source="Someone")).copy_of != "wire"
        index.reconcile()
        index.rebuild()
        assert index.check() == []
        assert len(index.story(index.article("wire").story).articles) == 1
        with pytest.raises(SettingsError, match="make it anew"):
            index.rebuild(Settings())


def test_a_wrong_pattern_is_refused() -> None:
    with pytest.raises(SettingsError, match="must be source:NAME"):
        Settings(ungrouped="Horoscopes")
    with pytest.raises(SettingsError, match="must be source:NAME"):
        Settings.from_strings({"ungrouped": "source:"})


def test_preferences_are_settings(tmp_path: Path) -> None:
    settings = Settings(preferred_outlets="Wire", ungrouped="section:Stars")
    assert settings.fingerprint != Settings().fingerprint
    assert settings.method()["preferred_outlets"] == "Wire"
    path = tmp_path / "index.db"
    with StoryIndex.open(path, settings):
        pass
    with StoryIndex.open(path) as index:
        assert index.settings == settings
    with pytest.raises(SettingsError, match="preferred_outlets is"):
        StoryIndex.open(path, Settings())
