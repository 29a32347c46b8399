"""Front matter: the fields of an article above its text, as Markdown has them, and the text files of trafilatura."""

from __future__ import annotations

import re

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)??---[ \t]*(?:\n|\Z)", re.DOTALL)
_PAIR = re.compile(r"([^\s:#-][^:]*):(?:[ \t]+(.*))?")
_NO_PAIR = re.compile(r"\s*(#.*)?|[ \t].*|-[ \t].*")


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The `key: value` lines between two lines of `---` at the top, and what follows.

    Values that go over several lines are not read. A block that holds anything else is text between two rules.
    """
    block = _FRONT_MATTER.match(text)
    if not block:
        return {}, text
    values = {}
    for line in (block[1] or "").splitlines():
        if pair := _PAIR.fullmatch(line):
            values[pair[1].strip()] = _unquoted((pair[2] or "").strip())
        elif not _NO_PAIR.fullmatch(line):
            return {}, text
    return values, text[block.end() :]


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
