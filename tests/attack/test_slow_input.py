"""Files that are built to take long take time in proportion to their size."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hostile_files import HOSTILE

from dedup.article import Notice
from dedup.read import read_articles
from dedup.text.dateline import dates_told
from dedup.text.spans import spans

SMALL, TIMES = 2_000, 8
"""Tens of bytes of the smaller file, and how many times as large the other is: a quadratic way takes 64 times as long."""
FREE = 0.3
"""Seconds that are looked away from: what is imported, and the clock's own unrest."""


def seconds(path: Path) -> float:
    """Of the processor, the best of two: what else the machine does must not count."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        notices: list[Notice] = []
        list(read_articles([path], notices=notices))
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("what", HOSTILE)
def test_time_is_linear(tmp_path: Path, what: str) -> None:
    name, content = HOSTILE[what]
    path = tmp_path / name
    path.write_bytes(content(SMALL))
    small = seconds(path)
    path.write_bytes(content(SMALL * TIMES))
    assert seconds(path) < 3 * TIMES * small + FREE


@pytest.mark.parametrize("unit", ["a\u0301", "1 May ", "2020-01-", "7 de ", "\u0e34", "1,", "Jan. 1, ", "\u1100\u1161"])
def test_places_and_dates_take_linear_time(unit: str) -> None:
    def spent(count: int) -> float:
        start = time.process_time()
        spans(unit * count)
        dates_told(unit * count)
        return time.process_time() - start

    spent(10)
    small = spent(5_000)
    assert spent(40_000) < 30 * small + FREE
