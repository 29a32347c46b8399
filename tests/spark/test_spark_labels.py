"""Labels of titles are those of one machine, wherever the articles with them were read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from boilerplate_cases import aggregator_items, labels_in_titles
from spark_runs import Rows, expected, frame, labels, row

from dedup.backends import CompiledBackend
from dedup.settings import Settings
from dedup.spark import cluster
from dedup.vectorize.boilerplate import find_boilerplate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]
TOWNS = ("Larkhaven", "Brackwell", "Dunmere", "Ashford", "Wexcombe", "Orrinport")


def mixed() -> Rows:
    """Return articles with labels, with a topic that their bodies name, and with one that is inside other titles."""
    titles = [article.title for case in labels_in_titles() for article in case.articles]
    titles += [f"Velden: {town} zz{town} opens" for town in TOWNS[:3]]
    titles += [f"{town} yy{town} in Velden again" for town in TOWNS]
    topic = [
        {
            "title": f"Orsa dam break: {town} counts boats",
            "text": f"The Orsa dam had no guard: a break. {' '.join(f'{town}{number}' for number in range(30))}",
        }
        for town in TOWNS
    ]
    return [{"id": f"{number}", **one} for number, one in enumerate([*({"title": one} for one in titles), *topic])]


def pairs() -> Rows:
    """Return items of an aggregator, of which two outlets have only two each."""
    return [row(article, article.id) for article in [*aggregator_items()][1].articles]


@pytest.mark.parametrize("make", [mixed, pairs])
def test_labels_equal_those_of_one_machine(spark: SparkSession, tmp_path: Path, make: Callable[[], Rows]) -> None:
    rows = make()
    given = frame(spark, rows).repartition(3)
    assert labels(cluster(given, folder=f"file://{tmp_path}/steps", partitions=3, chunk=20)) == expected(rows)
    backend = CompiledBackend(Settings())
    words = backend.read(iter([(one["title"], one.get("text") or "") for one in rows]))
    found = find_boilerplate(words, backend).tolist()
    assert len(found) > 2
    assert json.loads((tmp_path / "steps" / "labels.json").read_text(encoding="utf-8"))["labels"] == found
