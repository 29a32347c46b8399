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
from itertools import count, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.group.storylines import Groups, SparseSums, Sums, is_first, rounds, scores_between
from dedup.index.features.sketch import Sketcher, Vector, matrix_of
from dedup.index.search.neighbours import Neighbours
from dedup.index.search.table import ArticleTable
from dedup.index.stories.changes import ChangeLog
from dedup.index.stories.merge import assign
from dedup.index.stories.placement import is_due
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
"""Storylines whose sums are compared pair by pair."""
_NO_TERMS, _NO_WEIGHTS = np.empty(0, np.int32), np.empty(0, np.int64)
_TERM_BITS = 32
REMEMBERED = 8_192
"""Storylines whose sums are kept in memory, those used last."""


@dataclass(slots=True, eq=False)
class _Sum:
    """The sum of the vectors of a storyline's articles.

    Attributes:
        numbers: of the articles that count, ascending.
        terms, weights: the sum, weights in `WEIGHT_UNIT`.
        background: sum of their background similarities, in `SCORE_UNIT`.
        made: the number of the last change of a vector when it was made, or found to be as it was.
    """

    numbers: NDArray[np.int64]
    terms: NDArray[np.int32]
    weights: NDArray[np.int64]
    background: int
    made: int


class _FewSums:
    """A few sums, of which pairs are compared one by one: most new articles join no storyline.

    Args:
        sums: the first ones.
    """

    def __init__(self, sums: Sequence[_Sum]) -> None:
        self._sums = [(one.terms, one.weights) for one in sums]

    def products(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Dot products of pairs of sums; shape (pairs,)."""
        for one in {*a[:1].tolist(), *b[:1].tolist()}:
            if ((a == one) | (b == one)).all():
                return self._with(one, np.where(a == one, b, a).tolist())
        found = np.empty(len(a))
        for one in sorted({*a.tolist()}):
            pairs = a == one
            found[pairs] = self._with(one, b[pairs].tolist())
        return found

    def _with(self, one: int, others: Sequence[int]) -> NDArray[np.float64]:
        """Dot products of a sum and some others."""
        own_terms, own_weights = self._sums[one]
        terms, weights = (np.concatenate(columns) for columns in zip(*map(self._sums.__getitem__, others), strict=True))
        place = own_terms.searchsorted(terms)
        shared = (np.append(own_terms, -1)[place] == terms).nonzero()[0]
        ends = np.cumsum([len(self._sums[other][0]) for other in others])
        of, products = ends.searchsorted(shared, "right"), own_weights[place[shared]] * weights[shared] * DOT_UNIT
        return np.bincount(of, products, len(others)).astype(np.float64, copy=False)

    def append(self, of: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add new sums, see `Sums`."""
        first, order = len(self._sums), np.argsort(of, kind="stable")
        given = [self._sums[part] for part in parts[order].tolist()]
        self._sums += _added(np.bincount(of[order]).tolist(), given)
        return np.arange(first, len(self._sums))


def _added(
    counts: Sequence[int], parts: Sequence[tuple[NDArray[np.int32], NDArray[np.int64]]]
) -> list[tuple[NDArray[np.int32], NDArray[np.int64]]]:
    """Add up vectors given as ascending terms and weights, without weights of 0.

    Args:
        counts: how many of the parts each sum has.
        parts: those of the first sum, then those of the next.
    """
    bounds = np.cumsum([0, *(len(terms) for terms, _ in parts)])
    sizes = np.diff(bounds[np.cumsum([0, *counts])])
    terms = np.concatenate([_NO_TERMS, *(terms for terms, _ in parts)])
    weights = np.concatenate([_NO_WEIGHTS, *(weights for _, weights in parts)])
    keys = np.repeat(np.arange(len(counts)) << _TERM_BITS, sizes) | terms
    order = keys.argsort(kind="stable")  # merges what is in order already
    keys = keys[order]
    first = is_first(keys).nonzero()[0]
    if not len(first):
        return [(_NO_TERMS, _NO_WEIGHTS)] * len(counts)
    total = np.add.reduceat(weights[order], first)
    some = total > 0
    keys, total = keys[first[some]], total[some]
    ends = keys.searchsorted(np.arange(len(counts) + 1) << _TERM_BITS).tolist()
    terms = (keys & (1 << _TERM_BITS) - 1).astype(np.int32)
    return [(terms[start:end], total[start:end]) for start, end in pairwise(ends)]


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
            for near in table.stories_of(similar):
                nearest.setdefault(self._line.get(near, near), near)
                if len(nearest) > MOST_LINES:
                    break
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
        one, other = (among[side] for side in np.triu_indices(len(among), 1)) if singly else (among, among)
        found = np.array([(place[a], place[b]) for a, b in pairs], np.int64).reshape(-1, 2).T
        scored = partial(scores_between, crowding=self._crowding, settings=self._settings)
        label = np.arange(len(units))
        ends = np.concatenate([one, found[0]]), np.concatenate([other, found[1]])
        for _, _, group in rounds(self._groups([*units], members), *ends, scored, self._backend.average_linkage):
            label = group[label]
        several, lines = np.bincount(label) > 1, defaultdict[int, list[int]](list)
        for joined, stories in zip(label.tolist(), members, strict=True):
            if several[joined] or stories[0] in singly:  # the others stay as they are
                lines[joined] += stories
        if lines:
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
        return len(self._table.of_stories(self._stories.get(self.of(story), {story})))

    def _groups(self, units: Sequence[str | int], members: Sequence[Sequence[int]]) -> Groups:
        """The articles of storylines, as groups."""
        table = self._table
        held = [table.of_stories(stories) for stories in members]
        unit = np.repeat(np.arange(len(held)), [len(each) for each in held])
        slots = np.array([slot for each in held for slot in each], np.int64)
        seconds, start, end = table.seconds[slots], np.full(len(held), np.nan), np.full(len(held), np.nan)
        np.fmin.at(start, unit, seconds)
        np.fmax.at(end, unit, seconds)
        counting = table.representative[slots]
        unit, number = unit[counting], table.number[slots[counting]]
        number = number[np.lexsort((number, unit))]
        ends = np.cumsum(np.bincount(unit, minlength=len(held))).tolist()
        sums = self._sums_of(units, [number[first:last] for first, last in pairwise([0, *ends])])
        size = np.array([len(one.numbers) for one in sums], np.int64)
        background = np.array([one.background for one in sums], np.int64)
        between: Sums = _FewSums(sums)
        if len(sums) > FEW:
            between = SparseSums(matrix_of([(one.terms, one.weights) for one in sums])[0], self._backend.products)
        return Groups(between, np.arange(len(sums)), size, background, start, end)

    def _sums_of(self, units: Sequence[str | int], numbers: Sequence[NDArray[np.int64]]) -> list[_Sum]:
        """The sums of the vectors of groups of articles: known ones, with the articles that came and went since.

        Args:
            units: what each group is known by.
            numbers: its articles, ascending.
        """
        found: dict[str | int, _Sum] = {}
        wanted: list[int] = []
        changed: list[tuple[str | int, _Sum | None, NDArray[np.int64], int, int]] = []  # articles that came, and went
        for unit, every in zip(units, numbers, strict=True):
            before = self._sums.pop(unit, None)
            lost = None if before is None else self._lost(before, every)
            if before is None or lost is None:
                before, new, lost = None, every, every[:0]
            elif len(every) + len(lost) == len(before.numbers):
                new = every[:0]
            else:
                new = np.setdiff1d(every, before.numbers, assume_unique=True)
            if before is not None and not len(new) and not len(lost):
                found[unit] = before
                continue
            wanted += new.tolist()
            wanted += lost.tolist()
            changed.append((unit, before, every, len(new), len(lost)))
        if changed:
            found |= zip((unit for unit, *_ in changed), self._changed_sums(wanted, changed), strict=True)
        sums = [found[unit] for unit in units]
        self._sums |= zip(units, sums, strict=True)
        if len(self._sums) > 2 * REMEMBERED:
            self._sums = dict([*self._sums.items()][-REMEMBERED:])
        return sums

    def _changed_sums(
        self,
        wanted: Sequence[int],
        changed: Sequence[tuple[str | int, _Sum | None, NDArray[np.int64], int, int]],
    ) -> list[_Sum]:
        """The sums of groups that are not known as they are now.

        Args:
            wanted: the numbers of the articles that came to and went from the first group, then of the next.
            changed: of each group what it is known by, its sum before if it is known, the numbers of its articles, and
                how many of them came and how many others went.
        """
        vectors = self._vectors_of(wanted)
        general, usual = self._sketcher.general(vectors) if wanted else ([], np.empty(0))
        background = np.append(np.rint(usual / SCORE_UNIT).astype(np.int64), 0)
        every = [(vector.terms, weights) for vector, weights in zip(vectors, general, strict=True)]
        parts: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
        counts, usuals, at = [], [], 0
        for _, before, _, came, went in changed:
            new, left = slice(at, at + came), slice(at + came, at + came + went)
            at = left.stop
            parts += [] if before is None else [(before.terms, before.weights)]
            parts += every[new]
            parts += [(terms, -weights) for terms, weights in every[left]]
            counts.append((before is not None) + came + went)
            total = int(background[new].sum()) - int(background[left].sum())
            usuals.append(total if before is None else before.background + total)
        added = parts if all(one == 1 for one in counts) else _added(counts, parts)
        return [
            _Sum(numbers, *sums, total, self._changes)
            for (_, _, numbers, _, _), sums, total in zip(changed, added, usuals, strict=True)
        ]

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
        if one.made < self._changes:
            if any(self._changed.get(number, 0) > one.made for number in one.numbers.tolist()):
                return None
            one.made = self._changes
        return lost
