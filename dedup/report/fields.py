"""Write what the fields of the input were taken for, and what was not read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from dedup.formats.escaping import visible
from dedup.inputs.names import USUAL_NAMES
from dedup.inputs.read_fields import ReadFields, shortened
from dedup.report.table import cut_to_cells, fitted

_HEADER = ("Field", "Name in the input", "Articles", "Sample")
_NOT_READ = "not read"
_LONGEST_NAME = 32
_SAMPLE = 200
_GAP = "  "


def write_fields(counts: ReadFields, out: TextIO, *, width: int | None = None) -> None:
    """Write a table: each field with the names that it was read from, and the names that nothing was read from.

    Args:
        counts: what was read.
        out: a text stream.
        width: width of a line in cells; None for that of the terminal, or 120 without a terminal.
    """
    from rich.cells import cell_len

    if width is None:
        width = shutil.get_terminal_size((120, 24)).columns
    rows = [_HEADER, *_rows(counts)]
    wide = [max(cell_len(row[column]) for row in rows) for column in range(3)]
    wide[1] = min(wide[1], _LONGEST_NAME)
    rest = max(width - sum(wide) - 3 * len(_GAP), len(_HEADER[-1]))
    for number, (field, name, count, sample) in enumerate(rows):
        cells = (fitted(field, wide[0]), fitted(name, wide[1]), count.rjust(wide[2]), cut_to_cells(sample, rest))
        out.write(_GAP.join(cells).rstrip() + "\n")
        if not number:
            out.write(_GAP.join("─" * cells for cells in (*wide, rest)) + "\n")


def _rows(counts: ReadFields) -> Iterator[tuple[str, str, str, str]]:
    for field in USUAL_NAMES:
        names: Mapping[str, int] = counts.names.get(field, {})
        if not names and field != "story":
            yield field, "", "0", ""
        for place, (name, count) in enumerate(names.items()):
            sample = shortened(counts.samples[field, name], _SAMPLE)
            yield "" if place else field, visible(str(name)), f"{count:,}", visible(sample)
    likely = dict(counts.likely_unread())
    for name in [*likely, *(name for name in counts.unread if name not in likely)]:
        one = counts.unread[name]
        option = f"(--field {one.field}={name}) " if name in likely else ""
        yield (
            _NOT_READ,
            visible(name),
            f"{one.count:,}" if one.loaded else "",
            visible(option + shortened(one.sample, _SAMPLE)),
        )


def fields_record(counts: ReadFields) -> dict[str, Any]:
    """Return the same as a mapping for JSON: `fields`, by field, and `unread`, the likeliest content first."""
    likely = dict(counts.likely_unread())
    return {
        "fields": {
            field: [
                {"name": name, "articles": count, "sample": shortened(counts.samples[field, name], _SAMPLE)}
                for name, count in counts.names.get(field, {}).items()
            ]
            for field in USUAL_NAMES
        },
        "unread": [
            {
                "name": name,
                "articles": one.count if one.loaded else None,
                "sample": shortened(one.sample, _SAMPLE),
                "field": one.field if name in likely else None,
            }
            for name, one in [*likely.items(), *(pair for pair in counts.unread.items() if pair[0] not in likely)]
        ],
    }
