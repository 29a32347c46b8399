"""JSON lines: an article a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from dedup.formats.json_text import json_text
from dedup.report.columns import columns_of

if TYPE_CHECKING:
    from dedup.archive import Arrivals
    from dedup.results.clustering import Clustering


def write_jsonl(found: Clustering | Arrivals, out: TextIO) -> None:
    """Write one line per article, in input order, with the keys of `to_records`."""
    columns = columns_of(found)
    for record in found.to_records():
        out.write(json_text({column: record[column] for column in columns}) + "\n")
