"""A store that dedup 0.1.0 made opens, as the upgrade guide says.

The store in `fixtures` was made by the code of 0.1.0, of 60 articles of `made_articles.stream(23, 60)`, one of them
removed, and reconciled.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path

import pytest
from made_articles import stream

import dedup
from dedup import Change, SettingsError, StoreError, StoryIndex

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "store_0_1_0.db.gz"
MADE = {article.id: article for article in stream(23, 60)}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "stories.db"
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    return path


def stories(index: StoryIndex) -> dict[str, str]:
    return {one: story.id for story in index.stories() for one in story.articles}


def test_it_is_refused_with_the_remedy_until_it_is_rebuilt(old: Path) -> None:
    with pytest.raises(StoreError, match="older format: open it to write once"):
        StoryIndex.open(old, read_only=True)
    with pytest.raises(SettingsError, match=r"rebuild \('dedup index rebuild'; with --preview"):
        StoryIndex.open(old)


def test_nothing_is_lost(old: Path) -> None:
    with StoryIndex.open(old, anew=True) as index:
        before, cursor = stories(index), index.stats()["changes"]
        assert len(index) == len(before) == 59
        assert index.check() == []
        preview = index.rebuild(preview=True)
        assert stories(index) == before, "a preview changes nothing"
        changes = index.rebuild()
        assert [told(change) for change in changes] == [told(change) for change in preview]
        after = stories(index)
        assert {change.article for change in changes if change.kind == "moved"} == {
            one for one in before if before[one] != after[one]
        }
        assert sum(before[one] == after[one] for one in before) >= 0.9 * len(before), "ids of stories stay"
        assert index.check() == []
    with StoryIndex.open(old) as index:
        assert stories(index) == after
        assert [change.cursor for change in index.changes()] == list(range(1, cursor + len(changes) + 1))
        for name in before:
            held = index.article(name).article
            assert (held.text, held.title, held.published) == (MADE[name].text, MADE[name].title, MADE[name].published)
        known = {name: MADE[name] for name in before}
        assert {placed.status for placed in index.add_many(known.values())} <= {"unchanged", "updated"}
        assert index.add({"id": "new", "text": MADE["a0"].text}).copy_of is not None
        assert index.check() == []
    with StoryIndex.open(old, read_only=True) as index:
        assert len(index) == 60


def told(change: Change) -> tuple[str, str, str, str]:
    return change.kind, change.article, change.story, change.before


def test_a_backup_can_be_taken_before(old: Path, tmp_path: Path) -> None:
    """It is a copy of the format that it has, and is put back as any."""
    StoryIndex.restore(old, tmp_path / "backup.db")
    with StoryIndex.open(old, anew=True) as index:
        index.rebuild()
    StoryIndex.restore(tmp_path / "backup.db", old, replace=True)
    with pytest.raises(SettingsError, match="rebuild"):
        StoryIndex.open(old)


def test_names_of_0_1_0_are_there() -> None:
    """What is public is deprecated with a warning before it goes; nothing has gone."""
    names = json.loads((FIXTURE.parent / "public_names_0_1_0.json").read_text(encoding="utf-8"))
    for name in names["library"]:
        assert getattr(dedup, name) is not None
    for owner, members in names["members"].items():
        own = getattr(dedup, owner)
        fields = {field.name for field in dataclasses.fields(own)} if dataclasses.is_dataclass(own) else set[str]()
        assert not set(members) - {*dir(own), *fields}, owner
