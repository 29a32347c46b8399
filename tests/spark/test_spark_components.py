"""Connected components by stars equal those of one machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


def test_components_by_stars_equal_those_of_one_machine(spark: SparkSession, tmp_path: Path) -> None:
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
