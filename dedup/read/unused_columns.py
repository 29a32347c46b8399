"""Report table columns that are not used, such as `titel` and `datum` for a title and a date."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from dedup.article import Article, Notice
from dedup.formats.escaping import quote_list
from dedup.inputs.record import find_fields

_OWN = "dedup_"  # prefix of the fields that --keep adds
_MOST = 1000  # maximum sets of columns in the log


class UnusedColumns:
    """Collects unused columns: a notice for a table without titles and dates, else one log line per set of columns.

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
        """Start a table."""
        self._columns, self._bare = None, True

    def see(self, names: Iterable[str], article: Article) -> None:
        """Record a row of the table."""
        if self._columns is None:
            names = tuple(names)
            used = {name for found in find_fields(names, self._fields).values() for name in found}
            unused = (name for name in names if name not in used and name.strip() and not name.startswith(_OWN))
            self._columns = tuple(dict.fromkeys(unused))
        if self._bare:
            self._bare = not article.title and article.published is None and article.seen is None

    def end(self, where: str) -> Notice | None:
        """Finish the table. Return a notice if it has neither titles nor dates, and unused columns."""
        if not self._columns:
            return None
        if self._bare:
            problem = f"no row has a title or a date; nothing is read from {_columns(self._columns)}"
            action = "kept (--field title=NAME, --field published=NAME say where they are)"
            return Notice(where, problem, action, skipped=False)
        columns = _columns(self._columns)
        if columns in self._first or len(self._first) < _MOST:
            self._first.setdefault(columns, where)
            self._counts[columns] += 1
        return None

    def log(self) -> None:
        """Log one line for all tables with the same unused columns."""
        for columns, where in self._first.items():
            others = f" and {self._counts[columns] - 1:,} more" if self._counts[columns] > 1 else ""
            logging.getLogger("dedup.read").info("%s%s: nothing is read from %s", where, others, columns)


def _columns(names: tuple[str, ...]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {quote_list(names)}"
