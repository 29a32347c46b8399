"""The storylines of an index: new stories join one by the rule of a run, see `dedup.group.storylines`.

A storyline is known by an id made from that of its first story. At the end of a transaction each new story is compared
with the storylines of the articles that its own are similar to, and these with each other. When a storyline has grown
by a part, its stories are arranged anew. `reconcile` sets all storylines to those of a run over all articles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.group.storylines import DenseSums, Groups, SparseSums, Sums, rounds, scores_between
from dedup.index.features.sketch import Sketcher, Vector, matrix_of
from dedup.index.search.neighbours import Neighbours
from dedup.index.search.table import ArticleTable
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.merge import assign
from dedup.index.stories.placement import is_due
from dedup.match.stories import Products
from dedup.results.story_ids import storyline_of_story
from dedup.vectorize.exact import DOT_UNIT, SCORE_UNIT

if TYPE_CHECKING:
    from dedup.backends import PlainBackend
    from dedup.settings import Settings

MOST_RELATED = 48
"""Articles most similar to a new one whose storylines its story is compared with ..."""
NEAR = 0.07
"""... the least score of these (99 of 100 articles that join a storyline have one of .07 there) ..."""
MOST_LINES = 8
"""... and most of these storylines."""
MOST_STORIES = 200
"""Most stories that are arranged anew together."""
FEW = 32
"""Storylines that are compared by all their products at once."""
_NO_TERMS = np.empty(0, np.int32)
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


class _LazySums:
    """Sums that are compared pair by pair until more are added: most new articles join no storyline.

    Args:
        sums: the sums.
        products: computes dot products of rows of a matrix.
    """

    def __init__(self, sums: Sequence[_Sum], products: Products) -> None:
        self._sums, self._products = sums, products

    @cached_property
    def _every(self) -> Sums:
        matrix, _ = matrix_of([(one.terms, one.weights) for one in self._sums])
        few = len(self._sums) <= FEW
        return DenseSums(matrix.toarray()) if few else SparseSums(matrix, self._products)

    def products(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Dot products of pairs of sums; shape (pairs,)."""
        one = next((one for one in {*a[:1].tolist(), *b[:1].tolist()} if ((a == one) | (b == one)).all()), None)
        if one is None or "_every" in self.__dict__:
            return self._every.products(a, b)
        own, others = self._sums[one], [self._sums[other] for other in np.where(a == one, b, a).tolist()]
        terms, weights = (np.concatenate([getattr(other, name) for other in others]) for name in ("terms", "weights"))
        place = np.searchsorted(own.terms, terms)
        shared = np.flatnonzero(np.append(own.terms, -1)[place] == terms)
        of = np.repeat(np.arange(len(b)), [len(other.terms) for other in others])[shared]
        products: NDArray[np.float64] = own.weights[place[shared]] * weights[shared] * DOT_UNIT
        return np.bincount(of, products, len(b)).astype(np.float64, copy=False)

    def append(self, of: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add new sums, see `Sums`."""
        return self._every.append(of, parts)


class Storylines:
    """Which storyline each story of an index is in.

    Args:
        table: the articles.
        backend: for the linkage.
        settings: settings of the index.
        crowding: see `dedup.match.crowding`.
        sketcher: weighs vectors by news in general.
        vectors_of: returns the vectors of articles, by number.
    """

    def __init__(
        self,
        table: ArticleTable,
        backend: PlainBackend,
        settings: Settings,
        crowding: float,
        sketcher: Sketcher,
        vectors_of: Callable[[Sequence[int]], list[Vector]],
    ) -> None:
        self._table, self._backend, self._settings = table, backend, settings
        self._crowding, self._sketcher, self._vectors_of = crowding, sketcher, vectors_of
        self._line: dict[int, str] = {}  # of the stories that share one with others
        self._stories: dict[str, set[int]] = defaultdict(set)
        self._sums: dict[str | int, _Sum] = {}
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
        some = np.flatnonzero(neighbours.score * SCORE_UNIT >= NEAR)
        best = some[np.lexsort((neighbours.slots[some], -neighbours.score[some]))[:MOST_RELATED]]
        self._related.append((number, self._table.number[neighbours.slots[best]].tolist()))

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget the vectors of articles, which have changed."""
        self._changes += 1
        self._changed |= dict.fromkeys(numbers, self._changes)

    def update(self, log: ChangeLog) -> None:
        """Put the stories that a transaction has changed into their storylines; `log` receives the changes."""
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
        near_of: dict[str, list[str]] = defaultdict(list)
        for pair in pairs:
            lines_of = [line for line in map(self.of, pair) if line]
            for line in lines_of:
                near_of[line] += lines_of
        apart: dict[str, None] = {}
        for line in sorted(grown):
            count = sum(len(self._stories[name]) for name in apart)
            for name in dict.fromkeys([line, *near_of[line]]):
                if name not in apart and count + len(self._stories[name]) <= MOST_STORIES:
                    count += len(self._stories[name])
                    apart[name] = None
        singly = {story for line in apart for story in self._stories[line]}
        units: dict[str | int, int] = {}
        for story in sorted({*singly, *(story for pair in pairs for story in pair)}):
            units.setdefault(story if story in singly else self._line.get(story, story), len(units))
        if not units:
            return
        members = [sorted(self._stories[unit]) if isinstance(unit, str) else [unit] for unit in units]
        place = {story: number for number, stories in enumerate(members) for story in stories}
        among = np.array(sorted(place[story] for story in singly), np.int64)
        one, other = (among[side] for side in np.triu_indices(len(among), 1))
        found = np.array([(place[a], place[b]) for a, b in pairs], np.int64).reshape(-1, 2).T
        scored = partial(
            scores_between,
            crowding=self._crowding,
            settings=self._settings,
        )
        label = np.arange(len(units))
        ends = np.concatenate([one, found[0]]), np.concatenate([other, found[1]])
        for _, _, group in rounds(self._groups([*units], members), *ends, scored, self._backend.average_linkage):
            label = group[label]
        if not apart and len(np.unique(label)) == len(units):
            return
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
        start, end, numbers = [], [], []
        for stories in members:
            slots = np.array([slot for story in stories for slot in self._table.of_story(story)], np.int64)
            seconds = self._table.seconds[slots]
            start.append(np.fmin.reduce(seconds, initial=np.nan))
            end.append(np.fmax.reduce(seconds, initial=np.nan))
            numbers.append(np.sort(self._table.number[slots[self._table.representative[slots]]]))
        sums = self._sums_of(units, numbers)
        size = np.array([len(one.numbers) for one in sums], np.int64)
        background = np.array([one.background for one in sums], np.int64)
        between = _LazySums(sums, self._backend.products)
        return Groups(between, np.arange(len(sums)), size, background, np.array(start), np.array(end))

    def _sums_of(self, units: Sequence[str | int], numbers: Sequence[NDArray[np.int64]]) -> list[_Sum]:
        """The sums of the vectors of groups of articles: known ones, with the articles that came and went since.

        Args:
            units: what each group is known by.
            numbers: its articles, ascending.
        """
        known: list[_Sum | None] = []
        missing: list[NDArray[np.int64]] = []
        gone: list[NDArray[np.int64]] = []
        for unit, every in zip(units, numbers, strict=True):
            before = self._sums.pop(unit, None)
            lost = None if before is None else self._lost(before, every)
            known.append(None if lost is None else before)
            gone.append(every[:0] if lost is None else lost)
            if before is None or lost is None:
                missing.append(every)
            else:
                same = len(every) + len(lost) == len(before.numbers)
                missing.append(every[:0] if same else np.setdiff1d(every, before.numbers, assume_unique=True))
        wanted = [*dict.fromkeys(np.concatenate([*missing, *gone]).tolist())]
        sums = dict(zip(wanted, self._singles(wanted), strict=True))
        found = []
        for before, every, new, lost in zip(known, numbers, missing, gone, strict=True):
            parts = [*map(sums.__getitem__, new.tolist())]
            minus = [*map(sums.__getitem__, lost.tolist())]
            found.append(self._added(parts if before is None else [before, *parts], minus, every))
        self._sums |= zip(units, found, strict=True)
        if len(self._sums) > 2 * REMEMBERED:
            self._sums = dict([*self._sums.items()][-REMEMBERED:])
        return found

    def _lost(self, one: _Sum, numbers: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """The articles of a sum that are not among these; None if it is less work to add up all of these anew.

        It must be, if one of them has changed since the sum was made, or is no longer there.
        """
        if len(one.numbers) == len(numbers) and (one.numbers == numbers).all():
            lost = numbers[:0]
        else:
            lost = np.setdiff1d(one.numbers, numbers, assume_unique=True)
        if len(lost) and (len(lost) >= len(numbers) or not all(number in self._table for number in lost.tolist())):
            return None
        if one.made < self._changes and any(self._changed.get(number, 0) > one.made for number in one.numbers.tolist()):
            return None
        return lost

    def _singles(self, numbers: Sequence[int]) -> Iterator[_Sum]:
        """Yield the sum of each of some articles, its vector weighed by news in general."""
        if not numbers:
            return
        vectors, every = self._vectors_of(numbers), np.array(numbers)
        general = self._sketcher.general(vectors)
        for place, (vector, (weights, usual)) in enumerate(zip(vectors, general, strict=True)):
            background = round(usual / SCORE_UNIT)
            yield _Sum(every[place : place + 1], vector.terms, weights, background, self._changes)

    def _added(self, parts: Sequence[_Sum], minus: Sequence[_Sum], numbers: NDArray[np.int64]) -> _Sum:
        """The sum of sums, without others that are part of it: that of the articles of some numbers."""
        if len(parts) == 1 and not minus:
            return parts[0]
        every = [*parts, *minus]
        terms = np.concatenate([_NO_TERMS, *(part.terms for part in every)])
        weights = [*(part.weights for part in parts), *(-part.weights for part in minus)]
        order = np.argsort(terms, kind="stable")  # merges what is in order already
        terms = terms[order]
        first = np.flatnonzero(np.diff(terms, prepend=-1))
        total = np.add.reduceat(np.concatenate([np.empty(0, np.int64), *weights])[order], first) if len(first) else None
        background = sum(part.background for part in parts) - sum(part.background for part in minus)
        if total is None:
            return _Sum(numbers, _NO_TERMS, np.empty(0, np.int64), background, self._changes)
        some = total > 0
        return _Sum(numbers, terms[first[some]], total[some], background, self._changes)
