"""Dates: what is read right, refused and wrong, by dedup, dateutil and dateparser, and how long a date takes.

The dates are those of `tests/inputs/dates.csv`, each with its right value or `refused` where it has none. A library
that is not installed is left out. The result is a dictionary: `dates` (how many), `refusable` (how many have no value),
and `readers`, by name, each with `right` (the right value), `wrong` (another one), `missed` (none where there is one),
`refused` (none where there is none), `guessed` (one where there is none), `microseconds` per date, and `mistakes`, the
dates that are wrong or guessed.
"""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from time import process_time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.machine import REPOSITORY

DATES = REPOSITORY / "tests" / "inputs" / "dates.csv"


@dataclass(frozen=True, slots=True)
class Case:
    """A date as text, its right value (None for none), and what a reader is told about it."""

    text: str
    value: date | None
    dayfirst: bool
    seen: date | None
    kind: str


Reader = Callable[[Case], date | None]


def cases() -> Iterator[Case]:
    """Yield the dates of the committed table."""
    with DATES.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            value = None if row["expected"] == "refused" else _iso(row["expected"])
            yield Case(
                row["text"], value, bool(row["dayfirst"]), _iso(row["seen"]) if row["seen"] else None, row["kind"]
            )


def _iso(text: str) -> date:
    return date.fromisoformat(text) if len(text) == len("2020-05-12") else datetime.fromisoformat(text)


def _dedup() -> Reader:
    from dedup.inputs.dates import read_date

    return lambda case: read_date(case.text, order="dmy" if case.dayfirst else "", seen=case.seen).when


def _dateutil() -> Reader:
    from dateutil import parser

    return lambda case: parser.parse(case.text, dayfirst=case.dayfirst)


def _dateparser(**strict: Any) -> Reader:
    import dateparser

    def read(case: Case) -> date | None:
        settings: dict[str, Any] = {"DATE_ORDER": "DMY"} if case.dayfirst else {}
        if case.seen is not None:
            settings["RELATIVE_BASE"] = datetime.combine(case.seen, time()) if type(case.seen) is date else case.seen
        found: date | None = dateparser.parse(case.text, settings=settings | strict)
        return found

    return read


def _readers() -> Iterator[tuple[str, Reader]]:
    yield "dedup", _dedup()
    if find_spec("dateutil"):
        yield "dateutil", _dateutil()
    if find_spec("dateparser"):
        yield "dateparser", _dateparser()
        yield "dateparser, strict", _dateparser(STRICT_PARSING=True, REQUIRE_PARTS=["day", "month", "year"])


def run() -> dict[str, Any]:
    """Read every date with every installed reader."""
    warnings.simplefilter("ignore")  # of dateutil, about zones
    every = list(cases())
    report: dict[str, Any] = {"dates": len(every), "refusable": sum(case.value is None for case in every)}
    return report | {"readers": {name: _measured(reader, every) for name, reader in _readers()}}


def _measured(reader: Reader, every: list[Case]) -> dict[str, Any]:
    _read(reader, every[0])  # loads tables
    counts, mistakes = Counter[str](), []
    began = process_time()
    found = [_read(reader, case) for case in every]
    seconds = process_time() - began
    for case, value in zip(every, found, strict=True):
        outcome = _outcome(case, value)
        counts[outcome] += 1
        if outcome in {"wrong", "guessed"}:
            mistakes.append({"text": case.text, "kind": case.kind, "read": str(value)})
    names = ("right", "wrong", "missed", "refused", "guessed")
    microseconds = round(seconds / len(every) * 1e6, 1)
    return {name: counts[name] for name in names} | {"microseconds": microseconds, "mistakes": mistakes}


def _read(reader: Reader, case: Case) -> date | None:
    try:
        found = reader(case)
        str(found)  # dateutil returns times in zones that do not exist, which fail when they are used
    except Exception:
        return None
    return found


def _outcome(case: Case, value: date | None) -> str:
    if value is None:
        return "refused" if case.value is None else "missed"
    if case.value is None:
        return "guessed"
    return "right" if _same(case.value, value) else "wrong"


def _same(right: date, value: date) -> bool:
    """Return whether two dates are the same: a day is that of any time on it, a time without a zone is in UTC."""
    if not isinstance(right, datetime):
        return right == (value.date() if isinstance(value, datetime) else value)
    if not isinstance(value, datetime):
        return False
    return _utc(right) == _utc(value)


def _utc(when: datetime) -> datetime:
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the counts of each reader."""
    dates, refusable = report["dates"], report["refusable"]
    table = Table(title=f"{dates - refusable} dates with a value, {refusable} without")
    for column in ("reader", "right", "missed", "wrong", "refused", "guessed", "µs per date"):
        table.add_column(column, justify="left" if column == "reader" else "right")
    for name, counts in report["readers"].items():
        columns = ("right", "missed", "wrong", "refused", "guessed", "microseconds")
        table.add_row(name, *(f"{counts[column]:,}" for column in columns))
    console.print(table)
