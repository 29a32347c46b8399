"""Series: articles of one outlet whose title returns on other days with at most its date or numbers changed.

A cartoon, a column, the engagements of the day: no two of them are one story, however similar they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedup.match.scores import SECONDS_A_DAY
from dedup.text.date_words import WORD, date_words

DAYS = 3
"""Days on which a title must have been used."""


def in_series(titles: Sequence[str], outlets: NDArray[np.int64], seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each article is one of a series, shape (articles,).

    Args:
        titles: of the articles.
        outlets: numbers of their outlets, -1 where unknown.
        seconds: publication times, nan where unknown.
    """
    held: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place in np.flatnonzero((outlets >= 0) & ~np.isnan(seconds)).tolist():
        if title := undated(titles[place]):
            held[int(outlets[place]), title].append(place)
    found = np.zeros(len(titles), np.bool_)
    for places in held.values():
        if len(places) >= DAYS and len(np.unique(seconds[places] // SECONDS_A_DAY)) >= DAYS:
            found[places] = True
    return found


def undated(title: str) -> str:
    """The words of a title in lower case, without numbers, names of months and days of the week."""
    dates = _dates()
    return " ".join([word for word in WORD.findall(title.casefold()) if word not in dates])


@cache
def _dates() -> frozenset[str]:
    return frozenset(date_words()["month"]) | frozenset(date_words()["weekday"])
