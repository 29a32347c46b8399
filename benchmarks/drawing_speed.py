"""The figures of `speed` and `scale`, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.drawing import F1, PRECISION, RECALL, STYLE, save

Report = Mapping[str, Any]

OURS, THEIRS = PRECISION, "#bbbbbb"
STAGES = (
    "#0b6e99", "#58a4b0", "#c2571a", "#e0a458", "#6a7f3b", "#a3b86c", "#7b4b94", "#b8a1c9", "#444444", "#999999",
    "#d9c7b0", "#b03a48",
)  # fmt: skip
"""Their colours: as many as there are stages."""


def draw_speed(report: Report, path: Path) -> None:
    """A panel for each row: articles a second of every way, on a logarithmic axis."""
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
    """Seconds and memory over articles on logarithmic axes, and what the stages of each made-up run take of it."""
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
