"""Files are read, clustered and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from spark_runs import FIELDS, LABELS, Rows, expected, long

from dedup.errors import EngineError, InputError
from dedup.spark import cluster

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest_plugins = ["spark_session"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("warnings_of_spark"),
]


@long
def test_files_are_clustered_to_files(spark: SparkSession, seeds: Rows, tmp_path: Path) -> None:
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
    found = {record["id"]: tuple(record.get(name) for name in LABELS) for record in records}
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
