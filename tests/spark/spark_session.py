"""Pytest plugin with one Spark session for all tests."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from spark_runs import FRUGAL, Rows, row, why_not

from benchmarks.data import SEEDS
from dedup.read import read_articles

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    if problem := why_not():
        pytest.skip(problem)
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["DEDUP_KERNELS"] = "on"
    builder = SparkSession.builder.master("local[2,3]").appName("tests")
    builder = builder.config("spark.sql.warehouse.dir", f"file://{tempfile.gettempdir()}/dedup-test-warehouse")
    for name, value in FRUGAL.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()
    del os.environ["DEDUP_KERNELS"]


@pytest.fixture
def warnings_of_spark() -> Iterator[None]:
    """Ignore pyspark's warnings about newer libraries and unclosed sockets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        yield


@pytest.fixture(scope="session")
def seeds() -> Rows:
    return [row(article, article.id) for article in read_articles([str(SEEDS)])]
