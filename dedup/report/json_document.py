"""JSON: one document with everything a clustering knows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, TextIO

from dedup.clustering import Clustering, Story
from dedup.report.json_text import json_text
from dedup.report.summary import summarise
from dedup.settings import Settings

SCHEMA = 1
"""Raised whenever a key of the document changes its meaning or goes away; a new key does not raise it."""


def write_json(clustering: Clustering, out: TextIO) -> None:
    """The whole clustering as one JSON document, a story or a link a line.

    Keys:
        schema, dedup: version of this layout, and of the package.
        settings: by name, with their `fingerprint`; a window without end is null.
        summary: the numbers of `Summary`.
        stories: the largest first; each with `id`, `title`, `canonical`, `start`, `end`, `sources`, `copy_groups`
            (`id`, `canonical`, `articles` as ids) and `articles`, in the order of publication, with the keys of
            `Clustering.to_records`.
        links: the scored pairs inside the stories, the fields of `Link`.
        notices: what was wrong with the input, the fields of `Notice`.
    """
    from dedup import __version__

    out.write("{\n")
    for key, value in (
        ("schema", SCHEMA),
        ("dedup", __version__),
        ("settings", settings_record(clustering.settings)),
        ("summary", summarise(clustering).to_dict()),
    ):
        out.write(f'"{key}": {json_text(value)},\n')
    _write_list("stories", _stories(clustering), out)
    out.write(",\n")
    _write_list("links", (asdict(link) for link in clustering.links), out)
    out.write(",\n")
    _write_list("notices", (asdict(notice) for notice in clustering.notices), out)
    out.write("\n}\n")


def settings_record(settings: Settings) -> dict[str, float | str | None]:
    """The settings that change the result, ready for JSON: by name, infinity as null, with the `fingerprint`."""
    values = {name: None if math.isinf(value) else value for name, value in settings.method().items()}
    return {**values, "fingerprint": settings.fingerprint}


def _write_list(key: str, items: Iterable[Mapping[str, Any]], out: TextIO) -> None:
    out.write(f'"{key}": [')
    separator = "\n"
    for item in items:
        out.write(separator + json_text(item))
        separator = ",\n"
    out.write("]" if separator == "\n" else "\n]")


def _stories(clustering: Clustering) -> Iterator[dict[str, Any]]:
    records = {record["id"]: record for record in clustering.to_records()}
    for story in clustering:
        yield _story(story, [records[article] for article in story.articles])


def _story(story: Story, articles: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": story.id,
        "title": story.title,
        "canonical": story.canonical,
        "start": _iso(story.start),
        "end": _iso(story.end),
        "sources": story.sources,
        "copy_groups": [asdict(group) for group in story.copy_groups],
        "articles": articles,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
