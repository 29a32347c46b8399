"""Growth of time on hostile collections and files: n, 2n and 4n of every shape, in a run and one by one.

Each shape is measured in a process of its own, in processor time, after a small one has loaded libraries and kernels.
The size doubles until one takes `ENOUGH` seconds; the exponent is that of the last doubling.

The result is a dictionary: `measured`, a list with an entry per shape and way, of `shape`, `way`, `bound` (what bounds
it in SECURITY.md where it is not linear), `sizes`, `seconds`, `peak` (bytes), `exponent`, `beside` (one by one: its
time over that of as many ordinary articles, where it is not linear) and `passed`; and where it comes from.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.hostile_collections import COLLECTIONS
from benchmarks.hostile_files import HOSTILE
from benchmarks.machine import Stopwatch, provenance
from benchmarks.worker import peak_bytes

EXPONENT = 1.2
"""Most that a linear shape may grow by, ..."""
MEANINGFUL = 0.5
"""... where the largest size takes this many seconds of the processor."""
ENOUGH = 1.0
"""Seconds from which a size is not doubled again."""
REPEATS = 2
"""How often a shape that grows by more is measured again."""
LARGEST = 128
"""Largest size, of a shape's smallest."""
SMALL = 40
"""Size of the shape that is run first."""
FILES = 10_000
"""Smallest size of a file, in tens of bytes."""
WAYS = ("run", "run, NumPy", "one by one", "one by one, NumPy")


def run(*, chosen: Sequence[str] = (), ways: Sequence[str] = (), watch: Stopwatch) -> dict[str, Any]:
    """Measure every shape in every way.

    Args:
        chosen: words in the names of the shapes to measure; all if empty.
        ways: the ways to measure; all if empty.
        watch: times the shapes.
    """
    pairs = [(name, way) for way in WAYS for name in COLLECTIONS] + [(name, "read") for name in HOSTILE]
    measured = []
    for name, way in pairs:
        if (not chosen or any(word in name for word in chosen)) and (not ways or way in ways):
            with watch.step(f"{name}, {way}"):
                measured.append(measure(name, way))
    return {"measured": measured, **provenance()}


def measure(name: str, way: str) -> dict[str, Any]:
    """Measure one shape in one way."""
    bound = "" if way == "read" else COLLECTIONS[name].bound
    found = _child(name, way)
    for _ in range(REPEATS):  # others use the machine: the best counts
        if bound or _exponent(found) <= EXPONENT:
            break
        again = _child(name, way, found["sizes"])
        found["seconds"] = [min(both) for both in zip(found["seconds"], again["seconds"], strict=True)]
    exponent, largest = _exponent(found), found["seconds"][-1]
    beside = None
    if way.startswith("one by one") and exponent > EXPONENT:
        beside = largest / _child("ordinary", way, found["sizes"][-1:])["seconds"][0]
    passed = bool(bound) or exponent <= EXPONENT or largest < MEANINGFUL
    return {
        "shape": name,
        "way": way,
        "bound": bound,
        **found,
        "exponent": exponent,
        "beside": beside,
        "passed": passed,
    }


def _exponent(found: Mapping[str, Any]) -> float:
    *_, half, whole = found["seconds"]
    return math.log2(max(whole, 1e-3) / max(half, 1e-3))


def _child(name: str, way: str, sizes: Sequence[int] = ()) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.growth", name, way, *map(str, sizes)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"DEDUP_KERNELS": "auto" if "NumPy" in way else "on"},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def grown(name: str, way: str, sizes: Sequence[int]) -> dict[str, Any]:
    """Measure sizes in this process: those given, or doubled until one takes `ENOUGH` seconds."""
    start = FILES if way == "read" else COLLECTIONS[name].start
    spent(name, way, SMALL)
    measured = [(size, spent(name, way, size)) for size in sizes or [start]]
    while not sizes and (len(measured) < 3 or measured[-1][1] < ENOUGH):
        size, seconds = measured[-1]
        if size >= LARGEST * start:
            break
        if seconds < ENOUGH / 20 and size <= LARGEST * start / 16:
            measured = []
            size *= 2
        measured.append((2 * size, spent(name, way, 2 * size)))
    last = measured[-3:]
    return {"sizes": [size for size, _ in last], "seconds": [taken for _, taken in last], "peak": peak_bytes()}


def spent(name: str, way: str, size: int) -> float:
    """Return the seconds of the processor that one shape takes in one way."""
    if way == "read":
        return _read(name, size)
    import dedup
    from dedup import backends

    if "NumPy" in way:  # as without numba
        vars(backends)["find_spec"] = lambda _: None
    articles = COLLECTIONS[name].articles(size)
    if way.startswith("run"):
        start = process_time()
        dedup.cluster(articles)
        return process_time() - start
    with dedup.StoryIndex.open(":memory:") as index:
        start = process_time()
        for article in articles:
            index.add(article)
        return process_time() - start


def _read(name: str, size: int) -> float:
    from dedup.read import read_articles

    file_name, content = HOSTILE[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file_name
        path.write_bytes(content(size))
        start = process_time()
        for _ in read_articles([path], notices=[]):
            pass
        return process_time() - start


def show_growth(report: Mapping[str, Any], console: Console) -> None:
    """Print a line per shape and way."""
    table = Table(box=SIMPLE_HEAD, title="growth: n, 2n and 4n of each shape", title_justify="left")
    for name in ("shape", "way", "n", "seconds", "peak, MB", "exponent", "beside ordinary", "bound"):
        table.add_column(name, justify="left" if name in {"shape", "way", "bound"} else "right")
    for one in report["measured"]:
        table.add_row(
            one["shape"],
            one["way"],
            f"{one['sizes'][0]:,}",
            " ".join(f"{seconds:.2f}" for seconds in one["seconds"]),
            f"{one['peak'] / 1e6:.0f}",
            f"{one['exponent']:.2f}",
            "" if one["beside"] is None else f"{one['beside']:.1f}",
            one["bound"] if one["passed"] else "EXCEEDED",
        )
    console.print(table)


if __name__ == "__main__":
    print(json.dumps(grown(sys.argv[1], sys.argv[2], [int(size) for size in sys.argv[3:]])))
