"""Figures of the documentation as SVG; equal numbers give equal bytes with one version of matplotlib."""

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
"""Target calibration error, drawn as a band."""
LOWEST = 0.5
"""Lower end of the calibration plot: few links have a lower probability."""

Report = Mapping[str, Any]
OURS, THEIRS = PRECISION, "#bbbbbb"
STAGES = (
    "#0b6e99", "#58a4b0", "#c2571a", "#e0a458", "#6a7f3b", "#a3b86c", "#7b4b94", "#b8a1c9", "#444444", "#999999",
    "#d9c7b0", "#b03a48",
)  # fmt: skip
"""Colours of the stages."""


def require_matplotlib() -> None:
    """Check that matplotlib is installed.

    Raises:
        BenchmarkError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise BenchmarkError("figures need matplotlib: run pip install -e '.[bench]'")


def draw_knob(report: Report, path: Path) -> None:
    """Plot BCubed precision, recall and F1 over the granularity, a panel per set with stories of several articles."""
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
    """Plot the share of right links over their probability, on sets left out of the fit."""
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


def draw_speed(report: Report, path: Path) -> None:
    """Plot articles per second of every method on a logarithmic axis, a panel per row."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = report["rows"]
    heights = [len(row["timings"]) + 1.5 for row in rows.values()]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.24 * sum(heights)), layout="constrained")
        panels = figure.subplots(len(rows), 1, height_ratios=heights, squeeze=False).ravel().tolist()
        for panel, row in zip(panels, rows.values(), strict=True):
            names = sorted(row["timings"], key=lambda name: -row["timings"][name]["median"])
            rates = [row["articles"] / row["timings"][name]["median"] for name in names]
            colours = [OURS if name == "dedup" else THEIRS for name in names]
            panel.barh(range(len(names)), rates, color=colours, height=0.7)
            for place, (name, rate) in enumerate(zip(names, rates, strict=True)):
                ratio = row["ratios"].get(name)
                text = f" {rate:,.0f}" + (f"   ({ratio['median']:.3g} times our time)" if ratio else "")
                panel.text(rate, place, text, va="center", fontsize=7.5)
            panel.set_yticks(range(len(names)), names, fontsize=8)
            panel.set_xscale("log")
            panel.set_xlim(min(rates) / 3, max(rates) * 12)
            panel.set_title(row["what"], fontsize=8.5, loc="left")
            panel.grid(visible=False, axis="y")
        panels[-1].set_xlabel("articles a second")
        save(figure, path)


def draw_scale(report: Report, path: Path) -> None:
    """Plot seconds and memory over articles on logarithmic axes, and the shares of stages in the made-up runs."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    kinds = {"real": (report["real"], RECALL, "s"), "made up": (report["made_up"], PRECISION, "o")}
    crowds = list(report["crowds"].values())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        seconds, memory, shares = figure.subplots(1, 3)
        for name, (runs, colour, marker) in kinds.items():
            if runs:
                articles = [run["articles"] for run in runs]
                exponent = report["exponents"].get(name.replace(" ", "_"))
                label = name if exponent is None else f"{name}: articles^{exponent:.2f}"
                seconds.plot(articles, [run["seconds"] for run in runs], marker=marker, color=colour, label=label)
                memory.plot(articles, [run["peak"] / 1e9 for run in runs], marker=marker, color=colour, label=name)
        label = "with one body many times"
        seconds.plot(
            [run["articles"] for run in crowds], [run["seconds"] for run in crowds], "x", color=F1, label=label
        )
        memory.plot(
            [run["articles"] for run in crowds], [run["peak"] / 1e9 for run in crowds], "x", color=F1, label=label
        )
        for panel, what in ((seconds, "seconds, the whole command"), (memory, "GB of memory at most")):
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_xlabel("articles")
            panel.set_title(what, fontsize=8.5)
            panel.legend(loc="upper left", fontsize=7.5)
        _draw_shares(shares, report)
        save(figure, path)


def _draw_shares(panel: Any, report: Report) -> None:
    runs = [*report["real"], *report["made_up"]]
    names = list(dict.fromkeys(stage["name"] for run in runs for stage in run["stages"]))
    below = [0.0] * len(runs)
    for number, name in enumerate(names):
        found = [sum(stage["share"] for stage in run["stages"] if stage["name"] == name) for run in runs]
        panel.bar(range(len(runs)), found, bottom=below, color=STAGES[number % len(STAGES)], label=name, width=0.7)
        below = [low + high for low, high in zip(below, found, strict=True)]
    labels = [f"{run['articles'] / 1000:,.0f} k{' real' if run in report['real'] else ''}" for run in runs]
    panel.set_xticks(range(len(runs)), labels, rotation=60, fontsize=7.5)
    panel.set_title("share of each stage", fontsize=8.5)
    panel.set_ylim(0, 1)
    panel.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=7)


def save(figure: Any, path: Path) -> None:
    """Save a figure without the date, so that equal figures are equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
