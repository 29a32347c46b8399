"""Notices of what fields were read from, and of what was not read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

import dedup
from dedup.article import Notice
from dedup.read import read_articles

TEXT = "The harbour reopened on Monday after the storm had passed, and the ferries run again from noon."
SUMMARY = "The harbour is open again."


def notices_of(path: Path, content: str, fields: dict[str, str] | None = None) -> list[Notice]:
    path.write_text(content, encoding="utf-8")
    notices: list[Notice] = []
    assert list(read_articles(path, notices=notices, fields=fields))
    return notices


def test_summaries_are_counted(tmp_path: Path) -> None:
    content = f"title,description,content\nA,{SUMMARY},\nB,{SUMMARY},{TEXT.replace(',', '')}\nC,{SUMMARY},\n"
    (notice,) = notices_of(tmp_path / "a.csv", content)
    assert notice.where == f"{tmp_path / 'a.csv'}:2"
    assert notice.problem == "2 of 3 articles have a summary and no full text"
    assert notice.action == 'text from "description": 2, "content": 1'
    assert not notice.skipped


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_columns_of_a_table_without_titles_and_dates_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".csv"):
        path.write_text(f"id;zeile;text;stamp\na;Storm over the port;{TEXT};2024-06-15\n", encoding="utf-8")
    else:
        row = {"id": "a", "zeile": "Storm over the port", "text": TEXT, "stamp": "2024-06-15"}
        parquet.write_table(pa.Table.from_pylist([row]), path)
    notices: list[Notice] = []
    assert list(read_articles(path, notices=notices))
    (notice,) = notices
    assert "'zeile' (" in notice.problem
    assert "--field title=zeile" in notice.problem
    assert "'stamp'" in notice.problem


def test_names_are_listed_once_with_samples_and_options(tmp_path: Path) -> None:
    record = '{"text":"%s","zeile":"Storm over the port","stamp":"2024-06-15","n":5,"seite":"https://e.example/1"}\n'
    (notice,) = notices_of(tmp_path / "a.jsonl", record % TEXT * 30)
    assert notice.where == f"{tmp_path / 'a.jsonl'}:1"
    assert notice.problem == (
        "nothing is read from 'zeile' (\"Storm over the port\", --field title=zeile), 'stamp' (\"2024-06-15\", "
        "--field published=stamp), 'seite' (\"https://e.example/1\", --field url=seite)"
    )
    options = {"title": "zeile", "published": "stamp", "url": "seite"}
    assert notices_of(tmp_path / "b.jsonl", record % TEXT, options) == []


def test_at_most_five_are_listed(tmp_path: Path) -> None:
    others = ",".join(f'"x{number}":"some words that no one reads"' for number in range(8))
    (notice,) = notices_of(tmp_path / "a.json", f'[{{"title":"A","text":"{TEXT}",{others}}}]')
    assert notice.problem.count("--field") == 5
    assert notice.problem.endswith(" and 3 more")


@pytest.mark.parametrize(
    "record",
    [
        {"title": "A", "clicks": 5, "shares": "2", "type": "article", "is_new": True, "dedup_id": "a b c d"},
        {"title": "A", "date": "2025-04-07", "changed": "2025-04-08", "image": "https://e.example/a.jpg"},
    ],
)
def test_what_is_no_content_is_not_listed(record: dict[str, object]) -> None:
    assert dedup.cluster([{"text": TEXT, **record}]).notices == ()


def test_mappings_have_the_same_notices() -> None:
    notices = dedup.cluster([{"description": SUMMARY, "zeile": "Storm over the port"}]).notices
    assert [notice.problem[:20] for notice in notices] == ["1 of 1 articles have", "nothing is read from"]
    assert {notice.where for notice in notices} == {"article 0"}
