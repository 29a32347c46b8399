"""Where a new article belongs, for now: of which it is a copy, which story it joins, which stories it concerns.

A story is joined where the mean score to its articles, those without one counting 0, would pass the cut. Where more
than one story comes near, or one that it does not quite reach, all are looked at together: see `neighbourhood`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from dedup.clustering import Link
from dedup.group.copies import PART, digests
from dedup.group.cut import PAIR, threshold_at
from dedup.index.live import Alike, Live
from dedup.index.sketches import Compared, Vector
from dedup.match.copies import ALIKE, NEAR, Overlaps, decide, never_one_story
from dedup.match.probability import Probabilities
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.features import HashedWords

if TYPE_CHECKING:
    from dedup.settings import Settings
    from dedup.steps import PlainSteps

AGREEING = 6
"""Places in which two signatures, cut to eight bits, look alike from which a pair may be copies; chance makes five of
one pair in six thousand agree."""
LOOKED_AT = 24
"""Articles, the most alike, of which the words are looked at."""
NEARLY = 0.75
"""Share of what a story asks for from which it is concerned."""
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
    """

    id: str
    seconds: float | None
    source: str
    words: HashedWords
    vector: Vector


@dataclass(frozen=True, slots=True)
class Found:
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where an article belongs.

    Attributes:
        story: the number of the story, None where it begins one.
        copies: the number of the first article of its group of copies, None where it is no copy.
        stands: whether it counts in its story: False for a near-copy of one that does.
        concerned: the numbers of the stories to be looked at together with it, the nearest first; none where that is
            not needed.
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


class Placer:
    """Decides where articles belong.

    Args:
        live: the articles to compare with.
        steps: what compares words.
        settings: those of the index.
        words_of: gives the words that count of some articles, by number.
        vectors_of: gives their vectors.
    """

    def __init__(
        self,
        live: Live,
        steps: PlainSteps,
        settings: Settings,
        words_of: Callable[[Sequence[int]], HashedWords],
        vectors_of: Callable[[Sequence[int]], list[Vector]],
    ) -> None:
        self._live, self._steps, self._settings = live, steps, settings
        self._words_of, self._vectors_of = words_of, vectors_of
        threshold = threshold_at(settings.granularity) if settings.granularity > 0 else np.inf
        self._needed = threshold / SCORE_UNIT
        self._curves = Probabilities.shipped()

    def judge(self, new: Newcomer) -> Verdict:
        """Where an article belongs that is not here."""
        live = self._live
        alike = live.alike(new.vector, new.seconds, new.source)
        copies, apart = self._copies(new, alike)
        digested = self._digests(new, copies) if len(copies.b) else []
        if -1 in digested:
            return Verdict(None, None, False, (), apart=tuple(apart))
        copies = copies.where(~np.isin(copies.b, digested))
        scores = alike.score.copy()
        none = [*apart, *digested]
        if none:
            scores[np.isin(live.number[alike.slots], none)] = 0
        counted = (scores > 0) & live.stands[alike.slots]
        stories, place = np.unique(live.story[alike.slots[counted]], return_inverse=True)
        total = np.bincount(place.ravel(), weights=scores[counted], minlength=len(stories))
        best = np.zeros(len(stories))
        np.maximum.at(best, place.ravel(), scores[counted])
        some = (total >= NEARLY * self._needed) | (best >= self._needed)  # no mean is above the sum
        stories, total, best = stories[some], total[some], best[some]
        sizes = np.array([self._standing(story) for story in stories.tolist()], np.int64)
        value = total / np.maximum(1, sizes)
        needed = np.where(sizes == 1, PAIR * self._needed, self._needed)
        near = (value >= NEARLY * needed) | (best >= self._needed)
        order = np.lexsort((stories, -value / needed))
        concerned = [int(stories[number]) for number in order.tolist() if near[number]]
        story = next((int(stories[n]) for n in order[:1].tolist() if value[n] >= needed[n]), None)
        root = None
        if len(copies.b):
            first = int(copies.b[np.lexsort((copies.b, -copies.containment, -copies.jaccard))[0]])
            slot = live.slot(first)
            root, story = int(live.copies[slot]), int(live.story[slot])
            concerned = [story, *(number for number in concerned if number != story)]
        clear = concerned in ([], [story])
        return Verdict(
            story,
            root,
            not bool((copies.jaccard >= NEAR).any()),
            () if clear else tuple(concerned),
            self._found(alike, scores, copies, story),
            tuple(apart),
            tuple(digested),
        )

    def probabilities(self, found: Sequence[tuple[Found, bool]]) -> list[float]:
        """The probability of each of many links; with each, whether it was joined."""
        if not found:
            return []
        score = np.array([one.score * SCORE_UNIT for one, _ in found])
        density, foreign = np.array([one.density for one, _ in found]), np.array([one.foreign for one, _ in found])
        of_stories = self._curves.of_stories(score, density, foreign, np.array([joined for _, joined in found]))
        of_copies = self._curves.of_copies(np.array([one.overlap for one, _ in found]))
        return np.where([one.kind == "copy" for one, _ in found], of_copies, of_stories).tolist()  # type: ignore[no-any-return]

    def _standing(self, story: int) -> int:
        return int(np.count_nonzero(self._live.stands[self._live.of_story(story)]))

    def _copies(self, new: Newcomer, alike: Alike) -> tuple[Overlaps, list[int]]:
        """The copies of an article, `b` being their numbers, and the numbers of those it is never of one story with."""
        live = self._live
        likely = np.flatnonzero(((alike.cosine >= ALIKE) & ~alike.foreign) | (alike.agreeing >= AGREEING))
        order = np.lexsort((alike.slots[likely], -alike.cosine[likely], -alike.agreeing[likely]))
        slots = alike.slots[likely[order[:LOOKED_AT]]]
        if not new.vector.length or not len(slots):
            none, nothing = np.empty(0, np.int64), np.empty(0)
            return Overlaps(none, none, none, none.reshape(0, 2), nothing, nothing, nothing), []
        numbers = live.number[slots].tolist()
        words = HashedWords.joined([new.words, self._words_of(numbers)])
        pairs = np.stack([np.zeros(len(slots), np.int64), np.arange(1, len(slots) + 1)], axis=1)
        when = np.concatenate([[np.nan if new.seconds is None else new.seconds], live.seconds[slots]])
        copies, forms = decide(words, self._steps, pairs, when, self._settings)
        never = never_one_story(words, self._steps, forms)
        by_itself = np.array([False, *(live.is_digest(slot) for slot in slots.tolist())])
        copies = copies.where(~by_itself[copies.b] | (copies.jaccard >= NEAR))
        numbered = np.array([-1, *numbers], np.int64)
        return replace(copies, b=numbered[copies.b]), numbered[never.b].tolist()

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
        seconds = np.concatenate([[np.nan if new.seconds is None else new.seconds], when])
        pairs = np.stack(np.triu_indices(len(words), 1), axis=1).astype(np.int64)
        found, _ = decide(words, self._steps, pairs, seconds, self._settings)
        matrix = Compared([new.vector, *self._vectors_of(numbers)]).matrix
        places = np.flatnonzero(digests(found, words.lengths(), matrix))
        return np.array([-1, *numbers])[places].tolist()  # type: ignore[no-any-return]

    def _found(self, alike: Alike, scores: NDArray[np.int64], copies: Overlaps, story: int | None) -> tuple[Found, ...]:
        live = self._live
        overlap = {number: place for place, number in enumerate(copies.b.tolist())}
        is_copy = np.isin(live.number[alike.slots], copies.b)
        inside = live.story[alike.slots] == (-2 if story is None else story)
        some = np.flatnonzero((scores > 0) | is_copy)
        keys = (live.number[alike.slots], -alike.cosine, -scores, ~inside, ~is_copy)
        found = []
        for place in some[np.lexsort([key[some] for key in keys])[:TOLD]].tolist():
            slot = int(alike.slots[place])
            number = int(live.number[slot])
            at = overlap.get(number)
            found.append(
                Found(
                    number,
                    int(live.story[slot]),
                    "story" if at is None else "copy",
                    int(scores[place]),
                    float(alike.cosine[place]),
                    float(alike.days[place]),
                    float(live.ordinary[slot]) - live.crowd,
                    bool(alike.foreign[place]),
                    None if at is None else float(copies.jaccard[at]),
                    None if at is None else float(copies.containment[at]),
                    0.0 if at is None else float(copies.overlap[at]),
                )
            )
        return tuple(found)
