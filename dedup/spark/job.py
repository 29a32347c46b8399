"""The parameters of a run, and its session: kernels in workers, broadcasts, settings, temporary folder."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from dedup.backends import CompiledBackend
from dedup.background import Background
from dedup.settings import Settings
from dedup.spark.checkpoints import Checkpoints, if_alive

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession


@dataclass(frozen=True, slots=True)
class Job:
    """The parameters of one run.

    Attributes:
        spark: the session.
        settings: how articles are compared.
        checkpoints: the steps that were computed.
        parts: number of parts that articles, pairs and terms are split into. It does not affect the result; nor do
            the next four.
        chunk: articles that one task compares with each other and with earlier ones in the window.
        pairs: approximate number of pairs of texts that one task compares.
        links: maximum number of scored pairs in a component that one task links; larger ones are linked in rounds.
        edges: maximum number of links whose components the driver computes.
        background: a frozen background; None to learn it from these articles.
    """

    spark: SparkSession
    settings: Settings
    checkpoints: Checkpoints
    parts: int
    chunk: int = 100_000
    pairs: int = 20_000
    links: int = 5_000_000
    edges: int = 1_000_000
    background: Background | None = None


@cache
def worker_backend(settings: Settings) -> CompiledBackend:
    """Return the kernels of a worker, with one thread: a task has one processor."""
    return CompiledBackend(replace(settings, threads=1))


def column(name: str) -> Column:
    """Return a column by its name, which may contain any character."""
    from pyspark.sql import functions as F

    return F.col("`" + name.replace("`", "``") + "`")


def broadcast(spark: SparkSession, value: Any) -> Any:
    """Send a value to every executor once; only for values that do not grow with the number of articles."""
    return spark.sparkContext.broadcast(value)


@contextmanager
def configured(spark: SparkSession, values: dict[str, str]) -> Iterator[None]:
    """Set values of the session's configuration, and restore the old ones at the end."""
    before = {name: spark.conf.get(name, None) for name in values}
    try:
        for name, value in values.items():
            spark.conf.set(name, value)
        yield
    finally:
        with if_alive():
            for name, old in before.items():
                if old is None:
                    spark.conf.unset(name)
                else:
                    spark.conf.set(name, old)


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # not in a forked process
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_folder(context: object) -> Iterator[str]:
    """Create a temporary folder for the steps of a run; it is removed at once after an error.

    Otherwise it stays until the Spark context or Python ends, because the result of the run is read from it.
    """
    folder = tempfile.mkdtemp(prefix="dedup-spark-")
    end = weakref.finalize(context, _remove, folder, os.getpid())
    try:
        yield f"file://{folder}"
    except BaseException:
        end()
        raise
