"""A killed executor does not change the labels; takes two minutes, so it is skipped by default."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from benchmarks.data import SEEDS

LONG = "DEDUP_LONG_TESTS"


@pytest.mark.skipif(os.environ.get(LONG) != "1", reason=f"{LONG}=1 runs the tests that take minutes")
def test_a_lost_executor_does_not_change_the_labels() -> None:
    """Of two executors in separate processes one is killed as soon as it works."""
    done = subprocess.run(
        [sys.executable, __file__, str(SEEDS)], capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"]
    assert told["lost"] >= 1
    assert told["found"] == told["expected"]


def executors(application: str) -> list[int]:
    """Return the process ids of an application's executors."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.endswith(b"CoarseGrainedExecutorBackend") for word in words) and application.encode() in words:
                found.append(int(entry.name))
    return sorted(found)


def main(folder: str) -> None:
    """Cluster on two executors, kill one, and print the labels and those of one machine."""
    import tempfile

    import pyarrow as pa
    from pyspark.sql import SparkSession

    import dedup
    from dedup.spark import cluster

    os.environ["PYSPARK_PYTHON"] = sys.executable
    names = ("id", "title", "text", "source")
    rows = [{name: getattr(article, name) for name in names} for article in dedup.read_articles([folder])]
    records = dedup.cluster(rows).to_records()
    expected = sorted([r["id"], r["story"], r["copy_group"], r["canonical"]] for r in records)

    # One core and a bit more than a gigabyte for each: the smallest that Spark starts.
    builder = SparkSession.builder.master("local-cluster[2,1,1100]").config("spark.executor.memory", "1100m")
    builder = builder.config("spark.ui.enabled", "false").config("spark.executor.instances", "2")
    for kind in ("driver", "executor"):
        builder = builder.config(f"spark.{kind}.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    spark = builder.config("spark.sql.codegen.wholeStage", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    killed: list[int] = []
    steps = Path(tempfile.mkdtemp(prefix="dedup-executors-"))

    def kill() -> None:
        """Kill one executor during the third step."""
        while not killed:
            time.sleep(0.2)
            pids = executors(spark.sparkContext.applicationId)
            if len(pids) > 1 and len(list(steps.glob("*.json"))) > 4:
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])

    threading.Thread(target=kill, daemon=True).start()
    frame = spark.createDataFrame(pa.Table.from_pylist(rows)).repartition(4)
    found = sorted([*row][:4] for row in cluster(frame, folder=f"file://{steps}", partitions=4).collect())
    pids = executors(spark.sparkContext.applicationId)
    sys.stdout.write(
        json.dumps({"killed": killed, "lost": len(set(killed) - set(pids)), "found": found, "expected": expected})
        + "\n"
    )
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
