"""Work in threads: kernels release the interpreter, so as many run at a time as there are processors."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int | None) -> Iterator[_Result]:
    """The results of tasks in their order, few of which are under way or waiting at any time.

    Args:
        work: what is done with each item, in another thread.
        items: taken as they are needed, in the caller's thread.
        threads: how many work at a time; None for as many as there are processors.
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


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
