"""Cases of a folder outside of the project: $TEST_CASES, else `cases` beside the labelled sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from boilerplate_cases import Case, Groups
from labelled_data import DATA

from dedup import Article, Notice, read_articles

CASES = Path(os.environ.get("TEST_CASES", DATA.parent / "cases")).resolve()
ABSENT = f"{CASES} is absent: TEST_CASES names a folder of cases"


def shared_cases() -> list[Case]:
    """Return the cases of the folder; none if it is absent."""
    return [make(name, _articles(name)) for name, make in _EXPECTED.items() if (CASES / name).exists()]


def _articles(name: str) -> tuple[Article, ...]:
    notices: list[Notice] = []
    articles = tuple(read_articles(CASES / name, notices=notices))
    assert articles, notices
    return tuple(replace(article, id=article.id.rsplit("/", 1)[-1]) for article in articles)


def _apart(name: str, articles: tuple[Article, ...]) -> Case:
    return Case(name, articles, _each(articles), ())


def _no_copies(name: str, articles: tuple[Article, ...]) -> Case:
    return Case(name, articles, None, ())


def _one_text(*shown: str) -> Callable[[str, tuple[Article, ...]], Case]:
    def case(name: str, articles: tuple[Article, ...]) -> Case:
        return Case(name, articles, _all(articles), _all(articles), shown)

    return case


def _one_story(*shown: str) -> Callable[[str, tuple[Article, ...]], Case]:
    def case(name: str, articles: tuple[Article, ...]) -> Case:
        return Case(name, articles, _all(articles), None, shown)

    return case


def _each(articles: tuple[Article, ...]) -> Groups:
    return tuple((article.id,) for article in articles)


def _all(articles: tuple[Article, ...]) -> Groups:
    return (tuple(article.id for article in articles),)


_EXPECTED: dict[str, Callable[[str, tuple[Article, ...]], Case]] = {
    "aggregator_feed.rss": _apart,
    "index_body_None.jsonl": _apart,
    "index_shared_wall.jsonl": _apart,
    "interviews_same_questions.jsonl": _no_copies,
    "article_pages.jsonl": _one_story("full"),
    "house_style_number.jsonl": _one_text(),
    "same_text_slug_titles.jsonl": _one_text(),
    "doubled_body.jsonl": _one_text("clean"),
    "html_in_csv/html.csv": _apart,
    "html_in_csv/plain.csv": _apart,
    "trade_site_menu/trade.jsonl": _apart,
    "trade_site_menu/trade_without_menu.jsonl": _apart,
}
