"""Cost of a run on Spark from its event log, and a simulation on more cores.

    python -m benchmarks.spark LOG ARTICLES [--cores 64] [--times 100] [--loss 0.01] [--skew 20]

LOG is the event log of a run with `spark.eventLog.enabled=true`. Printed for each step: seconds of all tasks, bytes
shuffled and written, each per article. `--cores` simulates the measured tasks, repeated `--times`, on that many cores:
each is lost with probability `--loss` and restarted, and one of each stage is `--skew` times as long as the longest.
Network and disk contention are not simulated.
"""

from __future__ import annotations

import argparse
import heapq
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEED = 20240527


@dataclass(slots=True)
class Step:
    """The tasks of a step.

    Attributes:
        name: name of the step.
        stages: the seconds of the tasks of each stage, in the order of the stages.
        shuffled: bytes written for other tasks to read.
        kept: bytes written to checkpoints.
    """

    name: str
    stages: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    shuffled: int = 0
    kept: int = 0

    @property
    def seconds(self) -> float:
        """Return the seconds of all tasks."""
        return sum(map(sum, self.stages.values()))


def steps_of(events: Iterable[dict[str, Any]]) -> list[Step]:
    """Return the steps of a run in the order of their start; jobs outside of a step are in `other`."""
    name_of: dict[int, str] = {}
    found: dict[str, Step] = {}
    for event in events:
        if event["Event"] == "SparkListenerJobStart":
            description = str((event.get("Properties") or {}).get("spark.job.description") or "")
            for stage in event["Stage IDs"]:
                name_of.setdefault(
                    stage, description.removeprefix("dedup: ") if description.startswith("dedup: ") else "other"
                )
        elif event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            name, metrics = name_of.get(event["Stage ID"], "other"), event["Task Metrics"]
            step = found.setdefault(name, Step(name))
            step.stages[event["Stage ID"]].append(metrics["Executor Run Time"] / 1000)
            step.shuffled += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
            step.kept += metrics["Output Metrics"]["Bytes Written"]
    return list(found.values())


def read_log(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a log, which may be compressed with zstd."""
    for path in sorted(path for path in folder.rglob("events_*") if not path.name.endswith(".crc")):
        raw = path.read_bytes()
        if path.suffix == ".zstd":
            import zstandard

            # The last frame of a log may be incomplete.
            reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw), read_across_frames=True)
            raw = reader.read()
        for line in raw.decode("utf-8", "replace").splitlines():
            if line.endswith("}"):
                yield json.loads(line)


def simulated(
    steps: Iterable[Step], cores: int, *, times: int = 1, loss: float = 0.0, skew: float = 1.0, seed: int = SEED
) -> float:
    """Simulate the steps on some cores; each stage waits for the one before it. Return the seconds.

    Args:
        steps: the measured steps.
        cores: number of cores.
        times: tasks per measured task.
        loss: probability that a task is lost at a random point, and restarted.
        skew: factor by which one task of each stage exceeds the longest.
        seed: seed of the losses.
    """
    drawn, clock = random.Random(seed), 0.0  # noqa: S311 - a simulation
    for step in steps:
        for tasks in step.stages.values():
            lengths = [length for length in tasks for _ in range(times)]
            lengths[lengths.index(max(lengths))] *= skew
            free = [clock] * cores
            for length in sorted(lengths, reverse=True):
                took = length
                while loss and drawn.random() < loss:
                    took += length * drawn.random()
                heapq.heappush(free, heapq.heappop(free) + took)
            clock = max(free)
    return clock


def main() -> None:
    """Print the table and the simulation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("articles", type=int)
    for name, kind, default in (("cores", int, 0), ("times", int, 1), ("loss", float, 0.0), ("skew", float, 1.0)):
        parser.add_argument(f"--{name}", type=kind, default=default)
    given = parser.parse_args()
    steps = steps_of(read_log(given.log))
    print(f"{'step':24} {'task s':>9} {'ms/article':>11} {'shuffled B':>11} {'kept B':>8}   by article")
    for step in [*steps, _sum(steps)]:
        figures = step.seconds * 1000 / given.articles, step.shuffled / given.articles, step.kept / given.articles
        print(f"{step.name:24} {step.seconds:9.1f} {figures[0]:11.3f} {figures[1]:11.1f} {figures[2]:8.1f}")
    if given.cores:
        parameters = {"times": given.times, "loss": given.loss, "skew": given.skew}
        print(f"simulated on {given.cores} cores, {parameters}: {simulated(steps, given.cores, **parameters):,.0f} s")


def _sum(steps: list[Step]) -> Step:
    total = Step("all", shuffled=sum(step.shuffled for step in steps), kept=sum(step.kept for step in steps))
    total.stages[0] = [step.seconds for step in steps]
    return total


if __name__ == "__main__":
    main()
