"""One bad source cannot change the stories of others: an index with it is compared with one without it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from made_articles import START, stream

from dedup import Article, StoryIndex, learn_background
from dedup.index.store.metadata import DAY

GOOD = [replace(article, source=article.source or "The Wire") for article in stream(11, 150, days=40.0)]
BACKGROUND = learn_background(GOOD)
BAD = "The Replay"


class Clock:
    def __init__(self) -> None:
        self.now = START.timestamp()

    def __call__(self) -> float:
        return self.now


def words(seed: object, count: int = 60) -> str:
    """Return a text of words that nobody else has."""
    digest = hashlib.blake2b(str(seed).encode(), digest_size=4).hexdigest()
    return " ".join(f"q{digest}{chr(97 + number % 26)}{number}" for number in range(count))


def future(day: datetime, number: int) -> Iterator[Article]:
    """A source that dates its articles years ahead."""
    at = day + timedelta(days=400 + 37 * number)
    yield from (
        Article(id=f"bad{number}-{one}", text=words((number, one)), published=at, source=BAD) for one in range(5)
    )


def fetched(day: datetime, number: int) -> Iterator[Article]:
    """A source that dates what it has by the time at which it is fetched, and sends all of it each day."""
    yield from (Article(id=f"bad{one}", text=words(one), published=day, source=BAD) for one in range(5 + number // 4))


def replayed(day: datetime, number: int) -> Iterator[Article]:  # noqa: ARG001 - the others have a day
    """A source that sends its archive again, under other ids."""
    for one in range(40):
        at = START - timedelta(days=30 * one)
        yield Article(id=f"bad{number}-{one}", text=words(one % 20), title=words(one % 20, 5), published=at, source=BAD)


def taken(day: datetime, number: int) -> Iterator[Article]:
    """A source that sends what others had weeks before, dated today."""
    old = [one for one in GOOD if one.published and _time(one) < day - timedelta(days=14)]
    for one in islice(reversed(old), 4):
        yield replace(one, id=f"bad{number}-{one.id}", published=day, source=BAD)


def _time(article: Article) -> datetime:
    at = article.published
    if isinstance(at, datetime):
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return START if at is None else datetime(at.year, at.month, at.day, tzinfo=UTC)


def run(bad: object, *, keep_days: float | None, reconcile: bool) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Return the story of each article of the good sources, and the changes of these articles, day by day."""
    clock = Clock()
    ids = {article.id for article in GOOD}
    with StoryIndex.open(":memory:", background=BACKGROUND, keep_days=keep_days, clock=clock) as index:
        for number in range(44):
            day = START + timedelta(days=number)
            clock.now = day.timestamp()
            index.expire(START - timedelta(days=4_000))  # what is too old goes at the same time in both
            if callable(bad):
                index.add_many(bad(day, number))
            index.add_many(one for one in GOOD if day <= _time(one) < day + timedelta(days=1))
            if reconcile and number % 7 == 6:
                index.reconcile()
        stories = {one: story.id for story in index.stories() for one in story.articles if one in ids}
        changes = [
            (str(change.kind), change.article, change.story)
            for change in index.changes(limit=100_000)
            if change.article in ids and change.kind != "storyline"
        ]
        assert index.check() == []
    return stories, changes


@pytest.mark.parametrize(
    ("bad", "keep_days"),
    # A copy that is dated today outlives its original, as that of any outlet may: it is not asked for with `keep_days`.
    [(taken, None), *((bad, keep) for bad in (future, fetched, replayed) for keep in (None, 20.0))],
)
def test_the_stories_of_others_are_those_without_it(bad: object, keep_days: float | None) -> None:
    expected = run(None, keep_days=keep_days, reconcile=False)
    found = run(bad, keep_days=keep_days, reconcile=False)
    assert len(expected[0]) > 40
    assert found[0] == expected[0]
    assert found[1] == expected[1]


@pytest.mark.parametrize("bad", [future, fetched, replayed, taken], ids=lambda one: one.__name__)
def test_nor_does_reconcile_change_them(bad: object) -> None:
    assert run(bad, keep_days=None, reconcile=True)[0] == run(None, keep_days=None, reconcile=True)[0]


def test_a_source_dated_by_a_wrong_clock_does_not_confirm_it() -> None:
    clock = Clock()
    with StoryIndex.open(":memory:", keep_days=30, clock=clock) as index:
        index.add_many(GOOD[:20])
        clock.now += 200 * DAY
        wrong = datetime.fromtimestamp(clock.now, UTC)
        index.add_many(
            Article(id=f"bad{number}", text=words(number), published=wrong, source=BAD) for number in range(20)
        )
        assert len(index) == 40, "nothing expires by a time that one source alone confirms"
        index.add(replace(GOOD[30], published=wrong))
        assert len(index) == 21
