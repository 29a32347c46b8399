"""`speed` and `scale` end to end, on little data."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks import __main__ as commands
from benchmarks import drawing, end_to_end, processes, scale, show_speed, speed
from benchmarks.machine import BenchmarkError, Stopwatch

LITTLE = speed.Size(40, 400, 500, 60, 30, 1, 50, 1)
SMALL = scale.Size((6, None), (40, 80), 60, 12, 40)


@pytest.fixture(scope="module")
def timed() -> dict[str, Any]:
    return speed.run(None, size=LITTLE, watch=Stopwatch())


@pytest.fixture(scope="module")
def grown() -> dict[str, Any]:
    return scale.run(None, size=SMALL, watch=Stopwatch())


def test_a_report_of_speed_has_every_row(timed: dict[str, Any]) -> None:
    assert json.loads(json.dumps(timed)) == timed
    assert timed["articles"].startswith("made up")
    assert set(timed["rows"]) == set(speed.WHAT) == set(speed.BARS)
    for name, row in timed["rows"].items():
        assert row["timings"]["dedup"]["median"] > 0
        assert set(row["ratios"]) == set(row["timings"]) - {"dedup"}
        assert row["checked"]
        for peer, bar in row["bars"].items():
            assert bar == {
                "at_least": speed.BARS[name][peer],
                "reached": row["ratios"][peer]["median"] >= speed.BARS[name][peer],
            }
    assert timed["twins"]["identical"]
    assert timed["whole"]["same"]
    assert timed["whole"]["articles"] == 50
    assert timed["whole"]["bars"] == {}  # they are for the whole stream
    assert 0.99 < sum(stage["share"] for stage in timed["whole"]["stages"]) < 1.01
    assert timed["small"]["seeds"]["median"] > timed["small"]["import"]["median"] >= 0
    assert all(limit["share"] > 0 for step in timed["steps"] for limit in step["limits"])


def test_a_report_of_speed_is_shown_and_drawn(timed: dict[str, Any], tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=StringIO())
    steps = [{**step, "limits": [{**limit, "rate": 99_999.4} for limit in step["limits"]]} for step in timed["steps"]]
    timed = {**timed, "missing": {"rensa": "pip install rensa"}, "steps": steps}  # however fast the machine is
    show_speed.show_speed(timed, console)
    shown = console.export_text()
    for text in (*speed.WHAT.values(), "identical: yes", "rensa is not installed (pip install rensa)"):
        assert " ".join(text.split()) in " ".join(shown.split())
    assert "…" not in shown.replace("… its memory", "")
    pytest.importorskip("matplotlib", reason="figures are drawn by matplotlib: pip install -e '.[bench]'")
    drawing.draw_speed(timed, tmp_path / "speed.svg")
    assert "text-dedup's recipe" in (tmp_path / "speed.svg").read_text(encoding="utf-8")


def test_a_report_of_scale_knows_what_was_planted(grown: dict[str, Any]) -> None:
    assert json.loads(json.dumps(grown)) == grown
    assert grown["skipped"] == {"real": "the stream is not there"}
    assert [run["articles"] for run in grown["made_up"]] == [40, 80]
    assert set(grown["crowds"]) == {"wire", "own"}
    assert grown["crowds"]["wire"]["shape"]["repeated"] == 12
    for run in (*grown["made_up"], *grown["crowds"].values()):
        assert run["peak"] > 50e6
        assert run["bytes_per_article"] == run["peak"] / run["articles"]
        assert run["stories"]["bcubed_f1"] > 0.7
        assert run["copies"]["bcubed_f1"] > 0.7
    assert grown["exponents"].keys() == {"made_up"}
    assert grown["density"]["made_up"] > 0


def test_a_report_of_scale_is_shown_and_drawn(grown: dict[str, Any], tmp_path: Path) -> None:
    console = Console(width=80, record=True, file=StringIO())
    shown_report = {**grown, "bars": {"seconds": {"measured": 700.0, "at_most": 600.0, "reached": False}}}
    show_speed.show_scale(shown_report, console)
    shown = console.export_text()
    assert "seconds: 700, at most 600: NO" in shown
    assert "…" not in shown
    pytest.importorskip("matplotlib", reason="figures are drawn by matplotlib: pip install -e '.[bench]'")
    for number in range(2):
        drawing.draw_scale(grown, tmp_path / f"{number}.svg")
    assert (tmp_path / "0.svg").read_bytes() == (tmp_path / "1.svg").read_bytes()


def test_runs_on_the_real_stream(stream_folder: Path) -> None:
    size = scale.Size((6, None), (), 0, 0, 10)
    found = scale.run(stream_folder, size=size, watch=Stopwatch(), most=6)
    assert [run["articles"] for run in found["real"]] == [6]
    assert found["skipped"] == {"real, all": "more than 6 articles"}
    assert set(found["density"]) == {"made_up", "real"}


def test_the_exponent_is_the_slope_of_the_logarithms() -> None:
    articles = [1_000, 10_000, 100_000]
    assert scale.exponent(articles, [number**1.25 / 7 for number in articles]) == pytest.approx(1.25)


def test_a_result_is_scored_against_what_was_planted(tmp_path: Path) -> None:
    rows = [("a", "s1", "c1"), ("b", "s1", "c1"), ("c", "s1", None), ("d", "s2", None)]
    lines = [json.dumps({"id": name, "story": story, "copy_group": group}) for name, story, group in rows]
    (tmp_path / "out.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = scale.planted_found(tmp_path / "out.jsonl", np.array([1, 1, 1, 2]), np.array([1, 1, 2, 3]))
    assert found["stories"]["bcubed_f1"] == found["copies"]["bcubed_f1"] == 1
    found = scale.planted_found(tmp_path / "out.jsonl", np.array([1, 1, 2, 2]), np.array([1, 2, 3, 4]))
    assert found["stories"]["bcubed_f1"] < 1
    assert found["copies"]["bcubed_precision"] == 0.75


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchmarkError, match="there is no article to cluster"):
        processes.clustered(tmp_path / "empty", tmp_path / "out.jsonl")


def test_articles_and_megabytes_of_a_file_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"title": "Öl", "text": "abc"}\n{"text": "de"}\n', encoding="utf-8")
    assert end_to_end.measured(path) == (2, 8 / 1e6)


def test_all_writes_what_is_done_before_the_next_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def report(name: str, *_: object, **__: object) -> dict[str, Any]:
        if name == "scale":
            raise BenchmarkError("no memory left")
        return {"benchmark": name}

    monkeypatch.setattr(commands, "_report", report)
    monkeypatch.setattr(commands, "_show", lambda *_: None)
    done = CliRunner().invoke(commands.app, ["all", "--json", str(tmp_path / "all.json")])
    assert done.exit_code == 1
    assert "no memory left" in done.output
    written = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert written == {"accuracy": {"benchmark": "accuracy"}, "speed": {"benchmark": "speed"}}


@pytest.mark.parametrize("command", ["speed", "scale", "all"])
def test_wrong_folders_are_told_before_any_work(command: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(commands.app, [command, "--json", str(tmp_path / "none" / "a.json")])
    assert done.exit_code == 1
    assert "whose folder does not exist" in " ".join(done.output.split())
    done = CliRunner().invoke(commands.app, [command, "--data", str(tmp_path / "none")])
    assert done.exit_code == 1
    assert "which is not a folder" in " ".join(done.output.split())
