"""Spark gives the labels of `dedup.cluster`, however the rows are dealt out, and after whatever went wrong."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from spark_runs import FERRY, FIELDS, ROWS, Rows, expected, frame, labels, long, row

import dedup
from benchmarks.data import find_folder, labelled_sets
from dedup.archive import _inherit_ids
from dedup.errors import EngineError, InputError
from dedup.spark import cluster, cluster_against

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def dying() -> Any:
    """What makes the worker of the first attempt of a task die in the middle of its rows."""

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
    """The steps of a run over seeds and odd rows, in partitions of which some are empty, whose workers die once."""
    folder = tmp_path_factory.mktemp("run") / "steps"
    dealt = frame(spark, whole).repartition(3).union(frame(spark, []))
    given = dealt.mapInArrow(dying(), dealt.schema)
    cluster(given, folder=f"file://{folder}", partitions=3, chunk=7)
    return folder


def test_labels_are_those_of_one_machine_though_workers_die(spark: SparkSession, steps: Path, whole: Rows) -> None:
    """Ids there twice, equal articles, empty ones, a paywall's bodies, dates that are none; small chunks."""
    assert labels(spark.read.parquet(f"{steps}/result")) == expected(whole)


def test_no_table_stays_in_the_catalog(spark: SparkSession, steps: Path) -> None:
    assert steps.is_dir()
    assert not [table.name for table in spark.catalog.listTables() if table.name.startswith("dedup_")]


def test_a_stopped_run_goes_on(spark: SparkSession, steps: Path, whole: Rows) -> None:
    """Steps with a note are read; the others are made anew, whatever was left of them."""
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
    with pytest.raises(EngineError, match=r"members\.json is damaged: remove it"):  # Hadoop's sum tells
        cluster(given, folder=f"file://{folder}", partitions=2)
    (folder / ".members.json.crc").unlink()
    with pytest.raises(EngineError, match=rf"step members has {note['rows'] - 1} rows and must have {note['rows']}"):
        cluster(given, folder=f"file://{folder}", partitions=2)


@long
@pytest.mark.parametrize(("partitions", "chunk"), [(1, 50_000), (8, 1)])
def test_no_label_depends_on_how_rows_are_dealt(spark: SparkSession, seeds: Rows, partitions: int, chunk: int) -> None:
    dealt = frame(spark, seeds).repartition(partitions)
    assert labels(cluster(dealt, partitions=partitions, chunk=chunk)) == expected(seeds)


@long
def test_all_labelled_sets_together_have_the_labels_of_one_machine(spark: SparkSession) -> None:
    """All sets in one pile: many languages, series of copies, forms, bodies that are not their articles'."""
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
def test_one_body_very_often_is_cut_into_several_blocks(spark: SparkSession) -> None:
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
    blocks = spark.read.parquet(f"{folder}/banded.blocks")
    assert blocks.select("block").distinct().count() > 1


def test_an_input_that_cannot_be_read_is_told_in_a_line(spark: SparkSession, seeds: Rows) -> None:
    whole = frame(spark, seeds)

    def broken(batches: Any) -> Any:
        for _ in batches:
            raise ValueError("the tape is torn")
        yield from ()

    with pytest.raises(EngineError, match=r"^step articles failed: ValueError: the tape is torn$"):
        cluster(whole.mapInArrow(broken, whole.schema), partitions=2)


def test_columns_that_hold_no_article_are_told(spark: SparkSession) -> None:
    with pytest.raises(InputError, match=r"no column holds a text or a title .*there are: a, b"):
        cluster(spark.createDataFrame([(1, 2)], "a int, b int"))
    with pytest.raises(InputError, match="has a column twice"):
        cluster(spark.createDataFrame([("x", "y")], "text string, Text string"))


def test_components_by_stars_are_those_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
    """A long path, which is the worst case, stars and random links; the driver does nothing."""
    import numpy as np
    import pyarrow as pa

    from dedup.settings import Settings
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.components import components, roots
    from dedup.spark.job import Job

    random = np.random.default_rng(5)
    path = random.permutation(24)
    links = np.concatenate(
        [
            np.stack([path[:-1], path[1:]], axis=1),
            100 + random.integers(0, 30, (20, 2)),
            [[300, n] for n in range(301, 310)],
        ]
    )
    job = Job(spark, Settings(), Checkpoints(spark, f"file://{tmp_path}/steps", {}), 2, edges=0)
    table = pa.table({"a": links[:, 0], "b": links[:, 1]})
    found = components(job, "test", spark.createDataFrame(table).repartition(3), at_most=len(links)).collect()
    nodes, least = roots(links[:, 0], links[:, 1])
    together = {int(n) for n in nodes if not (links[(links == n).any(axis=1)] == n).all()}  # a link to itself is none
    assert {row["n"]: row["component"] for row in found} == {
        int(n): int(first) for n, first in zip(nodes, least, strict=True) if int(n) in together
    }


@long
def test_the_command_goes_from_files_to_files(spark: SparkSession, seeds: Rows, tmp_path: Path) -> None:
    """Of two files one has no column `source`, as where a schema has changed; the output is there only once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from dedup.spark.files import read_files, write_file

    early = [{**row, "source": None} for row in seeds[:20]]
    pq.write_table(
        pa.Table.from_pylist([{n: row[n] for n in FIELDS if n != "source"} for row in early]), tmp_path / "a.parquet"
    )
    pq.write_table(pa.Table.from_pylist([{n: row[n] for n in FIELDS} for row in seeds[20:]]), tmp_path / "b.parquet")
    whole = read_files(spark, [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")])
    write_file(cluster(whole, partitions=2), str(tmp_path / "out.jsonl"))
    lines = [line for part in (tmp_path / "out.jsonl").glob("part-*") for line in part.read_text().splitlines()]
    records = [json.loads(line) for line in lines]
    found = {r["id"]: (r["story"], r.get("copy_group"), r["canonical"]) for r in records}
    assert found == expected([*early, *seeds[20:]])
    with pytest.raises(EngineError, match=r"writing the output failed: .*already exists"):
        write_file(whole, str(tmp_path / "out.jsonl"))

    pq.write_table(pa.table({"id": ["x"], "text": [5]}), tmp_path / "c.parquet")
    with pytest.raises(EngineError, match=r"reading the input failed: .*MERGE.*"):
        read_files(spark, [str(tmp_path / "a.parquet"), str(tmp_path / "c.parquet")])
    with pytest.raises(InputError, match="of one format at a time, not csv, parquet"):
        read_files(spark, ["a.parquet", "b.csv"])
    with pytest.raises(InputError, match="cannot read or write"):
        read_files(spark, ["a.pdf"])


def test_a_new_day_against_an_archive_is_as_on_one_machine(spark: SparkSession, seeds: Rows) -> None:
    """Statuses, whom a copy is of, and the names of stories; with a background that was learned from others."""
    background = dedup.learn_background([{name: row.get(name) for name in FIELDS} for row in seeds[5:]])
    new, old = seeds[::3], [row for number, row in enumerate(seeds) if number % 3]
    stories = {label[0]: f"n{number % 4}" for number, label in enumerate(expected(old).values())}
    was = {name: stories[label[0]] for name, label in expected(old).items()}
    archive = frame(spark, old).join(spark.createDataFrame(list(was.items()), "id string, story string"), "id")
    found = cluster_against(frame(spark, new), archive, background=background, partitions=2)

    both = dedup.cluster(
        [
            {name: row.get(name) for name in FIELDS}
            for row in [*new, *({**row, "id": f"archive:{row['id']}"} for row in old)]
        ],
        background=background,
    )
    before = {f"archive:{name}": story for name, story in was.items()}
    stories_of = _inherit_ids(both.stories, before)
    known = {name: story for story in stories_of for name in story.articles}
    for record in found.collect():
        story = known[record["id"]]
        assert record["story"] == story.id
        assert record["canonical"] == (story.canonical == record["id"])
        group = next((group for group in story.copy_groups if record["id"] in group.articles), None)
        assert record["copy_group"] == (group and group.id)
        held = [name for name in story.articles if name.startswith("archive:")]
        copies = [name for name in (group.articles if group else ()) if name.startswith("archive:")]
        if record["id"].startswith("archive:"):
            assert (record["status"], record["copy_of"]) == ("archived", None)
        else:
            status = "copy" if copies else "continues" if held else "new"
            copied = copies[0].removeprefix("archive:") if copies else None
            assert (record["status"], record["copy_of"]) == (status, copied)
    statuses = {row["status"] for row in found.collect()}
    assert statuses == {"archived", "copy", "continues", "new"}


def test_an_archive_without_ids_of_its_own_is_refused(spark: SparkSession, seeds: Rows) -> None:
    new = frame(spark, seeds[:2])
    with pytest.raises(InputError, match="1 archived articles have the id of another"):
        cluster_against(new, frame(spark, [seeds[3], seeds[3]]))
    with pytest.raises(InputError, match="1 archived articles have no id"):
        cluster_against(new, frame(spark, [{**seeds[3], "id": None}]))
    with pytest.raises(InputError, match="none may begin with 'archive:'"):
        cluster_against(frame(spark, [{**seeds[3], "id": "archive:x"}]), new)
