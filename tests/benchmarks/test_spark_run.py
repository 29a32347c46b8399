"""The measurement of a Spark run, without Spark."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.spark_run import Watch, different


def test_labels_are_compared_row_by_row(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    rows = [
        {"id": name, "story": "s1", "copy_group": None, "canonical": name == "a", "storyline": "l1"} for name in "abcd"
    ]
    other = [{**row, "story": "s2"} if row["id"] == "c" else row for row in rows[::-1] if row["id"] != "d"]
    for name, held in (("one", rows), ("same", rows[::-1]), ("other", other)):
        pq.write_table(pa.Table.from_pylist(held), tmp_path / name)
    assert different(tmp_path / "one", tmp_path / "same") == 0
    assert different(tmp_path / "one", tmp_path / "other") == 2  # another story, and one that is missing


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="it reads what Linux tells of processes")
def test_a_watch_samples_child_processes() -> None:
    """A child process of a child, which uses 60 MB and some processor time."""
    work = "held = bytearray(60_000_000)\nfor place in range(6_000_000): held[place] = place & 255"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    above = subprocess.Popen([sys.executable, "-c", code])
    with Watch(above.pid, every=0.02) as watch:
        while above.poll() is None:
            time.sleep(0.05)
    assert watch.processor["all"] > 0.05
    assert watch.peak > 50_000_000
    assert sum(watch.largest.values()) >= watch.peak
