"""Headlines of other articles are those of one machine, wherever the articles were read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from boilerplate_cases import rotating_headlines
from spark_runs import expected, frame, labels, row

from dedup.backends import CompiledBackend
from dedup.settings import Settings
from dedup.spark import cluster
from dedup.vectorize.boilerplate import find_headlines

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def test_headlines_equal_those_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    """Also of a headline that several articles have as title, and of one inside the article that it is about."""
    articles = [article for case in rotating_headlines() for article in case.articles]
    rows = [row(article, f"{number}") for number, article in enumerate(articles)]
    first = rows[0]
    rows += [{**first, "id": "twin", "text": f"{first['title']}\n{first['text']}"}]
    rows += [{**first, "id": "other", "title": "Another name of it", "text": f"{first['title']}\n{first['text']}"}]
    given = frame(spark, rows).repartition(3)
    assert labels(cluster(given, folder=f"file://{tmp_path}/steps", partitions=3, chunk=20)) == expected(rows)
    backend = CompiledBackend(Settings())
    words = backend.read(iter([(one["title"], one["text"]) for one in rows]))
    found = find_headlines(words, backend, np.empty(0, np.uint64)).tolist()
    assert len(found) > 5
    sent = json.loads((tmp_path / "steps" / "headlines.json").read_text(encoding="utf-8"))
    assert sent["headlines"] == found
