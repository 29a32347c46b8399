"""The inputs of the folder of cases that are about tables and dates."""

from __future__ import annotations

from datetime import date

import pytest
from reading import read_all
from shared_cases import ABSENT, CASES

import dedup
from dedup.article import Notice

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=ABSENT)


def test_a_line_that_names_the_separator_is_no_header() -> None:
    articles, notices = read_all(CASES / "excel_sep_line.csv")
    assert [article.id for article in articles] == ["1", "2", "3"]
    assert all(article.title and article.text and article.source and article.published for article in articles)
    assert notices == []


@pytest.mark.parametrize(("name", "rows"), [("ag_layout.csv", 2), ("uci_layout.tsv", 2)])
def test_a_table_without_a_header_is_read_with_the_option_of_the_message(name: str, rows: int) -> None:
    path = CASES / "headerless_table" / name
    articles, (notice,) = read_all(path)
    assert articles == []
    assert path.read_text()[:20].strip() in notice.problem.replace("\\t", "\t")
    columns = notice.action.partition("--columns ")[2].split()[0].split(",")
    notices: list[Notice] = []
    found = list(dedup.read_articles(path, columns=columns, notices=notices))
    assert len(found) == rows
    assert all(article.title for article in found)
    assert not any(notice.skipped for notice in notices)


def test_months_of_other_languages() -> None:
    articles, notices = read_all(CASES / "foreign_month_in_field" / "dates.jsonl")
    days = [date(article.published.year, article.published.month, article.published.day) for article in articles[:5]]  # type: ignore[union-attr]
    assert days == [date(2020, 5, 12)] * 5
    assert notices == []


def test_an_offset_ahead_of_greenwich_is_earlier() -> None:
    clustering = dedup.cluster(read_all(CASES / "gmt_plus_offset.jsonl")[0])
    assert clustering.stories[0].canonical == "original"
