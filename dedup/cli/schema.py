"""`dedup schema`: print the JSON schemas of the output formats."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dedup.cli.output import standard_output
from dedup.formats.json_text import json_text
from dedup.report import read_schema

HELP = """Print the JSON schema (2020-12) of an output format.

\b
jsonl  a line of jsonl, a row of csv or parquet
json   the document of json
kept   the fields that dedup cluster --keep adds to a record

\b
Examples:
  dedup schema jsonl
  dedup schema json > dedup.schema.json

The schema goes to standard output. Exit codes: 0 done, 2 wrong usage.
"""


class Name(StrEnum):
    """The names of the schemas."""

    JSONL = "jsonl"
    JSON = "json"
    KEPT = "kept"


def command(
    name: Annotated[Name, typer.Argument(metavar="NAME", help="jsonl, json or kept.", show_default=False)],
) -> None:
    """Print a schema."""
    with standard_output() as out:
        out.write(json_text(read_schema(name)) + "\n")
