"""The tables of `python -m benchmarks service`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show_service(report: Mapping[str, Any], out: Console) -> None:
    """Prints what was measured."""
    title = f"{report['articles']:,} articles, ready after {report['start']:.1f} s"
    table = Table("", "requests", "a second", "p50", "p90", "p99", "p99.9", "max", "errors", "statuses", title=title)
    for name in ("load", "flood"):
        if found := report.get(name):
            times = (f"{found[key]:.1f} ms" for key in ("p50", "p90", "p99", "p999", "max"))
            statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(found["statuses"].items()))
            table.add_row(
                name, f"{found['requests']:,}", f"{found['rate']:.0f}", *times, str(found["errors"]), statuses
            )
    out.print(table)
    for name in ("load", "flood"):
        if found := report.get(name):
            memory = " → ".join(f"{value:.0f}" for value in found["memory"])
            out.print(f"{name}: {memory} MB, {found['processor']:.2f} cores", highlight=False)
    if after := report.get("flood", {}).get("after"):
        out.print(f"after the flood: p50 {after['p50']:.1f} ms, max {after['max']:.1f} ms", highlight=False)
