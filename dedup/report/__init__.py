"""Write a `Clustering` or `Arrivals`: as a table, an HTML page, JSON, JSON lines, CSV or Parquet.

Each writer takes the result and a stream: binary for Parquet, else a UTF-8 text stream without newline translation
(`open(path, "w", encoding="utf-8", newline="")`).
"""

from __future__ import annotations

from dedup.formats.escaping import visible
from dedup.formats.json_text import finite, json_text
from dedup.report.comparison import write_comparison, write_pair
from dedup.report.html import write_html
from dedup.report.json_document import SCHEMAS, read_schema, write_json
from dedup.report.pictures import PICTURES, plot_clustering, plot_explanation
from dedup.report.rows import COLUMNS_AGAINST, ROWS, Rows, columns_of, write_csv, write_jsonl, write_parquet
from dedup.report.summary import Summary, counted, summarise
from dedup.report.table import write_table
from dedup.results.clustering import COLUMNS

__all__ = [
    "COLUMNS",
    "COLUMNS_AGAINST",
    "PICTURES",
    "ROWS",
    "SCHEMAS",
    "Rows",
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
