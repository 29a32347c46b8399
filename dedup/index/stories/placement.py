"""Placement of one article: its copies, the story that it joins, and the stories to regroup with it.

An article joins a story if its mean score to the story's articles, 0 for a pair without a score, passes the cut. Where
several stories are close, or one that it does not quite reach, their articles are regrouped with it: see `regroup`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.group.copies import PART, digests, pages, title_keys
from dedup.group.cut import height_needed, merge_threshold
from dedup.index.features.sketch import Compared, Features, Vector
from dedup.index.inputs import Incoming, Placement
from dedup.index.search.neighbours import Neighbours, Query, search_neighbours, strongest, sums_by_story
from dedup.index.search.table import ArticleTable
from dedup.index.store.records import Change, StoredArticle
from dedup.match.copies import ALIKE, NEAR, Overlaps, decide
from dedup.match.notices import are_apart, copies_among_notices
from dedup.match.probability import Probabilities
from dedup.match.scores import days_apart
from dedup.results.clustering import Link
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.features import HashedWords

if TYPE_CHECKING:
    from dedup.backends import PlainBackend
    from dedup.settings import Settings

LEAST_EQUAL_BYTES = 6
"""Equal bytes of two signatures, cut to eight bits a slot, from which a pair may be copies. One pair of unrelated texts
in six thousand has five."""
MOST_COMPARED = 24
"""Most articles whose words are compared with those of one article, the most similar first."""
NEARLY = 0.75
"""Share of a story's threshold from which the story is regrouped with the article."""
GROWTH = 4
"""A story is regrouped each time it has grown by one part in so many: later articles can separate what the first ones
had in common. All regroupings of a story together take a few times as long as the last one."""
MOST_LINKS = 10
"""Most links of a placement."""
SHARING = 2
"""Equal bytes of two signatures from which two texts may share a passage ..."""
SHORT = 40
"""... that makes them alike, if they have this many words. Two unrelated texts in eleven have two."""
FAMILY = 12
"""The most similar articles that are compared first ..."""
FAMILY_SHARE = 2 / 3
"""... and the share of them that must be instances of one template with an article for it to be of a family of notices,
see `match.families`: then no other alike article is compared, or in one story with it."""
_FEW = 16


class ScoredNeighbour(NamedTuple):
    """A link of an article to another, by number.

    Attributes:
        number, story: numbers of the other article and of its story.
        kind: whether the two are copies, or of one story.
        score: in units of `SCORE_UNIT`.
        cosine: of their vectors.
        days: between their dates, nan if one is unknown.
        density: background similarity of the other article.
        foreign: whether the other article is in another language.
        jaccard, containment, overlap: shared shingles, of copies only.
    """

    number: int
    story: int
    kind: Literal["copy", "story"]
    score: int
    cosine: float
    days: float
    density: float
    foreign: bool
    jaccard: float | None = None
    containment: float | None = None
    overlap: float = 0.0

    def link(self, article: str, other: str, probability: float) -> Link:
        """Return it as a link between two ids."""
        a, b = sorted((article, other))
        return Link(
            a=a,
            b=b,
            kind=self.kind,
            score=1.0 if self.kind == "copy" else self.score * SCORE_UNIT,
            cosine=self.cosine,
            jaccard=self.jaccard,
            containment=self.containment,
            days=None if np.isnan(self.days) else self.days,
            probability=probability,
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """Where an article belongs.

    Attributes:
        story: number of the story, None for a new one.
        copies: number of the first article of its copy group, None if it is no copy.
        representative: whether it counts in its story; False for a near-copy of one that does.
        regroup: numbers of the stories to regroup with it, the nearest first; empty if that is not needed.
        links: what decided, copies first, then by score.
        digests: numbers of articles that it reveals as digests: each gets a story of its own, see `group.copies`.
    """

    story: int | None
    copies: int | None
    representative: bool
    regroup: tuple[int, ...] = ()
    links: tuple[ScoredNeighbour, ...] = ()
    digests: tuple[int, ...] = ()


@dataclass(slots=True, eq=False)
class Candidate:
    """An article to be placed, from its features to its placement.

    Attributes:
        incoming: the article.
        features: its features.
        stored: the article as it is stored, if only its features have changed.
        number: its number, None if it is only matched.
        before: number of the story that it was in, 0 for a new article.
        slot: its slot in the table, None if it is only matched.
        twin: number of the first article with the same title and text, None if there is none.
        neighbours: similar articles; None until they are searched, and for a twin.
        overlaps: the articles whose texts overlap with its own as those of copies do, `b` being their numbers.
        apart: numbers of articles that are never in one story with it.
        in_family: whether all articles that are alike are never in one story with it, except for its copies.
        pages: numbers of shorter articles in `overlaps` that are pages of it, see `group.copies`.
        suspected: number of an article that it may be a copy of, if what they share is no boilerplate.
        decision: where it belongs; None until decided, and for an unchanged article.
        placement: the answer, still without links, notices and the id of what it is a copy of.
        story: number of the story of the placement, None for a new one.
        copies: number of the first article of its copy group, None if it is no copy.
        known: whether its id was known, with another text.
        returns: the article as it was stored, for an earlier version of a page that is the latest again.
        revision_of: number of the version of its page before it, None if there is none.
        latest: number of the latest version of its page, None if it is the latest.
        page_story: number of the story that its page was in, 0 for none ...
        keeps_story: ... and whether it stays there, see `match.versions.keeps_story`.
        revised: the changes to the other versions of its page.
        page_copies: numbers of the copies of the version before it.
    """

    incoming: Incoming
    features: Features
    stored: StoredArticle | None = None
    number: int | None = None
    before: int = 0
    slot: int | None = None
    twin: int | None = None
    neighbours: Neighbours | None = None
    overlaps: Overlaps | None = None
    apart: Sequence[int] = ()
    in_family: bool = False
    pages: Sequence[int] = ()
    suspected: int | None = None
    decision: Decision | None = None
    placement: Placement | None = None
    story: int | None = None
    copies: int | None = None
    known: bool = False
    returns: StoredArticle | None = None
    revision_of: int | None = None
    latest: int | None = None
    page_story: int = 0
    keeps_story: bool = False
    revised: Sequence[Change] = ()
    page_copies: Sequence[int] = ()

    @property
    def id(self) -> str:
        """Id of the article, "" if it has none."""
        return self.incoming.article.id

    @property
    def when(self) -> float:
        """Seconds of its date since 1970, nan if unknown."""
        return np.nan if self.incoming.seconds is None else self.incoming.seconds


def is_due(size: int) -> bool:
    """Return whether a story that has grown to a size is due to be regrouped."""
    due = GROWTH - 1
    while due < size:
        due += max(1, due // GROWTH)
    return due == size


class Placer:
    """Decides where articles belong.

    Args:
        table: the articles to compare with.
        backend: the backend that compares words.
        settings: settings of the index.
        words_of: returns the words outside boilerplate of articles, by number.
        vectors_of: returns the vectors of articles, by number.
    """

    def __init__(
        self,
        table: ArticleTable,
        backend: PlainBackend,
        settings: Settings,
        words_of: Callable[[Sequence[int]], HashedWords],
        vectors_of: Callable[[Sequence[int]], list[Vector]],
    ) -> None:
        self._table, self._backend, self._settings = table, backend, settings
        self._words_of, self._vectors_of = words_of, vectors_of
        self._needed = merge_threshold(settings.granularity) / SCORE_UNIT
        self._curves = Probabilities.shipped()
        curves = self._curves
        self._slopes = np.array(curves.joined), np.array(curves.apart), np.array(curves.copy)

    def find_neighbours(self, candidates: Sequence[Candidate]) -> None:
        """Set the neighbours of candidates. They do not depend on where an article is placed.

        Candidates with slots are compared with those before them too.
        """
        table = self._table
        queries = [
            Query(one.features.vector, one.when, table.outlet_of(one.incoming.article.source)) for one in candidates
        ]
        slots = [one.slot for one in candidates if one.slot is not None]
        for candidate, neighbours in zip(candidates, search_neighbours(table, queries, slots), strict=True):
            candidate.neighbours = neighbours

    def alike(self, candidate: Candidate) -> list[int]:
        """Return the numbers of the neighbours that may be copies, the most similar first, at most `MOST_COMPARED`."""
        near = candidate.neighbours
        return [] if near is None else self._most_similar(near, _alike(near))

    def sharing(self, candidate: Candidate) -> list[int]:
        """Return the numbers of neighbours that may be copies or of one story and share a passage or a label.

        At most `MOST_COMPARED`, the most similar first.
        """
        near = candidate.neighbours
        if near is None:
            return []
        short = np.minimum(self._table.length[near.slots], candidate.features.vector.length) < SHORT
        some = (_alike(near) | (near.score >= NEARLY * self._needed)) & (short | (near.agreeing >= SHARING))
        return self._most_similar(near, some)

    def most_similar(self, candidate: Candidate) -> list[int]:
        """Return the numbers of the neighbours of a candidate, those with the highest score first."""
        near = candidate.neighbours
        if near is None:
            return [] if candidate.twin is None else [candidate.twin]
        order = np.lexsort((near.slots, -near.cosine, -near.score))
        return self._table.number[near.slots[order]].tolist()  # type: ignore[no-any-return]

    def _most_similar(self, near: Neighbours, some: NDArray[np.bool_]) -> list[int]:
        likely = np.flatnonzero(some)
        if not len(likely):
            return []
        order = np.lexsort((near.slots[likely], -near.cosine[likely], -near.agreeing[likely]))
        return self._table.number[near.slots[likely[order[:MOST_COMPARED]]]].tolist()  # type: ignore[no-any-return]

    def decide(self, candidate: Candidate) -> Decision:
        """Return where an article belongs."""
        table, neighbours, overlaps = self._table, candidate.neighbours, candidate.overlaps
        if neighbours is None:
            return self._beside_twin(candidate, candidate.twin or 0)
        if overlaps is not None:
            is_digest = np.array([table.is_digest(table.slot(number)) for number in overlaps.b.tolist()], np.bool_)
            overlaps = overlaps.where(~is_digest | (overlaps.jaccard >= NEAR))
        digests = self._digests(candidate, overlaps) if overlaps is not None and len(overlaps.b) else []
        if -1 in digests:
            return Decision(None, None, False)
        neighbours = candidate.neighbours = self._without_other_notices(candidate, neighbours)
        scores = neighbours.score
        excluded = [*candidate.apart, *digests]
        if excluded:
            scores = np.where(np.isin(table.number[neighbours.slots], excluded), 0, scores)
        if candidate.in_family:
            scores = np.where(_alike(neighbours), 0, scores)
        scores = self._without_followers(neighbours.slots, scores)
        least = NEARLY * self._needed  # a mean is never above the sum
        stories, total, best = sums_by_story(table, neighbours.slots, scores, least, self._needed)
        story, near = self._nearest(stories, total, best) if len(stories) else (None, [])
        root, representative = None, True
        if overlaps is not None and digests:
            overlaps = overlaps.where(~np.isin(overlaps.b, digests))
        if overlaps is not None and len(overlaps.b):
            first = int(overlaps.b[np.lexsort((overlaps.b, -overlaps.containment, -overlaps.jaccard))[0]])
            slot = table.slot(first)
            root, story = int(table.copies[slot]), int(table.story[slot])
            near = [story, *(number for number in near if number != story)]
            joins_pages = len({int(table.copies[table.slot(number)]) for number in candidate.pages}) > 1
            representative = joins_pages or not bool((overlaps.jaccard >= NEAR).any())
        clear = near == [] or (near == [story] and not is_due(len(table.of_story(story or 0)) + 1))
        links = self._links(neighbours, scores, overlaps, story)
        return Decision(story, root, representative, () if clear else tuple(near), links, tuple(digests))

    def likely_stories(self, candidates: Sequence[Candidate]) -> list[int]:
        """Return the stories that candidates will probably join or come near to."""
        slots = [
            one.neighbours.slots[one.neighbours.score >= NEARLY * self._needed]
            for one in candidates
            if one.neighbours is not None
        ]
        stories = np.unique(self._table.story[np.concatenate([np.empty(0, np.int64), *slots])])
        return stories[stories >= 0].tolist()  # type: ignore[no-any-return]

    def probabilities(self, links: Sequence[tuple[ScoredNeighbour, bool]]) -> list[float]:
        """Return the probability of each link, given with whether the two are in one story."""
        if not links:
            return []
        kinds, joined = np.array([one.kind == "copy" for one, _ in links]), np.array([joined for _, joined in links])
        score = np.array([one.score for one, _ in links]) * SCORE_UNIT
        density, foreign = np.array([one.density for one, _ in links]), np.array([one.foreign for one, _ in links])
        overlap = np.array([one.overlap for one, _ in links])
        if self._table.by_kernels:
            from dedup.match.kernels.probability import of_links

            return of_links(score, density, foreign, joined, kinds, overlap, *self._slopes).tolist()  # type: ignore[no-any-return]
        of_stories = self._curves.of_stories(score, density, foreign, joined)
        return np.where(kinds, self._curves.of_copies(overlap), of_stories).tolist()  # type: ignore[no-any-return]

    def _beside_twin(self, candidate: Candidate, twin: int) -> Decision:
        """Place an article where the first article of the same title and text is."""
        slot = self._table.slot(twin)
        story, root = int(self._table.story[slot]), int(self._table.copies[slot])
        days = float(days_apart(self._table.seconds[slot], candidate.when))
        link = ScoredNeighbour(twin, story, "copy", 0, 1.0, days, 0.0, False, 1.0, 1.0, 1.0)
        return Decision(story, root, False, links=(link,))

    def _nearest(
        self, stories: NDArray[np.int64], total: NDArray[np.float64], best: NDArray[np.float64]
    ) -> tuple[int | None, list[int]]:
        """Return the story to join, None for none, and all near stories, the nearest first."""
        ranked = []
        for story, score, highest in zip(stories.tolist(), total.tolist(), best.tolist(), strict=True):
            size = self._representatives(story)
            value, needed = score / max(1, size), height_needed(self._needed, 0.0, (1, size), (np.inf, np.inf))
            near = value >= NEARLY * needed or highest >= self._needed
            ranked.append((-(value / needed), story, near, value >= needed))
        ranked.sort()
        return (ranked[0][1] if ranked[0][3] else None), [story for _, story, near, _ in ranked if near]

    def _without_other_notices(self, candidate: Candidate, near: Neighbours) -> Neighbours:
        """Return the neighbours of an article, with a score of 0 for other notices or those on other matches."""
        about, abouts = candidate.incoming.told.about, self._table.abouts
        if about is None or not abouts:
            return near
        slots, days = near.slots.tolist(), near.days.tolist()
        kept = [
            (other := abouts.get(slot)) is None or not are_apart(about, other, gap)
            for slot, gap in zip(slots, days, strict=True)
        ]
        return replace(near, score=np.where(kept, near.score, 0))

    def _without_followers(self, slots: NDArray[np.int64], scores: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the scores of neighbours, 0 for those that follow others in their story."""
        table = self._table
        following = [place for place in np.flatnonzero(table.follows[slots]).tolist() if scores[place] > 0]
        beside = [
            place for place in following if not table.follows[table.counted(int(table.story[slots[place]]))].all()
        ]
        if beside:
            scores = scores.copy()
            scores[beside] = 0
        return scores

    def _representatives(self, story: int) -> int:
        """Count the articles of a story that count in it."""
        slots, table = self._table.of_story(story), self._table
        if len(slots) > _FEW:
            counting = table.representative[slots]
            return int(np.count_nonzero(counting & ~table.follows[slots]) or np.count_nonzero(counting))
        return len(table.counted(story))

    def find_overlaps(self, candidates: Sequence[Candidate]) -> None:
        """Set overlaps and `apart` of candidates, from the words of their most similar neighbours."""
        for one in candidates:
            one.overlaps, one.pages, one.apart, one.in_family, one.suspected = None, (), (), False, None
        compared, done = [(one, self.alike(one)) for one in candidates if one.features.vector.length], 0
        for until in (FAMILY, MOST_COMPARED):
            self._compare([(one, others[done:until]) for one, others in compared], candidates)
            for one, others in compared:
                one.in_family = len(others) >= FAMILY and len(one.apart) >= FAMILY_SHARE * len(others[:until])
                if one.in_family and one.overlaps is not None:  # only equal texts are copies
                    one.overlaps = one.overlaps.where(one.overlaps.jaccard == 1)
                self._without_notices(one)
            compared, done = [(one, others) for one, others in compared if not one.in_family], until

    def _without_notices(self, candidate: Candidate) -> None:
        """Drop the copies of a notice that are notices of other names."""
        about, abouts = candidate.incoming.told.about, self._table.abouts
        if candidate.overlaps is None or about is None or about.form != "notice":
            return
        numbers = {number: self._table.slot(number) for number in candidate.overlaps.b.tolist()}
        held = {number: abouts[slot] for number, slot in numbers.items() if slot in abouts} | {-1: about}
        overlaps = replace(candidate.overlaps, a=np.full(len(candidate.overlaps.b), -1))
        candidate.overlaps = candidate.overlaps.where(~copies_among_notices(held, overlaps))

    def _compare(self, compared: Sequence[tuple[Candidate, list[int]]], candidates: Sequence[Candidate]) -> None:
        """Add the overlaps of some candidates with other articles, which may be candidates too."""
        compared = [(one, others) for one, others in compared if others]
        if not compared:
            return
        table, numbers = self._table, sorted({number for _, others in compared for number in others})
        given = {one.number: one for one in candidates if one.number is not None}
        stored = [number for number in numbers if number not in given]
        inside = [number for number in numbers if number in given]
        parts = [one.features.words for one, _ in compared]
        parts += [self._words_of(stored)] if stored else []
        parts += [given[number].features.words for number in inside]
        words = HashedWords.joined(parts)
        at = {number: len(compared) + place for place, number in enumerate([*stored, *inside])}
        pairs = sorted((row, at[number]) for row, (_, others) in enumerate(compared) for number in others)
        slots = [table.slot(number) for number in [*stored, *inside]]
        when = np.concatenate([[one.when for one, _ in compared], table.seconds[slots]])
        outlets = np.array([table.outlet_of(one.incoming.article.source) for one, _ in compared], np.int64)
        outlets = np.concatenate([outlets, table.outlet[slots]])
        given_pairs = np.array(pairs, np.int64)
        copies, _, never, suspected = decide(words, self._backend, given_pairs, when, self._settings, outlets)
        numbered = np.array([*([-1] * len(compared)), *stored, *inside], np.int64)
        lengths = words.lengths()
        is_page = pages(copies, title_keys(words, copies)) & (lengths[copies.b] < lengths[copies.a])
        copies, apart = replace(copies, b=numbered[copies.b]), numbered[never.b]
        bounds = np.searchsorted(copies.a, np.arange(len(compared) + 1)).tolist()
        of_never = np.searchsorted(never.a, np.arange(len(compared) + 1)).tolist()
        for row, (one, _) in enumerate(compared):
            mine = np.arange(bounds[row], bounds[row + 1])
            if len(mine):
                found = copies.where(mine)
                one.overlaps = found if one.overlaps is None else one.overlaps.with_others(found)
                one.pages = [*one.pages, *copies.b[mine][is_page[mine]].tolist()]
            if one.suspected is None and (suspected.a == row).any():
                mine = np.flatnonzero(suspected.a == row)
                one.suspected = int(numbered[suspected.b[mine[np.argmax(suspected.overlap[mine])]]])
            one.apart = [*one.apart, *apart[of_never[row] : of_never[row + 1]].tolist()]

    def _digests(self, candidate: Candidate, overlaps: Overlaps) -> list[int]:
        """Return the digests among an article, as -1, and its copy groups: texts with parts unrelated to each other."""
        table, vector = self._table, candidate.features.vector
        lengths = table.length[[table.slot(number) for number in overlaps.b.tolist()]]
        low, high = np.minimum(lengths, vector.length), np.maximum(lengths, vector.length)
        roots = {int(table.copies[table.slot(number)]) for number in overlaps.b[low < PART * high].tolist()}
        if not roots:
            return []
        stories = {int(table.story[table.slot(number)]) for number in overlaps.b.tolist()}
        slots = [
            slot for story in sorted(stories) for slot in table.of_story(story) if int(table.copies[slot]) in roots
        ]
        numbers = sorted(int(table.number[slot]) for slot in slots if not table.is_twin(slot))[:MOST_COMPARED]
        words = HashedWords.joined([candidate.features.words, self._words_of(numbers)])
        when = table.seconds[[table.slot(number) for number in numbers]]
        seconds = np.concatenate([[candidate.when], when])
        pairs = np.stack(np.triu_indices(len(words), 1), axis=1).astype(np.int64)
        found, _, _, _ = decide(words, self._backend, pairs, seconds, self._settings)
        matrix = Compared([vector, *self._vectors_of(numbers)]).matrix
        places = np.flatnonzero(digests(found, words.lengths(), matrix, title_keys(words, found)))
        return np.array([-1, *numbers])[places].tolist()  # type: ignore[no-any-return]

    def _links(
        self, neighbours: Neighbours, scores: NDArray[np.int64], overlaps: Overlaps | None, story: int | None
    ) -> tuple[ScoredNeighbour, ...]:
        """Return the strongest neighbours, copies and those of the joined story first."""
        table = self._table
        copies = np.empty(0, np.int64) if overlaps is None else overlaps.b
        row_of = {number: row for row, number in enumerate(copies.tolist())}
        links = []
        for place in strongest(table, neighbours, scores, copies, -2 if story is None else story, MOST_LINKS):
            slot = int(neighbours.slots[place])
            number = int(table.number[slot])
            row = row_of.get(number)
            copy = None if row is None else overlaps
            links.append(
                ScoredNeighbour(
                    number,
                    int(table.story[slot]),
                    "story" if copy is None else "copy",
                    int(scores[place]),
                    float(neighbours.cosine[place]),
                    float(neighbours.days[place]),
                    float(table.background_similarity[slot]) - table.crowding,
                    bool(neighbours.foreign[place]),
                    None if copy is None else float(copy.jaccard[row]),
                    None if copy is None else float(copy.containment[row]),
                    0.0 if copy is None else float(copy.overlap[row]),
                )
            )
        return tuple(links)


def _alike(neighbours: Neighbours) -> NDArray[np.bool_]:
    """Whether each neighbour may be a copy."""
    same_language = (neighbours.cosine >= ALIKE) & ~neighbours.foreign
    return same_language | (neighbours.agreeing >= LEAST_EQUAL_BYTES)
