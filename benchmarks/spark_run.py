"""Time, processor time, memory and labels of one run on Spark on this machine.

    python -m benchmarks.spark_run INPUT.parquet OUT.parquet [--partitions 8] [--chunk 100000] [--memory 3g] [--log LOG]
        [--steps FOLDER] [--like OTHER.parquet] [--shuffle-joins]

Prints one line of JSON: `rows`, wall-clock `seconds`, `processor` (seconds of all processes, separately for the JVM
and Python's workers), `peak` (bytes of all at once, shared pages once), `steps` (seconds by step). With `--like`,
`different`: the number of rows with another story, storyline, copy group or canonical article than the row with that
id there. `--log` is for `python -m benchmarks.spark`. `--shuffle-joins` disables broadcast joins, so that the amount
shuffled is that of a large run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

LABELS = ("story", "copy_group", "canonical", "storyline")


class Watch:
    """Sample a process and its descendants `every` so many seconds.

    Attributes:
        every: seconds between samples; work of a process after its last sample is missed.
        peak: maximum bytes of all processes at once; shared pages count once.
        largest: maximum bytes of all processes of one name.
    """

    def __init__(self, root: int, every: float = 0.5) -> None:
        self.peak, self.every = 0, every
        self.largest: dict[str, int] = {}
        self._root, self._ticks = root, os.sysconf("SC_CLK_TCK")
        self._seconds: dict[tuple[int, int], tuple[str, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def processor(self) -> dict[str, float]:
        """Return processor seconds by process name, and of `all`."""
        found: dict[str, float] = {"all": 0.0}
        for name, seconds in self._seconds.values():
            found["all"] += seconds
            found[name] = found.get(name, 0.0) + seconds
        return {name: round(seconds, 1) for name, seconds in found.items()}

    def _look(self) -> None:
        while not self._over.wait(self.every):
            held: dict[str, int] = {}
            for pid, name, began, seconds in self._tree():
                self._seconds[pid, began] = (name, seconds)
                held[name] = held.get(name, 0) + _held(pid)
            self.peak = max(self.peak, sum(held.values()))
            for name, size in held.items():
                self.largest[name] = max(self.largest.get(name, 0), size)

    def _tree(self) -> list[tuple[int, str, int, float]]:
        """List the processes: number, name, start time, processor seconds."""
        stats: dict[int, tuple[int, str, int, float]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    text = (entry / "stat").read_text()
                except OSError:
                    continue
                name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
                spent = (int(rest[11]) + int(rest[12])) / self._ticks
                stats[int(entry.name)] = (int(rest[1]), name, int(rest[19]), spent)
        inside = {self._root}
        while True:
            more = {pid for pid, (parent, *_) in stats.items() if parent in inside} - inside
            if not more:
                return [(pid, *stats[pid][1:]) for pid in inside if pid in stats]
            inside |= more


def _held(pid: int) -> int:
    """Return the proportional set size of a process in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """Run the clustering.

    Args:
        given: the arguments parsed by `main`.
    """
    from pyspark.sql import SparkSession

    from dedup.spark import cluster

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[2]").appName("benchmark")
    values = {
        "spark.driver.memory": given.memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.io.compression.codec": "zstd",
        "spark.sql.warehouse.dir": f"file://{given.steps}/warehouse",
        "spark.local.dir": f"{given.steps}/local",
    }
    if given.log:
        given.log.mkdir(parents=True, exist_ok=True)
        values |= {"spark.eventLog.enabled": "true", "spark.eventLog.dir": f"file://{given.log.absolute()}"}
    if given.shuffle_joins:
        values["spark.sql.autoBroadcastJoinThreshold"] = "-1"
    for name, value in values.items():
        builder = builder.config(name, value)
    began = time.perf_counter()
    with Watch(os.getpid()) as watch:
        spark = builder.getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        frame = spark.read.parquet(str(given.input.absolute()))
        steps = given.steps.absolute() / "steps"
        found = cluster(frame, folder=f"file://{steps}", partitions=given.partitions, chunk=given.chunk)
        found.write.parquet(f"file://{given.output.absolute()}")
        rows, seconds = found.count(), time.perf_counter() - began
        time.sleep(1)
        spark.stop()
    notes = {path.stem: json.loads(path.read_text()) for path in steps.glob("*.json")}
    result = {
        "rows": rows,
        "partitions": given.partitions,
        "chunk": given.chunk,
        "seconds": round(seconds, 1),
        "processor": watch.processor,
        "peak": watch.peak,
        "largest": watch.largest,
        "steps": {name: note["seconds"] for name, note in sorted(notes.items()) if "seconds" in note},
        "rows_of": {name: note["rows"] for name, note in sorted(notes.items()) if "rows" in note},
    }
    if given.like:
        result["different"] = different(given.output, given.like)
    return result


def different(found: Path, like: Path) -> int:
    """Return the number of ids whose labels differ in two folders, or are missing from one."""
    import pyarrow.parquet as pq

    labels = []
    for path in (found, like):
        table = pq.read_table(path, columns=["id", *LABELS])
        columns = [table[name].to_pylist() for name in ("id", *LABELS)]
        labels.append({row[0]: row[1:] for row in zip(*columns, strict=True)})
    return sum(labels[0].get(name) != labels[1].get(name) for name in labels[0].keys() | labels[1].keys())


def main() -> None:
    """Run and print the cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--chunk", type=int, default=100_000)
    parser.add_argument("--memory", default="3g", help="of the JVM")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--steps", type=Path, required=True, help="a folder that can be removed afterwards")
    parser.add_argument("--like", type=Path)
    parser.add_argument("--shuffle-joins", action="store_true")
    print(json.dumps(measured(parser.parse_args())))


if __name__ == "__main__":
    main()
