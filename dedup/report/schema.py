"""The JSON schemas of what is written, as they ship with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

SCHEMAS = ("jsonl", "json", "kept")
"""Of a line of `jsonl` (and a row of `csv` and `parquet`), of the document of `json`, of what `--keep` adds."""


def read_schema(name: str) -> dict[str, Any]:
    """Return one of the schemas (JSON Schema 2020-12).

    Raises:
        KeyError: there is none of this name.
    """
    if name not in SCHEMAS:
        raise KeyError(name)
    schema: dict[str, Any] = json.loads((files("dedup.report") / "schemas" / f"{name}.json").read_text("utf-8"))
    return schema
