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
    """Return items of an aggregator, of which two outlets have only two each; none repeats its title as text."""
    return [{"id": article.id, "title": article.title} for article in [*aggregator_items()][1].articles]


def repeating() -> Rows:
    """Return the same items, each with its title as text, which shows the label."""
    return [row(article, article.id) for article in [*aggregator_items()][1].articles]


def test_labels_that_texts_show_are_known_as_on_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    rows = repeating()
    assert labels(cluster(frame(spark, rows).repartition(3), folder=f"file://{tmp_path}/steps")) == expected(rows)


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


def test_boilerplate_equals_that_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    """Of few and of many holders, and a digest between two versions of a text."""
    rows: Rows = []
    for count in (3, 6, 9):
        footer = " ".join(f"footer{count}x{number}" for number in range(60))
        rows += [
            {
                "title": f"a{count}x{n} b{count}x{n}",
                "text": f"{' '.join(f'c{count}x{n}x{k}' for k in range(40))}\n{footer}",
            }
            for n in range(count)
        ]
    wire = "The mayor of Pell resigns. " + " ".join(f"wire{number}" for number in range(60))
    rows += [
        {"title": f"Mayor of Pell resigns, {end}", "text": f"{wire} {' '.join(f'{end}{n}' for n in range(40))}"}
        for end in ("early", "late")
    ]
    rows.append({"title": "Briefing", "text": f"{' '.join(f'other{n}' for n in range(60))} {wire}"})
    rows = [{"id": str(number), **one} for number, one in enumerate(rows)]
    given = frame(spark, rows).repartition(3)
    found = labels(cluster(given, folder=f"file://{tmp_path}/steps", partitions=3, chunk=7))
    assert found == expected(rows)
    assert len({*found.values()}) > 18
