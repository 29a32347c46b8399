"""Articles in data frames of every library, with columns of any type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import dedup

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = [
    {"id": 1, "headline": "Harbour", "body": "The harbour reopened.", "published": NEW_YEAR},
    {"id": 2, "headline": "Rates", "body": "The bank held rates.", "published": None},
    {"id": 3, "headline": "Title alone", "body": None, "published": None},
]


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows)


FRAMES: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "pandas": pd.DataFrame,
    "pandas with types of its own": lambda rows: pd.DataFrame(rows).convert_dtypes(),
    "pandas with another index": lambda rows: pd.DataFrame(rows, index=[f"row {place}" for place in range(len(rows))]),
    "polars": pl.DataFrame,
    "polars, planned": lambda rows: pl.DataFrame(rows).lazy(),
    "pyarrow": pa.Table.from_pylist,
    "pyarrow in pieces": lambda rows: pa.concat_tables(
        [pa.Table.from_pylist(rows[:1]), pa.Table.from_pylist(rows[1:])]
    ),
    "a batch of pyarrow": _batch,
    "a stream of pyarrow": lambda rows: pa.RecordBatchReader.from_batches(_batch(rows).schema, [_batch(rows)]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_row_is_an_article(name: str) -> None:
    rows = ROWS if name != "pyarrow in pieces" else [{**row, "published": NEW_YEAR} for row in ROWS]
    if name == "pyarrow in pieces":
        rows[2] = {**rows[2], "body": ""}
    articles = dedup.cluster(FRAMES[name](rows)).articles
    assert [article.id for article in articles] == ["1", "2", "3"]
    assert [article.title for article in articles] == ["Harbour", "Rates", "Title alone"]
    assert [article.text for article in articles] == ["The harbour reopened.", "The bank held rates.", ""]
    assert articles[0].published == NEW_YEAR


@pytest.mark.parametrize("column", [pd.Series, pl.Series, pa.array, lambda texts: pa.chunked_array([texts])])
def test_a_column_of_texts(column: Callable[[list[str | None]], Any]) -> None:
    clustering = dedup.cluster(column(["The harbour reopened.", "The bank held rates.", None]))
    assert [article.text for article in clustering.articles] == ["The harbour reopened.", "The bank held rates.", ""]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.Table.from_pylist])
def test_more_rows_than_are_turned_into_mappings_at_once(library: Callable[[list[dict[str, Any]]], Any]) -> None:
    texts = [f"Ship {number} left port {number % 7}." for number in range(3000)]
    assert [article.text for article in dedup.cluster(library([{"text": text} for text in texts])).articles] == texts
