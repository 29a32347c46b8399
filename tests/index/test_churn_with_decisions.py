"""Decisions of editors do not make other articles change their stories later."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from made_articles import START, stream

from dedup import Article, InputError, StoryIndex, learn_background

DAY = timedelta(days=1)


def moved_late(articles: Sequence[Article], decisions: int, seed: int) -> tuple[int, int]:
    """Add articles day by day with random decisions between.

    Returns:
        How many articles changed their story more than 24 hours after they came, but by a decision itself, and how many
        decisions were made.
    """
    rng, clock, made = random.Random(seed), [START.timestamp()], 0  # noqa: S311 - any will do
    arrived: dict[str, float] = {}
    late: set[str] = set()
    with StoryIndex.open(":memory:", background=learn_background(articles), clock=lambda: clock[0]) as index:
        for day in range(20):
            clock[0] = (START + day * DAY).timestamp()
            today = [one for one in articles if _day(one) == day]
            arrived |= {one.id: clock[0] for one in today}
            changes = [change for placed in index.add_many(today, batch=10) for change in placed.changed]
            late |= {one.article for one in changes if one.kind == "moved" and clock[0] - arrived[one.article] > 86_400}
            for _ in range(decisions // 20):
                kind: Any = rng.choice(["together", "apart", "split", "move", "title", "canonical"])
                one, other = rng.sample([*arrived], 2)
                near = [id_ for id_ in index.story(index.article(one).story).articles if id_ != one]
                more = {"apart": {"apart_from": near[:1] or [other]}, "move": {"into": other}, "title": {"title": "T"}}
                with suppress(InputError):
                    both = [one, other] if kind == "together" else [one]
                    index.decide(kind, both, supersede=True, **more.get(kind, {}))  # type: ignore[arg-type]
                    made += 1
        assert index.check() == []
    return len(late), made


def _day(article: Article) -> int:
    at = article.published
    return (at - START).days if isinstance(at, datetime) else int(article.id.removeprefix("a")) % 20


@pytest.mark.parametrize("seed", range(2))
def test_others_change_their_stories_as_seldom_as_without(seed: int) -> None:
    articles = list(stream(seed, 300, days=20.0))
    without, _ = moved_late(articles, 0, seed)
    found, made = moved_late(articles, 100, seed)
    assert made > 60
    assert found <= without + 0.01 * len(articles)
