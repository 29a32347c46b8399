"""Options that are changed later, sources that are taken out, and articles that are read back whole."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from forked_command import run
from made_articles import stream

from dedup import Article, CursorError, InputError, SettingsError, StoryIndex

MADE = list(stream(17, 60))
TEXT = "The {} of Corran burned on the night of the festival, and the council of Larkhaven is to hold an inquiry."


class Clock:
    def __init__(self) -> None:
        self.now = 1.75e9

    def __call__(self) -> float:
        return self.now


def partition(index: StoryIndex) -> set[frozenset[str]]:
    return {frozenset(story.articles) for story in index.stories()}


def test_options_are_changed_later(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "s.db"
    old = Article(id="old", text=TEXT.format("school"), published=datetime.fromtimestamp(clock.now - 50 * 86_400, UTC))
    with StoryIndex.open(path, clock=clock) as index:
        index.add_many([old, {"id": "new", "text": TEXT.format("ferry")}])
        index.change_options()
        assert index.stats()["changes"] == 2
        index.change_options(keep_days=60, settle_hours=5)
        assert len(index) == 2
        index.change_options(keep_days=30)
        assert [change.kind for change in index.changes(2)] == ["expired"]
        assert (index.stats()["keep_days"], index.stats()["settle_hours"]) == (30, 5)
        for wrong in ({"keep_days": 0}, {"keep_days": math.nan}, {"settle_hours": -1}):
            with pytest.raises(SettingsError, match=r"keep_days|settle_hours"):
                index.change_options(**wrong)
        index.change_options(keep_days=math.inf)
    with StoryIndex.open(path, settle_hours=5) as index:
        assert index.stats()["keep_days"] is None
        assert index.check() == []


def test_texts_are_deleted_for_good(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with StoryIndex.open(path) as index:
        index.add_many(MADE)
        index.add({"id": "untitled", "text": TEXT.format("ferry") * 20})
        index.add(
            {
                "id": "v1",
                "title": "Ferry",
                "text": TEXT.format("v1") + "secret one",
                "url": "https://a.example/news/ferry-of-corran-burns",
                "source": "A",
            }
        )
        index.add(
            {
                "id": "v2",
                "title": "Ferry",
                "text": TEXT.format("v1") + "secret two",
                "url": "https://a.example/news/ferry-of-corran-burns",
                "source": "A",
            }
        )
        before = partition(index)
        index.change_options(store_text=False)
        assert index.check() == []
        assert partition(index) == before
        assert index.article(MADE[0].id).article.text == ""
        assert 0 < len(index.article("untitled").article.text) < 500
        with pytest.raises(InputError):
            index.explain(MADE[0].id, MADE[1].id)
        with pytest.raises(SettingsError, match="cannot be turned on"):
            index.change_options(store_text=True)
        index.change_options(store_text=False)
        index.add({"id": "later", "title": "Later", "text": TEXT.format("later")})
        index.reconcile()
    assert b"secret" not in path.read_bytes()
    with StoryIndex.open(path, store_text=False) as index:
        assert index.article("later").article.text == ""
    with StoryIndex.open(":memory:", store_text=False) as index:
        index.change_options(store_text=True)
        index.add({"id": "a", "text": "x"})
        assert index.article("a").article.text == "x"


def test_a_failed_change_of_options_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StoryIndex.open(tmp_path / "s.db") as index:
        index.add_many(MADE)

        def fail(*_: object) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr("dedup.index.operations._drop_texts", fail)
        with pytest.raises(RuntimeError):
            index.change_options(store_text=False, keep_days=1)
        assert (index.stats()["store_text"], index.stats()["keep_days"]) == (True, None)
        assert len(index) == len(MADE)
        assert index.article(MADE[0].id).article.text == MADE[0].text


@pytest.mark.parametrize("when", [None, 5.0])
def test_a_source_is_taken_out(when: float | None) -> None:
    """What is left is what an index has that never saw it."""
    clock = Clock()
    bad = [replace(article, id=f"bad-{article.id}", source="The  Broken") for article in MADE[20:40]]
    with StoryIndex.open(":memory:", clock=clock) as index, StoryIndex.open(":memory:", clock=clock) as clean:
        for one in (index, clean):
            one.add_many(MADE)
            one.add({"id": "before", "text": TEXT.format("before"), "source": "the broken"})
        clock.now += 10
        index.add_many(bad)
        index.add(
            {
                "id": "b1",
                "title": "Ferry",
                "text": TEXT.format("b1"),
                "url": "https://b.example/news/ferry-of-corran-burns",
                "source": "the broken",
            }
        )
        index.add(
            {
                "id": "b2",
                "title": "Ferry",
                "text": TEXT.format("b2"),
                "url": "https://b.example/news/ferry-of-corran-burns",
                "source": "the broken",
            }
        )
        since = None if when is None else datetime.fromtimestamp(clock.now - when, UTC)
        if since is None:
            clean.remove("before")
        listed = [held.article.id for held in index.articles(source="the broken", since=since)]
        changes = index.quarantine("THE BROKEN", since=since)
        removed = [change.article for change in changes if change.kind == "removed"]
        assert sorted(removed) == sorted(listed)
        assert len(removed) == 22 + (since is None)
        assert ("before" in index) == (since is not None)
        assert "b1" not in index
        assert index.check() == []
        index.reconcile()
        clean.reconcile()
        assert partition(index) == partition(clean)
        assert index.quarantine("the broken", since=datetime.fromtimestamp(clock.now + 9, UTC)) == []


def test_what_came_after_a_change_is_kept() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add_many([{"id": f"a{n}", "text": TEXT.format(f"school {n}"), "source": "bad"} for n in range(4)])
        cursor = index.stats()["changes"]
        index.add({"id": "new", "text": TEXT.format("ferry"), "source": "bad"})
        index.update({"id": "a1", "text": TEXT.format("depot"), "source": "bad"})
        with pytest.raises(CursorError):
            index.quarantine("bad", cursor=10_000)
        gone = [change.article for change in index.quarantine("bad", cursor=cursor) if change.kind == "removed"]
        assert gone == ["a0", "a2", "a3"]
        assert "a1" in index
        assert "new" in index
        assert index.check() == []


def test_articles_are_read_back_whole() -> None:
    with StoryIndex.open(":memory:") as index, StoryIndex.open(":memory:") as other:
        index.add_many(
            [
                *MADE,
                {
                    "id": "v2",
                    "title": "Ferry of Corran burns",
                    "text": TEXT.format("v2"),
                    "url": "https://a.example/news/ferry-of-corran-burns",
                    "source": "A",
                },
            ]
        )
        index.add(
            {
                "id": "v3",
                "title": "Ferry of Corran burns",
                "text": TEXT.format("v3"),
                "url": "https://a.example/news/ferry-of-corran-burns",
                "source": "A",
            }
        )
        held = list(index.articles())
        assert [one.article.id for one in held] == [*(article.id for article in MADE), "v2", "v3"]
        for one in held:
            known = index.article(one.article.id)
            assert (one.to_record(), one.article.text) == (known.to_record(), known.article.text)
        assert held[-2].revised_by == "v3"
        other.add_many(one.article for one in held)
        assert partition(other) == partition(index)
        assert other.article("v2").revised_by == "v3"


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def command(*arguments: str) -> Ended:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    code, out, err = run(list(arguments), stdin=b"", folder=Path.cwd(), environment=environment)
    return Ended(code, out.decode(), err.decode())


def test_the_commands(tmp_path: Path) -> None:
    store, feed = str(tmp_path / "s.db"), tmp_path / "feed.jsonl"
    records = [{**article.to_record(), "source": f"s{place % 3}"} for place, article in enumerate(MADE)]
    feed.write_text("".join(json.dumps(record, default=str) + "\n" for record in records), encoding="utf-8")
    assert command("index", "add", str(feed), "--store", store).returncode == 0
    told = command("index", "options", "--store", store, "--keep-days", "9000", "--settle-hours", "3")
    assert json.loads(told.stdout) == {"store_text": True, "keep_days": 9000.0, "settle_hours": 3.0}
    assert json.loads(command("index", "options", "--store", store).stdout)["keep_days"] == 9000.0
    whole = command("index", "export", "--store", store, "--texts")
    assert [json.loads(line)["text"] for line in whole.stdout.splitlines()] == [article.text for article in MADE]
    aside = tmp_path / "aside.jsonl"
    gone = command("index", "quarantine", "S1", "--store", store, "--output", str(aside))
    assert gone.returncode == 0, gone.stderr
    assert sum(json.loads(line)["kind"] == "removed" for line in gone.stdout.splitlines()) == 20
    assert command("index", "quarantine", "S1", "--store", store, "--output", str(aside)).returncode == 2
    assert command("index", "add", str(aside), "--store", store).returncode == 0
    assert json.loads(command("index", "stats", "--store", store).stdout)["articles"] == len(MADE)
    assert command("index", "export", "--store", store, "--texts", "--format", "csv").returncode == 2
    with StoryIndex.open(store) as writer:  # as a service does
        checked = command("index", "check", "--store", store)
        assert (checked.returncode, checked.stdout) == (0, "")
        assert command("index", "check", "--store", store, "--repair").returncode == 1
        writer.remove(MADE[0].id)
