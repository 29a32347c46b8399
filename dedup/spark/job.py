"""What every step of a run is given, and what workers keep while they live."""

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
    """One run.

    Attributes:
        spark: the session.
        settings: how articles are compared.
        kept: the steps.
        parts: into how many parts articles, pairs and terms are dealt. No result depends on it, nor on what follows.
        chunk: articles that are compared with each other in one task, and with those before them in the window.
        pairs: pairs of articles whose texts are compared in one task, about.
        links: scored pairs of a component that one task links; larger ones are linked by all tasks, in rounds.
        edges: links that the driver finds the components of by itself; more are done by the executors.
        background: what is known before any article is seen; None where it is learned from these.
    """

    spark: SparkSession
    settings: Settings
    kept: Checkpoints
    parts: int
    chunk: int = 100_000
    pairs: int = 20_000
    links: int = 5_000_000
    edges: int = 1_000_000
    background: Background | None = None


@cache
def worker_backend(settings: Settings) -> CompiledBackend:
    """The kernels in a worker: a task has one processor."""
    return CompiledBackend(replace(settings, threads=1))


def column(name: str) -> Column:
    """A column by its name, whatever signs are in that."""
    from pyspark.sql import functions as F

    return F.col("`" + name.replace("`", "``") + "`")


def broadcast(spark: SparkSession, value: Any) -> Any:
    """What every task is handed once for each executor: only what does not grow with the articles."""
    return spark.sparkContext.broadcast(value)


@contextmanager
def configured(spark: SparkSession, values: dict[str, str]) -> Iterator[None]:
    """Settings of a session for the time of a run."""
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
    if os.getpid() == process:  # and not one that was forked from it
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_folder(context: object) -> Iterator[str]:
    """A temporary folder for the steps of a run, which is removed at once if that fails.

    Else it stays, for what a run returns is read from it, until Spark's context, without which nothing can be read,
    is gone or Python ends.
    """
    folder = tempfile.mkdtemp(prefix="dedup-spark-")
    end = weakref.finalize(context, _remove, folder, os.getpid())
    try:
        yield f"file://{folder}"
    except BaseException:
        end()
        raise
