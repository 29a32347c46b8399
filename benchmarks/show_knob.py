"""What `calibration`, `knob` and `opinion` found, on the terminal, from their dictionaries alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

Report = Mapping[str, Any]


def show_calibration(report: Report, console: Console) -> None:
    """Prints a line per set, the pooled ones, and the curves."""
    table = _table(
        "probabilities on sets they were not fitted to", "set", "links", "right", "said", "error", "95 %", "chance"
    )
    for name, judged in [*report["sets"].items(), ("copies (a tenth held out)", report["copies"])]:
        table.add_row(name, *_cells(judged))
    for name, judged in report["sets"].items():
        table.add_row(f"{name}, left apart", *_cells(judged["apart"]))
    console.print(table)
    pooled = report["pooled"]
    console.print(
        f"mean error of the fitted sets {pooled['mean_error']:.3f}; all their links together {pooled['error']:.3f},"
        f" every set weighing the same, {pooled['error_by_links']:.3f} every link",
        highlight=False,
    )
    for name, curve in report["table"]["curves"].items():
        terms = ", ".join(
            f"{value:g} {feature}" for feature, value in zip(curve["features"], curve["curve"], strict=True)
        )
        console.print(f"{name}: {terms} ({curve['pairs']:,} pairs)", highlight=False)


def show_knob(report: Report, console: Console) -> None:
    """Prints a table per set, a line for each granularity."""
    for name, found in report["sets"].items():
        title = f"{name}: {found['articles']} articles, {found['stories']} stories"
        table = _table(title, "granularity", "score", "stories", "P", "R", "F1", "largest")
        measures = ("bcubed_precision", "bcubed_recall", "bcubed_f1")
        for place, granularity in enumerate(report["granularities"]):
            numbers = [f"{found[measure][place]:.3f}" for measure in measures]
            largest = " ".join(map(str, found["largest"][place]))
            threshold = f"{report['thresholds'][place]:.3f}"
            table.add_row(f"{granularity:.2f}", threshold, str(found["found"][place]), *numbers, largest)
        console.print(table)


def show_opinion(report: Report, console: Console) -> None:
    """Prints a line per set and embedding."""
    table = _table("with a second opinion", "set", "embedding", "P", "R", "F1", "gain", "texts")
    for name, found in report["sets"].items():
        for embedding, scores in found.items():
            numbers = [f"{scores[f'bcubed_{measure}']:.4f}" for measure in ("precision", "recall", "f1")]
            gain = scores["bcubed_f1"] - found["none"]["bcubed_f1"]
            table.add_row(name, embedding, *numbers, f"{gain:+.4f}", str(scores["texts"]))
    console.print(table)


def _cells(judged: Report) -> list[str]:
    if not judged["links"]:
        return ["0"]
    numbers = [f"{judged[name]:.3f}" for name in ("right", "said", "error")]
    interval = " ".join(f"{end:.3f}" for end in judged["interval"])
    return [str(judged["links"]), *numbers, interval, f"{judged['chance']:.3f}"]


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table
