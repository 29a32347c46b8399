"""CSV: an article a row."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, TextIO

from dedup.formats.spreadsheet import escape_formula
from dedup.report.columns import columns_of

if TYPE_CHECKING:
    from dedup.archive import Arrivals
    from dedup.results.clustering import Clustering

_SURROGATE = re.compile("[\ud800-\udfff]")


def write_csv(found: Clustering | Arrivals, out: TextIO) -> None:
    """Write a header, then one row per article in input order, with the columns of `to_records`.

    What has no value is empty; `canonical` is `true` or `false`. Rows end with CRLF (RFC 4180), so that a lone line
    feed or carriage return inside a title is quoted and comes back. A text that a spreadsheet would take for a formula
    gets an apostrophe before it, and so does one that begins with apostrophes before such a sign: who takes one away
    has the text back. A lone surrogate, which has no UTF-8 form, becomes U+FFFD.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    columns = columns_of(found)
    writer.writerow(columns)
    for record in found.to_records():
        writer.writerow([_cell(record[column]) for column in columns])


def _cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return _SURROGATE.sub("\ufffd", escape_formula(value))
