"""Records are found in JSON by its structure, and what belongs to one article stays one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from reading import read_all, write

from dedup.article import Article

FERRY = "A ferry burned off Harwick and forty people were taken off by lifeboats, the coastguard said on Monday."
COUNCIL = "Councillors voted by nine to four to close the library of Brindlemoor in June, after a long debate."
TITLES = ("Ferry burns off Harwick", "Council closes library")
A: dict[str, Any] = {"title": TITLES[0], "text": FERRY, "date": "2025-04-07"}
B: dict[str, Any] = {"title": TITLES[1], "text": COUNCIL, "date": "2025-04-08"}
OUTLET = {"id": "bbc", "name": "Echo", "description": "The news of the world for all of us", "url": "https://e.example"}


def read_json(tmp_path: Path, content: Any, name: str = "a.json") -> list[Article]:
    return read_all(write(tmp_path / name, json.dumps(content)))[0]


@pytest.mark.parametrize(
    "content",
    [
        {"status": "ok", "message": "success", "data": {"articles": [A, B]}},
        {"result": {"payload": {"feed": {"stories": [A, B]}}}},
        {"_embedded": {"articles": [A, B]}, "_links": {"self": {"href": "x"}}, "total": 2},
        [{"status": "ok", "articles": [A]}, {"status": "ok", "articles": [B]}],
        [{"row_to_json": A}, {"row_to_json": B}],
        [{"offset": 1, "value": A}, {"offset": 2, "value": B}],
        {"Items": [{name: {"S": value} for name, value in one.items()} for one in (A, B)], "Count": 2},
        {"hits": [{"document": A, "highlights": []}, {"document": B, "highlights": []}], "found": 2},
        [{"type": "header", "version": "5"}, {"type": "table", "name": "articles", "data": [A, B]}],
        {"db": [{"meta": {"exported_on": 1}, "data": {"posts": [A, B], "users": [OUTLET], "tags": []}}]},
        {"status": "ok", "articles": [A, B], "sources": [OUTLET] * 5},
        {"a1": A, "b2": B},
        {name: {"0": A[name], "1": B[name]} for name in A},
        {"title": [*TITLES], "text": [FERRY, COUNCIL], "date": [A["date"], B["date"]]},
        {"columns": [*A], "index": [0, 1], "data": [[*A.values()], [*B.values()]]},
        [[*A], [*A.values()], [*B.values()]],
        {"meta": {"view": {"columns": [{"name": name} for name in A]}}, "data": [[*A.values()], [*B.values()]]},
        {"id": "e1", "date": "2025-04-07", "summary": "A ferry burned and a library closes.", "articles": [A, B]},
    ],
    ids=range(18),
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_every_record_is_found(tmp_path: Path, content: Any, name: str) -> None:
    if name == "a.jsonl" and isinstance(content, list):
        pytest.skip("a line holds one object")
    articles = read_json(tmp_path, content, name)
    assert [article.title for article in articles] == [*TITLES]
    assert [article.text for article in articles] == [FERRY, COUNCIL]
    assert [article.published for article in articles] == [date(2025, 4, 7), date(2025, 4, 8)]
    assert len({article.id for article in articles}) == 2


@pytest.mark.parametrize(
    "content",
    [
        {**A, "comments": [{"id": 1, "body": "How terrible for all of them!", "created_at": "2025-04-08"}] * 3},
        {**A, "text": None, "description": FERRY, "comments": [{"id": 1, "body": "How terrible for all of them!"}] * 3},
        {
            **A,
            "text": None,
            "description": FERRY,
            "related": [{"title": "Other", "description": "x y", "date": "2025"}],
        },
        {**A, "items": [B]},
        {"article": A, "publisher": OUTLET},
        {"title": {"rendered": TITLES[0]}, "content": {"rendered": FERRY}, "date": {"value": "2025-04-07"}},
        {"title": [TITLES[0]], "text": [FERRY], "date": ["2025-04-07"]},
    ],
    ids=range(7),
)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_one_article_stays_one(tmp_path: Path, content: Any, name: str) -> None:
    (article,) = read_json(tmp_path, content, name)
    assert (article.title, article.text, article.published) == (TITLES[0], FERRY, date(2025, 4, 7))


def without_date(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "date"}


def test_keys_say_what_a_record_does_not(tmp_path: Path) -> None:
    a, b = without_date(A), without_date(B)
    days = read_json(tmp_path, {"2025-04-07": [a], "2025-04-08": [b]})
    assert [article.published for article in days] == [date(2025, 4, 7), date(2025, 4, 8)]
    both = read_json(tmp_path, {"2025-04-07": {"x1": a}, "2025-04-08": {"x2": b}})
    assert [(article.id, article.published) for article in both] == [("x1", date(2025, 4, 7)), ("x2", date(2025, 4, 8))]
    sections = read_json(tmp_path, {"sport": [A], "culture": [B]})
    assert [article.section for article in sections] == ["sport", "culture"]
    addresses = read_json(
        tmp_path, {"https://e.example/1": A, "https://e.example/2": {**B, "url": "https://e.example/3"}}
    )
    assert [article.url for article in addresses] == ["https://e.example/1", "https://e.example/3"]
    texts = read_json(tmp_path, {"https://e.example/1": FERRY, "https://e.example/2": COUNCIL})
    assert [(article.url, article.text) for article in texts] == [
        ("https://e.example/1", FERRY),
        ("https://e.example/2", COUNCIL),
    ]


def test_keys_that_only_count_are_no_ids(tmp_path: Path) -> None:
    assert [article.id for article in read_json(tmp_path, {"0": A, "1": B})] == ["a.json:1", "a.json:2"]


def test_what_is_around_records_applies_to_them(tmp_path: Path) -> None:
    content = {"source": "bbc-news", "language": "en", "date": "2025-04-09", "articles": [A, without_date(B)]}
    articles = read_json(tmp_path, content)
    assert {(article.source, article.lang) for article in articles} == {("bbc-news", "en")}
    assert [article.published for article in articles] == [date(2025, 4, 7), date(2025, 4, 9)]


def test_rows_without_names_are_told(tmp_path: Path) -> None:
    articles, (notice,) = read_all(write(tmp_path / "a.json", json.dumps([[*A.values()], [*B.values()]])))
    assert articles == []
    assert "does not name the columns" in notice.problem
    assert "orient='records'" in notice.action


def test_of_names_no_one_knows_the_option_is_told(tmp_path: Path) -> None:
    content = {
        "n": 2,
        "resultate": [{"zeile_x": TITLES[0], "absatz_x": FERRY}, {"zeile_x": TITLES[1], "absatz_x": COUNCIL}],
    }
    articles, notices = read_all(write(tmp_path / "a.json", json.dumps(content)))
    assert articles == []
    assert {notice.action for notice in notices} == {"skipped (--field text=absatz_x reads its longest field)"}
    articles, notices = read_all(tmp_path / "a.json", fields={"text": "absatz_x", "title": "zeile_x"})
    assert [(article.title, article.text) for article in articles] == [(TITLES[0], FERRY), (TITLES[1], COUNCIL)]
    assert notices == []


def test_of_several_lists_those_of_articles_are_read(tmp_path: Path) -> None:
    posts = {"posts": [A, B], "comments": [{"content": COUNCIL, "date": "2025-04-09", "author": "x"}] * 5}
    articles, notices = read_all(write(tmp_path / "a.json", json.dumps(posts)))
    assert [article.title for article in articles] == [*TITLES]
    assert [str(notice) for notice in notices] == [
        f"{tmp_path / 'a.json'}: its list 'comments' has 5 objects that are less of an article; not read"
    ]
    feed = {
        "title": "The Echo",
        "link": "https://e.example",
        "description": "All of it",
        "items": [{"title": TITLES[0]}],
    }
    assert [article.title for article in read_json(tmp_path, feed)] == [TITLES[0]]


def test_an_empty_answer_is_told(tmp_path: Path) -> None:
    articles, (notice,) = read_all(write(tmp_path / "a.json", '{"status": "ok", "totalResults": 0, "articles": []}'))
    assert articles == []
    assert notice.skipped


def test_a_value_that_repeats_a_field_is_not_named(tmp_path: Path) -> None:
    repeated = {"title_detail": {"value": TITLES[0]}, "words_of_it": FERRY}
    content = json.dumps([{**A, **repeated, "gloss_x": "Lifeboats are kept at three piers of the town."}])
    _, (notice,) = read_all(write(tmp_path / "a.json", content))
    assert "gloss_x" in notice.problem
    assert "title_detail" not in notice.problem
    assert "words_of_it" not in notice.problem
