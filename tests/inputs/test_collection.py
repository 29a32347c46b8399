"""Articles are collected, and dated by their text if no field has a date."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime

import pytest

import dedup
from dedup import Article
from dedup.inputs.collection import ArticleReader, Collection

MILL = "The mill at Brackwell burned down in the night, and nobody was hurt."
MARCH = datetime(1999, 3, 12, tzinfo=UTC)


def collect(articles: Iterable[Article]) -> Collection:
    reader = ArticleReader(articles)
    assert len(list(reader.texts())) == len(reader.collection()[1])
    return reader.collection()[0]


def seconds(*articles: Article) -> list[float]:
    """The times of the distinct articles among some, as a set has no order: ascending, nan last."""
    return sorted(collect(articles).seconds.tolist(), key=lambda time: (math.isnan(time), time))


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", f"BRACKWELL, 12 March 1999 - {MILL}"),
        ("", f"\n\n  12 March 1999\n{MILL}"),
        ("Mill burns down", f"12 March 1999\n{MILL}"),
        ("Mill burns down", f"Mill burns down\n12 March 1999\n{MILL}"),
        ("Mill burns down in the night, and nobody is hurt", f"{{title}} BRACKWELL, 12 March 1999. {MILL}"),
        ("7 October 2008: the mill, ten years after", f"{{title}}\n12 March 1999\n{MILL}"),
    ],
)
def test_a_text_is_dated_by_its_head_without_the_title_it_repeats(title: str, text: str) -> None:
    assert seconds(Article(id="a", title=title, text=text.format(title=title))) == [MARCH.timestamp()]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", MILL),
        ("12 March 1999", MILL),
        ("12 March 1999", ""),
        ("12 March 1999", f"12 March 1999\n{MILL}"),
        ("", f"The mill, which had burned down on 12 March 1999, is to be built anew. {MILL}"),
    ],
)
def test_a_title_dates_nothing(title: str, text: str) -> None:
    (time,) = seconds(Article(id="a", title=title, text=text))
    assert math.isnan(time)


@pytest.mark.parametrize("published", [date(2008, 10, 7), datetime(2008, 10, 7, tzinfo=UTC)])
def test_the_date_that_is_given_wins(published: date) -> None:
    article = Article(id="a", text=f"BRACKWELL, 12 March 1999 - {MILL}", published=published)
    assert seconds(article) == [datetime(2008, 10, 7, tzinfo=UTC).timestamp()]


def test_equal_articles_have_the_date_that_one_of_them_is_given() -> None:
    text = f"BRACKWELL, 12 March 1999 - {MILL}"
    given = Article(id="b", text=text, published=date(2008, 10, 7))
    assert seconds(Article(id="a", text=text), given) == [datetime(2008, 10, 7, tzinfo=UTC).timestamp()]


def test_a_date_at_the_head_counts_in_scores_and_is_none_of_the_storys() -> None:
    """The story's dates are those that fields gave."""
    early, late = (f"BRACKWELL, {day} March 1999 - {MILL}" for day in (12, 30))
    clustering = dedup.cluster([early, f"{late} The owner will build it anew, she said."])
    explanation = clustering.explain(0, 1)
    assert explanation.link.days == 18
    assert clustering.stories[0].start is None
