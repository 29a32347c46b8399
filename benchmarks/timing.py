"""Times of several methods in alternation, so that disturbances affect all of them."""

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
"""Environment variables for the number of threads; most libraries read them when they are loaded."""


@dataclass(slots=True)
class Timing:
    """The seconds of one method, an entry per round: processor and wall-clock time."""

    processor: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the median and extremes of the processor time, and the median wall-clock time."""
        return {**spread(self.processor), "clock": median(self.clock), "rounds": len(self.processor)}


def alternately(
    methods: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    fewer: Mapping[str, int] | None = None,
    announce: Callable[[str], object] = lambda _: None,
) -> dict[str, Timing]:
    """Time each method once in every round; each round begins with another one.

    Args:
        ways: the methods by name; their results are dropped.
        rounds: number of rounds.
        fewer: number of rounds of slow methods.
        announce: called with the name and the round at each start.
    """
    names = list(methods)
    taken = {name: Timing() for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            if number >= (fewer or {}).get(name, rounds):
                continue
            announce(f"{name}, round {number + 1} of {rounds}")
            with no_collection():
                began, ran = perf_counter(), process_time()
                methods[name]()
                taken[name].processor.append(process_time() - ran)
                taken[name].clock.append(perf_counter() - began)
    return taken


def ratios(ours: Timing, theirs: Timing) -> dict[str, float]:
    """Return the ratios theirs / ours of the rounds that both took part in: median and extremes."""
    return spread([b / a for a, b in zip(ours.processor, theirs.processor, strict=False)])


def spread(values: list[float]) -> dict[str, float]:
    """Return median, minimum and maximum."""
    return {"median": median(values), "low": min(values), "high": max(values)}


@contextmanager
def no_collection() -> Iterator[None]:
    """Disable garbage collection, which depends on the number of objects a peer makes."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def pin_threads() -> None:
    """Set one thread for every library; call it before they are loaded."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))


def free_threads() -> dict[str, str]:
    """Return the environment without limits on threads."""
    return {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}


@contextmanager
def one_core() -> Iterator[None]:
    """Pin this process and its threads to one processor, if the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
