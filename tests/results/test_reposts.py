"""An evergreen that is published again is a copy, and no news of its story."""

from __future__ import annotations

from datetime import date, timedelta

import dedup

TEXT = (
    "How to keep a harbour free of ice: the master of Corran lets warm water from the deep rise through pipes of "
    "copper "
    "that lie on the ground between the quays, and no ship of the winter ferry has waited for a tug since they were "
    "laid."
)
DAY = date(2024, 1, 10)


def story(*days: int) -> dedup.Story:
    given = [
        dedup.Article(
            id=str(day), title="Harbour free of ice", text=TEXT, published=DAY + timedelta(day), source=f"Paper {day}"
        )
        for day in days
    ]
    (found,) = dedup.cluster(given)
    with dedup.StoryIndex.open(":memory:") as index:
        for article in reversed(given):
            index.add(article)
        (held,) = index.stories()
        assert (held.start, held.end, len(held.articles)) == (found.start, found.end, len(days))
    return found


def test_a_repost_gives_a_story_no_freshness() -> None:
    found = story(0, 1, 200)
    assert (found.start, found.end) == (DAY, DAY + timedelta(1))
    assert len(found.copy_groups[0].articles) == 3
    assert found.canonical == "0"


def test_a_copy_within_the_month_is_news() -> None:
    assert story(0, 29).end == DAY + timedelta(29)
    assert story(0, 30).end == DAY
