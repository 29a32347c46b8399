"""The benchmark of readers makes valid inputs and measures a reading process."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import readers
from benchmarks.machine import Stopwatch
from benchmarks.readers import show_readers
from dedup.article import Notice
from dedup.read import read_articles

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # warcio's temporary files

WITHOUT_ARTICLES = {"a gzip bomb of 2 GB", "a zip bomb of 1 GB"}


@pytest.mark.parametrize("name", sorted(set(readers.inputs(0.001)) - {"a page, 15 MB of it programs"}))
def test_every_input_is_readable(tmp_path: Path, name: str) -> None:
    readers.inputs(0.001)[name](tmp_path, random.Random(1))  # noqa: S311
    notices: list[Notice] = []
    articles = list(read_articles(tmp_path, notices=notices))
    assert bool(articles) is (name not in WITHOUT_ARTICLES), notices
    told = {
        "JSON 10,000 levels deep",
        "a million empty files",
        "UTF-16 without a mark",
        "CSV, a quotation mark never closed",
    }
    assert bool(notices) <= (name in told | WITHOUT_ARTICLES), notices


def test_the_peak_of_another_process_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    ballast = bytes(200_000_000)  # of this process, and none of the reading one
    small = readers.inputs(0.001)["JSON lines"]
    monkeypatch.setattr(readers, "inputs", lambda scale: {f"JSON lines at {scale}": small})
    report = readers.run(quick=True, watch=Stopwatch())
    (found,) = report["inputs"].values()
    assert (found["articles"], found["said"], found["notices"]) == (50, "", 0)
    assert 5_000_000 < report["idle"] <= found["peak"] * 1.1 < len(ballast)
    console = Console(record=True, width=120)
    show_readers(report, console)
    assert "JSON lines at 0.05" in console.export_text()
