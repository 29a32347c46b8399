"""A thread pool for kernels, which release the GIL: one thread per processor."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int | None) -> Iterator[_Result]:
    """Map a function over items in threads, and yield the results in order; few items are in memory at any time.

    Args:
        work: the function, called in another thread if there are several.
        items: consumed in the caller's thread, as they are needed.
        threads: number of threads; None for one per processor.
    """
    count = threads or processors()
    if count == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(count, "dedup") as pool:
        under_way: deque[Future[_Result]] = deque()
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) > 2 * count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def parts_in_threads(
    work: Callable[[int, int], _Result], count: int, threads: int | None, *, least: int
) -> list[_Result]:
    """Call a function with the bounds of parts of a range, in threads, and return the results in order.

    Args:
        work: called with the first number of a part and the one after its last.
        count: the length of the range.
        threads: see `in_threads`.
        least: numbers of a part, at least, for which a thread is worth it.
    """
    workers = threads or processors()
    if workers == 1:
        return [work(0, count)] if count else []
    size = max(least, -(-count // (4 * workers)))
    ends = [(first, min(first + size, count)) for first in range(0, count, size)]
    return list(in_threads(lambda bounds: work(*bounds), ends, workers if len(ends) > 1 else 1))


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
