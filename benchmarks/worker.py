"""One run of `dedup cluster` in a process of its own, with a stopwatch instead of the progress bar.

    python -m benchmarks.worker RESULT ARGUMENT ...

runs `dedup cluster ARGUMENT ...` and writes RESULT as JSON: `code`, the exit code; `peak`, the peak memory in bytes;
`stages`: name, seconds, and the peak at its end. `start` is the time before the first article is read, without Python's
own start, and `write` the time after the last stage of the pipeline.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from dedup.cli.progress import ProgressBar

BEGAN = perf_counter()


class StageWatch(ProgressBar):
    """Record the start of each stage; replaces the command's `ProgressBar`."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.began: list[tuple[str, float, int]] = [("start", BEGAN, 0)]
        self._over = False

    def stop(self) -> None:
        if not self._over:
            self._over = True
            self._note("write")
        super().stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        self._note(stage)
        super().__call__(stage, done, total)

    def _note(self, stage: str) -> None:
        if stage != self.began[-1][0]:
            self.began.append((stage, perf_counter(), peak_bytes()))

    def stages(self) -> list[dict[str, Any]]:
        """Return each stage in order; one that was entered again is listed once."""
        ends = [*self.began[1:], ("", perf_counter(), peak_bytes())]
        found: dict[str, dict[str, Any]] = {}
        for (name, start, _), (_, end, peak) in zip(self.began, ends, strict=True):
            stage = found.setdefault(name, {"name": name, "seconds": 0.0, "peak": 0})
            stage["seconds"] += end - start
            stage["peak"] = peak
        return list(found.values())


def peak_bytes() -> int:
    """Return the peak memory of this process so far.

    On Linux that of its own address space, because `getrusage` includes the parent's memory at the time of the fork.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(result: Path, arguments: list[str]) -> None:
    """Run the command and write the measurements."""
    import dedup.cli
    from dedup.cli import cluster

    watches: list[StageWatch] = []

    def watch(**options: Any) -> StageWatch:
        watches.append(StageWatch(**options))
        return watches[-1]

    vars(cluster)["ProgressBar"] = watch
    sys.argv = ["dedup", "cluster", *arguments]
    code: Any = 0
    try:
        dedup.cli.main()
    except SystemExit as exit_:
        code = exit_.code or 0
    stages = watches[-1].stages() if watches else []
    result.write_text(json.dumps({"code": code, "peak": peak_bytes(), "stages": stages}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
