"""Threads that answer what only reads, with a bound to how much may wait for them, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from dedup.service.problems import problem
from dedup.service.writer import as_problem

P = ParamSpec("P")
T = TypeVar("T")


class Readers:
    """Some threads.

    Args:
        name: of them.
        threads: how many.
        waiting: requests that may wait for one.
        patience: seconds for an answer.
    """

    def __init__(self, name: str, threads: int, waiting: int, patience: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"dedup-{name}")
        self._most, self._patience = threads + waiting, patience
        self._count = 0

    @property
    def count(self) -> int:
        """Requests that are being answered, or wait."""
        return self._count

    async def ask(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """What a call gives.

        Raises:
            Problem: it ends with an error, too many wait already, or it took too long (then it goes on by itself).
        """
        if self._count >= self._most:
            what = f"{self._count:,} requests wait for an answer already"
            raise problem("too-busy", "service", what, "send it again after Retry-After", retry=1)
        self._count += 1
        done = asyncio.get_running_loop().run_in_executor(self._pool, lambda: call(*args, **options))
        done.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(done)
        except TimeoutError:
            what = f"no answer was found in {self._patience:g} s"
            raise problem("took-too-long", "service", what, "ask for less, or again later", retry=5) from None
        except Exception as error:
            raise as_problem(error) from error

    def close(self) -> None:
        """Lets them go when they are done."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ended(self, done: asyncio.Future[T]) -> None:
        self._count -= 1
        if not done.cancelled():
            done.exception()
