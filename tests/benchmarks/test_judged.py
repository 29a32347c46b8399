from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import data, judged
from benchmarks.machine import BenchmarkError, Stopwatch

VERDICTS = """# a comment
both\t0-1\tferry-0\tferry-1\tsame\thigh\t3.0
apart\t0-1\tferry-0\tchess-1\tdifferent\tlow\t1.0
apart\t2-10\tferry-2\tchess-1\tsame\thigh\t1.0
"""


def test_judged_pairs_are_weighed(stream_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample.tsv").write_text(VERDICTS, encoding="utf-8")
    monkeypatch.setattr(judged, "SAMPLE", tmp_path / "sample.tsv")
    report = judged.run(stream_folder, resamples=20, seed=1, watch=Stopwatch())
    found = report["sample"]["all"]
    assert found["pairs"] == 3
    assert (found["right"], found["precision"], found["recall"]) == (0.8, 1.0, 0.75)
    low, high = found["intervals"]["right"]
    assert 0 <= low <= 0.8 <= high <= 1
    assert report["sample"]["high_confidence"]["pairs"] == 2
    assert set(report["sample"]["by_drawing"]) == {"both 0-1", "apart 0-1", "apart 2-10"}
    calibration = report["sample"]["calibration"]
    assert calibration["links"] <= 1
    assert 0 <= calibration["error"] <= 1


def test_without_a_stream_there_is_an_error(folder: Path) -> None:
    with pytest.raises(BenchmarkError, match="no stream"):
        judged.run(folder, watch=Stopwatch())


def test_the_committed_sample_is_whole() -> None:
    pairs = judged.sample()
    assert len({frozenset((pair.a, pair.b)) for pair in pairs}) == len(pairs) == 400
    assert {pair.verdict for pair in pairs} == {"same", "related", "different"}
    assert min(pair.weight for pair in pairs) > 1


def test_pairs_of_the_whole_stream_are_absent_without_a_file(folder: Path) -> None:
    assert data.stream_pairs_dev(folder) == []
    assert data.stream_pairs_dev(None) == []
