"""Notices of one form take time in proportion to their number."""

from __future__ import annotations

import random
import time
from datetime import date, timedelta

import pytest
from boilerplate_cases import texts

from dedup import Article, cluster

FEW, MANY = 300, 1200
GROWTH = 5.5
"""Greatest growth of processor time: four times is linear, sixteen times quadratic."""
SECONDS = 6.0
"""Processor time of many, at most; on two shared cores of 2024 a third of it is enough."""


def notices(form: str, count: int) -> list[Article]:
    drawn = random.Random(3)  # noqa: S311 - no secret
    return [
        Article(
            id=str(n),
            text=form.format(*(drawn.randint(1, 48) for _ in range(7))),
            published=date(2025, 6, 1) + timedelta(days=n % 28),
        )
        for n in range(count)
    ]


def processor_seconds(form: str, count: int) -> float:
    articles = notices(form, count)
    begin = time.process_time()
    clustering = cluster(articles)
    assert len(clustering.stories) > 0.98 * count
    return time.process_time() - begin


@pytest.mark.parametrize("form", range(2))
def test_time_is_linear(form: int) -> None:
    text = texts()["forms"][form]
    processor_seconds(text, FEW)  # what is loaded once
    few, many = (min(processor_seconds(text, count) for _ in range(2)) for count in (FEW, MANY))
    assert many < GROWTH * few + 0.2
    assert many < SECONDS
