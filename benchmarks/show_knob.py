"""What `calibration` and `knob` found, on the terminal, from their dictionaries alone."""

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
