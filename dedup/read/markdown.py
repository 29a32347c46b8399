"""Read Markdown with markdown-it: one article per file. The first heading is the title, front matter gives the rest.

The text is what a reader of the page sees: without marks of emphasis, addresses of links, images, comments and tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dedup.article import Notice
from dedup.inputs.fields import find_fields
from dedup.inputs.markup import to_plain
from dedup.read.plain import split_front_matter, split_title
from dedup.read.source import Record, Source

if TYPE_CHECKING:
    from markdown_it.token import Token

_MOST_MARKS = 100_000
"""Maximum lines and marks. The parser takes up to 20 microseconds and a kilobyte for each; no article has so many."""
_MARKS = "\n*_`[]!<>&|~\\"

_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,50}\]:?")
"""Marks of footnotes, which the parser would take for links."""
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+$")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def read(source: Source, fields: Mapping[str, str]) -> Iterator[Record | Notice]:
    values, text = split_front_matter(source.read_text())
    if not text.strip() and not values:
        return
    has_title = any(values[name] for name in find_fields(values, fields)["title"])
    if (count := sum(map(text.count, _MARKS))) > _MOST_MARKS:
        problem = f"it has {count:,} lines and marks, too many for an article in Markdown"
        yield Notice(source.where, problem, "read as plain text", skipped=False)
        title, text = ("", text) if has_title else split_title(text)
    else:
        title, text = _render(text)
        if has_title and title:
            given = next(values[name] for name in find_fields(values, fields)["title"] if values[name])
            text = text if title == given else f"{title}\n\n{text}".strip()
        elif not title and not has_title:
            title, text = split_title(text)
    if not has_title:
        values[fields.get("title", "title")] = title
    text_name = fields.get("text", "text")
    values = {text_name: text, **{name: value for name, value in values.items() if name != text_name}}
    yield Record(values, is_plain=True)


def _render(text: str) -> tuple[str, str]:
    """Return the first heading of the first level, "" if there is none, and the text without it."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(_FOOTNOTE.sub("", text))
    title, parts = "", []
    separator = "\n\n"
    for place, token in enumerate(tokens):
        if token.type == "inline":
            line = _line(token.children or ())
            before = tokens[place - 1]
            if not title and before.type == "heading_open" and before.tag == "h1" and not before.level:
                title = " ".join(line.split())
            else:
                parts += [separator, line]
                separator = "\n" if before.hidden else "\n\n"
        elif token.type in {"fence", "code_block"}:
            parts += [separator, token.content.rstrip("\n")]
        elif token.type == "html_block":
            parts += [separator, to_plain(token.content).strip()]
        elif token.type == "list_item_open":
            parts += [separator, f"{token.info}. " if token.info else "- "]
            separator = ""
        elif token.type in {"td_open", "th_open"}:
            separator = " "
        elif token.type == "tr_open":
            parts.append("\n")
        if token.type.endswith("_close") and token.type != "list_item_close" and token.block and not token.hidden:
            separator = " " if token.type in {"td_close", "th_close"} else "\n\n"
    return title, re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()


def _line(tokens: Sequence[Token]) -> str:
    """Return the words of a paragraph or heading."""
    parts: list[str] = []
    begun = 0
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"} or (token.type == "html_inline" and _BREAK.match(token.content)):
            parts.append("\n")
        elif token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type == "link_open":
            begun = len(parts)
        elif token.type == "link_close" and _ADDRESS.match("".join(parts[begun:]).strip()):
            del parts[begun:]
    return "".join(parts).strip()
