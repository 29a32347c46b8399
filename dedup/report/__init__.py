"""A `Clustering`, or `Arrivals`, as text: a table for a person, JSON, JSON lines and CSV for programs; and as Parquet.

Every writer is a function of one of these and a text stream (Parquet: a binary one), and writes as it goes. The stream
should be UTF-8 and pass line ends through as they are (`open(path, "w", encoding="utf-8", newline="")`).
"""

from __future__ import annotations

from dedup.formats.json_text import finite, json_text
from dedup.report.columns import COLUMNS_AGAINST, columns_of
from dedup.report.comparison import write_comparison, write_pair
from dedup.report.csv_rows import write_csv
from dedup.report.html import write_html
from dedup.report.json_document import write_json
from dedup.report.json_lines import write_jsonl
from dedup.report.parquet_rows import write_parquet
from dedup.report.pictures import PICTURES, plot_clustering, plot_explanation
from dedup.report.schema import SCHEMAS, read_schema
from dedup.report.summary import Summary, counted, summarise
from dedup.report.table import write_table
from dedup.report.terminal import visible
from dedup.results.clustering import COLUMNS

__all__ = [
    "COLUMNS",
    "COLUMNS_AGAINST",
    "PICTURES",
    "SCHEMAS",
    "Summary",
    "columns_of",
    "counted",
    "finite",
    "json_text",
    "plot_clustering",
    "plot_explanation",
    "read_schema",
    "summarise",
    "visible",
    "write_comparison",
    "write_csv",
    "write_html",
    "write_json",
    "write_jsonl",
    "write_pair",
    "write_parquet",
    "write_table",
]
