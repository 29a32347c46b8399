"""What dedup itself has written is told from articles."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from reading import BODY, read_all, write

import dedup
from dedup.evaluation.judgements import LABELS, Judgement
from dedup.read import own_output
from dedup.report import write_csv, write_html, write_json, write_jsonl, write_parquet
from dedup.report.rows import COLUMNS_AGAINST, PAIR_COLUMNS, STORY_COLUMNS

ARTICLES = [
    {"id": "a", "title": "Ferry burns off Corran", "text": "Fire broke out on the ferry Lady Corran at dawn."},
    {"id": "b", "title": "Museum reopens", "text": "The museum of Kallby has opened its doors again."},
]


def written(write_as: Callable[[Any, Any], None], *, binary: bool = False) -> bytes:
    out = io.BytesIO()
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    write_as(dedup.cluster(ARTICLES), out if binary else text)
    text.flush()
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "write_as"),
    [
        ("r.jsonl", write_jsonl),
        ("r.json", write_json),
        ("r.csv", write_csv),
        ("r.parquet", write_parquet),
        ("r.html", write_html),
        ("stories.csv", partial(write_csv, rows="stories", bom=True)),
        ("stories.jsonl", partial(write_jsonl, rows="stories")),
        ("stories.parquet", partial(write_parquet, rows="stories")),
    ],
)
def test_a_result_is_skipped_and_named_once(tmp_path: Path, name: str, write_as: Callable[[Any, Any], None]) -> None:
    write(tmp_path / name, written(write_as, binary=name.endswith(".parquet")))
    write(tmp_path / "a.txt", BODY)
    articles, notices = read_all(tmp_path)
    assert [article.id for article in articles] == ["a.txt"]
    (notice,) = notices
    assert notice.where == str(tmp_path / name)
    assert "of dedup" in notice.problem or "that dedup has written" in notice.problem
    assert notice.skipped


def test_judgements_are_passed_over_and_are_no_fault(tmp_path: Path) -> None:
    lines = "".join(Judgement("x", f"y{label}", label).line() for label in LABELS)
    write(tmp_path / "labels.jsonl", lines)
    articles, notices = read_all(tmp_path)
    assert articles == []
    assert [(notice.problem, notice.skipped) for notice in notices] == [
        ("it holds judgements, no articles", False),
    ]
    assert set(LABELS) == own_output._LABELS


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "story": "x", "copy_group": None, "canonical": True, "path": "p", "title": "t", "body": BODY},
        {"id": "1", "story": "x", "canonical": True, "path": "p", "title": "t", "text": BODY},
        {"a": "x", "b": "y", "label": "neither", "text": BODY},
    ],
)
def test_articles_that_resemble_them_are_read(tmp_path: Path, record: dict[str, Any]) -> None:
    write(tmp_path / "feed.jsonl", json.dumps(record) + "\n")
    articles, notices = read_all(tmp_path)
    assert [article.text for article in articles] == [BODY]
    assert notices == []


@pytest.mark.parametrize("name", ["r.json", "r.html"])
def test_as_an_archive_they_are_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, written(write_json if name == "r.json" else write_html))
    notices: list[dedup.Notice] = []
    assert list(dedup.read_archive(path, notices=notices)) == []
    assert [notice.where for notice in notices] == [str(path)]
    assert "dedup" in notices[0].problem


def test_all_columns_of_a_result_are_read() -> None:
    """Also from Parquet, of which only the columns that are used are read."""
    assert set(COLUMNS_AGAINST) <= own_output.OWN_NAMES
    for columns in (COLUMNS_AGAINST, STORY_COLUMNS, PAIR_COLUMNS):
        assert own_output.is_own_table(columns)
