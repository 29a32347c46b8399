"""Linkage in rounds gives the stories of linkage on one machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from spark_runs import ROWS, Rows, expected, frame, labels, long

from dedup.group.cut import cut
from dedup.group.linkage import average_linkage
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def made_up(seed: int) -> tuple[Pairs, list[list[int]], list[int]]:
    """Return pairs of 90 articles in loose clusters with many equal scores, groups of copies, and hidden articles."""
    random = np.random.default_rng(seed)
    count, centre = 90, random.integers(0, 9, 90)
    a, b = np.triu_indices(count, 1)
    near = centre[a] == centre[b]
    keep = random.random(len(a)) < np.where(near, 0.7, 0.1)
    score = np.where(near, random.integers(4, 14, len(a)), random.integers(1, 8, len(a))) * (0.05 / SCORE_UNIT)
    groups = [[3, 11, 40], [7, 8], [20, 61]]
    hidden = [11, 61]
    keep &= ~np.isin(a, hidden) & ~np.isin(b, hidden)
    pairs = Pairs(a[keep], b[keep], np.zeros(int(keep.sum())), score[keep].astype(np.int64))
    return pairs, groups, hidden


@pytest.mark.parametrize(
    ("seed", "links", "granularity"),
    [(2, 450, 0.5), pytest.param(1, 0, 0.5, marks=long), pytest.param(3, 0, 0.8, marks=long)],
)
def test_linkage_in_rounds_equals_one_machine(
    spark: SparkSession, tmp_path: Path, seed: int, links: int, granularity: float
) -> None:
    """All merges in rounds, or the last ones in tasks; with ties, copies and hidden articles."""
    import pyarrow as pa

    from dedup.settings import Settings
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Job
    from dedup.spark.linkage import link_in_rounds

    pairs, groups, hidden = made_up(seed)
    weights = np.ones(90, np.int64)
    weights[hidden] = 0
    follows = np.random.default_rng(seed).random(90) < 0.1
    label = cut(average_linkage(pairs, groups, weights, follows), granularity)
    whole = {int(n): int(np.flatnonzero(label == label[n])[0]) for n in range(90) if (label == label[n]).sum() > 1}
    assert len(set(whole.values())) > 3, "the test has some stories"

    job = Job(spark, Settings(), Checkpoints(spark, f"file://{tmp_path}/steps", {}), 2, links=links)
    units = [{"n": n, "digest": False, "unit": group[0]} for group in groups for n in group]
    given = pa.table({"a": pairs.a, "b": pairs.b, "score": pairs.score.astype(np.int32)})
    kept = job.checkpoints.step("units", lambda: spark.createDataFrame(pa.Table.from_pylist(units)))
    away = spark.createDataFrame(pa.table({"n": hidden}))
    scored = spark.createDataFrame(given).repartition(3)
    following = spark.createDataFrame(pa.table({"n": np.flatnonzero(follows)}))
    found = link_in_rounds(job, "linkage", scored, kept, away, following, granularity).collect()
    assert {row["n"]: row["story"] for row in found} == whole
    assert (tmp_path / "steps" / "linkage.2.edges").is_dir(), "there were several rounds"


@long
def test_labels_of_large_components_equal_those_of_one_machine(spark: SparkSession, seeds: Rows) -> None:
    """A complete run in which a task links a single pair."""
    from dedup.settings import Settings
    from dedup.spark import clustered
    from dedup.spark.checkpoints import Checkpoints
    from dedup.spark.job import Job

    folder, rows = tempfile.mkdtemp(prefix="dedup-test-"), [*seeds, *ROWS]
    job = Job(spark, Settings(), Checkpoints(spark, f"file://{folder}", {}, 3), 3, chunk=30, links=1)
    assert labels(clustered(job, frame(spark, rows), {})) == expected(rows)
    assert (Path(folder) / "events.linkage.1.edges").is_dir()
