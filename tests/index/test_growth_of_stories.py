"""Growth of stories: what counts as growth, and stories ordered by it, by size and by date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dedup import Article, InputError, StoryIndex, UnknownArticleError
from dedup.index.growth import Growth

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
TEXTS = {
    "ferry": "Fire broke out on the ferry off Corran at dawn and forty people were taken ashore by a trawler",
    "bridge": "The bridge of Dunmere reopened after two years when its arches had been mended stone by stone",
    "vote": "Voters in Valmora chose a new council which promised lower fares and a tram to the harbour",
}


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(clock: Clock) -> Iterator[StoryIndex]:
    with StoryIndex.open(":memory:", clock=clock) as found:
        yield found


def add(index: StoryIndex, story: str, number: int, published: datetime | None, text: str = "") -> str:
    article = Article(id=f"{story}{number}", text=text or TEXTS[story], published=published, source=f"Outlet {number}")
    return index.add(article).story


def test_what_came_within_the_window_counts(index: StoryIndex, clock: Clock) -> None:
    story = add(index, "ferry", 1, NOW - timedelta(hours=1))
    clock.now = NOW + timedelta(hours=7)
    add(index, "ferry", 2, clock.now - timedelta(minutes=5))
    add(index, "ferry", 3, None)
    add(index, "ferry", 4, clock.now + timedelta(days=300))
    add(index, "ferry", 5, NOW - timedelta(days=20))  # an old one
    grown = index.growth(story)
    assert (grown.articles, grown.hours, grown.articles_per_hour) == (3, 6.0, 0.5)
    assert index.growth(story, hours=10).articles == 4
    clock.now += timedelta(hours=7)
    assert index.growth(story) == Growth(6.0, 0, 0)
    with pytest.raises(UnknownArticleError):
        index.growth("s0")
    for hours in (0, -1, 1e9, float("nan")):
        with pytest.raises(InputError):
            index.growth(story, hours=hours)


def test_copies_are_no_new_origins(index: StoryIndex, clock: Clock) -> None:
    story = add(index, "ferry", 1, NOW)
    clock.now = NOW + timedelta(hours=8)
    add(index, "ferry", 2, clock.now)
    assert index.growth(story).origins == 0
    add(
        index,
        "ferry",
        3,
        clock.now,
        TEXTS["ferry"].replace("by a trawler", "to Corran, where a nurse waited") + ", a pilot said",
    )
    assert index.growth(story).articles == 2
    assert index.growth(story, hours=24).origins >= 1


def test_orders_and_filters(index: StoryIndex) -> None:
    ids = {
        "ferry": [add(index, "ferry", number, NOW - timedelta(days=5)) for number in range(3)][-1],
        "bridge": add(index, "bridge", 0, NOW),
        "vote": [add(index, "vote", number, NOW - timedelta(hours=number)) for number in range(2)][-1],
    }
    name = {id_: story for story, id_ in ids.items()}

    def listed(**wanted: object) -> list[str]:
        every = [name[one.id] for one in index.stories(**wanted)]  # type: ignore[arg-type]
        paged, cursor = list[str](), None
        while True:
            page = index.page(cursor, limit=1, **wanted)  # type: ignore[arg-type]
            paged += [name[one.id] for one in page.stories]
            assert len(page.growth) == len(page.stories)
            cursor = page.next
            if cursor is None:
                assert paged == every
                return every

    assert listed(order="size") == ["ferry", "vote", "bridge"]
    assert listed(order="date")[-1] == "ferry"
    assert listed(order="growth") == ["vote", "bridge", "ferry"]
    assert listed(min_growth=0.3) == ["vote"]
    assert listed(min_growth=0.3, growth_hours=1.0, order="growth") == ["vote", "bridge"]
    assert listed(published_since=NOW - timedelta(days=1), order="size") == ["vote", "bridge"]
    assert listed(published_until=NOW - timedelta(days=1)) == ["ferry"]
    with pytest.raises(InputError, match="order"):
        index.page(order="best")  # type: ignore[arg-type]
    first = index.page(order="size", limit=1)
    with pytest.raises(InputError, match="order"):
        index.page(first.next, order="date")


def test_pages_keep_the_window_of_the_first(index: StoryIndex, clock: Clock) -> None:
    for story in TEXTS:
        add(index, story, 1, None)
    first = index.page(order="growth", limit=2)
    clock.now += timedelta(hours=7)
    second = index.page(first.next, order="growth", limit=2)
    assert len({one.id for one in (*first.stories, *second.stories)}) == 3
    assert [one.articles for one in second.growth] == [1]
