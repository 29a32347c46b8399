"""The inputs of the folder of cases that are about fields and structures: every record, with title, text and date."""

from __future__ import annotations

import pytest
from reading import read_all
from shared_cases import ABSENT, CASES

import dedup

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=ABSENT)

COUNTS = {
    "description_ignored/feed.csv": 4,
    "description_ignored/newsapi_content_null.json": 4,
    "html_and_lists_in_json/feedparser.json": 3,
    "html_and_lists_in_json/jsonfeed.json": 3,
    "html_and_lists_in_json/ninjs.json": 3,
    "json_containers/by_day.json": 3,
    "json_containers/elastic_search.json": 3,
    "json_containers/pandas_index.json": 3,
    "json_containers/webz.json": 3,
    "json_unread_silent/rows.jsonl": 2,
    "truncated_content_beats_full_text/rows.csv": 1,
    "wordpress_rest/wordpress.json": 3,
}


@pytest.mark.parametrize("name", COUNTS)
def test_every_record_has_title_text_and_date(name: str) -> None:
    articles, notices = read_all(CASES / name)
    assert len(articles) == COUNTS[name]
    assert not [notice for notice in notices if notice.skipped]
    for article in articles:
        assert article.title
        assert len(article.text) > 60
        assert article.text.endswith(".")
        assert article.published


def test_titles_alone_have_a_source_a_language_and_the_time_they_were_seen() -> None:
    articles, _ = read_all(CASES / "json_unread_silent" / "gdelt_doc.json")
    assert [article.source for article in articles] == ["paper0.example", "paper1.example", "paper2.example"]
    assert all(article.seen and article.lang == "English" and article.url for article in articles)


@pytest.mark.parametrize("name", ["description_ignored/feed.csv", "description_ignored/newsapi_content_null.json"])
def test_four_accidents_are_four_stories(name: str) -> None:
    assert len(dedup.cluster(read_all(CASES / name)[0]).stories) == 4


def test_the_cut_text_is_not_the_text() -> None:
    (article,) = read_all(CASES / "truncated_content_beats_full_text" / "rows.csv")[0]
    assert article.text.endswith("look at its pumps.")
