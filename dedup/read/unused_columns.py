"""The columns of tables that nothing is read from: `titel` and `datum`, where a title and a date were meant."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from dedup.article import Article, Notice
from dedup.formats.quoting import quote_list
from dedup.inputs.record import find_fields

_OWN = "dedup_"  # what --keep adds
_MOST = 1000  # kinds of table that are remembered for the log


class UnusedColumns:
    """What is told of them: where a table has neither titles nor dates a notice, else a line in the log for all tables
    of the same columns.

    Args:
        fields: as for `read_articles`.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self._first: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._columns: tuple[str, ...] | None = None
        self._bare = True

    def begin(self) -> None:
        """Another table comes."""
        self._columns, self._bare = None, True

    def see(self, values: Mapping[str, Any], article: Article) -> None:
        """One of its rows."""
        if self._columns is None:
            used = {name for names in find_fields(values, self._fields).values() for name in names}
            names = (name for name in values if name not in used and name.strip() and not name.startswith(_OWN))
            self._columns = tuple(names)
        if self._bare:
            self._bare = not article.title and article.published is None and article.seen is None

    def end(self, where: str) -> Notice | None:
        """What is to be told of the table."""
        if not self._columns:
            return None
        if self._bare:
            problem = f"no row has a title or a date; nothing is read from {_columns(self._columns)}"
            action = "kept (--field title=NAME, --field published=NAME say where they are)"
            return Notice(where, problem, action, skipped=False)
        told = _columns(self._columns)
        if told in self._first or len(self._first) < _MOST:
            self._first.setdefault(told, where)
            self._counts[told] += 1
        return None

    def log(self) -> None:
        """A line for all tables with the same such columns."""
        for told, where in self._first.items():
            others = f" and {self._counts[told] - 1:,} more" if self._counts[told] > 1 else ""
            logging.getLogger("dedup.read").info("%s%s: nothing is read from %s", where, others, told)


def _columns(names: tuple[str, ...]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {quote_list(names)}"
