"""The figures of the documentation, as SVG: the same numbers give the same file, byte for byte, with one matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.machine import REPOSITORY, BenchmarkError

FIGURES = REPOSITORY / "docs" / "figures"
STYLE = {
    "svg.hashsalt": "dedup",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
PRECISION, RECALL, F1 = "#0b6e99", "#c2571a", "#444444"
DEFAULT = 0.5
NEAR = 0.05
"""The calibration error that is asked for, drawn as a band."""
LOWEST = 0.5
"""Probability from which the calibration is drawn: few links have less."""

Report = Mapping[str, Any]


def require_matplotlib() -> None:
    """Checks that figures can be drawn, before any work begins.

    Raises:
        BenchmarkError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise BenchmarkError("figures need matplotlib: run pip install -e '.[bench]'")


def draw_knob(report: Report, path: Path) -> None:
    """BCubed precision, recall and F1 over the granularity, a panel for each set with a story of several articles."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    sets = {name: found for name, found in report["sets"].items() if found["stories"] < found["articles"]}
    columns = 4
    rows = -(-len(sets) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2.3 * columns, 1.9 * rows + 0.4), layout="constrained")
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel().tolist()
        for panel, (name, found) in zip(panels, sets.items(), strict=False):
            for measure, colour in (("precision", PRECISION), ("recall", RECALL), ("f1", F1)):
                values = found[f"bcubed_{measure}"]
                width = 1.2 if measure == "f1" else 1.6
                style = "--" if measure == "f1" else "-"
                panel.plot(report["granularities"], values, style, color=colour, linewidth=width, label=measure)
            panel.axvline(DEFAULT, color="#999999", linewidth=0.8, linestyle=":")
            panel.set_title(f"{name} ({found['articles']:,} / {found['stories']:,})", fontsize=8.5)
            panel.set_xlim(0, 1)
            panel.set_ylim(0, 1.02)
            panel.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
        for panel in panels[len(sets) :]:
            panel.set_axis_off()
        labels = {"precision": "BCubed precision", "recall": "BCubed recall", "f1": "F1"}
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, [labels[name] for name in names], loc="outside upper center", ncols=3)
        figure.supxlabel("granularity: 0 one text, ½ one event (the default), 1 a running story", fontsize=9)
        save(figure, path)


def draw_calibration(report: Report, path: Path) -> None:
    """The share of links that is right over the probability they were given, on sets that were left out of the fit."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        panel = figure.subplots()
        panel.fill_between([0, 1], [-NEAR, 1 - NEAR], [NEAR, 1 + NEAR], color="#eeeeee", linewidth=0)
        panel.plot([0, 1], [0, 1], color="#999999", linewidth=0.8, linestyle=":")
        for name in report["sets"]:
            if name in report["table"]["held_out_error"]:
                said, right = _curve(report["sets"][name]["bins"])
                panel.plot(said, right, linewidth=0.8, marker="o", markersize=3, alpha=0.8, label=name)
        said, right = _curve(report["pooled"]["bins"])
        panel.plot(said, right, color=F1, linewidth=1.8, marker="o", markersize=4, label="all, each set the same")
        panel.set_xlabel("probability given to a link, by a fit to the other sets")
        panel.set_ylabel("share of such links that is right")
        panel.set_xlim(LOWEST, 1.01)
        panel.set_ylim(LOWEST, 1.01)
        panel.legend(loc="lower right", fontsize=8)
        save(figure, path)


def _curve(bins: Any) -> tuple[list[float], list[float]]:
    return [said for _, said, _ in bins], [right for _, _, right in bins]


def save(figure: Any, path: Path) -> None:
    """Writes a figure without the day it was drawn on, so that an equal one is the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
