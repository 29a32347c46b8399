"""A clock that jumps loses no article, and an index that went through it recovers."""

from __future__ import annotations

import logging
import math
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dedup import Article, StoreError, StoryIndex

DAY, YEAR, START = 86_400.0, 365 * 86_400.0, 1.7e9


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def article(name: str, at: float | None = START) -> Article:
    published = None if at is None else datetime.fromtimestamp(at, UTC)
    return Article(
        id=name, text=f"{name} reported from the harbour of {name}ford that all is well", published=published
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stories.db"


@pytest.mark.parametrize("years", [10, 0.2, 200])
def test_a_jump_ahead_expires_nothing(path: Path, clock: Clock, years: float, caplog: pytest.LogCaptureFixture) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        index.add_many([article(f"a{number}") for number in range(5)])
        clock.now += years * YEAR
        with caplog.at_level(logging.WARNING, "dedup.index"):
            for number in range(20):
                index.add(article(f"b{number}"))
        assert len(index) == 25
        assert len(caplog.records) == 1
        clock.now = START + 3600
        index.add(article("c"))
        assert len(index) == 26
        assert index.check() == []
    clock.now = START + 20 * DAY
    with StoryIndex.open(path, clock=clock) as index:
        index.add(article("d", clock.now))
        index.rebuild()
        assert len(index) == 27


@pytest.mark.parametrize("years", [(0.4, 2), (2, 10), (10, 2)])
def test_a_second_jump_does_not_confirm_the_first(path: Path, clock: Clock, years: tuple[float, float]) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        for number, ahead in enumerate((0.0, *years, 0.0)):
            clock.now = START + ahead * YEAR
            index.add(article(f"a{number}"))
        assert len(index) == 4


def test_what_is_old_expires_when_articles_confirm_the_time(path: Path, clock: Clock) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        index.add(article("a"))
    clock.now += 40 * DAY
    with StoryIndex.open(path, clock=clock) as index:
        index.add(article("old"))
        assert len(index) == 2
        index.add(article("b", clock.now - 3600))
        assert len(index) == 1
        assert "b" in index


def test_what_is_old_expires_when_the_clock_runs_on(path: Path, clock: Clock) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        index.add(article("a", None))
        clock.now += 40 * DAY
        index.add(article("b", None))
        assert len(index) == 2
    clock.now += 1.1 * DAY
    with StoryIndex.open(path, clock=clock) as index:
        index.add(article("c", None))
        assert "a" not in index
        assert "b" in index
        assert "c" in index


def test_time_that_passes_needs_no_confirmation(path: Path, clock: Clock) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        for number in range(45):
            clock.now = START + number * DAY
            index.add(article(f"a{number}", None))
        assert len(index) == 31


def test_a_store_that_went_through_a_jump_recovers(path: Path, clock: Clock) -> None:
    """As a version that believed its clock left it: the time of the jump is stored."""
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        index.add(article("a"))
    with sqlite3.connect(path) as store:
        store.execute("UPDATE fact SET value = ? WHERE name = 'now'", (repr(START + 10 * YEAR),))
        store.execute("DELETE FROM fact WHERE name IN ('expiry', 'jump')")
    store.close()
    clock.now += DAY
    with StoryIndex.open(path, clock=clock) as index:
        for number in range(5):
            index.add(article(f"b{number}", clock.now))
        assert len(index) == 6
        assert index.changes(index.stats()["changes"] - 1)[0].at.year == 2023


def test_a_clock_that_goes_back_expires_nothing_and_times_ascend(path: Path, clock: Clock) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        for number, back in enumerate((0.0, 1.0, 400 * DAY, 5 * YEAR, 2 * DAY, 0.0)):
            clock.now = START - back
            index.add(article(f"a{number}"))
        times = [change.at for change in index.changes()]
        assert times == sorted(times)
        assert len(index) == 6


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -1.0, 1e18, 253_402_300_800.0])
def test_an_impossible_clock_is_an_error(path: Path, clock: Clock, wrong: float) -> None:
    with StoryIndex.open(path, keep_days=30, clock=clock) as index:
        index.add(article("a"))
        clock.now = wrong
        with pytest.raises(StoreError, match="clock"):
            index.add(article("b"))
        clock.now = START
        index.add(article("b"))
        assert len(index) == 2
