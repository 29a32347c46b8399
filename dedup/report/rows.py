"""Write a result as rows, one per article: JSON lines, CSV and Parquet, all with the same columns."""

from __future__ import annotations

import csv
import re
from typing import IO, TYPE_CHECKING, TextIO

from dedup.errors import MissingDependencyError
from dedup.formats.escaping import escape_formula
from dedup.formats.json_text import json_text
from dedup.results.clustering import COLUMNS, Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals

COLUMNS_AGAINST = (*COLUMNS, "status", "copy_of")
"""Columns of `Arrivals.to_records`."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ROW_GROUP = 1 << 16  # rows


def columns_of(found: Clustering | Arrivals) -> tuple[str, ...]:
    """Return the columns of a result, in order."""
    return COLUMNS if isinstance(found, Clustering) else COLUMNS_AGAINST


def write_jsonl(found: Clustering | Arrivals, out: TextIO) -> None:
    """Write one JSON object per article and line, in input order, with the keys of `to_records`."""
    columns = columns_of(found)
    for record in found.to_records():
        out.write(json_text({column: record[column] for column in columns}) + "\n")


def write_csv(found: Clustering | Arrivals, out: TextIO) -> None:
    """Write a header, then one row per article in input order, with the columns of `to_records`.

    Missing values are empty; `canonical` is `true` or `false`. Rows end with CRLF (RFC 4180), so that a lone line feed
    or carriage return inside a title is quoted and preserved. A text that a spreadsheet would evaluate as a formula
    gets an apostrophe as prefix, see `escape_formula`. Lone surrogates, which UTF-8 cannot encode, become U+FFFD.
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


def write_parquet(found: Clustering | Arrivals, out: IO[bytes]) -> None:
    """Write one row per article in input order, with the columns of `to_records`.

    `canonical` is a boolean and `probability` a double. All other columns are strings, also `published`, which can be a
    day or a time. Missing values are null.

    Raises:
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingDependencyError("writing Parquet", "pyarrow", extra="parquet") from None
    kinds = {"canonical": pa.bool_(), "probability": pa.float64()}
    schema = pa.schema([(column, kinds.get(column, pa.string())) for column in columns_of(found)])
    records = found.to_records()
    with parquet.ParquetWriter(out, schema) as writer:
        for start in range(0, len(records), _ROW_GROUP):
            writer.write_table(pa.Table.from_pylist(records[start : start + _ROW_GROUP], schema=schema))
