"""Storylines: stories that belong together, such as a deal and the reactions to it.

A storyline is what a reader follows, and what aggregators show as full coverage. Its parts differ too much for one pair
of articles to show that they belong together, but the mean over all pairs shows it: two stories are one storyline if
their articles are more similar on average than those of unrelated stories are. The mean cosine of all pairs between two
groups is the product of the sums of their vectors, so no pair has to be scored (centroids: Cutting et al. 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.group.linkage import LOWEST, Tree
from dedup.match.scores import SECONDS_A_DAY, date_penalty
from dedup.match.stories import HasPairs, Pairs, Products, rows_of
from dedup.vectorize.exact import SCORE_UNIT

if TYPE_CHECKING:
    from dedup.settings import Settings

STRANGERS = 2.2
"""How often the background similarity is subtracted from the similarity of two stories. Once is what strangers have on
average; the strangers that are nearest to each other, of which there are many, have about twice as much."""

_AT_ONCE = 1 << 22
"""Terms that are added up at a time."""

Scored = Callable[["Groups", NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]
Linkage = Callable[[Pairs, Sequence[Sequence[int]], NDArray[np.int64]], Tree]
Round = tuple[Tree, NDArray[np.int64], NDArray[np.int64]]
"""A tree over groups, the topmost node of each group that it makes, and the new group of each group."""


class Sums(Protocol):
    """The sums of the vectors of groups, by the dot products of these; more are added to those that are there."""

    def products(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Dot products of pairs of sums; shape (pairs,)."""

    def append(self, of: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add new sums, and return their numbers: `of`, from 0 on, says which new one each of these `parts` is in."""


class SparseSums:
    """Sums as the rows of two sparse matrices: the first ones, which are not copied, and those that are added.

    Args:
        matrix: the first sums, shape (sums, terms).
        products: computes dot products of rows, see `dedup.match.stories.products`.
    """

    def __init__(self, matrix: sp.csr_array, products: Products) -> None:
        self._first, self._products = matrix, products
        self._starts, self._columns, self._data = np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0)

    def products(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Dot products of pairs of sums; shape (pairs,)."""
        return self._products(self._first, a, b, self._more)

    def rows(self, numbers: NDArray[np.int64]) -> sp.csr_array:
        """Some sums, shape (numbers, terms)."""
        return rows_of(self._first, numbers, self._more)

    def append(self, of: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add new sums, see `Sums`."""
        known, used, order = len(self._starts) - 1, int(self._starts[-1]), np.argsort(of, kind="stable")
        of, parts, count = of[order], parts[order], int(of.max(initial=-1)) + 1
        ends = np.cumsum(self._sizes(parts))
        self._make_room(used + int(ends[-1]) if len(ends) else used)
        starts, first = [self._starts], 0
        while first < len(of):  # in parts, whose rows are copied
            last = int(np.searchsorted(ends, (ends[first - 1] if first else 0) + _AT_ONCE))
            last = int(np.searchsorted(of, of[min(last, len(of) - 1)], side="right"))
            mine = (of[first:last] - of[first]).astype(np.int32)
            place, shape = (mine, np.arange(len(mine), dtype=np.int32)), (int(mine[-1]) + 1, len(mine))
            sums = sp.csr_array((np.ones(len(mine)), place), shape) @ self.rows(parts[first:last])
            end = used + sums.nnz
            self._columns[used:end], self._data[used:end] = sums.indices, sums.data
            starts.append(sums.indptr[1:].astype(np.int64) + used)
            used, first = end, last
        self._starts = np.concatenate(starts)
        return np.arange(known, known + count) + self._first.shape[0]

    @property
    def _more(self) -> sp.csr_array:
        """The sums that were added."""
        end = int(self._starts[-1])
        found = sp.csr_array((len(self._starts) - 1, self._first.shape[1]))
        found.indptr = self._starts.astype(np.int32 if end < 2**31 else np.int64)
        found.indices, found.data = self._columns[:end], self._data[:end]  # given at once, they would be copied
        return found

    def _sizes(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many terms some sums have; shape (numbers,)."""
        sizes = np.concatenate([np.diff(self._first.indptr), np.diff(self._starts)])
        found: NDArray[np.int64] = sizes[numbers]
        return found

    def _make_room(self, entries: int) -> None:
        if entries > len(self._data):
            used = int(self._starts[-1])
            terms, data = np.empty(3 * entries, np.int32), np.empty(3 * entries)  # takes no memory until it is used
            terms[:used], data[:used] = self._columns[:used], self._data[:used]
            self._columns, self._data = terms, data


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of articles, by what their mean similarity to each other is computed from.

    Attributes:
        sums: the sums of the vectors of these groups and of others.
        row: which of them is that of each, shape (groups,).
        size: number of articles of each, copies of one text counted once, shape (groups,).
        background: the sum of the articles' background similarities, in units of `SCORE_UNIT`, shape (groups,).
        start, end: the first and last date of each in seconds, nan where no article has one, shape (groups,).
    """

    sums: Sums
    row: NDArray[np.int64]
    size: NDArray[np.int64]
    background: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        vectors: sp.csr_array,
        background_similarity: NDArray[np.float64],
        seconds: NDArray[np.float64],
        weights: NDArray[np.int64],
        products: Products,
    ) -> Groups:
        """Articles as groups of one; those of weight 0, not 1, count for none. `products`: see `SparseSums`."""
        (count, terms), ends = vectors.shape, np.append(vectors.indptr, vectors.indptr[-1])
        sums = sp.csr_array((vectors.data, vectors.indices, ends), shape=(count + 1, terms))
        row = np.where(weights > 0, np.arange(count), count)  # the last one is empty
        background = np.where(weights > 0, np.rint(background_similarity / SCORE_UNIT), 0).astype(np.int64)
        return cls(SparseSums(sums, products), row, weights, background, seconds, seconds)

    def joined(self, group: NDArray[np.int64]) -> Groups:
        """The groups that these make up; `group` has the number of the new one of each, from 0 on."""
        some = np.flatnonzero(self.size > 0)
        members = np.bincount(group[some], minlength=int(group.max(initial=-1)) + 1)
        parts = some[members[group[some]] > 1]
        merged, of = np.unique(group[parts], return_inverse=True)
        row = np.empty(len(members), np.int64)
        row[group] = self.row
        row[group[some]] = self.row[some]
        row[merged] = self.sums.append(of.ravel(), self.row[parts])
        size, background = np.zeros(len(members), np.int64), np.zeros(len(members), np.int64)
        start, end = np.full(len(members), np.nan), np.full(len(members), np.nan)
        np.add.at(size, group, self.size)
        np.add.at(background, group, self.background)
        np.fmin.at(start, group, self.start)
        np.fmax.at(end, group, self.end)
        return Groups(self.sums, row, size, background, start, end)

    def gap(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """Days between the last article of one group and the first of the other, 0 if they overlap or are undated."""
        apart = np.fmax(self.start[a] - self.end[b], self.start[b] - self.end[a]) / SECONDS_A_DAY
        return np.fmax(apart, 0.0)


def scores_between(
    groups: Groups,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    crowding: float,
    settings: Settings,
) -> NDArray[np.int64]:
    """The sum of the scores of all pairs of articles between two groups, in units of `SCORE_UNIT`; shape (pairs,).

    It is 0 for groups with a longer gap than the window.

    Args:
        groups: the groups.
        a, b: pairs of these.
        crowding: see `dedup.match.crowding`.
        settings: for the window and the date penalty.
    """
    gap, size, other = groups.gap(a, b), groups.size[a], groups.size[b]
    every = size * other
    usual = STRANGERS / 2 * (other * groups.background[a] + size * groups.background[b])
    total = groups.sums.products(groups.row[a], groups.row[b]) - np.rint(usual) * SCORE_UNIT - every * crowding
    total -= every * date_penalty(total / np.maximum(every, 1), gap, settings.date_penalty, 0.0)
    return np.where(gap <= settings.window, np.rint(total / SCORE_UNIT), 0).astype(np.int64)


def with_storylines(
    tree: Tree,
    story: NDArray[np.int64],
    articles: Groups,
    related: HasPairs,
    scored: Scored,
    linkage: Linkage,
) -> Tree:
    """Replace the merges of a tree above its stories by those of storylines.

    Average linkage of the stories. A pair of stories without related articles counts 0, as in the linkage of articles;
    as that is too little for large ones, the linkage is repeated with the groups that it found until it finds no more.

    Args:
        tree: the merge tree of articles.
        story: the story of each article, shape (articles,), from 0 on: nodes of the tree.
        articles: the articles as groups of one.
        related: pairs of articles with a positive score.
        scored: returns the scores of pairs of groups, see `scores_between`.
        linkage: `dedup.group.linkage.average_linkage` or its kernel.
    """
    return above(tree, story, rounds(articles.joined(story), story[related.a], story[related.b], scored, linkage))


def above(tree: Tree, story: NDArray[np.int64], found: Iterable[Round]) -> Tree:
    """Replace the merges of a tree above its stories by those of rounds, the first of which is over its stories."""
    left, right, height, top = _inside(tree, story)
    first = len(left)
    for above, roots, _ in found:
        node = np.concatenate([top, np.arange(len(above.height)) + tree.leaves + len(left)])
        left, right = np.concatenate([left, node[above.left]]), np.concatenate([right, node[above.right]])
        height = np.concatenate([height, above.height])
        top = node[roots]
    return replace(tree, left=left, right=right, height=height, joined=len(left) - first)


def rounds(
    groups: Groups, one: NDArray[np.int64], other: NDArray[np.int64], scored: Scored, linkage: Linkage
) -> Iterator[Round]:
    """Average linkage of groups, again and again with the groups that it found, until it finds no more.

    Args:
        groups: the groups.
        one, other: pairs of them with related articles, in any order and number; the others count 0.
        scored, linkage: see `with_storylines`.

    Yields:
        each round.
    """
    a, b = pairs_of(one, other)
    some = (groups.size[a] > 0) & (groups.size[b] > 0)
    a, b = a[some], b[some]
    total = scored(groups, a, b)
    while (total * SCORE_UNIT / (groups.size[a] * groups.size[b]) >= LOWEST).any():  # else the linkage merges none
        count = len(groups.size)
        tree = linkage(Pairs(a, b, np.zeros(len(a)), total), [], groups.size)
        if not len(tree.height):
            return
        roots, group = regrouped(tree)
        yield tree, roots, group
        old = (roots[group[a]] < count) & (roots[group[b]] < count)  # of two groups that did not change
        known = group[a[old]], group[b[old]], total[old]
        a, b = pairs_of(group[a[~old]], group[b[~old]])
        if not len(a):
            return
        groups = groups.joined(group)
        total = scored(groups, a, b)
        a, b, total = (np.concatenate(columns) for columns in zip(known, (a, b, total), strict=True))


def regrouped(tree: Tree) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the topmost node of each group that a tree makes, and the group of each leaf, numbered by first leaves."""
    root = np.arange(tree.leaves + len(tree.height))
    for merge in range(len(tree.height) - 1, -1, -1):
        root[tree.left[merge]] = root[tree.right[merge]] = root[tree.leaves + merge]
    _, first, label = np.unique(root[: tree.leaves], return_index=True, return_inverse=True)
    first, group = np.sort(first), np.argsort(np.argsort(first))[label]
    return root[first], group


def pairs_of(one: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct pairs of different numbers, the lower one first, sorted."""
    width = max(one.max(initial=0), other.max(initial=0)) + 1
    keys = np.sort((np.minimum(one, other) * width + np.maximum(one, other))[one != other])
    keys = keys[is_first(keys)]
    return keys // width, keys % width


def is_first(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some ascending values are not those before them; shape (values,)."""
    found = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _inside(
    tree: Tree, story: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the merges inside stories, with nodes numbered anew, and the topmost node of each story."""
    of, top = story.tolist(), [-1] * (int(story.max(initial=-1)) + 1)
    number, inside = list(range(tree.leaves)), np.zeros(len(tree.height), bool)
    for leaf, mine in enumerate(of):
        if top[mine] < 0:
            top[mine] = leaf
    count = tree.leaves
    follows = [False] * tree.leaves if tree.follows is None else tree.follows.tolist()
    for merge, (a, b) in enumerate(zip(tree.left.tolist(), tree.right.tolist(), strict=True)):
        mine = of[a] if of[a] == of[b] else -1
        follows.append(follows[a] and follows[b])
        if mine < 0 and follows[a] != follows[b]:  # it follows a story that it does not belong to
            joined = b if follows[a] else a
            of.append(of[joined])
            number.append(number[joined])
            continue
        of.append(mine)
        number.append(count)
        if mine >= 0:
            inside[merge], top[mine] = True, count
            count += 1
    numbers = np.array(number, np.int64)
    return numbers[tree.left[inside]], numbers[tree.right[inside]], tree.height[inside], np.array(top, np.int64)
