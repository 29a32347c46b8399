"""Nearest neighbours of articles: the hits of a search with their scores, and sums of these by story.

Scoring is here in NumPy, and as a kernel in `kernels.scoring`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.postings import PlainPostings, Postings, Reach, SegmentedPostings, search
from dedup.index.search.segments import EVER, Dots, Hits, ManyDots, VectorBatch
from dedup.index.search.table import ArticleTable, Columns
from dedup.match.scores import SECONDS_A_DAY, days_apart, final_score
from dedup.match.stories import FLOOR
from dedup.vectorize.exact import DOT_UNIT

if TYPE_CHECKING:
    from dedup.index.features.sketch import Vector

PREFIX_SHARE = 1 / 4
"""Share of the signature prefix that must agree beyond the window. Nearly equal texts agree in eight tenths of the
slots (see `match.copies.ALL_BUT_EQUAL`): one pair of them in four million has fewer than this, and four pairs of
unrelated texts in ten million have as many."""

_Sums = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The articles whose cosine to one article is above the floor.

    Attributes:
        slots: their slots, shape (neighbours,).
        cosine: to the article.
        score: in units of `SCORE_UNIT`, as in a run; 0 for a pair without a score.
        days: between the dates, nan if one is unknown.
        agreeing: equal bytes of the two signatures, some of them by chance.
        foreign: whether the neighbour is in another language.
    """

    slots: NDArray[np.int64]
    cosine: NDArray[np.float64]
    score: NDArray[np.int64]
    days: NDArray[np.float64]
    agreeing: NDArray[np.int64]
    foreign: NDArray[np.bool_]

    def where(self, keep: NDArray[np.bool_]) -> Neighbours:
        """The neighbours for which `keep` is true."""
        columns = self.cosine[keep], self.score[keep], self.days[keep], self.agreeing[keep]
        return Neighbours(self.slots[keep], *columns, self.foreign[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """An article to search neighbours of: its vector, its time in seconds (or nan), the number of its outlet."""

    vector: Vector
    seconds: float
    outlet: int


def search_neighbours(table: ArticleTable, queries: Sequence[Query], among: Sequence[int] = ()) -> list[Neighbours]:
    """Find the neighbours of each query, itself included if it is in the table.

    Args:
        table: the articles to search.
        queries: the articles to search for.
        among: slots of the queries if they are being added together: each is compared with those before it too.
    """
    if not queries:
        return []
    languages = [table.language_of(query.vector.language) for query in queries]
    table.ready_names()
    if len(queries) == 1:  # no other comes before it
        hits = _hits_of_one(table, queries[0], languages[0])
        return score_by_kernel(table, queries, hits) if table.by_kernels else score_by_numpy(table, queries, hits)
    before = among
    if table.names and before:
        for language in {*languages} - {-1}:  # the first article of a language may be among the queries
            table.names.setdefault(language, table.new_postings())
    hits = _hits(table, queries, np.array(languages, np.int64), np.array(before, np.int64))
    return score_by_kernel(table, queries, hits) if table.by_kernels else score_by_numpy(table, queries, hits)


def score_by_numpy(table: ArticleTable, queries: Sequence[Query], hits: Hits) -> list[Neighbours]:
    """Score the hits of each query.

    Kernel: `index.search.kernels.scoring.score_hits`.
    """
    found = []
    for place, query in enumerate(queries):
        span = slice(int(hits.start[place]), int(hits.start[place + 1]))
        slots, foreign = hits.slots[span], hits.foreign[span]
        cosine = hits.dots[span].astype(np.float64) * DOT_UNIT
        days, outlet = days_apart(table.seconds[slots], query.seconds), table.outlet[slots]
        background = table.background_similarity[slots], query.vector.background_similarity + table.crowding
        same, forms = (outlet == query.outlet) & (outlet >= 0), (table.form[slots], query.vector.form)
        score = final_score(cosine, *background, days, same, *forms, table.scoring)
        agreeing = np.count_nonzero(table.signature_bytes[slots] == query.vector.signature_bytes, axis=1)
        neighbours = Neighbours(slots, cosine, score.astype(np.int64), days, agreeing, foreign)
        found.append(_within_window(table, query, neighbours))
    return found


def _within_window(table: ArticleTable, query: Query, neighbours: Neighbours) -> Neighbours:
    """Drop neighbours beyond the window, except those that may be copies."""
    far = np.flatnonzero(neighbours.days > table.settings.window)
    if not len(far):
        return neighbours
    prefixes = table.prefixes[neighbours.slots[far]]
    agreeing = np.count_nonzero(prefixes == query.vector.signature_bytes[: prefixes.shape[1]], axis=1)
    keep = np.ones(len(neighbours.slots), np.bool_)
    keep[far] = (agreeing >= least_prefix(table)) & ~neighbours.foreign[far]
    return neighbours.where(keep)


def least_prefix(table: ArticleTable) -> int:
    """How many bytes of two signature prefixes must be equal for a pair beyond the window to be compared."""
    return max(1, int(table.prefixes.shape[1] * PREFIX_SHARE))


def score_by_kernel(table: ArticleTable, queries: Sequence[Query], hits: Hits) -> list[Neighbours]:
    """Score the hits of each query by a kernel."""
    from dedup.index.search.kernels.scoring import score_hits

    columns = Columns(
        np.array([query.seconds for query in queries], np.float64),
        np.array([query.vector.background_similarity + table.crowding for query in queries], np.float64),
        np.array([query.outlet for query in queries], np.int32),
        np.array([query.vector.form for query in queries], np.int8),
        np.concatenate([query.vector.signature_bytes for query in queries]).reshape(len(queries), -1),
    )
    places, ends, cosine, score, days, agreeing = score_hits(
        hits, table.columns(), columns, table.scoring, table.prefixes.shape[1], least_prefix(table)
    )
    slots, foreign = hits.slots, hits.foreign
    if len(places) < len(slots):
        slots, foreign = slots[places], foreign[places]
    bounds = [0, *ends.tolist()]
    spans = [slice(bounds[place], bounds[place + 1]) for place in range(len(queries))]
    return [
        Neighbours(slots[span], cosine[span], score[span], days[span], agreeing[span], foreign[span]) for span in spans
    ]


def sums_by_story(
    table: ArticleTable, slots: NDArray[np.int64], scores: NDArray[np.int64], enough: float, best: float
) -> _Sums:
    """Sum the scores of neighbours by story, for stories whose sum is `enough` or whose highest score is `best`.

    Kernel: `index.search.kernels.scoring.sums_by_story`.

    Returns:
        Numbers of the stories, ascending; the sum and the highest score of each.
    """
    if table.by_kernels:
        from dedup.index.search.kernels.scoring import sums_by_story as kernel

        stories, total, highest = kernel(slots, scores, table.story, table.representative, enough, best)
        if len(stories) > 1:
            order = np.argsort(stories)
            stories, total, highest = stories[order], total[order], highest[order]
        return stories, total, highest
    counted = (scores > 0) & table.representative[slots]
    stories, place = np.unique(table.story[slots[counted]], return_inverse=True)
    total = np.bincount(place.ravel(), weights=scores[counted], minlength=len(stories)).astype(np.float64)
    highest = np.zeros(len(stories))
    np.maximum.at(highest, place.ravel(), scores[counted])
    some = (total >= enough) | (highest >= best)
    return stories[some], total[some], highest[some]


def strongest(
    table: ArticleTable,
    neighbours: Neighbours,
    scores: NDArray[np.int64],
    copies: NDArray[np.int64],
    story: int,
    most: int,
) -> list[int]:
    """Rank the neighbours that are copies or have a score, and return the places of the first `most`.

    Copies come first, then articles of the given story; then higher scores, higher cosines, lower numbers.

    Kernel: `index.search.kernels.scoring.strongest`.

    Args:
        table: the articles.
        neighbours: of one article.
        scores: of the neighbours.
        copies: numbers of those that are copies of the article.
        story: number of the story that it joins.
        most: places to return at most.
    """
    if table.by_kernels:
        from dedup.index.search.kernels.scoring import strongest as kernel

        columns = neighbours.slots, scores, neighbours.cosine, table.number, table.story
        return kernel(*columns, copies, story, most).tolist()  # type: ignore[no-any-return]
    number = table.number[neighbours.slots]
    is_copy, inside = np.isin(number, copies), table.story[neighbours.slots] == story
    some = np.flatnonzero((scores > 0) | is_copy)
    keys = (number, -neighbours.cosine, -scores, ~inside, ~is_copy)
    return some[np.lexsort([key[some] for key in keys])[:most]].tolist()  # type: ignore[no-any-return]


def _hits_of_one(table: ArticleTable, query: Query, language: int) -> Hits:
    """What `_hits` returns for one query."""
    vector, reach = query.vector, _reach(table, query)
    slots, dots = table.words.above(vector.terms, vector.weights, FLOOR, reach)
    near, across = len(slots), list[Dots]()
    if table.names and language >= 0:
        other = table.language[slots]
        inside = (other == language) | (other < 0)
        if not inside.all():
            slots, dots = slots[inside], dots[inside]
            near = len(slots)
        (names,), reach = table.names_of([vector]), reach.without_copies()
        found = (one.above(*names, FLOOR, reach) for other, one in table.names.items() if other != language)
        across = [part for part in found if len(part[0])]
    foreign = np.zeros(near + sum(len(part[0]) for part in across), np.bool_)
    if across:
        slots, dots = (np.concatenate(column) for column in zip((slots, dots), *across, strict=True))
        foreign[near:] = True
    return Hits(np.array([0, len(slots)], np.int64), slots, dots, foreign)


def _hits(
    table: ArticleTable, queries: Sequence[Query], languages: NDArray[np.int64], among: NDArray[np.int64]
) -> Hits:
    """Raw hits of each query: by words within a language or where one is unknown, by names between two languages."""
    every = np.arange(len(queries))
    words = VectorBatch.of([(query.vector.terms, query.vector.weights) for query in queries])
    reaches = [_reach(table, query) for query in queries]
    query, slots, dots = _search(table, table.words, words, reaches, every, every[: len(among)], among)
    foreign = np.zeros(len(slots), np.bool_)
    if table.names and (languages >= 0).any():
        own, other = languages[query], table.language[slots]
        near = (own < 0) | (other == own) | (other < 0)
        parts = [(query[near], slots[near], dots[near])]
        names = VectorBatch.of(table.names_of([query.vector for query in queries]))
        reaches = [reach.without_copies() for reach in reaches]
        for language, postings in table.names.items():
            searching = np.flatnonzero((languages >= 0) & (languages != language))
            inside = np.flatnonzero(languages[: len(among)] == language)
            if len(searching):
                parts.append(_search(table, postings, names, reaches, searching, inside, among))
        foreign = np.repeat([False, True], [len(parts[0][0]), sum(len(part[0]) for part in parts[1:])])
        query, slots, dots = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(query, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(query, minlength=len(queries)))]).astype(np.int64)
    return Hits(start, slots[order], dots[order], foreign[order])


def _reach(table: ArticleTable, query: Query) -> Reach:
    """The times to search for a query, a second wider than the window so that rounding cannot lose a hit."""
    window = table.settings.window * SECONDS_A_DAY + 1
    if np.isnan(query.seconds) or np.isinf(window):
        return Reach(-np.inf, np.inf)
    own = query.vector.signature_bytes[: table.prefixes.shape[1]].copy()  # it may be part of what is read-only
    return Reach(query.seconds - window, query.seconds + window, own, least_prefix(table))


def _search(
    table: ArticleTable,
    postings: Postings,
    every: VectorBatch,
    reaches: Sequence[Reach],
    searching: NDArray[np.int64],
    inside: NDArray[np.int64],
    among: NDArray[np.int64],
) -> ManyDots:
    """Search postings for some vectors, and among vectors that are being added for those before each.

    Args:
        table: the articles.
        postings: what to search.
        every: the vectors of all queries.
        reaches: of all queries.
        searching: the places of the vectors to search for.
        inside: the places of the vectors that will be added to the postings.
        among: slots of all queries that are being added.
    """
    if len(searching) == 1 and not len(inside):
        alone = int(searching[0])
        slots, dots = postings.above(*every.vector(alone), FLOOR, reaches[alone])
        return np.full(len(slots), alone), slots, dots
    batch = every.take(searching)
    reaches = [reaches[place] for place in searching.tolist()]
    query, slots, dots = postings.all_above(batch, FLOOR, reaches)
    if not len(inside):
        return searching[query], slots, dots
    added, where = every.take(inside), among[inside]
    if isinstance(postings, SegmentedPostings):
        segment = added.segment(where.astype(np.int32), FLOOR)
        table.sealed[id(postings)] = segment
        later, place, products = search([(segment, EVER)], batch, reaches, FLOOR)
    else:
        own = PlainPostings()
        own.add_many(where.tolist(), [added.vector(place) for place in range(added.size)])
        later, place, products = own.all_above(batch, FLOOR, reaches)
    query_at = np.zeros(int(where.max()) + 1, np.int64)  # by slot
    query_at[where] = inside
    before = query_at[place] < searching[later]
    return (
        np.concatenate([searching[query], searching[later[before]]]),
        np.concatenate([slots, place[before]]),
        np.concatenate([dots, products[before]]),
    )
