"""Rows, data frames and expected labels for the tests of Spark."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import dedup
from dedup.vectorize.features import HashedWords

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

FIELDS = ("id", "title", "text", "source", "published", "lang", "url", "kind")
LABELS = ("story", "copy_group", "canonical", "storyline")
Rows = list[dict[str, Any]]
LONG = "DEDUP_LONG_TESTS"
long = pytest.mark.skipif(os.environ.get(LONG) != "1", reason=f"{LONG}=1 runs the tests that take minutes")

FRUGAL = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "2g",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "3",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""Settings for a fast start: peak speed does not matter for forty articles."""


def why_not() -> str:
    """Return why no session can start, "" if it can."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed: pip install 'story-dedup[spark]'"
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        return "Spark needs Java, and there is none on the path"
    return ""


def row(article: dedup.Article, name: str) -> dict[str, Any]:
    published = article.published and article.published.isoformat()
    return {**{field: getattr(article, field) for field in FIELDS}, "id": name, "published": published}


def frame(spark: SparkSession, rows: Rows) -> DataFrame:
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in FIELDS])
    return spark.createDataFrame(pa.Table.from_pylist([{n: row.get(n) for n in FIELDS} for row in rows], schema))


def labels(found: DataFrame) -> dict[str, tuple[Any, ...]]:
    rows = found.collect()
    assert len({row["id"] for row in rows}) == len(rows), "an id is there twice"
    return {row["id"]: tuple(row[name] for name in LABELS) for row in rows}


def expected(
    rows: Rows, settings: dedup.Settings | None = None, background: dedup.Background | None = None
) -> dict[str, tuple[Any, ...]]:
    given = [{name: row.get(name) for name in FIELDS} for row in rows]
    records = dedup.cluster(given, settings, background=background).to_records()
    return {record["id"]: tuple(record[name] for name in LABELS) for record in records}


FERRY = "The ferry Marlin ran aground off Corran harbour on Monday with 212 people aboard, the coastguard said. "
ROWS: Rows = [
    *({"id": f"wall-{n}", "title": title, "text": "Please subscribe to read on. " * 12} for n, title in enumerate(
        ["Bakers of Ullswick strike over flour", "Comet seen above Tarnholm", "Striker Ondra joins Velden"]
    )),
    {"id": "same", "title": "Ferry aground", "text": FERRY * 4, "published": "2024-05-02", "source": "Echo"},
    {"id": "same", "title": "Ferry aground", "text": FERRY * 4, "published": "2024-05-01", "source": "Herald"},
    {"id": "same", "title": "Marlin aground off Corran", "text": FERRY * 4 + "Tugs are on the way.", "source": "Echo"},
    {"id": "same#2", "title": "A name that is taken", "text": "Nothing to do with ferries."},
    {"id": "blank", "title": None, "text": None},
    {"id": "blank", "title": " ", "text": ""},
    {"id": "dateless", "title": "Corran ferry Marlin runs aground", "text": "CORRAN, May 3, 2024 - " + FERRY * 2},
    {"id": "odd date", "title": "Marlin: 212 aboard", "text": FERRY, "published": "the day before"},
]  # fmt: skip
"""Unusual rows of every kind."""


def texts_with_copies(random: np.random.Generator, count: int) -> Any:
    """Return articles of which many share passages, some repeat themselves, and some are very short."""
    import pyarrow as pa

    from dedup.spark.arrow import words_columns

    pool = random.integers(0, 1 << 32, 400, np.uint32)
    bodies: list[NDArray[np.uint32]] = []
    for number in range(count):
        body = random.choice(pool, int(random.integers(0, 300) if number % 7 else random.integers(0, 8)))
        if bodies and number % 3:
            other = bodies[int(random.integers(0, len(bodies)))]
            begin = int(random.integers(0, len(other) + 1))
            body = np.concatenate([body[: len(body) // 4], other[begin : begin + int(random.integers(0, 250))]])
        if number % 5 == 0:
            body = np.concatenate([body, body])
        bodies.append(body)
    titles = random.integers(0, 4, count)
    lengths = np.stack([titles, [len(body) for body in bodies]], axis=1)
    offsets = np.concatenate([[0], np.cumsum(lengths.ravel())]).astype(np.int64)
    parts = [part for title, body in zip(titles, bodies, strict=True) for part in (pool[:title], body)]
    hashes = np.concatenate(parts)
    words = HashedWords(hashes, random.integers(0, 4, len(hashes)).astype(np.uint8), offsets)
    return pa.table({"n": np.arange(count) * 3 + 1, **words_columns(words)})
