"""Read plain text: one article per file. Find the title among its first lines; parse front matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from dedup.article import Notice
from dedup.inputs.fields import find_fields
from dedup.read import page
from dedup.read.source import Record, Source, rename_fields

_SHORT = 200
"""Maximum characters of a title; a longer line is a paragraph."""

_LINES = 6
"""Non-blank lines searched for the title."""

_FEWEST_WORDS, _MOST_WORDS = 4, 30
"""Words of a headline. A shorter line is often the name of a section or site."""

_CRUMB = re.compile(r"\s+[/|>»›·•→–—-]\s+")
_LIST_MARK = re.compile(r"[-*•·–—>#]\s|\d+[.)]\s")
_BYLINE = re.compile(r"(by|from|photo|image|updated|published|posted|source)\b[ :]", re.IGNORECASE)
_DATE_END = re.compile(r"\b(\d{1,2}\.? [^\W\d]{3,}|[^\W\d]{3,} \d{1,2}),? \d{4}\W*$")
_SENTENCE_END = re.compile(r"""[.。。।॥。:;,،؛、…]["'”’»」』)\]]*$""")
_INITIALS_END = re.compile(r"\b\w\.\w\.$")

_PAGE = re.compile(r"\s*(?:<!doctype html|<html\b)", re.IGNORECASE)

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?\n)??\1[ \t]*(?:\n|\Z)", re.DOTALL)
_PAIR = re.compile(r"([^\s:#-][^:]*):(?:[ \t]+(.*))?")
_NO_PAIR = re.compile(r"\s*(#.*)?|[ \t].*|-[ \t].*")


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    content = source.read_text()
    if _PAGE.match(content):
        source.pop_notices()  # repeated when the page is read
        yield from page.read(source, fields)
        return
    values, text = split_front_matter(content)
    if not text.strip() and not values:
        return
    if not any(values[name] for name in find_fields(values, fields)["title"]):
        title, text = split_title(text)
        values |= rename_fields(fields, title=title)
    yield Record({**values, **rename_fields(fields, text=text)})


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Split off the `key: value` lines between two lines of `---` at the top, or the TOML between two of `+++`.

    Multi-line values of the first are ignored. A block with any other content is treated as text.
    """
    block = _FRONT_MATTER.match(text)
    if not block:
        return {}, text
    if block[1] == "+++":
        try:
            return tomllib.loads(block[2] or ""), text[block.end() :]
        except (ValueError, RecursionError):
            return {}, text
    values = {}
    for line in (block[2] or "").splitlines():
        if pair := _PAIR.fullmatch(line):
            values[pair[1].strip()] = _strip_quotes((pair[2] or "").strip())
        elif not _NO_PAIR.fullmatch(line):
            return {}, text
    return values, text[block.end() :]


def _strip_quotes(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def split_title(text: str) -> tuple[str, str]:
    """Split the title off a text.

    Up to six short lines before the first paragraph are considered. The title is the first that looks like a headline
    and is followed by a blank line or a paragraph. A headline has 4 to 30 words, does not end as a sentence or in a
    date, and is not a breadcrumb (`World / Asia`), byline or list item. Lines above the title stay in the text.

    Returns:
        The title and the text without its line; "" and the whole text if there is no title.
    """
    start, seen = 0, 0
    while start < len(text) and seen < _LINES:
        end = text.find("\n", start)
        line_end = len(text) if end < 0 else end
        line = text[start:line_end].strip()
        if len(line) > _SHORT:
            break
        if line:
            seen += 1
            below = text[line_end + 1 :]
            if _reads_as_headline(line) and _is_separate(line, below):
                return line, text[:start] + below
        start = line_end + 1
    return "", text


def _reads_as_headline(line: str) -> bool:
    words = max(len(line.split()), len(page.UNSPACED.findall(line)) // 3)  # three letters count as one word
    return (
        _FEWEST_WORDS <= words <= _MOST_WORDS
        and not (_SENTENCE_END.search(line) and not _INITIALS_END.search(line))
        and not _LIST_MARK.match(line)
        and not _BYLINE.match(line)
        and not _DATE_END.search(line)
        and not _is_breadcrumb(line)
    )


def _is_breadcrumb(line: str) -> bool:
    """Return whether a line is several pieces of at most two words: `News / Russia / More`."""
    pieces = _CRUMB.split(line)
    return len(pieces) > 1 and all(len(piece.split()) <= 2 for piece in pieces)


def _is_separate(line: str, below: str) -> bool:
    """Return whether a blank line or a paragraph follows. Hard-wrapped lines are followed by similar lengths."""
    next_line = below.partition("\n")[0].strip()
    return len(next_line) > max(2 * len(line), 100) if next_line else bool(below.strip())
