"""The tables of `python -m benchmarks index`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show_index(report: Mapping[str, Any], out: Console) -> None:
    """Prints what was measured."""
    if stream := report.get("stream"):
        table = Table("the stream", "", title=f"{stream['articles']:,} articles, {stream['stories']:,} stories")
        for name, value in (
            ("one at a time, each on disk", f"{stream['single']:,.0f} a second"),
            ("by 500", f"{stream['batches']:,.0f} a second"),
            ("add", _milliseconds(stream["add"])),
            ("match", _milliseconds(stream["match"])),
            ("disk beside the text", f"{stream['disk']:,.0f} bytes an article"),
            ("memory", f"{stream['memory']:,.0f} bytes an article"),
            ("reopen", f"{stream['reopen']:.1f} s"),
        ):
            table.add_row(name, value)
        out.print(table)
    if year := report.get("year"):
        table = Table("days", "live", "ms an article", "MB of memory", "MB of disk", title="a year, 30 days of it kept")
        for part in year["parts"]:
            sizes = (f"{part[key] / 1e6:.0f}" for key in ("memory", "disk"))
            table.add_row(str(part["days"]), f"{part['live']:,}", f"{part['milliseconds']:.2f}", *sizes)
        out.print(table)
    if live := report.get("live"):
        sizes = (f"{live[key]:,.0f} bytes of {key}" for key in ("memory", "disk"))
        told = f"match {_milliseconds(live['match'])}; reopened in {live['reopen']:.0f} s; {', '.join(sizes)} each"
        out.print(f"{live['articles']:,} made-up articles without texts: {told}", highlight=False)
    table = Table("set", "background", "arrival", "run", "placements", "against the run", "churn", "same after")
    for name, backgrounds in report["placements"].items():
        for background, orders in backgrounds.items():
            for order, found in orders.items():
                figures = (f"{found[key]:.3f}" for key in ("run", "placements", "against_run", "churn"))
                table.add_row(name, background, order, *figures, "yes" if found["exact"] else "no")
    out.print(table)


def _milliseconds(found: Mapping[str, float]) -> str:
    return f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms"
