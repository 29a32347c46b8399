"""Invalid arguments and articles: each raises an error that names it, or gives a notice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_articles import stream

import dedup
from dedup import Article, CursorError, InputError, Notice, Settings, SettingsError, StoryIndex

MADE = list(stream(3, 12))
NAT: Any = np.datetime64("NaT", "s")


@pytest.fixture(params=[":memory:", "file"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoryIndex]:
    path = str(tmp_path / "stories.db") if request.param == "file" else ":memory:"
    with StoryIndex.open(path) as found:
        yield found


# Articles


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"text": 5}, "its field 'text' is a number, not text, and it has no title"),
        ({"text": ""}, "its text is empty and it has no title"),
        ({"zeile": "x"}, "no text and no title among its fields 'id', 'zeile'"),
        ({"text": " ", "title": "\n"}, "no title"),
    ],
)
def test_blank_article_is_refused(index: StoryIndex, given: dict[str, Any], problem: str) -> None:
    record = {"id": "a", **given}
    asked: list[Callable[[Any], Any]] = [index.add, index.match]
    for ask in asked:
        with pytest.raises(InputError, match=problem):
            ask(record)
    assert len(index) == 0
    index.add({"id": "a", "text": "There is a text."})
    with pytest.raises(InputError, match=problem):
        index.update(record)
    assert index.article("a").article.text == "There is a text."
    with pytest.raises(InputError, match="it has no text and no title: give it"):
        index.add(dedup.Article(id="b", text=" "))


def test_blank_article_in_batch_is_kept_with_notice(index: StoryIndex) -> None:
    notices: list[Notice] = []
    given: list[dict[str, Any]] = [
        {"id": "a", "text": "A text."},
        {"id": "b", "text": 5},
        {"id": "c", "text": "Another one."},
    ]
    placed = index.add_many(given, batch=2, notices=notices)
    assert [one.article for one in placed] == ["a", "b", "c"]
    assert [len(one.notices) for one in placed] == [0, 1, 0]
    assert placed[1].notices == tuple(notices)
    assert (notices[0].where, notices[0].action) == ("article 1", "kept as an empty article")
    recorded = placed[1].to_record()["notices"]
    assert recorded == [{"problem": notices[0].problem, "action": "kept as an empty article"}]


def test_invalid_dates_are_reported_with_placement(index: StoryIndex) -> None:
    late = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
    for name, published in (("a", "tomorrow"), ("b", late)):
        placed = index.add({"id": name, "text": f"A text of {name}.", "published": published})
        assert placed.status == "added"
        assert [one.action for one in placed.notices] == ["kept without a date"]
        assert published in placed.notices[0].problem
        assert index.article(name).article.published is None
    asked = index.match({"text": "Another.", "published": "tomorrow"})
    assert [one.action for one in asked.notices] == ["kept without a date"]
    notices: list[Notice] = []
    given = [{"id": f"n{place}", "text": f"Text {place}.", "published": "tomorrow"} for place in range(3)]
    given.append({"id": "good", "text": "Dated.", "published": "2024-03-01"})
    placed_ = index.add_many(given, notices=notices)
    assert [len(one.notices) for one in placed_] == [1, 1, 1, 0]
    assert len(notices) == 1, "together, of however many"
    assert notices[0].problem.startswith("3 dates are not as they should be")


def test_places_are_counted_across_batches(index: StoryIndex) -> None:
    with pytest.raises(InputError, match="article 3 has no id"):
        index.add_many([*MADE[:3], {"text": "no id"}], batch=2)
    assert len(index) == 2


@pytest.mark.parametrize("batch", [0, -3, 2.5, True, "5", None])
def test_batch_size_must_be_positive(index: StoryIndex, batch: Any) -> None:
    with pytest.raises(InputError, match="batch must be a whole number from 1 on"):
        index.add_many(MADE, batch=batch)
    with pytest.raises(InputError, match="batch must be a whole number from 1 on"):
        next(index.add_stream(MADE, batch=batch))
    assert len(index) == 0


# Placements


def test_existing_story_is_not_new(index: StoryIndex) -> None:
    first = index.add(MADE[0])
    assert (first.new_story, first.before) == (True, "")
    changes: list[dict[str, Any]] = [{"title": "Corrected"}, {"source": "Elsewhere"}, {"published": date(2024, 3, 9)}]
    for change in changes:
        again = index.add(replace(MADE[0], **change))
        assert (again.status, again.story, again.new_story) == ("updated", first.story, False)
        assert again.before == first.story
    placed = index.update(replace(MADE[0], title="Once more"))
    assert (placed.status, placed.new_story) == ("updated", False)


def test_update_returns_previous_story(index: StoryIndex) -> None:
    text = "Fire broke out at dawn on the ferry Lady Corran off Sorrel, and nine people died, the coastguard said."
    a = index.add({"id": "a", "text": text})
    index.add({"id": "b", "text": text})
    other = "The mayor of Kallby has opened the bridge over the Tane, two years late and far over its price."
    moved = index.update({"id": "b", "text": other})
    assert moved.before == a.story
    assert moved.story != a.story
    assert moved.new_story, "it left for a story of its own"
    assert moved.to_record()["before"] == a.story
    back = index.update({"id": "b", "text": text})
    assert (back.before, back.story, back.new_story) == (moved.story, a.story, False)
    same = index.add({"id": "b", "text": text})
    assert (same.status, same.before, same.story) == ("unchanged", a.story, a.story)
    assert index.match({"text": text}).before == ""


def test_matched_article_is_not_linked_to_itself(index: StoryIndex) -> None:
    index.add(MADE[0])
    assert index.match(MADE[0]).links == ()
    index.add(replace(MADE[0], id="copy"))
    assert all(link.a != link.b for link in index.match(MADE[0]).links)
    assert "copy" in {link.kind for link in index.match(replace(MADE[0], id="other")).links}


# Numbers, dates, ids


def test_dates_may_be_strings(index: StoryIndex) -> None:
    index.add_many([replace(article, published=date(2024, 3, 1 + place)) for place, article in enumerate(MADE)])
    assert list(index.stories(since="2100-01-01T00:00:00Z")) == []
    assert list(index.stories(since="2000-01-01")) == list(index.stories())
    assert index.page(since="2100-01-01").stories == ()
    assert index.expire("2024-03-04") == 3
    assert index.expire(date(2024, 3, 5)) == 1


@pytest.mark.parametrize("wrong", ["tomorrow", "2024-13-01", 5, 20240304, NAT, b"2024-01-01"])
def test_invalid_date_is_refused(index: StoryIndex, wrong: Any) -> None:
    index.add(MADE[0])
    asked: list[Callable[[], Any]] = [
        lambda: index.expire(wrong),
        lambda: list(index.stories(since=wrong)),
        lambda: index.page(since=wrong),
    ]
    for ask in asked:
        with pytest.raises(InputError, match=r"no date|must be a date"):
            ask()
    assert len(index) == 1


def test_list_of_ids_is_refused_with_remedy(index: StoryIndex) -> None:
    index.add_many(MADE[:2])
    with pytest.raises(InputError, match=r"remove\(\*ids\)"):
        index.remove([MADE[0].id, MADE[1].id])  # type: ignore[arg-type]
    assert len(index) == 2
    index.remove(MADE[0].id, MADE[1].id, MADE[1].id)
    assert len(index) == 0


@pytest.mark.parametrize("limit", [0, -1, "5", None])
def test_limits_are_numbers(index: StoryIndex, limit: Any) -> None:
    index.add_many(MADE[:3])
    asked: list[Callable[[], Any]] = [
        lambda: index.changes(limit=limit),
        lambda: index.page(limit=limit),
        lambda: index.search("the", limit=limit),
    ]
    for ask in asked:
        with pytest.raises(InputError, match="limit must be a whole number from 1 on"):
            ask()


# Cursors


def test_deleted_changes_raise_cursor_error(index: StoryIndex) -> None:
    index.add_many(MADE[:6])
    index.vacuum(changes_before=4)
    for since in (0, 1, 2):
        with pytest.raises(CursorError, match="before 4 were forgotten") as raised:
            index.changes(since)
        assert (raised.value.first, raised.value.last) == (4, index.stats()["changes"])
    assert index.changes(3)[0].cursor == 4
    last = index.stats()["changes"]
    index.vacuum(changes_before=last + 1)
    with pytest.raises(CursorError) as raised:
        index.changes(last - 1)
    assert raised.value.first == last + 1
    assert index.changes(last) == []
    index.add(MADE[6])
    assert index.changes(last)[0].cursor == last + 1


def test_unknown_cursor_raises_cursor_error(index: StoryIndex) -> None:
    assert index.changes(0) == []
    with pytest.raises(CursorError, match="there are 0 changes"):
        index.changes(1)
    index.add(MADE[0])
    assert index.changes(1) == index.changes(np.int64(1)) == []  # type: ignore[arg-type]
    with pytest.raises(CursorError, match="there are 1 changes, and none with the cursor 1,000,000") as raised:
        index.changes(10**6)
    assert (raised.value.first, raised.value.last) == (2, 1)
    with pytest.raises(CursorError):
        index.changes(2**70)


@pytest.mark.parametrize("since", ["x", "0", -1, 1.0, None, True])
def test_cursor_is_a_number(index: StoryIndex, since: Any) -> None:
    index.add(MADE[0])
    with pytest.raises(InputError, match="since must be a whole number from 0 on"):
        index.changes(since)


# Settings and options


def test_settings_are_settings(index: StoryIndex) -> None:
    wrong: Any = {"granularity": 0.3}
    asked: list[Callable[[], Any]] = [
        lambda: dedup.cluster(MADE, settings=wrong),
        lambda: dedup.learn_background(MADE, wrong),
        lambda: StoryIndex.open(":memory:", wrong),
        lambda: index.rebuild(wrong),
    ]
    for ask in asked:
        with pytest.raises(SettingsError, match=r"must be dedup\.Settings or None, not dict.*dedup\.Settings\("):
            ask()


def test_an_index_is_opened() -> None:
    with pytest.raises(InputError, match=r"StoryIndex\.open\('s\.db'\)"):
        StoryIndex("s.db")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ({"keep_days": 5}, "keep_days is None there, not 5"),
        ({"store_text": False}, "store_text is True there, not False"),
        ({"settle_hours": 1}, "settle_hours is 72.0 there, not 1"),
    ],
)
def test_options_of_a_new_index_are_checked(tmp_path: Path, option: dict[str, Any], problem: str) -> None:
    path = tmp_path / "stories.db"
    StoryIndex.open(path).close()
    for read_only in (False, True):
        with pytest.raises(SettingsError, match=problem):
            StoryIndex.open(path, read_only=read_only, **option)
    with StoryIndex.open(path, store_text=True, settle_hours=72) as same:
        assert same.stats()["keep_days"] is None
    other = tmp_path / "other.db"
    StoryIndex.open(other, **option).close()
    for again in (option, {}):
        with StoryIndex.open(other, **again) as index:
            assert {name: index.stats()[name] for name in option} == option
            assert index.settings == Settings()


def test_one_batch_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without memory for a thread Python waits for ever for it to start."""

    def refuse(_: threading.Thread) -> None:
        raise AssertionError

    with StoryIndex.open(":memory:") as index:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        index.add_many([Article(id=str(number), text="The mill burned.") for number in range(9)])
        assert len(index) == 9
