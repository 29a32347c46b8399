"""Reads in tests: the articles and the notices together."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from dedup.article import Article, Notice
from dedup.read import read_articles

BODY = "The harbour reopened on Monday after the storm had passed."


def read_all(
    *paths: str | os.PathLike[str], fields: Mapping[str, str] | None = None, stdin: IO[bytes] | None = None
) -> tuple[list[Article], list[Notice]]:
    notices: list[Notice] = []
    return list(read_articles(paths, fields=fields, notices=notices, stdin=stdin)), notices


def read_quietly(*paths: str | os.PathLike[str], fields: Mapping[str, str] | None = None) -> list[Article]:
    articles, notices = read_all(*paths, fields=fields)
    assert notices == []
    return articles


def write(path: Path, content: str | bytes) -> Path:
    """Writes a file, packed if its name says so, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def json_lines(records: Iterable[Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
