"""Tables of a result in HTML for notebooks: short, in the notebook's own style, with all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape

MOST = 20
"""Rows that are shown."""


def html_table(head: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """Return an HTML table; every cell is converted to text and escaped."""
    heading = "".join(f"<th scope='col' style='text-align:left'>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td dir='auto' style='text-align:left'>{escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    title = f"<caption dir='auto' style='text-align:left'>{escape(caption)}</caption>"
    return f"<table>{title}<thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"


def day_range(start: date | None, end: date | None) -> str:
    """Return the first and last day, a single day if they are equal, "" if either is unknown."""
    if start is None or end is None:
        return ""
    first, last = start.isoformat()[:10], end.isoformat()[:10]
    return first if first == last else f"{first} – {last}"
