"""The parameters that choose stories, shared by the list of stories and the feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query

from dedup.errors import InputError
from dedup.index import StoryIndex, StoryPage
from dedup.index.growth import GROWTH_HOURS, MOST_HOURS
from dedup.index.store.protocol import StoryOrder
from dedup.service.problems import problem
from dedup.service.request_models import DATE_PATTERN, ID, read_date

GrowthHours = Annotated[
    float,
    Query(gt=0, le=MOST_HOURS, allow_inf_nan=False, description="Window of growth that ends now, in hours."),
]


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """Filters and order of stories, as the arguments of `StoryIndex.page`."""

    filters: dict[str, Any]

    def page(self, index: StoryIndex, cursor: str | None, limit: int) -> StoryPage:
        """Return a page of stories.

        Raises:
            Problem: the cursor is none of this order.
        """
        try:
            return index.page(cursor, limit=limit, **self.filters)
        except InputError:
            what = "it is none that a page of stories in this order ended with"
            raise problem("invalid", "cursor", what, "begin without one, and use `next` as it is") from None


async def _query(
    since: Annotated[
        str | None, Query(pattern=DATE_PATTERN, description="Stories that changed since a date or a time.")
    ] = None,
    outlet: Annotated[str | None, Query(max_length=500, description="Stories with an article of it.")] = None,
    min_size: Annotated[int, Query(ge=1, le=1_000_000, description="Stories of at least so many articles.")] = 1,
    storyline: Annotated[str | None, Query(max_length=ID, description="The stories of a storyline.")] = None,
    published_since: Annotated[
        str | None, Query(pattern=DATE_PATTERN, description="Stories with an article dated from then on.")
    ] = None,
    published_until: Annotated[
        str | None, Query(pattern=DATE_PATTERN, description="Stories with an article dated until then.")
    ] = None,
    min_growth: Annotated[
        float, Query(ge=0, le=1_000_000, allow_inf_nan=False, description="At least so many articles in an hour.")
    ] = 0,
    growth_hours: GrowthHours = GROWTH_HOURS,
    order: Annotated[StoryOrder, Query(description="What is greatest first; `date` is that of the last article.")] = (
        "changed"
    ),
) -> StoryQuery:
    dates = {"since": since, "published_since": published_since, "published_until": published_until}
    numbers = {"min_size": min_size, "min_growth": min_growth, "growth_hours": growth_hours}
    names = {"outlet": outlet, "storyline": storyline, "order": order}
    return StoryQuery({**{name: _date(name, text) for name, text in dates.items()}, **numbers, **names})


Queried = Annotated[StoryQuery, Depends(_query)]
"""The stories that a request asks for."""


def _date(name: str, text: str | None) -> date | datetime | None:
    found = read_date(text)
    if text is not None and found is None:
        raise problem("invalid", name, f"{text[:40]!r} is no date", "write 2024-01-31 or 2024-01-31T12:30:00Z")
    return found
