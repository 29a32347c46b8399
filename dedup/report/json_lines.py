"""JSON lines: an article a line."""

from __future__ import annotations

from typing import TextIO

from dedup.clustering import Clustering
from dedup.report.json_text import json_text


def write_jsonl(clustering: Clustering, out: TextIO) -> None:
    """One line per article, in input order, with the keys of `Clustering.to_records`."""
    for record in clustering.to_records():
        out.write(json_text(record) + "\n")
