"""An index learns what belongs to a site as articles come: late, in settled stories, without texts, and for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from boilerplate_cases import Case, all_cases, parameters

from dedup import StoryIndex

DAY = 86_400.0
STARTED = 1_741_000_000.0
WALLS = tuple(case for case in all_cases() if case.name.startswith(("wall-", "footer-", "caption-alone-4", "author-")))


def assert_apart(index: StoryIndex) -> None:
    assert [story.articles for story in index.placements() if len(story.articles) > 1] == []


@pytest.mark.parametrize(("case", "door"), parameters(WALLS, ["settled"]))
def test_placements_of_settled_stories_are_corrected(case: Case, door: str) -> None:  # noqa: ARG001 - names the test
    """Five days between articles: each story is settled when the next article comes."""
    now = STARTED
    with StoryIndex.open(":memory:", clock=lambda: now) as index:
        told: dict[str, str] = {}
        for one in case.articles:
            now += 5 * DAY
            placed = index.add(one)
            told[one.id] = placed.story
            told.update({change.article: change.story for change in placed.changed if change.article})
        assert_apart(index)
        stored = {article: story.id for story in index.placements() for article in story.articles}
    assert told == stored, "each correction was reported"


@pytest.mark.parametrize(("case", "door"), parameters(WALLS, ["textless"]))
def test_without_texts_and_reopened(case: Case, door: str, tmp_path: Path) -> None:  # noqa: ARG001
    for one in case.articles:
        with StoryIndex.open(tmp_path / "stories.db", store_text=False) as index:
            index.add(one)
    with StoryIndex.open(tmp_path / "stories.db") as index:
        assert_apart(index)


@pytest.mark.parametrize(("case", "door"), parameters(WALLS, ["removed"]))
def test_what_is_known_survives_the_removal_of_its_holders(case: Case, door: str) -> None:  # noqa: ARG001
    *first, last = case.articles
    with StoryIndex.open(":memory:") as index:
        index.add_many(first, batch=1)
        index.remove(*(one.id for one in first[1:]))
        assert index.add(last).copy_of is None
        assert_apart(index)
