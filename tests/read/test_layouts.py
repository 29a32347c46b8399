"""Files with the structure of real exports, dumps and answers of APIs, in words of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from reading import read_all

FOLDER = Path(__file__).parent / "layouts"
ARTICLES: list[dict[str, str]] = json.loads((FOLDER / "pandas_records.json").read_text(encoding="utf-8"))
OURS = {
    "content": "text",
    "published_at": "published",
    "source_name": "source",
    "language": "lang",
    "category": "section",
}

WITHOUT = {
    "aylien.json": "",
    "answers_in_lines.jsonl": "",
    "bing_news.json": "id lang author",
    "by_day.json": "",
    "by_section.json": "",
    "by_url.json": "",
    "chinese_names.jsonl": "",
    "columns_as_lists.json": "",
    "contentful.json": "author section",
    "currents.json": "source",
    "elasticdump.jsonl": "",
    "elasticsearch_hits.json": "",
    "event_registry.json": "section",
    "feedly.json": "section",
    "feedparser.json": "section",
    "freshrss.json": "lang section",
    "gdelt_doc.json": "id text published author section",
    "german_names.jsonl": "",
    "gnews.json": "author section",
    "google_sheets.json": "",
    "graphql_connection.json": "",
    "guardian.json": "",
    "json_api_of_drupal.json": "author section",
    "json_feed.json": "section",
    "json_ld_graph.json": "",
    "json_normalize_in_csv.csv": "section",
    "langchain_documents.jsonl": "author section",
    "media_cloud.json": "author section",
    "mediastack.json": "id",
    "miniflux.json": "lang section",
    "mongoexport.jsonl": "section",
    "names_of_no_language.json": "source lang url author section",
    "news_please.jsonl": "section",
    "newsapi.json": "id lang section",
    "newsapi_cut_content_beside_a_full_one.json": "id lang section",
    "newsapi_null_content.json": "id lang section",
    "newscatcher.json": "section",
    "newsdata_io.json": "",
    "ninjs.json": "url section",
    "ninjs_2.json": "url section",
    "nyt_article_search.json": "lang",
    "pandas_columns.json": "",
    "pandas_index.json": "",
    "pandas_records.json": "",
    "pandas_split.json": "",
    "pandas_table.json": "",
    "reddit_listing.json": "",
    "rss2json.json": "lang",
    "rss_as_json.json": "",
    "russian_names.jsonl": "",
    "sanity.json": "url author section",
    "scrapy.json": "",
    "solr.json": "author section",
    "spanish_names.jsonl": "",
    "strapi.json": "author section",
    "thenewsapi.json": "author",
    "webz_io.json": "",
    "wordpress_rest.json": "source lang author section",
}
"""File -> the fields that it does not have."""

OPTIONS = {
    "names_of_no_language.json": {
        "id": "nr",
        "title": "payload_x.kop_x",
        "text": "tekstblok_x",
        "published": "stamp_x",
    }
}

Make = Callable[[Mapping[str, Any]], Any]


def naive(row: Mapping[str, Any]) -> Any:
    return row["published"].replace(tzinfo=None)


def one_outlet(_: Mapping[str, Any]) -> str:
    return "The Harwick Echo"


OTHERWISE: dict[str, dict[str, Make]] = {
    "by_day.json": {"published": lambda row: row["published"].date()},
    "event_registry.json": {"lang": lambda _: "eng"},
    "feedparser.json": {"source": one_outlet},
    "gdelt_doc.json": {"lang": lambda _: "English"},
    "json_feed.json": {"source": one_outlet},
    "news_please.jsonl": {"published": naive},
    "newscatcher.json": {"published": naive},
    "newsdata_io.json": {"published": naive},
    "rss2json.json": {"published": naive, "source": one_outlet},
    "rss_as_json.json": {"source": one_outlet},
    "scrapy.json": {"text": lambda row: row["text"].replace(". ", ".\n")},
    "wordpress_rest.json": {"published": naive},
}
"""File -> the fields that it gives in another form."""


def wanted_of(name: str, row: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {OURS.get(theirs, theirs): value for theirs, value in row.items()}
    fields["published"] = datetime.fromisoformat(row["published_at"])
    fields |= {field: make(fields) for field, make in OTHERWISE.get(name, {}).items()}
    return fields | {field: None if field == "published" else "" for field in WITHOUT[name].split()}


@pytest.mark.parametrize("name", WITHOUT)
def test_every_layout_is_read(name: str) -> None:
    articles, notices = read_all(FOLDER / name, fields=OPTIONS.get(name))
    assert len(articles) == len(ARTICLES)
    for article, row in zip(articles, ARTICLES, strict=True):
        wanted = wanted_of(name, row)
        wanted["id"] = wanted["id"] or article.id
        assert {field: getattr(article, field) for field in wanted} == wanted
    assert not [notice for notice in notices if notice.skipped]


def test_the_table_has_every_file_and_few_need_an_option() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(WITHOUT)
    assert len(WITHOUT) >= 40
    assert len(OPTIONS) <= 2


def test_without_the_option_the_message_names_it() -> None:
    _, notices = read_all(FOLDER / "names_of_no_language.json")
    said = " ".join(map(str, notices))
    assert all(f"'{name}'" in said for name in ("tekstblok_x", "stamp_x"))
    assert "--field text=" in said
