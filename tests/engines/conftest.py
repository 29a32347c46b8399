"""One Spark session for all tests, tuned for very small jobs; where there can be none the tests say why they skip."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FRUGAL = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.driver.memory": "2g",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""Less compiling in the JVM: what it takes at its best does not matter for forty articles."""


def why_not() -> str:
    """Why there can be no session, "" where there can."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed: pip install 'story-dedup[spark]'"
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        return "Spark needs Java, and there is none on the path"
    return ""


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    if problem := why_not():
        pytest.skip(problem)
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["DEDUP_KERNELS"] = "on"
    builder = SparkSession.builder.master("local[2,3]").appName("tests")
    for name, value in FRUGAL.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()
    del os.environ["DEDUP_KERNELS"]


@pytest.fixture(autouse=True)
def warnings_of_spark() -> Iterator[None]:
    """pyspark warns of libraries that are newer than it is, and leaves sockets to the collector: not ours to heed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        yield
