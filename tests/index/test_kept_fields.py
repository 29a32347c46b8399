"""All fields of an article are kept by an index, in a file too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from dedup import Article, StoryIndex

ARTICLE = Article(
    id="a",
    text="A passenger ferry caught fire on Monday off the port of Harwick, and nobody was hurt.",
    title="Ferry catches fire off Harwick",
    published=datetime(2025, 4, 7, 10, 30, tzinfo=UTC),
    seen=datetime(2025, 4, 7, 11, tzinfo=UTC),
    source="The Echo",
    url="https://echo.example/ferry",
    author="Mara Lund",
    section="Region",
    lang="en",
    story="s1",
)


def test_every_field_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as index:
        index.add(ARTICLE)
    with StoryIndex.open(path) as index:
        assert index.article("a").article == ARTICLE
