"""Growth of stories: the articles and origins that came within the last hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dedup.errors import InputError
from dedup.index.store.metadata import HOUR
from dedup.index.store.protocol import Store
from dedup.index.store.records import StoredArticle
from dedup.results.origins import Told, count_origins, read_publishers

GROWTH_HOURS = 6.0
"""Window of growth by default, in hours."""
MOST_HOURS = 8_760.0
"""Longest window of growth."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What came to a story within a window that ends now.

    An article counts if it was added to the index within the window and, where its date is known, was not published
    before it: an old archive that is added today is no growth, and neither a wrong date in the future nor a late
    delivery changes more than its own article.

    Attributes:
        hours: length of the window.
        articles: articles that came within it.
        origins: distinct tellings that the story had not before, at most.
    """

    hours: float
    articles: int
    origins: int

    @property
    def articles_per_hour(self) -> float:
        """Articles that came, on average of an hour."""
        return self.articles / self.hours

    @property
    def origins_per_hour(self) -> float:
        """New origins, on average of an hour."""
        return self.origins / self.hours

    def to_record(self) -> dict[str, Any]:
        """Return the numbers and the rates, ready for JSON."""
        rates = {"articles_per_hour": self.articles_per_hour, "origins_per_hour": self.origins_per_hour}
        return {**asdict(self), **{name: round(rate, 4) for name, rate in rates.items()}}


def grown_since(hours: float, now: float) -> float:
    """Return the beginning of a window of some hours that ends now.

    Raises:
        InputError: it is too long, or none.
    """
    if not 0 < hours <= MOST_HOURS:
        raise InputError(f"growth is of up to {MOST_HOURS:,.0f} hours, not {hours!r}")
    return now - hours * HOUR


def growths(store: Store, stories: Sequence[int], since: float, hours: float) -> dict[int, Growth]:
    """Return the growth of stories by number, since the beginning of a window in seconds since 1970."""
    publishers, counts = read_publishers(), store.grown(since, stories)
    found = {}
    for number in stories:
        origins = _new_origins(store.of_story(number), since, publishers) if counts.get(number) else 0
        found[number] = Growth(hours, counts.get(number, 0), origins)
    return found


def _new_origins(articles: Sequence[StoredArticle], since: float, publishers: Mapping[str, str]) -> int:
    in_order = sorted(articles, key=lambda one: (one.age, one.number))
    told = [(Told(one.source, one.told, one.copies), min(one.age, one.added) < since) for one in in_order]
    before = [one for one, is_earlier in told if is_earlier]
    earlier = count_origins(before, publishers).at_most if before else 0
    return max(0, count_origins([one for one, _ in told], publishers).at_most - earlier)
