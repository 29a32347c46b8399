"""Where a new article belongs, for now: of which it is a copy, which story it joins, which stories it concerns.

A story is joined where the mean score to its articles, those without one counting 0, would pass the cut. Where more
than one story comes near, or one that it does not quite reach, all are looked at together: see `neighbourhood`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedup.group.copies import PART, digests
from dedup.group.cut import height_needed, merge_threshold
from dedup.index.features.sketch import Compared, Vector
from dedup.index.inputs import Placement
from dedup.index.search.neighbours import Neighbours, Query, search_neighbours, strongest, sums_by_story
from dedup.index.search.table import ArticleTable
from dedup.match.copies import ALIKE, NEAR, Overlaps, decide, never_one_story
from dedup.match.probability import Probabilities
from dedup.results.clustering import Link
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.features import HashedWords

if TYPE_CHECKING:
    from dedup.backends import PlainBackend
    from dedup.settings import Settings

AGREEING = 6
"""Places in which two signatures, cut to eight bits, look alike from which a pair may be copies; chance makes five of
one pair in six thousand agree."""
LOOKED_AT = 24
"""Articles, the most alike, of which the words are looked at."""
NEARLY = 0.75
"""Share of what a story asks for from which it is concerned."""
GROWTH = 4
"""A story is looked at again each time it has grown by one part in so many: what its first articles had in common need
not be what those that came since have. All looks at it together take a few times what the last one takes."""
_FEW = 16
TOLD = 10
"""Links that are told of at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Newcomer:
    """An article that is asked about.

    Attributes:
        id: its id.
        seconds: when it was published, None where that is unknown.
        source: its outlet.
        words: those of it that count.
        vector: what it is compared by.
        number: its number, None for one that is not taken in.
    """

    id: str
    seconds: float | None
    source: str
    words: HashedWords
    vector: Vector
    number: int | None = None

    @property
    def when(self) -> float:
        """When it was published, nan where that is unknown."""
        return np.nan if self.seconds is None else self.seconds


class Found(NamedTuple):
    """One article that the new one was compared with."""

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


def link(new: str, other: str, found: Found, probability: float) -> Link:
    """What was found between an article and another, as a link under their ids."""
    a, b = sorted((new, other))
    return Link(
        a=a,
        b=b,
        kind=found.kind,
        score=1.0 if found.kind == "copy" else found.score * SCORE_UNIT,
        cosine=found.cosine,
        jaccard=found.jaccard,
        containment=found.containment,
        days=None if np.isnan(found.days) else found.days,
        probability=probability,
    )


def is_due(size: int) -> bool:
    """Whether a story that has grown to a size is to be looked at again."""
    due = GROWTH - 1
    while due < size:
        due += max(1, due // GROWTH)
    return due == size


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where an article belongs.

    Attributes:
        story: the number of the story, None where it begins one.
        copies: the number of the first article of its group of copies, None where it is no copy.
        stands: whether it counts in its story: False for a near-copy of one that does.
        concerned: the numbers of the stories to be looked at together with it, the nearest first; none where that is
            not needed; its own alone where that is due.
        found: what decided, copies first, then by score.
        apart: the numbers of articles that are never of one story with it.
        digests: the numbers of articles that turn out to be digests by it: each is put by itself, see `group.copies`.
    """

    story: int | None
    copies: int | None
    stands: bool
    concerned: tuple[int, ...]
    found: tuple[Found, ...] = ()
    apart: tuple[int, ...] = ()
    digests: tuple[int, ...] = ()


_Copies: TypeAlias = tuple[Overlaps | None, list[int]]


class Weighed:
    """What is known of an article before it is judged.

    Attributes:
        new: the article.
        alike: what resembles it.
        copies: the articles whose texts overlap with its as copies do, `b` being their numbers; None for none.
        apart: the numbers of those that are never of one story with it.
    """

    __slots__ = ("alike", "apart", "copies", "new")

    def __init__(self, new: Newcomer, alike: Neighbours, found: _Copies) -> None:
        self.new, self.alike = new, alike
        self.copies, self.apart = found


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where an article is from now on.

    Attributes:
        story: the number of its story.
        copies: the number of the first article of its group of copies, None where it has none.
        stands: whether it counts when stories are compared.
    """

    story: int
    copies: int | None
    stands: bool


@dataclass(slots=True, eq=False)
class Admitted:
    """An article that is being taken in.

    Attributes:
        new: the article.
        slot: where it is in memory.
        twin: the number of the first article of the very same title and text, None for none.
        weighed: what it is judged by, None for one with a twin.
    """

    new: Newcomer
    slot: int
    twin: int | None
    weighed: Weighed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What was taken from one text: all its words, packed; those that count; and its vector."""

    packed: bytes
    judged: HashedWords
    vector: Vector


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that lacks what is looked up for many at a time.

    Attributes:
        answer: without links.
        found: what decided.
        story: the number of the story, None for none.
        copies: the number of the first of its copies, None where it has none.
    """

    answer: Placement
    found: tuple[Found, ...] = ()
    story: int | None = None
    copies: int | None = None


class Placer:
    """Decides where articles belong.

    Args:
        live: the articles to compare with.
        backend: what compares words.
        settings: those of the index.
        words_of: gives the words that count of some articles, by number.
        vectors_of: gives their vectors.
    """

    def __init__(
        self,
        live: ArticleTable,
        backend: PlainBackend,
        settings: Settings,
        words_of: Callable[[Sequence[int]], HashedWords],
        vectors_of: Callable[[Sequence[int]], list[Vector]],
    ) -> None:
        self._live, self._backend, self._settings = live, backend, settings
        self._words_of, self._vectors_of = words_of, vectors_of
        self._needed = merge_threshold(settings.granularity) / SCORE_UNIT
        self._curves = Probabilities.shipped()
        curves = self._curves
        self._slopes = np.array(curves.joined), np.array(curves.apart), np.array(curves.copy)

    def weigh(self, news: Sequence[Newcomer], among: Sequence[int] = ()) -> list[Weighed]:
        """What is to be known of some articles before each is judged, and depends on no article's place.

        Args:
            news: the articles.
            among: their slots, where they are taken in together.
        """
        live = self._live
        asking = [Query(one.vector, one.when, live.outlet_of(one.source)) for one in news]
        alike = search_neighbours(live, asking, among)
        return list(map(Weighed, news, alike, self._copies(news, alike)))

    def judge(self, weighed: Weighed) -> Verdict:
        """Where an article belongs that has no place yet."""
        live, new, alike = self._live, weighed.new, weighed.alike
        copies, apart = weighed.copies, weighed.apart
        if copies is not None:
            by_itself = np.array([live.is_digest(live.slot(number)) for number in copies.b.tolist()], np.bool_)
            copies = copies.where(~by_itself | (copies.jaccard >= NEAR))
        digested = self._digests(new, copies) if copies is not None and len(copies.b) else []
        if -1 in digested:
            return Verdict(None, None, False, (), apart=tuple(apart))
        scores = alike.score
        none = [*apart, *digested]
        if none:
            scores = np.where(np.isin(live.number[alike.slots], none), 0, scores)
        least = NEARLY * self._needed
        stories, total, best = sums_by_story(live, alike.slots, scores, least, self._needed)  # no mean is above the sum
        story, concerned = self._nearest(stories, total, best) if len(stories) else (None, [])
        root, stands = None, True
        if copies is not None and digested:
            copies = copies.where(~np.isin(copies.b, digested))
        if copies is not None and len(copies.b):
            first = int(copies.b[np.lexsort((copies.b, -copies.containment, -copies.jaccard))[0]])
            slot = live.slot(first)
            root, story = int(live.copies[slot]), int(live.story[slot])
            concerned = [story, *(number for number in concerned if number != story)]
            stands = not bool((copies.jaccard >= NEAR).any())
        clear = concerned == [] or (concerned == [story] and not is_due(len(live.of_story(story or 0)) + 1))
        found = self._found(alike, scores, copies, story)
        return Verdict(story, root, stands, () if clear else tuple(concerned), found, tuple(apart), tuple(digested))

    def _nearest(
        self, stories: NDArray[np.int64], total: NDArray[np.float64], best: NDArray[np.float64]
    ) -> tuple[int | None, list[int]]:
        """The story that is joined, and those that are concerned, the nearest first."""
        ranked, concerned = [], []
        for story, whole, highest in zip(stories.tolist(), total.tolist(), best.tolist(), strict=True):
            size = self._standing(story)
            value, needed = whole / max(1, size), height_needed(self._needed, 0.0, (1, size), (np.inf, np.inf))
            near = value >= NEARLY * needed or highest >= self._needed
            ranked.append((-(value / needed), story, near, value >= needed))
        ranked.sort()
        concerned = [story for _, story, near, _ in ranked if near]
        return (ranked[0][1] if ranked[0][3] else None), concerned

    def probabilities(self, found: Sequence[tuple[Found, bool]]) -> list[float]:
        """The probability of each of many links; with each, whether it was joined."""
        if not found:
            return []
        kinds, joined = np.array([one.kind == "copy" for one, _ in found]), np.array([joined for _, joined in found])
        score = np.array([one.score for one, _ in found]) * SCORE_UNIT
        density, foreign = np.array([one.density for one, _ in found]), np.array([one.foreign for one, _ in found])
        overlap = np.array([one.overlap for one, _ in found])
        if self._live.by_kernels:
            from dedup.match.kernels.probability import of_links

            return of_links(score, density, foreign, joined, kinds, overlap, *self._slopes).tolist()  # type: ignore[no-any-return]
        of_stories = self._curves.of_stories(score, density, foreign, joined)
        return np.where(kinds, self._curves.of_copies(overlap), of_stories).tolist()  # type: ignore[no-any-return]

    def _standing(self, story: int) -> int:
        slots, stands = self._live.of_story(story), self._live.representative
        if len(slots) > _FEW:
            return int(np.count_nonzero(stands[slots]))
        return sum(1 for slot in slots if stands[slot])

    def likely_stories(self, weighed: Sequence[Weighed]) -> list[int]:
        """The stories that some articles are likely to join or to concern."""
        live = self._live
        slots = [one.alike.slots[one.alike.score >= NEARLY * self._needed] for one in weighed]
        stories = np.unique(live.story[np.concatenate([np.empty(0, np.int64), *slots])])
        return stories[stories >= 0].tolist()  # type: ignore[no-any-return]

    def _copies(self, news: Sequence[Newcomer], alike: Sequence[Neighbours]) -> list[_Copies]:
        """The copies of some articles, `b` being their numbers, and those each is never of one story with."""
        live = self._live
        found: list[_Copies] = [(None, [])] * len(news)
        looked_at: list[tuple[int, list[int]]] = []
        for place, (new, its) in enumerate(zip(news, alike, strict=True)):
            likely = np.flatnonzero(((its.cosine >= ALIKE) & ~its.foreign) | (its.agreeing >= AGREEING))
            if new.vector.length and len(likely):
                order = np.lexsort((its.slots[likely], -its.cosine[likely], -its.agreeing[likely]))
                looked_at.append((place, live.number[its.slots[likely[order[:LOOKED_AT]]]].tolist()))
        if not looked_at:
            return found
        numbers = sorted({number for _, some in looked_at for number in some})
        given = {new.number: place for place, new in enumerate(news) if new.number is not None}
        stored = [number for number in numbers if number not in given]
        inside = [number for number in numbers if number in given]
        wordings = [news[place].words for place, _ in looked_at]
        wordings += [self._words_of(stored)] if stored else []
        wordings += [news[given[number]].words for number in inside]
        words = HashedWords.joined(wordings)
        at = {number: len(looked_at) + place for place, number in enumerate([*stored, *inside])}
        pairs = sorted((row, at[number]) for row, (_, some) in enumerate(looked_at) for number in some)
        slots = [live.slot(number) for number in [*stored, *inside]]
        when = np.concatenate([[news[place].when for place, _ in looked_at], live.seconds[slots]])
        copies, forms = decide(words, self._backend, np.array(pairs, np.int64), when, self._settings)
        never = never_one_story(words, self._backend, forms)
        numbered = np.array([*([-1] * len(looked_at)), *stored, *inside], np.int64)
        copies, apart = replace(copies, b=numbered[copies.b]), numbered[never.b]
        bounds = np.searchsorted(copies.a, np.arange(len(looked_at) + 1)).tolist()
        of_never = np.searchsorted(never.a, np.arange(len(looked_at) + 1)).tolist()
        for row, (place, _) in enumerate(looked_at):
            mine = np.arange(bounds[row], bounds[row + 1])
            some = copies.where(mine) if len(mine) else None
            found[place] = (some, apart[of_never[row] : of_never[row + 1]].tolist())
        return found

    def _digests(self, new: Newcomer, copies: Overlaps) -> list[int]:
        """Which of an article, -1, and its copies' groups hold parts that have nothing to do with each other."""
        live = self._live
        lengths = live.length[[live.slot(number) for number in copies.b.tolist()]]
        low, high = np.minimum(lengths, new.vector.length), np.maximum(lengths, new.vector.length)
        roots = {int(live.copies[live.slot(number)]) for number in copies.b[low < PART * high].tolist()}
        if not roots:
            return []
        held = {int(live.story[live.slot(number)]) for number in copies.b.tolist()}
        slots = [slot for story in sorted(held) for slot in live.of_story(story) if int(live.copies[slot]) in roots]
        numbers = sorted(int(live.number[slot]) for slot in slots if not live.is_twin(slot))[:LOOKED_AT]
        words = HashedWords.joined([new.words, self._words_of(numbers)])
        when = live.seconds[[live.slot(number) for number in numbers]]
        seconds = np.concatenate([[new.when], when])
        pairs = np.stack(np.triu_indices(len(words), 1), axis=1).astype(np.int64)
        found, _ = decide(words, self._backend, pairs, seconds, self._settings)
        matrix = Compared([new.vector, *self._vectors_of(numbers)]).matrix
        places = np.flatnonzero(digests(found, words.lengths(), matrix))
        return np.array([-1, *numbers])[places].tolist()  # type: ignore[no-any-return]

    def _found(
        self, alike: Neighbours, scores: NDArray[np.int64], copies: Overlaps | None, story: int | None
    ) -> tuple[Found, ...]:
        live = self._live
        numbers = np.empty(0, np.int64) if copies is None else copies.b
        overlap = {number: place for place, number in enumerate(numbers.tolist())}
        found = []
        for place in strongest(live, alike, scores, numbers, -2 if story is None else story, TOLD):
            slot = int(alike.slots[place])
            number = int(live.number[slot])
            at = overlap.get(number)
            copy = None if at is None else copies
            found.append(
                Found(
                    number,
                    int(live.story[slot]),
                    "story" if copy is None else "copy",
                    int(scores[place]),
                    float(alike.cosine[place]),
                    float(alike.days[place]),
                    float(live.background_similarity[slot]) - live.crowding,
                    bool(alike.foreign[place]),
                    None if copy is None else float(copy.jaccard[at]),
                    None if copy is None else float(copy.containment[at]),
                    0.0 if copy is None else float(copy.overlap[at]),
                )
            )
        return tuple(found)
