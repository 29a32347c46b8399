"""CSV: an article a row."""

from __future__ import annotations

import csv
import re
from typing import TextIO

from dedup.clustering import COLUMNS, Clustering

_SURROGATE = re.compile("[\ud800-\udfff]")


def write_csv(clustering: Clustering, out: TextIO) -> None:
    """A header, then one row per article in input order: the columns of `Clustering.to_records`.

    What has no value is empty; `canonical` is `true` or `false`. Rows end with CRLF (RFC 4180), so that a lone line
    feed or carriage return inside a title is quoted and comes back. Values are written as they are: a title that begins
    with `=` is not disguised for the sake of spreadsheets, since a program that reads it back would get another title.
    Open such a file in a spreadsheet as text. The one exception is a lone surrogate, which has no UTF-8 form and
    becomes U+FFFD.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for record in clustering.to_records():
        writer.writerow([_cell(record[column]) for column in COLUMNS])


def _cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    return _SURROGATE.sub("\ufffd", value)
