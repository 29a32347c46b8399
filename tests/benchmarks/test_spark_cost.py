"""The cost of a Spark run is that of its log, and the simulation respects lower bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.spark import Step, read_log, simulated, steps_of


def start(job: str, *stages: int) -> dict[str, Any]:
    return {"Event": "SparkListenerJobStart", "Stage IDs": [*stages], "Properties": {"spark.job.description": job}}


def end(stage: int, milliseconds: int, shuffled: int = 0, kept: int = 0) -> dict[str, Any]:
    metrics = {
        "Executor Run Time": milliseconds,
        "Shuffle Write Metrics": {"Shuffle Bytes Written": shuffled},
        "Output Metrics": {"Bytes Written": kept},
    }
    return {"Event": "SparkListenerTaskEnd", "Stage ID": stage, "Task Metrics": metrics}


def test_a_log_is_summed_by_step(tmp_path: Path) -> None:
    events = [
        start("dedup: words", 0, 1), end(0, 1500, shuffled=10), end(0, 500, shuffled=30), end(1, 250, kept=7),
        start("a count of mine", 2), end(2, 100), {"Event": "SparkListenerLogStart"},
    ]  # fmt: skip
    (tmp_path / "eventlog").mkdir()
    (tmp_path / "eventlog" / "events_1_local").write_text("\n".join(map(json.dumps, events)) + '\n{"Event": "Spark')
    words, other = steps_of(read_log(tmp_path))
    assert (words.name, words.seconds, words.shuffled, words.kept) == ("words", 2.25, 40, 7)
    assert (other.name, other.seconds) == ("other", 0.1)


@pytest.mark.parametrize("cores", [1, 3, 50])
def test_the_simulation_respects_lower_bounds(cores: int) -> None:
    tasks = [1.0, 2.0, 3.0, 4.0, 5.0]
    steps = [Step("a", {0: tasks}), Step("b", {1: [2.0]})]
    took = simulated(steps, cores)
    assert took >= max(15 / cores, 5) + 2
    assert took <= 15 / cores + 5 + 2  # Graham (1969)
    assert simulated(steps, cores, skew=3) >= took + (0 if cores == 1 else 10) * (cores > 4)
    assert simulated(steps, cores, loss=0.3) >= took
    assert simulated(steps, cores, times=10) >= 10 * 17 / cores - 1e-9
