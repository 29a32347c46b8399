"""Pages of stories, and the search for words in articles."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dedup.errors import InputError
from dedup.index.queries import every_story
from dedup.index.store.protocol import Store, StoryFilter
from dedup.index.store.records import StoredStory
from dedup.results.clustering import Story

MOST_WORDS = 12
"""Most words of one search."""
_PAGE = 200


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A page of stories, the last changed first.

    Attributes:
        stories: the stories of the page.
        next: cursor of the next page, None for the last.
    """

    stories: tuple[Story, ...]
    next: str | None


def page(store: Store, wanted: StoryFilter, cursor: str | None, most: int) -> StoryPage:
    """Return the next page of stories that match.

    Raises:
        InputError: the cursor is invalid.
    """
    before = None if cursor is None else _place(cursor)
    found = store.stories(replace(wanted, before=before), most + 1)
    rest, last = len(found) > most, found[:most]
    end = _cursor(last[-1].touched, last[-1].number) if rest else None
    return StoryPage(tuple(every_story(store, iter([last]))), end)


def pages(store: Store, wanted: StoryFilter) -> Iterator[list[StoredStory]]:
    """Yield all stories that match, in lists."""
    while found := store.stories(wanted, _PAGE):
        yield found
        wanted = replace(wanted, before=(found[-1].touched, found[-1].number))


def words_of(query: str) -> list[str]:
    """Split a query into distinct folded words.

    Raises:
        InputError: the query has no words, or too many.
    """
    words = list(dict.fromkeys(query.replace("\0", " ").casefold().split()))
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
        if word.isascii():
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


def _cursor(touched: float, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([touched, number]).encode()).decode("ascii").rstrip("=")


def _place(cursor: str) -> tuple[float, int]:
    try:
        touched, number = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
        touched = float(touched)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        touched, number = math.nan, None
    known = isinstance(number, int) and not isinstance(number, bool)
    if not known or not math.isfinite(touched) or abs(number) > 2**62:
        raise InputError(f"{cursor[:60]!r} is no cursor that a page of stories ended with: begin without one")
    return touched, int(number)
