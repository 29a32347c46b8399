"""What resembles articles: the hits of a search with their scores, and what all of them say together.

Each step is here in NumPy; `kernels.scoring` has its twins, which an index by kernels uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.postings import PlainPostings, Postings, SegmentedPostings
from dedup.index.search.segments import Hits, ManyDots, Queries, Reach, Terms, Weights, search
from dedup.index.search.table import Columns, Live
from dedup.match.scores import SECONDS_A_DAY, days_apart, final_score
from dedup.match.stories import FLOOR
from dedup.vectorize.exact import DOT_UNIT

if TYPE_CHECKING:
    from dedup.index.features.sketch import Vector

FEWEST = 1 / 4
"""Share of the prefix that must agree: eight tenths of the slots of texts that are all but equal do (see
`match.copies.ALL_BUT_EQUAL`). Of such texts one pair in four million has fewer, of strangers four in ten million have
as many."""

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
    """What resembles each of some articles, by NumPy.

    Kernel: `index.search.kernels.scoring.resemblance`.
    """
    found = []
    for place, one in enumerate(asking):
        span = slice(int(hits.start[place]), int(hits.start[place + 1]))
        slots, foreign = hits.slots[span], hits.foreign[span]
        cosine = hits.dots[span].astype(np.float64) * DOT_UNIT
        days, outlet = days_apart(live.seconds[slots], one.seconds), live.outlet[slots]
        background = live.background_similarity[slots], one.vector.background_similarity + live.crowding
        score = final_score(cosine, *background, days, (outlet == one.outlet) & (outlet >= 0), live.scoring)
        agreeing = np.count_nonzero(live.signature_bytes[slots] == one.vector.signature_bytes, axis=1)
        found.append(in_reach(live, one, Alike(slots, cosine, score.astype(np.int64), days, agreeing, foreign)))
    return found


def by_kernels(live: Live, asking: Sequence[Asking], hits: Hits) -> list[Alike]:
    """Score the hits of some articles by a kernel."""
    from dedup.index.search.kernels.scoring import resemblance

    queries = Columns(
        np.array([one.seconds for one in asking], np.float64),
        np.array([one.vector.background_similarity + live.crowding for one in asking], np.float64),
        np.array([one.outlet for one in asking], np.int32),
        np.stack([one.vector.signature_bytes for one in asking]),
    )
    places, ends, cosine, score, days, agreeing = resemblance(
        hits, live.columns(), queries, live.scoring, live.prefixes.shape[1], least_alike(live)
    )
    slots, foreign = hits.slots, hits.foreign
    if len(places) < len(slots):
        slots, foreign = slots[places], foreign[places]
    bounds = [0, *ends.tolist()]
    spans = [slice(bounds[place], bounds[place + 1]) for place in range(len(asking))]
    return [Alike(slots[span], cosine[span], score[span], days[span], agreeing[span], foreign[span]) for span in spans]


def sums_by_story(live: Live, slots: NDArray[np.int64], scores: NDArray[np.int64], enough: float, best: float) -> _Sums:
    """The stories whose scores add up to enough, or of which one is as the best must be.

    Kernel: `index.search.kernels.scoring.sums_by_story`.

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
    """The places of the strongest of what resembles an article: see `kernels.scoring.strongest`.

    Kernel: `index.search.kernels.scoring.strongest`.
    """
    if live.by_kernels:
        from dedup.index.search.kernels.scoring import strongest as chosen

        return chosen(alike.slots, scores, alike.cosine, live.number, live.story, copies, story, most).tolist()  # type: ignore[no-any-return]
    is_copy = np.isin(live.number[alike.slots], copies)
    inside = live.story[alike.slots] == story
    some = np.flatnonzero((scores > 0) | is_copy)
    keys = (live.number[alike.slots], -alike.cosine, -scores, ~inside, ~is_copy)
    return some[np.lexsort([key[some] for key in keys])[:most]].tolist()  # type: ignore[no-any-return]


def alike(live: Live, asking: Sequence[Asking], among: Sequence[int] = ()) -> list[Alike]:
    """What resembles each of some articles more than the floor, itself included where it is here.

    Args:
        asking: the articles.
        among: the slots of these very articles where they are taken in together: each is compared with those
            before it too.
    """
    if not asking:
        return []
    before = among if len(asking) > 1 else ()  # of one article there is none before it
    tongues = [live.tongue_of(one.vector.language) for one in asking]
    live.ready_names()
    if live.names and before:
        for tongue in {*tongues} - {-1}:  # one may come with these very articles
            live.names.setdefault(tongue, live.new_postings())
    hits = _hits(live, asking, np.array(tongues, np.int64), np.array(before, np.int64))
    return by_kernels(live, asking, hits) if live.by_kernels else by_numpy(live, asking, hits)


def _reach(live: Live, one: Asking) -> Reach:
    """How far a search for an article goes; a second more than it must, for no rounding to matter."""
    around = live.settings.window * SECONDS_A_DAY + 1
    if np.isnan(one.seconds) or np.isinf(around):
        return Reach(-np.inf, np.inf)
    own = one.vector.signature_bytes[: live.prefixes.shape[1]]
    return Reach(one.seconds - around, one.seconds + around, live.prefixes, own, least_alike(live))


def _hits(live: Live, asking: Sequence[Asking], tongues: NDArray[np.int64], among: NDArray[np.int64]) -> Hits:
    """What articles find: those that are near to each, and of other languages those with names alike."""
    every = np.arange(len(asking))
    words = [(one.vector.terms, one.vector.weights) for one in asking]
    reaches = [_reach(live, one) for one in asking]
    query, slots, dots = _found(live, live.words, words, reaches, every, every[: len(among)], among)
    foreign = np.zeros(len(slots), np.bool_)
    if live.names and (tongues >= 0).any():
        mine, its = tongues[query], live.tongue[slots]
        near = (mine < 0) | (its == mine) | (its < 0)
        parts = [(query[near], slots[near], dots[near])]
        names = live.names_of([one.vector for one in asking])
        reaches = [replace(reach, prefixes=None) for reach in reaches]
        for other, held in live.names.items():
            far = np.flatnonzero((tongues >= 0) & (tongues != other))
            inside = np.flatnonzero(tongues[: len(among)] == other)
            if len(far):
                parts.append(_found(live, held, names, reaches, far, inside, among))
        foreign = np.repeat([False, True], [len(parts[0][0]), sum(len(part[0]) for part in parts[1:])])
        query, slots, dots = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(query, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(query, minlength=len(asking)))]).astype(np.int64)
    return Hits(start, slots[order], dots[order], foreign[order])


def _found(
    live: Live,
    held: Postings,
    vectors: Sequence[tuple[Terms, Weights]],
    reaches: Sequence[Reach],
    asking: NDArray[np.int64],
    inside: NDArray[np.int64],
    among: NDArray[np.int64],
) -> ManyDots:
    """What those of the vectors that ask find in postings, and of those that are inside the ones before them."""
    if len(asking) == 1 and not len(inside):
        alone = int(asking[0])
        slots, dots = held.above(*vectors[alone], FLOOR, reaches[alone])
        return np.full(len(slots), alone), slots, dots
    queries = Queries.of([vectors[place] for place in asking.tolist()])
    reaches = [reaches[place] for place in asking.tolist()]
    query, slots, dots = held.all_above(queries, FLOOR, reaches)
    if not len(inside):
        return asking[query], slots, dots
    others = queries if len(inside) == len(asking) else Queries.of([vectors[place] for place in inside.tolist()])
    where = among[inside]
    if isinstance(held, SegmentedPostings):
        segment = others.segment(where.astype(np.int32), FLOOR)
        live.sealed[id(held)] = segment
        later, place, products = search([(segment, (-np.inf, np.inf))], queries, reaches, FLOOR)
    else:
        own = PlainPostings(FLOOR, live.span_of)
        own.add_many(where.tolist(), [others.vector(place) for place in range(len(others))])
        later, place, products = own.all_above(queries, FLOOR, reaches)
    came = np.zeros(int(where.max()) + 1, np.int64)  # of each slot
    came[where] = inside
    before = came[place] < asking[later]
    return (
        asking[np.concatenate([query, later[before]])],
        np.concatenate([slots, place[before]]),
        np.concatenate([dots, products[before]]),
    )
