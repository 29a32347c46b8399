"""Run every seed input and every earlier finding of the fuzzers."""

from __future__ import annotations

import random
from pathlib import Path

import fuzz_command
import fuzz_given
import fuzz_readers
import fuzz_service
import fuzz_stores
import fuzz_words
import pytest
from fuzz_run import TARGETS, target

CASES = Path(__file__).parent / "cases"
READERS = [name for name in TARGETS if name in fuzz_readers.ENDINGS]


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_findings(path: Path) -> None:
    run, _ = target(path.parent.name)
    run(path.read_bytes())


@pytest.mark.parametrize("lot", READERS)
def test_valid_files(lot: str) -> None:
    starts = fuzz_readers.starts(lot)
    assert len(starts) >= 4
    for start in starts:
        fuzz_readers.one(start, lot)
        fuzz_readers.one(start[: len(start) // 2], lot)


def test_words() -> None:
    for start in fuzz_words.starts():
        fuzz_words.one(start)


def test_stores() -> None:
    for start in fuzz_stores.starts():
        fuzz_stores.one(start)


def test_service() -> None:
    chance = random.Random(10)  # noqa: S311
    try:
        for start in [*fuzz_service.starts(), *(chance.randbytes(60) for _ in range(40))]:
            fuzz_service.one(start)
    finally:
        fuzz_service.stop()


@pytest.mark.parametrize(
    "start", fuzz_command.starts()[::4], ids=lambda start: fuzz_command.line(fuzz_given.Given(start))[0:1]
)
def test_command_lines(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEDUP_KERNELS", "off")
    fuzz_command.one(start)
