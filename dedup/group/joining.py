"""Joins by an embedding: articles that words left alone are added to stories.

Average linkage of the stories that words found, by the chance that pairs of their articles are of one story (see
`dedup.match.meaning`): from a mean of `EVEN` two of them merge.

An embedding only joins: what words made one story stays one, and

- two stories of several articles each are never united, be it directly or by way of an article that joins both;
- no article is added that would join two storylines of words which each have such a story;
- copies are left to words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from operator import add

import numpy as np
from numpy.typing import NDArray

from dedup.group.cut import EVENT, PAIR, SAME_EVENT, drop_at, height_needed
from dedup.group.linkage import Tree
from dedup.group.merging import merges
from dedup.match.meaning import UNIT, Near

EVEN = 0.5
"""Mean chance from which two groups merge: it is more likely that they belong together than that they do not."""


@dataclass(frozen=True, slots=True)
class _Merge:
    """Two groups that merge, by numbers, and the mean chance of their pairs."""

    a: int
    b: int
    chance: float


def with_joins(
    tree: Tree,
    story: NDArray[np.int64],
    storyline: NDArray[np.int64],
    near: Near,
    known: NDArray[np.bool_],
    articles: NDArray[np.int64],
) -> Tree:
    """Add the merges by an embedding to a merge tree.

    Args:
        tree: the merge tree by words, with storylines.
        story, storyline: of each article by words, shape (articles,), from 0 on.
        near: pairs that the embedding finds close. A pair that is not among them counts as unrelated.
        known: whether each article takes part, shape (articles,).
        articles: how many articles each stands for: itself and those that are equal to it, shape (articles,).

    Returns:
        The tree with `embedded` merges above the stories of words, and none above these.
    """
    return _Builder(tree, story).built(_story_joins(story, storyline, near, known, articles))


def story_joins(
    story: NDArray[np.int64],
    storyline: NDArray[np.int64],
    near: Near,
    known: NDArray[np.bool_],
    articles: NDArray[np.int64],
) -> list[tuple[int, int, float]]:
    """Return the merges of stories: two of them and the mean chance of their pairs, the highest first.

    The arguments are those of `with_joins`. A merged story goes by the number of one of its parts.
    """
    return [(one.a, one.b, one.chance) for one in _story_joins(story, storyline, near, known, articles)]


def _story_joins(
    story: NDArray[np.int64],
    storyline: NDArray[np.int64],
    near: Near,
    known: NDArray[np.bool_],
    articles: NDArray[np.int64],
) -> Iterator[_Merge]:
    """Yield the merges of stories."""
    several = _sums(story, articles) > 1
    above = np.zeros(len(several), np.int64)
    above[story] = storyline
    wide = np.zeros(int(storyline.max(initial=-1)) + 1, np.bool_)
    np.logical_or.at(wide, above, several)
    lines = _Sets(wide.tolist())

    def unites(a: int, b: int) -> bool:
        return lines.unite(int(above[a]), int(above[b]))

    return _linkage(story, near, known.astype(np.int64), several, unites)


def _linkage(
    group: NDArray[np.int64],
    near: Near,
    texts: NDArray[np.int64],
    several: NDArray[np.bool_],
    unites: Callable[[int, int], bool],
) -> Iterator[_Merge]:
    """Yield the merges of groups; those of merged groups go by the number of one of them.

    Args:
        group: of each article, shape (articles,).
        near: pairs of articles with the chance of each.
        texts: 1 for an article that takes part, else 0, shape (articles,).
        several: whether a group may merge with no other such group, shape (groups,).
        unites: called with two groups that are to merge; false if they may not.
    """
    size, fixed = _sums(group, texts).tolist(), several.tolist()
    order = np.unique(group, return_index=True)[1].tolist()  # ties are broken by the first article of each group
    sums: list[dict[int, int]] = [{} for _ in size]
    near = near.where(near.story > 0)
    ends = group[near.a], group[near.b]
    for a, b, chance in zip(*(end.tolist() for end in ends), near.story.tolist(), strict=True):
        if a != b and not (fixed[a] and fixed[b]):
            sums[a][b] = sums[b][a] = sums[a].get(b, 0) + chance

    def score(a: int, b: int, total: int) -> float | None:
        mean = total / (size[a] * size[b] * UNIT) if size[a] and size[b] else 0.0
        return mean if mean >= EVEN and not (fixed[a] and fixed[b]) else None

    for a, b, chance in merges(sums, order, score, add, unites):
        yield _Merge(a, b, chance)
        size[a] += size[b]
        fixed[a] = fixed[a] or fixed[b]


class _Builder:
    """Builds a merge tree anew: the merges inside stories, and joins above them."""

    def __init__(self, tree: Tree, story: NDArray[np.int64]) -> None:
        self._tree = tree
        self._left, self._right, self._height = list[int](), list[int](), list[float]()
        follows = [False] * tree.leaves if tree.follows is None else tree.follows.tolist()
        leaves = zip(tree.weights.tolist(), follows, strict=True)
        self._nodes = [_Node(size, np.inf, follow) for size, follow in leaves]
        count = int(story.max(initial=-1)) + 1
        self._top, self._sets, story_of = [-1] * count, _Sets([False] * count), story.tolist()
        for leaf, mine in enumerate(story_of):
            self._top[mine] = leaf if self._top[mine] < 0 else self._top[mine]
        inside = slice(len(tree.height) - tree.joined)
        merges = (column[inside].tolist() for column in (tree.left, tree.right, tree.height))
        for a, b, height in zip(*merges, strict=True):
            mine = story_of[b if follows[a] else a]  # of what is followed, if one follows the other
            follows.append(follows[a] and follows[b])
            story_of.append(mine)
            self._top[mine] = self._add(a, b, height)

    def _add(self, left: int, right: int, height: float) -> int:
        """Add a merge and return its node."""
        a, b = self._nodes[left], self._nodes[right]
        if a.follows == b.follows:
            self._nodes.append(_Node(a.size + b.size, height, a.follows))
        else:
            self._nodes.append(b if a.follows else a)  # nothing changes for what is followed
        self._left.append(left)
        self._right.append(right)
        self._height.append(height)
        return len(self._nodes) - 1

    def built(self, joins: Iterable[_Merge]) -> Tree:
        """Return the tree, given the merges of stories."""
        before = len(self._height)
        for join in joins:
            self._join(join.a, join.b, self._story_height(join))
        return replace(
            self._tree,
            left=np.array(self._left, np.int64),
            right=np.array(self._right, np.int64),
            height=np.array(self._height, np.float64),
            joined=0,
            embedded=len(self._height) - before,
        )

    def _join(self, a: int, b: int, height: float) -> None:
        """Merge the nodes that two stories are in now, if they are not in one."""
        a, b = self._sets.root(a), self._sets.root(b)
        if a != b:
            self._sets.unite(a, b)
            self._top[self._sets.root(a)] = self._add(self._top[a], self._top[b], height)

    def _story_height(self, join: _Merge) -> float:
        """The height of a join: the threshold of two articles for an even chance, twice that for a certain one.

        It is at least what the cut needs at the default granularity, where the join was decided.
        """
        one, other = (self._nodes[self._top[self._sets.root(story)]] for story in (join.a, join.b))
        sizes, heights = (one.size, other.size), (one.height, other.height)
        needed = height_needed(SAME_EVENT, drop_at(EVENT, min(sizes)), sizes, heights)
        return max(needed, PAIR * SAME_EVENT * join.chance / EVEN)


@dataclass(frozen=True, slots=True)
class _Node:
    """What the cut reads of a node: its articles, the height at which it formed, and whether it follows."""

    size: int
    height: float
    follows: bool


class _Sets:
    """Disjoint sets of numbers from 0 on, by union and find; at most one of two that are united may be `fixed`."""

    def __init__(self, fixed: list[bool]) -> None:
        self._parent, self._fixed = list(range(len(fixed))), fixed

    def root(self, one: int) -> int:
        """Return the number by which the set of a number goes."""
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def unite(self, a: int, b: int) -> bool:
        """Unite two sets; return whether they are one now."""
        a, b = self.root(a), self.root(b)
        if a != b:
            if self._fixed[a] and self._fixed[b]:
                return False
            self._parent[b] = a
            self._fixed[a] = self._fixed[a] or self._fixed[b]
        return True


def _sums(group: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of the numbers of the articles of each group, shape (groups,)."""
    found = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    np.add.at(found, group, numbers)
    return found
