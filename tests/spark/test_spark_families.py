"""Spark recognises many notices of one form as `dedup.cluster` does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from spark_runs import ROWS, Rows, expected, frame, labels

from dedup.spark import cluster

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]

DRAW = (
    "In the draw of Friday the balls {}, {}, {}, {} and {} were taken out of the drum in the hall of the Tann lottery,"
    " and {} is the bonus. The jackpot stands at {} million crowns. Prizes are paid at every kiosk with the clover"
    " sign within sixty days of the draw, and larger ones at the head office in the harbour street, with a passport."
    " The draw was supervised by a notary, and the numbers are given without guarantee."
)


def notices(count: int) -> Rows:
    drawn = random.Random(7)  # noqa: S311 - no secret
    return [
        {
            "id": f"draw-{number}",
            "title": "Winning numbers" if number % 3 else "Friday draw",
            "text": DRAW.format(*(drawn.randint(1, 48) for _ in range(7))),
            "published": f"2024-05-{1 + number % 28:02}",
            "source": "Herald" if number % 2 else "Echo",
        }
        for number in range(count)
    ]


def test_series_get_the_labels_of_one_machine(spark: SparkSession) -> None:
    days = [(source, day) for source in ("Herald", "Echo") for day in range(1, 5 if source == "Herald" else 3)]
    rows: Rows = [
        {"id": f"{source}-{day}", "title": f"The {source} picture of May {day}", "text": "", "source": source,
         "published": f"2024-05-0{day}"}
        for source, day in days
    ]  # fmt: skip
    rows += ROWS
    found = labels(cluster(frame(spark, rows), partitions=3, chunk=200))
    assert found == expected(rows)
    assert len({found[f"Herald-{day}"][0] for day in range(1, 5)}) == 4


def test_notices_of_one_form_get_the_labels_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    given = notices(120)
    again: Rows = [{**given[9], "id": "again", "title": "Draw of the week"}, {**given[99], "id": "more", "title": None}]
    rows = [*given, *again, *ROWS]
    found = labels(cluster(frame(spark, rows), folder=f"file://{tmp_path}/steps", partitions=3, chunk=200))
    assert found == expected(rows)
    assert len({found[row["id"]][0] for row in given}) == 120
    assert found["again"][1] == found["draw-9"][1] is not None
    assert spark.read.parquet(f"{tmp_path}/steps/families").count() > 100


def test_forecasts_that_differ_in_the_place_get_the_labels_of_one_machine(spark: SparkSession) -> None:
    text = (
        "Rain will move over {0} on Friday afternoon, with gusts up to 60 km/h on the coast. In the evening it clears "
        "up. Highs near 17 degrees, lows about 9. The harbour office of {0} expects waves of two metres."
    )
    towns = ["Corran", "Halmsund", "Brackwell", "Dunmere"]
    rows: Rows = [
        {"id": town, "title": f"Weather forecast for {town}", "text": text.format(town), "published": "2024-06-14"}
        for town in towns
    ]
    rows += [{**rows[0], "id": "again", "title": "Corran weather forecast: rain"}, *ROWS]
    found = labels(cluster(frame(spark, rows), partitions=3, chunk=200))
    assert found == expected(rows)
    assert len({found[town][0] for town in towns}) == 4
    assert found["again"][:2] == found["Corran"][:2]
