"""Timing of methods, and names of missing peers."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec

import pytest

from benchmarks import machine
from benchmarks.timing import THREAD_VARIABLES, Timing, alternately, free_threads, one_core, pin_threads, ratios
from benchmarks.worker import StageWatch, peak_bytes


def test_each_round_begins_with_another_way() -> None:
    ran: list[str] = []
    taken = alternately({name: lambda name=name: ran.append(name) for name in "abc"}, 3)  # type: ignore[misc]
    assert "".join(ran) == "abcbcacab"
    assert [len(timing.processor) for timing in taken.values()] == [3, 3, 3]
    assert [len(timing.clock) for timing in taken.values()] == [3, 3, 3]


def test_a_slow_way_may_take_part_in_fewer_rounds() -> None:
    ran: list[str] = []
    taken = alternately({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, 4, fewer={"b": 1})
    assert sorted(ran) == ["a"] * 4 + ["b"]
    assert len(taken["b"].processor) == 1


def test_ratios_are_of_the_same_round() -> None:
    ours, theirs = Timing([1.0, 2.0, 4.0], [0, 0, 0]), Timing([10.0, 20.0], [0, 0])
    assert ratios(ours, theirs) == {"median": 10, "low": 10, "high": 10}
    assert Timing([3.0, 1.0, 2.0], [5.0, 4.0, 6.0]).to_dict() == {
        "median": 2,
        "low": 1,
        "high": 3,
        "clock": 5,
        "rounds": 3,
    }


def test_libraries_are_told_to_use_one_thread_and_processes_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "7")
    pin_threads()
    assert {os.environ[name] for name in THREAD_VARIABLES} == {"1"}
    assert not set(free_threads()) & set(THREAD_VARIABLES)
    assert free_threads()["PATH"] == os.environ["PATH"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot keep a process on a processor")
def test_one_core_is_temporary() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_a_missing_peer_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == "rensa" else ModuleSpec(name, None)

    monkeypatch.setattr(machine, "find_spec", find)
    assert machine.missing() == {"rensa": "pip install -e '.[bench]', or pip install rensa"}
    assert not machine.is_here("rensa")
    assert machine.is_here("gaoya")


def test_stages_follow_the_pipeline() -> None:
    with StageWatch(quiet=True) as watch:
        for stage in ("reading", "counting", "reading", "reading"):
            watch(stage, 1, 2)
    stages = watch.stages()
    assert [stage["name"] for stage in stages] == ["start", "reading", "counting", "write"]
    assert all(stage["seconds"] >= 0 for stage in stages)
    assert stages[-1]["peak"] >= stages[1]["peak"] > 0


def test_the_peak_is_that_of_this_process() -> None:
    assert 10e6 < peak_bytes() < 1e12
    block = bytearray(64 << 20)
    assert peak_bytes() >= len(block)
    assert sys.getsizeof(block) > 64 << 20
