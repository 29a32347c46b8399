"""Thread pools for requests that only read, with a bounded queue and a timeout."""

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


class ReaderPool:
    """A thread pool with a bounded queue.

    Args:
        name: part of the names of the threads.
        threads: their number.
        waiting: requests that may wait for a thread.
        timeout: seconds for an answer.
    """

    def __init__(self, name: str, threads: int, waiting: int, timeout: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"dedup-{name}")
        self._limit, self._timeout = threads + waiting, timeout
        self._count = 0

    @property
    def count(self) -> int:
        """Requests that are being answered or wait."""
        return self._count

    async def run(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return the result of a call made in a thread.

        Raises:
            Problem: it raised an error, too many requests wait, or it took too long (it then continues unobserved).
        """
        return await self._wait(lambda: self._pool.submit(call, *args, **options))

    async def _wait(self, begin: Callable[[], Future[T]]) -> T:
        if self._count >= self._limit:
            what = f"{self._count:,} requests wait for an answer already"
            raise problem("too-busy", "service", what, "send it again after Retry-After", retry=1)
        self._count += 1
        done = asyncio.wrap_future(begin())
        done.add_done_callback(self._finished)
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(done)
        except TimeoutError:
            what = f"no answer was found in {self._timeout:g} s"
            raise problem("took-too-long", "service", what, "ask for less, or again later", retry=5) from None
        except Exception as error:
            raise as_problem(error) from error

    def close(self) -> None:
        """Finish running calls, cancel the others, and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _finished(self, done: asyncio.Future[T]) -> None:
        self._count -= 1
        if not done.cancelled():
            done.exception()


class BatchingReader(ReaderPool, Generic[Item, T]):
    """A thread that answers several requests by one call: those that arrived during the call before.

    Args:
        name: part of the name of the thread.
        call: returns the answers to several items.
        batch_size: items of one call at most.
        waiting, timeout: see `ReaderPool`.
    """

    def __init__(
        self, name: str, call: Callable[[list[Item]], list[T]], *, batch_size: int, waiting: int, timeout: float
    ) -> None:
        super().__init__(name, 1, waiting, timeout)
        self._call, self._batch_size = call, batch_size
        self._queue: deque[tuple[Item, Future[T]]] = deque()

    async def look_up(self, item: Item) -> T:
        """Return the answer to one item; for errors see `run`."""
        return await self._wait(lambda: self._enqueue(item))

    def close(self) -> None:
        """Finish the running call, cancel the others, and end the thread."""
        super().close()
        for _, answer in self._queue:
            answer.cancel()

    def _enqueue(self, item: Item) -> Future[T]:
        answer: Future[T] = Future()
        self._queue.append((item, answer))
        self._pool.submit(self._run)
        return answer

    def _run(self) -> None:
        asked = [self._queue.popleft() for _ in range(min(self._batch_size, len(self._queue)))]
        if not asked:
            return  # another call has answered it
        try:
            answers = self._call([item for item, _ in asked])
        except Exception:
            for one in asked:  # one by one, so that only the item at fault fails
                self._run_one(*one)
            return
        for (_, answer), found in zip(asked, answers, strict=True):
            answer.set_result(found)

    def _run_one(self, item: Item, answer: Future[T]) -> None:
        try:
            answer.set_result(self._call([item])[0])
        except Exception as error:
            answer.set_exception(error)
