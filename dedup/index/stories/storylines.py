"""The storylines of an index: new stories join one by the rule of a run, see `dedup.group.storylines`.

A storyline is known by an id made from that of its first story. At the end of a transaction each new story is compared
with the storylines of the articles that its own are similar to, and these with each other. When a storyline has grown
by a part, its stories are arranged anew. `reconcile` sets all storylines to those of a run over all articles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.group.storylines import Groups, rounds, scores_between
from dedup.index.features.sketch import Vector
from dedup.index.search.neighbours import Neighbours
from dedup.index.search.table import ArticleTable
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.merge import assign
from dedup.index.stories.placement import is_due
from dedup.results.story_ids import storyline_of_story
from dedup.vectorize.exact import SCORE_UNIT, WEIGHT_UNIT
from dedup.vectorize.general import general_matrix
from dedup.vectorize.tfidf import Vectors

if TYPE_CHECKING:
    from dedup.backends import PlainBackend
    from dedup.background import Background
    from dedup.settings import Settings

MOST_RELATED = 48
"""Articles most similar to a new one whose storylines its story is compared with ..."""
MOST_LINES = 16
"""... and most of these storylines."""
MOST_STORIES = 200
"""Most stories that are arranged anew together."""
REMEMBERED = 8_192
"""Storylines whose sums are kept in memory, those used last."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """The sum of the vectors of a storyline's articles.

    Attributes:
        numbers: of the articles that count, ascending.
        terms, weights: the sum, weights in `WEIGHT_UNIT`.
        background: sum of their background similarities, in `SCORE_UNIT`.
        made: the number of the last change of a vector when it was made.
    """

    numbers: NDArray[np.int64]
    terms: NDArray[np.int32]
    weights: NDArray[np.int64]
    background: int
    made: int


class Storylines:
    """Which storyline each story of an index is in.

    Args:
        table: the articles.
        backend: for the linkage.
        settings: settings of the index.
        background: returns the background of the index.
        vectors_of: returns the vectors of articles, by number.
    """

    def __init__(
        self,
        table: ArticleTable,
        backend: PlainBackend,
        settings: Settings,
        background: Callable[[], Background],
        vectors_of: Callable[[Sequence[int]], list[Vector]],
    ) -> None:
        self._table, self._backend, self._settings = table, backend, settings
        self._background, self._vectors_of = background, vectors_of
        self._line: dict[int, str] = {}  # of the stories that share one with others
        self._stories: dict[str, set[int]] = defaultdict(set)
        self._sums: dict[str, _Sum] = {}
        self._changed: dict[int, int] = {}  # by article: the number of the last change of its vector
        self._changes = 0
        self._related: list[tuple[int, list[int]]] = []

    def load(self, lines: Mapping[int, str]) -> None:
        """Take over the stored storylines of stories that share one."""
        for story, line in lines.items():
            self.put(story, line)

    def put(self, story: int, line: str) -> None:
        """Put a story into the storyline of an id, or take it out of the one it shares with others, if that is ""."""
        before = self._line.pop(story, "")
        if before:
            self._stories[before].discard(story)
            if not self._stories[before]:
                del self._stories[before]
        if line:
            self._line[story] = line
            self._stories[line].add(story)

    def of(self, story: int) -> str:
        """Id of the storyline that a story shares with others, "" if it shares none."""
        return self._line.get(story, "")

    def relate(self, number: int, neighbours: Neighbours | None) -> None:
        """Remember which articles a new one is similar to, until `update`."""
        if neighbours is None:
            return
        some = np.flatnonzero(neighbours.score > 0)
        best = some[np.lexsort((neighbours.slots[some], -neighbours.score[some]))[:MOST_RELATED]]
        self._related.append((number, self._table.number[neighbours.slots[best]].tolist()))

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget the vectors of articles, which have changed."""
        self._changes += 1
        self._changed |= dict.fromkeys(numbers, self._changes)

    def update(self, log: ChangeLog) -> None:
        """Put the stories that a transaction has changed into their storylines; `log` receives the changes.

        Args:
            log: receives the changes.
        """
        pairs: list[tuple[int, int]] = []
        for story, into in log.ended():
            others = self._stories.get(self.of(story), set()) - {story}
            self.put(story, "")
            if into is not None and others:
                pairs.append((into, min(others)))
        table, grown = self._table, set[str]()
        for number, similar in self._related:
            if number not in table:
                continue
            story = int(table.story[table.slot(number)])
            line = self._line.get(story, story)
            if isinstance(line, str) and is_due(self._size(story)):
                grown.add(line)
            nearest: dict[str | int, int] = {}
            for other in similar:
                if other in table:
                    near = int(table.story[table.slot(other)])
                    nearest.setdefault(self._line.get(near, near), near)
            nearest.pop(line, None)
            pairs += [(story, other) for other in [*nearest.values()][:MOST_LINES]]
        self._related.clear()
        if pairs or grown:
            self._join(log, pairs, grown)

    def arrange(self, log: ChangeLog, lines: Sequence[Sequence[int]]) -> None:
        """Set storylines; the oldest id survives.

        Args:
            log: receives the changes.
            lines: numbers of the stories of each: all stories of the storylines concerned.
        """
        for story, _ in log.ended():
            self.put(story, "")
        concerned = {line for stories in lines for story in stories if (line := self.of(story))}
        founder = {min(self._stories[line]): line for line in concerned}
        of = {line: number for number, line in founder.items()}
        first = {story: of.get(self.of(story), story) for stories in lines for story in stories}
        chosen, _ = assign(lines, first)
        names = [founder.get(-1 if number is None else number, "") for number in chosen]
        taken = {*names}
        for stories, known in zip(lines, names, strict=True):
            line = known
            if not line and len(stories) > 1:
                line = self._new_line(log, min(stories), taken)
                taken.add(line)
            for story in stories:
                self._assign(log, story, line)

    def _join(self, log: ChangeLog, pairs: Sequence[tuple[int, int]], grown: Collection[str]) -> None:
        """Join the storylines of pairs of stories whose articles are similar enough on average.

        Args:
            log: receives the changes.
            pairs: the pairs of stories.
            grown: storylines to arrange anew, story by story, with those that they have pairs with.
        """
        apart: dict[str, None] = {}
        for line in sorted(grown):
            near = [self.of(story) for pair in pairs if line in map(self.of, pair) for story in pair]
            count = sum(len(self._stories[name]) for name in apart)
            for name in dict.fromkeys([line, *filter(None, near)]):
                if name not in apart and count + len(self._stories[name]) <= MOST_STORIES:
                    count += len(self._stories[name])
                    apart[name] = None
        singly = {story for line in apart for story in self._stories[line]}
        units: dict[str | int, int] = {}
        for story in sorted({*singly, *(story for pair in pairs for story in pair)}):
            units.setdefault(story if story in singly else self._line.get(story, story), len(units))
        members = [sorted(self._stories[unit]) if isinstance(unit, str) else [unit] for unit in units]
        place = {story: number for number, stories in enumerate(members) for story in stories}
        among = np.array(sorted(place[story] for story in singly), np.int64)
        one, other = (among[side] for side in np.triu_indices(len(among), 1))
        found = np.array([(place[a], place[b]) for a, b in pairs], np.int64).reshape(-1, 2).T
        scored = partial(
            scores_between,
            products=self._backend.products,
            crowding=self._background().crowd,
            settings=self._settings,
        )
        label = np.arange(len(units))
        ends = np.concatenate([one, found[0]]), np.concatenate([other, found[1]])
        for _, _, group in rounds(self._groups([*units], members), *ends, scored, self._backend.average_linkage):
            label = group[label]
        lines: dict[int, list[int]] = defaultdict(list)
        for joined, stories in zip(label.tolist(), members, strict=True):
            lines[joined] += stories
        self.arrange(log, [sorted(stories) for stories in lines.values()])

    def _new_line(self, log: ChangeLog, story: int, taken: Iterable[str]) -> str:
        """Return an unused id for a storyline that begins with a story."""
        base = storyline_of_story(log.story(story).id)
        names = (base if number == 1 else f"{base}-{number}" for number in count(1))
        return next(name for name in names if name not in taken and not self._stories.get(name, set()) - {story})

    def _assign(self, log: ChangeLog, story: int, line: str) -> None:
        before = self.of(story)
        if line == before:
            return
        own = storyline_of_story(log.story(story).id)
        self.put(story, line)
        log.set_line(story, line)
        if (line or own) != (before or own):
            log.record("storyline", "", log.story(story).id, before or own)

    def _size(self, story: int) -> int:
        """The number of articles in the storyline of a story."""
        return sum(len(self._table.of_story(one)) for one in self._stories.get(self.of(story), {story}))

    def _groups(self, units: Sequence[str | int], members: Sequence[Sequence[int]]) -> Groups:
        """The articles of storylines, as groups."""
        sums, start, end = [], [], []
        for unit, stories in zip(units, members, strict=True):
            slots = np.array([slot for story in stories for slot in self._table.of_story(story)], np.int64)
            seconds = self._table.seconds[slots]
            start.append(np.fmin.reduce(seconds, initial=np.nan))
            end.append(np.fmax.reduce(seconds, initial=np.nan))
            sums.append(self._sum(unit, np.sort(self._table.number[slots[self._table.representative[slots]]])))
        indptr = np.concatenate([[0], np.cumsum([len(one.terms) for one in sums])])
        known, columns = np.unique(np.concatenate([one.terms for one in sums]), return_inverse=True)
        data = np.concatenate([one.weights for one in sums]) * WEIGHT_UNIT
        matrix = sp.csr_array((data, columns.ravel(), indptr), shape=(len(sums), len(known)))
        size = np.array([len(one.numbers) for one in sums], np.int64)
        background = np.array([one.background for one in sums], np.int64)
        return Groups(matrix, size, background, np.array(start), np.array(end))

    def _sum(self, unit: str | int, numbers: NDArray[np.int64]) -> _Sum:
        """The sum of the vectors of articles, the one that is known with those that came since where possible."""
        before = self._sums.pop(unit, None) if isinstance(unit, str) else None
        if before is not None and self._is_older(before):
            before = None
        left = None if before is None else before.numbers
        if left is None or len(np.setdiff1d(left, numbers, assume_unique=True)):
            found = self._added(None, numbers)
        else:
            found = self._added(before, np.setdiff1d(numbers, left, assume_unique=True))
        if isinstance(unit, str):
            self._sums[unit] = found
            if len(self._sums) > 2 * REMEMBERED:
                self._sums = dict([*self._sums.items()][-REMEMBERED:])
        return found

    def _is_older(self, one: _Sum) -> bool:
        """Whether an article of a sum has changed since it was made."""
        if one.made == self._changes:
            return False
        return any(self._changed.get(number, 0) > one.made for number in one.numbers.tolist())

    def _added(self, before: _Sum | None, numbers: NDArray[np.int64]) -> _Sum:
        """The sum with the vectors of further articles."""
        if before is not None and not len(numbers):
            return before
        vectors, background = self._vectors_of(numbers.tolist()), self._background()
        indptr = np.concatenate([[0], np.cumsum([len(vector.terms) for vector in vectors])]).astype(np.int64)
        every = np.concatenate([np.empty(0, np.int32), *(vector.terms for vector in vectors)])
        weights = np.concatenate([np.empty(0, np.uint16), *(vector.weights for vector in vectors)]) * WEIGHT_UNIT
        terms, columns = np.unique(every, return_inverse=True)
        matrix = sp.csr_array((weights, columns.ravel(), indptr), shape=(len(vectors), len(terms)))
        languages, terms = [vector.language for vector in vectors], terms.astype(np.int64)
        general = general_matrix(Vectors(matrix, terms), languages, background.frequencies, self._settings)
        usual = np.rint(background.general_ordinariness(general, terms) / SCORE_UNIT).astype(np.int64)
        total = np.rint(np.asarray(general.sum(axis=0)).ravel() / WEIGHT_UNIT).astype(np.int64)
        found = _Sum(numbers, terms.astype(np.int32), total, int(usual.sum()), self._changes)
        if before is None:
            return found
        both = np.concatenate([before.numbers, numbers])
        joint = np.union1d(before.terms, found.terms)
        summed = np.zeros(len(joint), np.int64)
        for one in (before, found):
            summed[np.searchsorted(joint, one.terms)] += one.weights
        return _Sum(np.sort(both), joint, summed, before.background + found.background, self._changes)
