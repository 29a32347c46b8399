"""Reader pools: the bound of their queue, and calls that answer several requests."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dedup import InputError
from dedup.service.problems import Problem
from dedup.service.readers import BatchingReader


def test_waiting_requests_share_a_call_and_each_gets_its_own_answer() -> None:
    sizes: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def double(items: list[int]) -> list[int]:
        sizes.append(len(items))
        begun.set()
        assert go_on.wait(30)
        return [2 * item for item in items]

    async def ask() -> list[int]:
        reader = BatchingReader("test", double, batch_size=4, waiting=50, timeout=30)
        first = asyncio.create_task(reader.look_up(0))
        await asyncio.to_thread(begun.wait, 30)
        others = [asyncio.create_task(reader.look_up(item)) for item in range(1, 11)]
        await asyncio.sleep(0)
        assert reader.count == 11
        go_on.set()
        found = [await first, *await asyncio.gather(*others)]
        reader.close()
        assert reader.count == 0
        return found

    assert asyncio.run(ask()) == [2 * item for item in range(11)]
    assert sizes == [1, 4, 4, 2]


def test_an_error_reaches_only_the_request_at_fault() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def halve(items: list[int]) -> list[int]:
        begun.set()
        assert go_on.wait(30)
        if odd := [item for item in items if item % 2]:
            raise InputError(f"{odd[0]} is odd")
        return [item // 2 for item in items]

    async def ask() -> list[int | BaseException]:
        reader = BatchingReader("test", halve, batch_size=8, waiting=50, timeout=30)
        first = asyncio.create_task(reader.look_up(0))
        await asyncio.to_thread(begun.wait, 30)
        others = [asyncio.create_task(reader.look_up(item)) for item in (2, 3, 4)]
        await asyncio.sleep(0)
        go_on.set()
        found = await asyncio.gather(first, *others, return_exceptions=True)
        reader.close()
        return found

    zero, one, fault, two = asyncio.run(ask())
    assert (zero, one, two) == (0, 1, 2)
    assert isinstance(fault, Problem)


def test_the_queue_is_bounded() -> None:
    go_on = threading.Event()

    def slow(items: list[int]) -> list[int]:
        assert go_on.wait(30)
        return items

    async def ask() -> int:
        reader = BatchingReader("test", slow, batch_size=8, waiting=2, timeout=30)
        tasks = [asyncio.create_task(reader.look_up(item)) for item in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="too much to do"):
            await reader.look_up(3)
        go_on.set()
        found = await asyncio.gather(*tasks)
        reader.close()
        return sum(found)

    assert asyncio.run(ask()) == 3
