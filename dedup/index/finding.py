"""What a person looks for in a store: stories page by page, and the articles that hold some words."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dedup.clustering import Story
from dedup.errors import InputError
from dedup.index.store import Store, StoryFilter
from dedup.index.telling import every_story

MOST_WORDS = 12
"""Words that one search looks for."""


@dataclass(frozen=True, slots=True)
class StoryPage:
    """Some stories, the last touched first, and where the next ones begin.

    Attributes:
        stories: they.
        next: what `StoryIndex.page` goes on from, None where there are no more.
    """

    stories: tuple[Story, ...]
    next: str | None


def page(store: Store, wanted: StoryFilter, cursor: str | None, most: int) -> StoryPage:
    """The next stories that fit.

    Raises:
        InputError: the cursor is none that a page ended with.
    """
    before = None if cursor is None else _place(cursor)
    found = store.stories(replace(wanted, before=before), most + 1)
    rest, last = len(found) > most, found[:most]
    end = _cursor(last[-1].touched, last[-1].number) if rest else None
    return StoryPage(tuple(every_story(store, iter([last]))), end)


def words_of(query: str) -> list[str]:
    """The words that are looked for, folded.

    Raises:
        InputError: there are none, or too many.
    """
    words = list(dict.fromkeys(query.replace("\0", " ").casefold().split()))
    if not words or len(words) > MOST_WORDS:
        raise InputError(f"a search is for 1 to {MOST_WORDS} words, not {len(words)}")
    return words


def holds(words: Sequence[str], *parts: str) -> bool:
    """Whether each of some folded words stands in one of the parts of an article."""
    folded = [part.casefold() for part in parts]
    return all(any(word in part for part in folded) for word in words)


def condition(words: Sequence[str]) -> tuple[str, list[str]]:
    """The same as a condition of SQLite over `article` and `body`, and its values; `folded` is Python's casefold.

    SQLite itself folds ASCII alone, but needs no Python for it, and lets other threads work meanwhile.
    """
    parts = ("id", "source", "json_extract(facts, '$.title')", "text")
    conditions, values = [], []
    for word in words:
        if word.isascii():
            one = " OR ".join(f"{part} LIKE ? ESCAPE '\\'" for part in parts)
            value = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        else:
            one, value = " OR ".join(f"instr(folded({part}), ?) > 0" for part in parts), word
        conditions.append(f"({one})")
        values += [value] * len(parts)
    return " AND ".join(conditions), values


def folded(text: str | None) -> str:
    """What `condition` calls."""
    return (text or "").casefold()


def _cursor(touched: float, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([touched, number]).encode()).decode("ascii").rstrip("=")


def _place(cursor: str) -> tuple[float, int]:
    try:
        touched, number = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        touched, number = None, None
    known = isinstance(touched, int | float) and isinstance(number, int) and not isinstance(number, bool)
    if not known or not math.isfinite(touched) or abs(number) > 2**62:
        raise InputError(f"{cursor[:60]!r} is no cursor that a page of stories ended with: begin without one")
    return float(touched), int(number)
