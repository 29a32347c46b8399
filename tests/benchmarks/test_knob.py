"""The benchmarks of the granularity and of a second opinion, and the figures, on a tiny folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks import calibration, drawing, knob, opinion, show
from benchmarks.__main__ import app
from benchmarks.machine import BenchmarkError, Stopwatch

JUDGED: dict[str, Any] = {
    "links": 80,
    "right": 0.9,
    "said": 0.88,
    "error": 0.02,
    "chance": 0.01,
    "interval": [0.01, 0.05],
    "bins": [[0.5, 0.8, 0.82], [0.5, 0.96, 0.98]],
}
CALIBRATION: dict[str, Any] = {
    "sets": {"basil": {**JUDGED, "apart": JUDGED}},
    "copies": JUDGED,
    "pooled": {"error": 0.02, "error_by_links": 0.03, "mean_error": 0.02, "bins": JUDGED["bins"]},
    "table": {
        "held_out_error": {"basil": 0.02},
        "curves": {"joined": {"features": ["constant"], "curve": [1.5], "pairs": 80}},
    },
}


@pytest.fixture(scope="module")
def turned(shared_folder: Path) -> dict[str, Any]:
    return knob.run(shared_folder, watch=Stopwatch())


def shown(show: Any, report: dict[str, Any]) -> str:
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as captured:
        show(report, console)
    return captured.get()


def test_granularity_is_measured_on_every_set(turned: dict[str, Any]) -> None:
    assert {"basil", "mmds_dev", "seeds"} <= set(turned["sets"])
    assert turned["granularities"][0] == 0
    assert turned["granularities"][-1] == 1
    assert 0.5 in turned["granularities"]
    for found in turned["sets"].values():
        measures = [found[name] for name in ("bcubed_precision", "bcubed_recall", "bcubed_f1", "found", "largest")]
        assert {len(values) for values in measures} == {len(turned["granularities"])}
        assert found["bcubed_recall"] == sorted(found["bcubed_recall"]), "stories only ever merge"
        assert found["found"] == sorted(found["found"], reverse=True)
        assert found["stories"] <= found["articles"]


def test_granularity_is_shown(turned: dict[str, Any]) -> None:
    text = shown(show.show_knob, turned)
    assert "seeds: 37 articles, 18 stories" in text
    assert text.count("0.50 ") >= len(turned["sets"])


def test_the_calibration_is_shown() -> None:
    text = shown(show.show_calibration, CALIBRATION)
    assert "basil" in text
    assert "basil, left apart" in text
    assert "joined: 1.5 constant (80 pairs)" in text


def test_a_second_opinion_is_measured_beside_none(shared_folder: Path) -> None:
    report = opinion.run(shared_folder, {"letters": opinion.letters}, watch=Stopwatch())
    for found in report["sets"].values():
        assert list(found) == ["none", "letters"]
        assert found["none"]["texts"] == 0
    assert any(found["letters"]["texts"] for found in report["sets"].values())
    assert "+0.0000" in shown(show.show_opinion, report)


def test_letters_are_an_embedding() -> None:
    vectors = opinion.letters(["Fire on the ferry.", "A fire on the ferry.", "Rates stay."])
    assert vectors.shape == (3, 2**12)
    assert vectors[0] @ vectors[1] > 3 * (vectors[0] @ vectors[2])


def test_bins_of_equal_weight() -> None:
    import numpy as np

    said, right = np.linspace(0, 1, 100), np.arange(100) % 2 == 0
    parts = calibration.even_bins(said, right, np.ones(100), 4)
    assert [share for share, _, _ in parts] == pytest.approx([0.25] * 4)
    assert [mean for _, mean, _ in parts] == sorted(mean for _, mean, _ in parts)
    assert calibration.even_bins(said[:0], right[:0], said[:0], 4) == []


def test_figures_are_reproducible(turned: dict[str, Any], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures are drawn by matplotlib: pip install -e '.[bench]'")
    for name, draw, report in (("k", drawing.draw_knob, turned), ("c", drawing.draw_calibration, CALIBRATION)):
        paths = [tmp_path / "figures" / f"{name}{number}.svg" for number in range(2)]
        for path in paths:
            draw(report, path)
        assert paths[0].read_bytes() == paths[1].read_bytes()
        text = paths[0].read_text(encoding="utf-8")
        assert text.startswith("<?xml")
        assert "<dc:date>" not in text
    assert "seeds (37 / 18)" in (tmp_path / "figures" / "k0.svg").read_text(encoding="utf-8")
    assert "basil" in (tmp_path / "figures" / "c0.svg").read_text(encoding="utf-8")


def test_figures_without_matplotlib_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda _: None)
    with pytest.raises(BenchmarkError, match=r"pip install -e '\.\[bench\]'"):
        drawing.require_matplotlib()


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"sentence-transformers is not installed|there is no folder"):
        opinion.sentence_model(tmp_path / "none")


@pytest.mark.parametrize("command", ["calibration", "knob", "figures", "opinion"])
def test_a_missing_folder_is_an_error(command: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib") if command == "figures" else None
    ended = CliRunner().invoke(app, [command, "--data", str(tmp_path / "none")])
    assert ended.exit_code == 1
    assert "is not a folder" in " ".join(ended.output.split())
