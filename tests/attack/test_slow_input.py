"""Files constructed to be slow are read in linear time, or skipped with a notice."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from benchmarks.hostile_files import HOSTILE
from dedup.article import Notice
from dedup.read import read_articles
from dedup.text.dateline import find_dates
from dedup.text.spans import spans

COUNT = 20_000
"""Size of each file in tens of bytes."""
ENOUGH = 10.0
"""Limit in processor seconds: several times the slowest, and a fraction of a quadratic algorithm's."""
FREE = 0.3
"""Tolerance of the timer in seconds."""


class TooSlow(BaseException):
    """No `TimeoutError`: readers make notices of errors of the system."""


@contextmanager
def bounded() -> Iterator[None]:
    """Abort after a limit of processor time; other processes do not count."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {ENOUGH} seconds of the processor, at line {frame and frame.f_lineno}: {number}")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, ENOUGH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Load the page reader first: that takes a second."""
    for name in ("lxml.html", "trafilatura", "warcio"):
        pytest.importorskip(name)


@pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="this system has no clock of the processor's time")
@pytest.mark.parametrize("what", HOSTILE)
def test_reading_takes_linear_time(tmp_path: Path, what: str) -> None:
    name, content = HOSTILE[what]
    path = tmp_path / name
    path.write_bytes(content(COUNT))
    notices: list[Notice] = []
    with bounded():
        articles = list(read_articles([path], notices=notices))
    assert articles or notices


@pytest.mark.parametrize("unit", ["a\u0301", "1 May ", "2020-01-", "7 de ", "\u0e34", "1,", "Jan. 1, ", "\u1100\u1161"])
def test_places_and_dates_take_linear_time(unit: str) -> None:
    def spent(count: int) -> float:
        start = time.process_time()
        spans(unit * count)
        find_dates(unit * count)
        return time.process_time() - start

    spent(10)
    small = spent(2_000)
    assert spent(16_000) < 30 * small + FREE
