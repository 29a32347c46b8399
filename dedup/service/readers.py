"""Threads that answer what only reads, with a bound to how much may wait for them, and for how long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

from dedup.service.problems import problem
from dedup.service.writer import as_problem

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")


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
        return await self._answer(lambda: self._pool.submit(call, *args, **options))

    async def _answer(self, begin: Callable[[], Future[T]]) -> T:
        if self._count >= self._most:
            what = f"{self._count:,} requests wait for an answer already"
            raise problem("too-busy", "service", what, "send it again after Retry-After", retry=1)
        self._count += 1
        done = asyncio.wrap_future(begin())
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


class Gatherer(Readers, Generic[Item, T]):
    """A thread that answers what many ask: all that came while it answered others it looks up together.

    Args:
        name: of the thread.
        call: gives the answers to several items.
        most: items that it looks up together.
        waiting, patience: see `Readers`.
    """

    def __init__(
        self, name: str, call: Callable[[list[Item]], list[T]], *, most: int, waiting: int, patience: float
    ) -> None:
        super().__init__(name, 1, waiting, patience)
        self._call, self._together = call, most
        self._asked: deque[tuple[Item, Future[T]]] = deque()

    async def look_up(self, item: Item) -> T:
        """The answer to one item; all else as for `ask`."""
        return await self._answer(lambda: self._queued(item))

    def close(self) -> None:
        """Lets it go when it is done with what it answers; who waits still is told so."""
        super().close()
        for _, answer in self._asked:
            answer.cancel()

    def _queued(self, item: Item) -> Future[T]:
        answer: Future[T] = Future()
        self._asked.append((item, answer))
        self._pool.submit(self._work)
        return answer

    def _work(self) -> None:
        asked = [self._asked.popleft() for _ in range(min(self._together, len(self._asked)))]
        if not asked:
            return  # it was answered with others
        try:
            answers = self._call([item for item, _ in asked])
        except Exception:
            for one in asked:  # whose fault it is, is seen one by one
                self._alone(*one)
            return
        for (_, answer), found in zip(asked, answers, strict=True):
            answer.set_result(found)

    def _alone(self, item: Item, answer: Future[T]) -> None:
        try:
            answer.set_result(self._call([item])[0])
        except Exception as error:
            answer.set_exception(error)
