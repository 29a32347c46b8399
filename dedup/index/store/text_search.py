"""Search for words in articles: splitting a query, and its SQL condition."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dedup.errors import InputError

MOST_WORDS = 12
"""Most words of one search."""
LONG_WORD = 32
"""Characters beyond which a word is not searched for by LIKE, whose time grows with their number."""

_WORD = re.compile(r'"([^"]*)"?|(\S+)')


def words_of(query: str) -> list[str]:
    """Split a query into distinct folded words; what is between quotation marks is one.

    Raises:
        InputError: the query has no words, or too many.
    """
    found = (quoted or word for quoted, word in _WORD.findall(query.replace("\0", " ").casefold()))
    words = list(dict.fromkeys(filter(None, (" ".join(word.split()) for word in found))))
    if not words or len(words) > MOST_WORDS:
        raise InputError(f"a search is for 1 to {MOST_WORDS} words, not {len(words)}")
    return words


def condition(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return an SQL condition over `article` and `body` for articles with all words, and its values.

    SQLite folds ASCII only, so other words are matched in lower case, capitalized and in upper case. A Python function
    would fold them better, but would hold the interpreter lock.
    """
    parts = ("id", "source", "json_extract(facts, '$.title')", "text")
    conditions, values = [], []
    for word in words:
        if word.isascii() and len(word) > LONG_WORD:
            forms, test = [word], "instr(lower({}), ?) > 0"
        elif word.isascii():
            value = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            forms, test = [value], "{} LIKE ? ESCAPE '\\'"
        else:
            forms, test = _forms(word), "instr({}, ?) > 0"
        conditions.append("(" + " OR ".join(test.format(part) for part in parts for _ in forms) + ")")
        values += forms * len(parts)
    return " AND ".join(conditions), values


def _forms(word: str) -> list[str]:
    """Return a folded word in lower case, capitalized and in upper case."""
    return list(dict.fromkeys((word, word.capitalize(), word.upper())))
