"""Read Markdown: one article per file. The first heading is the title; front matter gives the other fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dedup.article import Notice
from dedup.inputs.fields import find_fields
from dedup.read.plain import split_front_matter, split_title
from dedup.read.source import Record, Source

_FENCE = re.compile(r"[ ]{0,3}(```|~~~)")


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    values, text = split_front_matter(source.read_text())
    if not text.strip() and not values:
        return
    if not any(values[name] for name in find_fields(values, fields)["title"]):
        title, text = _split_heading(text)
        values[fields.get("title", "title")] = title
    text_name = fields.get("text", "text")
    yield Record({text_name: text, **{name: value for name, value in values.items() if name != text_name}})


def _heading(line: str) -> str:
    """Return the text of a first-level heading, "" for any other line. A regular expression would be quadratic."""
    if not line.startswith(("# ", "#\t")):
        return ""
    text = line[1:].strip(" \t")
    return text.rstrip("#").rstrip(" \t") or text[:1]


def _split_heading(text: str) -> tuple[str, str]:
    """Split off the first heading of the first level; without one, split the title as in plain text."""
    fenced = False
    before = 0
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (heading := _heading(line.rstrip("\r\n"))):
            return heading, text[:before] + text[before + len(line) :]
        before += len(line)
    return split_title(text)
