"""What resembles articles: the hits of a search with their scores, and what all of them say together.

Each step is here in NumPy; `kernels.alike` has its twins, which an index by kernels uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.match.stories import DATE_SPAN, FADE, SECONDS_A_DAY
from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT

if TYPE_CHECKING:
    from dedup.index.features.sketch import Vector
    from dedup.index.search.table import Live
    from dedup.settings import Settings

PRINT = 16
"""Slots of a signature, the first, by which copies are looked for that no date is near to. Of texts that are all but
equal (see `match.copies.ALL_BUT_EQUAL`) eight tenths of the slots agree; ..."""
FEWEST = 1 / 4
"""... this share of these few must: of such texts one pair in four million has fewer, of strangers four in ten
million have as many."""

_Sums = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """What resembles one article more than the floor.

    Attributes:
        slots: of the articles; those of other languages too.
        cosine: with each.
        score: with each in units of `SCORE_UNIT`, as a run would have it; 0 where it has none.
        days: to each, nan where a date is unknown.
        agreeing: in how many places of their signatures they look alike, chance included.
        foreign: whether it is in another language.
    """

    slots: NDArray[np.int64]
    cosine: NDArray[np.float64]
    score: NDArray[np.int64]
    days: NDArray[np.float64]
    agreeing: NDArray[np.int64]
    foreign: NDArray[np.bool_]

    def where(self, stay: NDArray[np.bool_]) -> Alike:
        """Some of it."""
        likeness = self.cosine[stay], self.score[stay], self.days[stay], self.agreeing[stay]
        return Alike(self.slots[stay], *likeness, self.foreign[stay])


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What a search found for several articles; what it found for article i is at `start[i]:start[i + 1]`.

    Attributes:
        start: shape (articles + 1,).
        slots, dots, foreign: of each hit.
    """

    start: NDArray[np.int64]
    slots: NDArray[np.int64]
    dots: NDArray[np.int64]
    foreign: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """An article that is asked about: what it is compared by, when it was published, and the number of its outlet."""

    vector: Vector
    seconds: float
    outlet: int


def least_alike(live: Live) -> int:
    """In how many of the first places signatures must agree for articles of other times to be looked at."""
    return max(1, int(live.prefixes.shape[1] * FEWEST))


def in_reach(live: Live, one: Asking, alike: Alike) -> Alike:
    """What resembles an article without what is of another time, unless it may be a copy."""
    far = np.flatnonzero(alike.days > live.settings.window)
    if not len(far):
        return alike
    prefixes = live.prefixes[alike.slots[far]]
    agreeing = np.count_nonzero(prefixes == one.vector.signature_bytes[: prefixes.shape[1]], axis=1)
    stay = np.ones(len(alike.slots), np.bool_)
    stay[far] = (agreeing >= least_alike(live)) & ~alike.foreign[far]
    return alike.where(stay)


def by_numpy(live: Live, asking: Sequence[Asking], hits: Hits) -> list[Alike]:
    """What resembles each of some articles, by NumPy."""
    found = []
    for place, one in enumerate(asking):
        span = slice(int(hits.start[place]), int(hits.start[place + 1]))
        slots, foreign = hits.slots[span], hits.foreign[span]
        cosine = hits.dots[span].astype(np.float64) * WEIGHT_UNIT**2
        days = np.abs(live.seconds[slots] - one.seconds) / SECONDS_A_DAY
        background_similarity = (
            live.background_similarity[slots] + (one.vector.background_similarity + live.crowding)
        ) / 2
        scores = live.scored(cosine, background_similarity, days, live.outlet[slots] == one.outlet, slots)
        agreeing = np.count_nonzero(live.signature_bytes[slots] == one.vector.signature_bytes, axis=1)
        found.append(in_reach(live, one, Alike(slots, cosine, scores, days, agreeing, foreign)))
    return found


def scoring(settings: Settings) -> tuple[float, ...]:
    """What kernels are told of how pairs are scored."""
    low, high = FADE
    days, outlets, window = settings.date_penalty, settings.outlet_penalty, settings.window
    numbers = (SCORE_UNIT, SECONDS_A_DAY, days, DATE_SPAN, outlets, low, high - low, window)
    return tuple(float(number) for number in numbers)


def by_kernels(live: Live, asking: Sequence[Asking], hits: Hits) -> list[Alike]:
    """The same by a kernel."""
    from dedup.index.search.kernels.scoring import resemblance

    places, ends, cosine, score, days, agreeing = resemblance(
        hits.start,
        hits.slots,
        hits.dots,
        hits.foreign,
        live.seconds,
        live.background_similarity,
        live.outlet,
        live.signature_bytes,
        np.array([one.seconds for one in asking], np.float64),
        np.array([one.vector.background_similarity + live.crowding for one in asking], np.float64),
        np.array([one.outlet for one in asking], np.int32),
        np.stack([one.vector.signature_bytes for one in asking]),
        live.prefixes.shape[1],
        least_alike(live),
        WEIGHT_UNIT**2,
        *scoring(live.settings),
    )
    slots, foreign = hits.slots, hits.foreign
    if len(places) < len(slots):
        slots, foreign = slots[places], foreign[places]
    bounds = [0, *ends.tolist()]
    spans = [slice(bounds[place], bounds[place + 1]) for place in range(len(asking))]
    return [Alike(slots[span], cosine[span], score[span], days[span], agreeing[span], foreign[span]) for span in spans]


def sums_by_story(live: Live, slots: NDArray[np.int64], scores: NDArray[np.int64], enough: float, best: float) -> _Sums:
    """The stories whose scores add up to enough, or of which one is as the best must be.

    Returns:
        Their numbers, ascending, the sum of each one's scores, and the best.
    """
    if live.by_kernels:
        from dedup.index.search.kernels.scoring import sums_by_story as summed

        stories, total, highest = summed(slots, scores, live.story, live.stands, enough, best)
        if len(stories) > 1:
            order = np.argsort(stories)
            stories, total, highest = stories[order], total[order], highest[order]
        return stories, total, highest
    counted = (scores > 0) & live.stands[slots]
    stories, place = np.unique(live.story[slots[counted]], return_inverse=True)
    total = np.bincount(place.ravel(), weights=scores[counted], minlength=len(stories)).astype(np.float64)
    highest = np.zeros(len(stories))
    np.maximum.at(highest, place.ravel(), scores[counted])
    some = (total >= enough) | (highest >= best)
    return stories[some], total[some], highest[some]


def strongest(
    live: Live, alike: Alike, scores: NDArray[np.int64], copies: NDArray[np.int64], story: int, most: int
) -> list[int]:
    """The places of the strongest of what resembles an article: see `kernels.alike.strongest`."""
    if live.by_kernels:
        from dedup.index.search.kernels.scoring import strongest as chosen

        return chosen(alike.slots, scores, alike.cosine, live.number, live.story, copies, story, most).tolist()  # type: ignore[no-any-return]
    is_copy = np.isin(live.number[alike.slots], copies)
    inside = live.story[alike.slots] == story
    some = np.flatnonzero((scores > 0) | is_copy)
    keys = (live.number[alike.slots], -alike.cosine, -scores, ~inside, ~is_copy)
    return some[np.lexsort([key[some] for key in keys])[:most]].tolist()  # type: ignore[no-any-return]
