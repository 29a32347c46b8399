"""The benchmark of growth makes valid shapes and judges exponents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from benchmarks import growth
from benchmarks.hostile_collections import COLLECTIONS
from benchmarks.machine import Stopwatch
from dedup import backends


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_collection_is_the_same_each_time(name: str) -> None:
    articles = COLLECTIONS[name].articles(20)
    assert articles
    assert articles == COLLECTIONS[name].articles(20)


@pytest.mark.parametrize(("power", "passed"), [(1.0, True), (1.1, True), (1.3, False), (2.0, False)])
def test_a_linear_shape_must_not_grow_by_more(monkeypatch: pytest.MonkeyPatch, power: float, passed: bool) -> None:
    def child(name: str, way: str, sizes: Sequence[int] = ()) -> dict[str, Any]:
        return growth.grown(name, way, sizes)

    monkeypatch.setattr(growth, "spent", lambda _name, _way, size: 1e-3 * size**power)
    monkeypatch.setattr(growth, "_child", child)
    report = growth.run(chosen=["one text"], ways=["one by one"], watch=Stopwatch())
    for one in report["measured"]:
        assert one["exponent"] == pytest.approx(power)
        assert one["passed"] is passed or one["bound"]
        assert (one["beside"] == 1.0) is (one["exponent"] > growth.EXPONENT)
        assert [size / one["sizes"][0] for size in one["sizes"]] == [1, 2, 4]
    console = Console(record=True, width=160)
    growth.show_growth(report, console)
    assert ("EXCEEDED" in console.export_text()) is not passed


def test_a_collection_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(backends), "find_spec", vars(backends)["find_spec"])  # restored afterwards
    for way in growth.WAYS:
        assert growth.spent("one text", way, 3) > 0
    assert growth.spent("a heading of blanks", "read", 3) >= 0
