"""Spark gives the labels of `dedup.cluster`, whatever the partitions and failures."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from spark_runs import FERRY, ROWS, Rows, expected, frame, labels, long, row

import dedup
from benchmarks.data import find_folder, labelled_sets
from dedup.errors import EngineError, InputError
from dedup.spark import cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def dying() -> Any:
    """Return a function that kills the worker of a task's first attempt in the middle of its rows."""

    def die(batches: Any) -> Any:  # in here, for a worker cannot import a test
        import os

        from pyspark import TaskContext

        context = TaskContext.get()
        for batch in batches:
            yield batch.slice(0, 1)
            if context is not None and context.partitionId() == context.attemptNumber() == 0:
                os._exit(1)
            yield batch.slice(1)

    return die


@pytest.fixture(scope="module")
def whole(seeds: Rows) -> Rows:
    return [*seeds, *ROWS]


@pytest.fixture(scope="module")
def steps(spark: SparkSession, whole: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoints of a run over seeds and unusual rows, with empty partitions and dying workers."""
    folder = tmp_path_factory.mktemp("run") / "steps"
    dealt = frame(spark, whole).repartition(3).union(frame(spark, []))
    given = dealt.mapInArrow(dying(), dealt.schema)
    cluster(given, folder=f"file://{folder}", partitions=3, chunk=7)
    return folder


def test_labels_equal_those_of_one_machine_although_workers_die(spark: SparkSession, steps: Path, whole: Rows) -> None:
    """Duplicate ids, equal and empty articles, paywall bodies, invalid dates; small chunks."""
    assert labels(spark.read.parquet(f"{steps}/result")) == expected(whole)


def test_no_table_remains_in_the_catalog(spark: SparkSession, steps: Path) -> None:
    assert steps.is_dir()
    assert not [table.name for table in spark.catalog.listTables() if table.name.startswith("dedup_")]


def test_an_interrupted_run_resumes(spark: SparkSession, steps: Path, whole: Rows) -> None:
    """Steps with a note are read; others are computed again, whatever is left of them."""
    folder, given = steps, frame(spark, whole)
    late = ["stories", "result", "linked"]
    for name in late:
        (folder / f"{name}.json").unlink()
    (folder / "stories" / "_SUCCESS").unlink()
    written = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    again = frame(spark, whole[::-1])  # the same rows in another order are the same input
    assert labels(cluster(again, folder=f"file://{folder}", partitions=5)) == expected(whole)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.json") if path.stem not in late} == written

    with pytest.raises(EngineError, match=r"holds the steps of another run .*settings"):
        cluster(given, dedup.Settings(granularity=0.3), folder=f"file://{folder}")
    with pytest.raises(EngineError, match=r"holds the steps of another run .*input"):
        cluster(frame(spark, whole[1:]), folder=f"file://{folder}")

    note = json.loads((folder / "members.json").read_text())
    (folder / "members.json").write_text(json.dumps({**note, "rows": note["rows"] - 1}))
    with pytest.raises(EngineError, match=r"members\.json is damaged: remove it"):  # by Hadoop's checksum
        cluster(given, folder=f"file://{folder}", partitions=2)
    (folder / ".members.json.crc").unlink()
    with pytest.raises(EngineError, match=rf"step members has {note['rows'] - 1} rows instead of {note['rows']}"):
        cluster(given, folder=f"file://{folder}", partitions=2)


@long
@pytest.mark.parametrize(("partitions", "chunk"), [(1, 50_000), (8, 1)])
def test_labels_do_not_depend_on_partitions(spark: SparkSession, seeds: Rows, partitions: int, chunk: int) -> None:
    dealt = frame(spark, seeds).repartition(partitions)
    assert labels(cluster(dealt, partitions=partitions, chunk=chunk)) == expected(seeds)


@long
def test_labels_of_all_labelled_sets_equal_those_of_one_machine(spark: SparkSession) -> None:
    """All sets at once: many languages, series of copies, templates, misplaced bodies."""
    folder = find_folder(None)
    if folder is None:
        pytest.skip("the labelled news is not here: set DEDUP_DATA to its folder")
    whole = [found for found in labelled_sets(folder) if not found.view_of and found.name != "seeds"]
    rows = [row(article, f"{found.name}/{article.id}") for found in whole for article in found.articles]
    assert labels(cluster(frame(spark, rows), partitions=4, chunk=700)) == expected(rows)


@long
def test_no_rows_give_no_rows(spark: SparkSession) -> None:
    assert labels(cluster(frame(spark, []), partitions=2)) == {}


@long
def test_a_very_frequent_body_is_split_into_blocks(spark: SparkSession) -> None:
    """A bucket of a hundred articles, in blocks of 40 pairs."""
    from datetime import UTC, datetime

    from dedup.settings import Settings
    from dedup.spark import clustered
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Job

    rows: Rows = [{"id": f"{n:03}", "title": f"Ferry {n}", "text": FERRY * 5 + f"Reporter {n}."} for n in range(100)]
    folder = f"file://{tempfile.mkdtemp(prefix='dedup-test-')}"
    run = {"input": str(datetime.now(UTC))}
    job = Job(spark, Settings(), Checkpoints(spark, folder, run), 3, chunk=30, pairs=40)
    assert labels(clustered(job, frame(spark, rows), {})) == expected(rows)
    blocks = spark.read.parquet(f"{folder}/others.blocks")
    assert blocks.select("block").distinct().count() > 1


def test_an_unreadable_input_is_a_one_line_error(spark: SparkSession, seeds: Rows) -> None:
    whole = frame(spark, seeds)

    def broken(batches: Any) -> Any:
        for _ in batches:
            raise ValueError("the tape is torn")
        yield from ()

    with pytest.raises(EngineError, match=r"^step articles failed: ValueError: the tape is torn$"):
        cluster(whole.mapInArrow(broken, whole.schema), partitions=2)


def test_columns_without_an_article_are_refused(spark: SparkSession) -> None:
    with pytest.raises(InputError, match=r"no column holds a text or a title .*columns: a, b"):
        cluster(spark.createDataFrame([(1, 2)], "a int, b int"))
    with pytest.raises(InputError, match="has a duplicate column"):
        cluster(spark.createDataFrame([("x", "y")], "text string, Text string"))
