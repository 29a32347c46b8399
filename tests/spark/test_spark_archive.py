"""Clustering against an archive equals that of one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from spark_runs import FIELDS, Rows, expected, frame

import dedup
from dedup.archive import _inherit_ids
from dedup.errors import InputError
from dedup.spark import cluster_against

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def test_clustering_against_an_archive_equals_one_machine(spark: SparkSession, seeds: Rows) -> None:
    """Statuses, whom a copy is of, names of stories and storylines; with a background that was learned from others."""
    background = dedup.learn_background([{name: row.get(name) for name in FIELDS} for row in seeds[5:]])
    new, old = seeds[::3], [row for number, row in enumerate(seeds) if number % 3]
    stories = {label[0]: f"n{number % 4}" for number, label in enumerate(expected(old).values())}
    was = {name: stories[label[0]] for name, label in expected(old).items()}
    lines = {name: f"m{len(name) % 3}" for name in was}
    both_of = [(name, story, lines[name]) for name, story in was.items()]
    archive = frame(spark, old).join(spark.createDataFrame(both_of, "id string, story string, storyline string"), "id")
    found = cluster_against(frame(spark, new), archive, background=background, partitions=2)

    both = dedup.cluster(
        [
            {name: row.get(name) for name in FIELDS}
            for row in [*new, *({**row, "id": f"archive:{row['id']}"} for row in old)]
        ],
        background=background,
    )
    before, lines_before = ({f"archive:{name}": one for name, one in known.items()} for known in (was, lines))
    stories_of = _inherit_ids(both, before, lines_before)
    known = {name: story for story in stories_of for name in story.articles}
    for record in found.collect():
        story = known[record["id"]]
        assert (record["story"], record["storyline"]) == (story.id, story.storyline)
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
