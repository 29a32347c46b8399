"""The benchmark of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import chromium

from benchmarks import page
from benchmarks.machine import Stopwatch


def test_the_page_is_measured_as_a_file_and_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", chromium())
    monkeypatch.setattr(page, "TIMES", 1)
    report = page.run(tmp_path, articles=40, watch=Stopwatch())
    assert report["articles"] == 40
    assert 0 < report["file"]["bytes_per_article"] < report["file"]["bytes"] / 40
    for kind in ("file", "service"):
        assert min(report["opened"][kind]["paint"] + report["opened"][kind]["list"]) > 0
        assert {"copies:without", "order:time"} <= {*report["filters"][kind]}
