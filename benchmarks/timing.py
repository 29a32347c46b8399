"""Times of several ways to do one thing, taken in turn, so that what disturbs the machine disturbs them all."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What tells libraries how many threads to use; most read it when they are loaded."""


@dataclass(slots=True)
class Timing:
    """The times of one way, a round each: of the processor, and by the clock. In seconds."""

    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Median and extremes of the processor's time, and the median by the clock; ready for JSON."""
        return {**spread(self.processor), "clock": median(self.clock), "rounds": len(self.processor)}


def alternately(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    fewer: Mapping[str, int] | None = None,
    announce: Callable[[str], object] = lambda _: None,
) -> dict[str, Timing]:
    """Times each way once in every round; each round begins with another one.

    Args:
        ways: what is timed, by name. What a way returns is thrown away.
        rounds: how many rounds there are.
        fewer: ways that take so long that they take part in so many rounds only.
        announce: told the name and the round as each begins.
    """
    names = list(ways)
    taken = {name: Timing() for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if number >= (fewer or {}).get(name, rounds):
                continue
            announce(f"{name}, round {number + 1} of {rounds}")
            with no_collection():
                began, ran = perf_counter(), process_time()
                ways[name]()
                taken[name].processor.append(process_time() - ran)
                taken[name].clock.append(perf_counter() - began)
    return taken


def ratios(ours: Timing, theirs: Timing) -> dict[str, float]:
    """How many times longer they took than we, from rounds that both took part in: median and extremes."""
    return spread([b / a for a, b in zip(ours.processor, theirs.processor, strict=False)])


def spread(values: list[float]) -> dict[str, float]:
    """The median of values, the least and the largest."""
    return {"median": median(values), "low": min(values), "high": max(values)}


@contextmanager
def no_collection() -> Iterator[None]:
    """Keeps Python from looking for garbage, which it does more often the more objects a peer makes."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def pin_threads() -> None:
    """Tells every library to use one thread; of use before they are loaded."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))


def free_threads() -> dict[str, str]:
    """The environment of a process that may use all processors."""
    return {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process, and threads that it starts, on one processor; where the system cannot, nothing happens."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
