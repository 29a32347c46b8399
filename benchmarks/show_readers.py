"""What `readers` found, on the terminal, from its dictionary alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.readers import MEGABYTE


def show_readers(report: Mapping[str, Any], console: Console) -> None:
    """Prints a line for each input."""
    table = Table(box=SIMPLE_HEAD, title="reading, each input by a process of its own", title_justify="left")
    for name in ("input", "size, MB", "articles", "peak, MB", "seconds", "said"):
        table.add_column(name, justify="left" if name in {"input", "said"} else "right", overflow="fold")
    for name, found in report["inputs"].items():
        others = f" … and {found['notices'] - 1:,} more" if found["notices"] > 1 else ""
        said = found["said"] if len(found["said"]) < 90 else f"{found['said'][:89]}…"
        table.add_row(
            name,
            f"{found['bytes'] / MEGABYTE:.1f}",
            f"{found['articles']:,}",
            f"{found['peak'] / MEGABYTE:.0f}",
            f"{found['seconds']:.1f}",
            escape(f"{said}{others}"),
        )
    console.print(table)
    machine = report["machine"]
    console.print(
        f"A process that reads one line takes {report['idle'] / MEGABYTE:.0f} MB. Seed {report['seed']}, scale"
        f" {report['scale']:g}; {machine['cpu']}, {machine['cores']} cores, {machine['system']}.",
        highlight=False,
    )
