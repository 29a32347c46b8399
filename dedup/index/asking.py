"""What a caller asks an index for: numbers, dates, ids and cursors, looked at before anything else sees them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from numbers import Integral

from dedup.errors import CursorError, InputError
from dedup.formats.escaping import quote
from dedup.index.store.protocol import Store
from dedup.index.store.records import Change
from dedup.inputs.collection import published_seconds
from dedup.inputs.dates import day_or_time

MOST = 2**62
"""The largest number that a store is asked for."""


def count(value: object, name: str, least: int = 1) -> int:
    """A whole number that is large enough.

    Raises:
        InputError: it is none, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} must be a whole number from {least} on, not {quote(value)}")
    return min(int(value), MOST)


def moment(value: date | datetime | str, name: str) -> date | datetime:
    """A day or a time; of a string what ISO 8601 says by it.

    Raises:
        InputError: it is neither.
    """
    if isinstance(value, str):
        try:
            return day_or_time(value)
        except ValueError:
            told = f"{name} is {quote(value)}, which is no date"
            raise InputError(f"{told}: give 2024-01-31, 2024-01-31T12:30:00Z, a date or a datetime") from None
    # pandas' NaT is a datetime that equals nothing, itself included.
    if not isinstance(value, date) or value != value:  # noqa: PLR0124
        raise InputError(f"{name} must be a date, a datetime or a string that is one, not {quote(value)}")
    return value


def seconds(value: date | datetime | str | None, name: str) -> float | None:
    """The same in seconds since 1970; None for None.

    Raises:
        InputError: it is no date.
    """
    return None if value is None else published_seconds(moment(value, name))


def ids(values: Iterable[object]) -> list[str]:
    """Ids of articles, each once.

    Raises:
        InputError: something is no id.
    """
    given = list(values)
    for value in given:
        if not isinstance(value, str):
            kind = f"a {type(value).__name__}: to give those of a list, write remove(*ids)"
            raise InputError(f"ids of articles are strings, one argument each, and {quote(value)} is {kind}")
    return list(dict.fromkeys(str(value) for value in given))


def changes_after(store: Store, since: int, most: int) -> list[Change]:
    """The changes after a cursor.

    Raises:
        InputError: the cursor or the limit is no such number.
        CursorError: nothing can be told of what came after it.
    """
    since, most = count(since, "since", 0), count(most, "limit")
    with store.reading():
        last = store.highest()["last_change"]
        found = store.changes(since, most) if since < last else []
    if since > last:
        told = f"there are {last:,} changes, and none with the cursor {since:,}: it is of another store, or of a later"
        raise CursorError(f"{told} state of this one. {AGAIN}", last + 1, last)
    first = found[0].cursor if found else last + 1
    if first != since + 1:
        raise CursorError(
            f"the changes before {first:,} were forgotten, those after {since:,} too. {AGAIN}", first, last
        )
    return found


AGAIN = "Take the stories as they are, and go on from the number of changes that stats() tells before"
"""What a follower does whose cursor is of no use."""
