"""The order of day and month in the dates of a file, decided for each of its fields as a whole.

`1/11/2013` can mean two days. Where `23/10/2013` stands beside it in the same field, and no date of the field says
otherwise, both have the day first. At its first ambiguous date a file is read once more for this, so the decision
depends on all its dates, in any order, and no record is kept. A stream cannot be read twice and has no such decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from dedup.article import Notice
from dedup.formats.escaping import quote
from dedup.inputs.date_grammar import ORDERS
from dedup.inputs.dates import Reading, possible_orders, read_date
from dedup.inputs.values import date_of

Records = Callable[[], Iterable[Mapping[str, Any]]]
_NAMES = {"dmy": "day", "mdy": "month", "ymd": "year"}


class DateReader:
    """Reads the dates of records, and decides the order of day and month for each field of a file.

    Args:
        dayfirst: read `01/02/2020` as 1 February, whatever else is in the file.
    """

    def __init__(self, *, dayfirst: bool = False) -> None:
        self._dayfirst = dayfirst
        self._where = ""
        self._records: Records | None = None
        self._orders: dict[Any, str] = {}
        self._notices: list[Notice] = []

    def begin_file(self, where: str, records: Records | None) -> None:
        """Start a file.

        Args:
            where: the file, for notices.
            records: returns its records, from the first one on; None if they can be read only once.
        """
        self._where, self._records = where, records
        self._orders.clear()

    def read(self, name: Any, value: Any, *, today: date | None = None, seen: date | None = None) -> Reading:
        """Parse a date; see `read_date`.

        Args:
            name: the name of its field in the record.
            value: the date.
            today: see `read_date`.
            seen: see `read_date`.
        """
        reading = read_date(value, order="dmy" if self._dayfirst else "", today=today, seen=seen)
        if not reading.orders or self._records is None:
            return reading
        if name not in self._orders:
            self._orders[name] = self._decide(name, value, self._records())
        order = self._orders[name]
        return read_date(value, order=order, today=today, seen=seen) if order else reading

    def _decide(self, name: Any, ambiguous: Any, records: Iterable[Mapping[str, Any]]) -> str:
        """Return the only order that all dates of a field allow, "" if there is none or several."""
        left, decisive = set(ORDERS), ""
        for record in records:
            value = date_of(record.get(name))
            orders = possible_orders(value)
            if not orders:
                continue
            if len(left) > 1 and len(left & orders) == 1:
                decisive = str(value).strip()
            left &= orders
            if not left:
                return ""
        if len(left) > 1:
            return ""
        order = left.pop()
        problem = f"in its field {quote(name)} {quote(ambiguous)} can mean two days, and {quote(decisive)} only one"
        self._notices.append(
            Notice(self._where, problem, f"all are read with the {_NAMES[order]} first", skipped=False)
        )
        return order

    def notices(self) -> Iterator[Notice]:
        """Yield a notice for each field whose order was decided."""
        yield from self._notices
