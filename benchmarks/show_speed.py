"""Terminal output of the reports of `speed` and `scale`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from benchmarks.show import empty_table

Report = Mapping[str, Any]

BUSY = 1.1
"""Ratio of wall-clock to processor time above which other programs have disturbed a measurement."""


def show_speed(report: Report, console: Console) -> None:
    """Print a table per row of peers, the limits, the stages, and the bars last."""
    for row in report["rows"].values():
        _show_row(row, console)
    _show_steps(report["steps"], console)
    clustered = report["whole"]
    title = f"dedup cluster, {clustered['articles']:,} articles, {clustered['megabytes']:.0f} MB, all processors"
    _show_stages(title, clustered["stages"], console)
    verdict = [("whole", name, bar) for name, bar in clustered["bars"].items()]
    _show_bars(report, verdict, console)
    _show_end(report, console)


def show_scale(report: Report, console: Console) -> None:
    """Print all runs, the stages of the largest run of each kind, and the bars."""
    table = empty_table("growth", "articles", "days", "MB", "s", "per s", "peak GB", "kB each", "stories", "copies")
    for kind, runs in _runs(report).items():
        for run in runs:
            f1 = [f"{run[name]['bcubed_f1']:.3f}" if name in run else "" for name in ("stories", "copies")]
            table.add_row(
                f"{run['articles']:,} {kind}",
                str(run["days"]),
                f"{run['megabytes']:,.0f}",
                f"{run['seconds']:,.1f}",
                f"{run['articles'] / run['seconds']:,.0f}",
                f"{run['peak'] / 1e9:.2f}",
                f"{run['bytes_per_article'] / 1e3:.1f}",
                *f1,
            )
    console.print(table)
    console.print("stories, copies: BCubed F1 against what was planted", style="dim", highlight=False)
    for kind, runs in _runs(report).items():
        if runs:
            _show_stages(f"{runs[-1]['articles']:,} articles, {kind}", runs[-1]["stages"], console)
    for name, value in report["exponents"].items():
        console.print(f"{_KINDS[name]}: seconds grow like articles^{value:.2f}", highlight=False)
    for name, value in report["density"].items():
        console.print(f"{_KINDS[name]}: {value:.1f} pairs above the floor an article", highlight=False)
    for name, bar in report["bars"].items():
        console.print(f"{name}: {bar['measured']:.4g}, at most {bar['at_most']:g}: {_word(bar['reached'])}")
    for name, why in report["skipped"].items():
        console.print(f"left out: {name} ({why})", highlight=False)
    _show_end(report, console)


_KINDS = {"real": "real", "made_up": "made up", "wire": "with a wire text", "own": "with a paywall"}


def _runs(report: Report) -> dict[str, Sequence[Report]]:
    crowds = {_KINDS[name]: [run] for name, run in report["crowds"].items()}
    return {"real": report["real"], "made up": report["made_up"], **crowds}


def _show_row(row: Report, console: Console) -> None:
    title = f"{row['what']} ({row['articles']:,})"
    table = empty_table(title, "way", "s", "±", "per s", "times ours", "bar")
    for name, timing in row["timings"].items():
        ratio, bar = row["ratios"].get(name), row["bars"].get(name)
        table.add_row(
            name,
            f"{timing['median']:.3f}",
            f"{(timing['high'] - timing['low']) / 2 / timing['median']:.0%}",
            f"{row['articles'] / timing['median']:,.0f}",
            f"{ratio['median']:.3g} ({ratio['low']:.3g} – {ratio['high']:.3g})" if ratio else "",
            f"≥ {bar['at_least']:g}: {_word(bar['reached'])}" if bar else "",
        )
    console.print(table)
    if "large" in row:
        large = row["large"]
        console.print(f"{large['articles']:,} by dedup: {large['seconds']:.2f} s", highlight=False)
    for text in row["checked"]:
        console.print(f"checked: {text}", style="dim", highlight=False)
    busiest = max(timing["clock"] / timing["median"] for timing in row["timings"].values())
    if busiest > BUSY:
        console.print(f"other programs ran: by the clock a way took up to {busiest:.1f} times as long", style="yellow")


def _show_steps(steps: Sequence[Report], console: Console) -> None:
    table = empty_table(
        "how far each step is from its limits, one core", "step", "rate", "unit", "limit", "at most", "share"
    )
    for step in steps:
        first = [step["step"], _rate(step["rate"]), step["unit"]]
        for limit in step["limits"]:
            table.add_row(*first, limit["name"], _rate(limit["rate"]), f"{limit['share']:.0%}")
            first = ["", "", ""]
    console.print(table)


def _rate(value: float) -> str:
    """Format a rate compactly."""
    return f"{value:,.1f}" if value < 1_000 else f"{value:,.0f}"


def _show_stages(title: str, stages: Sequence[Report], console: Console) -> None:
    table = empty_table(title, "stage", "s", "share", "articles/s", "MB/s", "peak MB", "kB each")
    for stage in stages:
        rate, size = stage["articles_per_second"], stage["megabytes_per_second"]
        table.add_row(
            stage["name"],
            f"{stage['seconds']:.2f}",
            f"{stage['share']:.0%}",
            f"{rate:,.0f}" if rate else "",
            f"{size:,.1f}" if size else "",
            f"{stage['peak'] / 1e6:,.0f}" if stage["peak"] else "",
            f"{stage['bytes_per_article'] / 1e3:,.1f}" if stage["peak"] else "",
        )
    console.print(table)


def _show_bars(report: Report, whole: Sequence[tuple[str, str, float]], console: Console) -> None:
    clustered, twins, small = report["whole"], report["twins"], report["small"]
    table = empty_table("as a whole", "what", "measured", "low – high", "bar")
    seconds = clustered["seconds"]
    bars = {name: bar for _, name, bar in whole}
    table.add_row(
        f"dedup cluster, {clustered['articles']:,} articles",
        f"{seconds['median']:.1f} s",
        f"{seconds['low']:.1f} – {seconds['high']:.1f}",
        _at_most(seconds["median"], bars.get("seconds"), "s"),
    )
    peak = clustered["peak"]
    memory = _at_most(peak / 1e9, bars["peak"] / 1e9, "GB") if "peak" in bars else ""
    table.add_row("… its memory", f"{peak / 1e9:.2f} GB", "", memory)
    table.add_row(
        f"kernels on and off, {twins['articles']:,} articles",
        "identical" if twins["identical"] else "DIFFERENT",
        f"{twins['seconds']['on']:.1f} and {twins['seconds']['off']:.1f} s",
        f"identical: {_word(twins['identical'])}",
    )
    for name, what in (("seeds", "dedup cluster seeds, warm"), ("import", "import dedup")):
        found = small[name]
        table.add_row(
            what,
            f"{found['median']:.3f} s",
            f"{found['low']:.3f} – {found['high']:.3f}",
            _at_most(found["median"], found["bar"], "s"),
        )
    console.print(table)
    if not clustered["same"]:
        console.print("runs of the whole command on the same articles wrote different results", style="red")


def _show_end(report: Report, console: Console) -> None:
    for name, how in report.get("missing", {}).items():
        console.print(f"not measured: {name} is not installed ({how})", style="yellow", markup=False, highlight=False)
    for name, why in report.get("without", {}).items():
        console.print(f"{name}: {why}", style="dim", markup=False, highlight=False)
    machine, commit = report["machine"], report["commit"]
    revision = f"{commit['revision'][:12]}{' with changes' if commit['dirty'] else ''}" if commit else "no checkout"
    load = f"load {machine['load']:.1f} at the end" if machine["load"] is not None else "load unknown"
    console.print(
        f"{machine['cpu']}, {machine['cores']} cores, {load}; Python {report['versions']['python']}; {revision};"
        f" seed {report['seed']}; {sum(report['seconds'].values()):.0f} s",
        highlight=False,
    )


def _at_most(measured: float, bar: float | None, unit: str) -> str:
    return "" if bar is None else f"≤ {bar:g} {unit}: {_word(measured <= bar)}"


def _word(reached: bool) -> str:
    return "yes" if reached else "NO"
