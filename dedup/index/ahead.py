"""Reading ahead: while some articles are stored, the words of the next are read in a thread beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Came = TypeVar("Came")
Drawn = TypeVar("Drawn")


def ahead(
    following: Callable[[], list[Came]], draw: Callable[[list[Came]], list[Drawn]]
) -> Iterator[tuple[list[Came], list[Drawn]]]:
    """Batches in order, each with what was drawn from it, the next one drawn meanwhile.

    Args:
        following: gives the next batch; an empty one is the end. What it raises is raised after the batch before.
        draw: called in another thread.
    """
    with ThreadPoolExecutor(1, "dedup-reads") as pool:

        def upcoming() -> tuple[list[Came], Future[list[Drawn]]] | None:
            came = following()
            return (came, pool.submit(draw, came)) if came else None

        ready = upcoming()
        while ready is not None:
            came, drawn = ready
            fault: Exception | None = None
            try:
                ready = upcoming()
            except Exception as error:
                ready, fault = None, error
            yield came, drawn.result()
            if fault is not None:
                raise fault
