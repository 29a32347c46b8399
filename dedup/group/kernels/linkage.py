"""The merge tree by kernels: what `dedup.group.linkage.average_linkage` returns, to the bit.

Nearest-neighbour chains (Benzécri 1982; Murtagh 1983): from any group go to the one most like it, and on, until two are
each other's; these may merge at once, for average linkage is reducible: no merge makes its result more like a third
group than the more alike of the two was. A pair without a score counts 0, which is reducible too. Ties go as in the
plain form, to the groups with the earliest articles, which orders all pairs strictly; put in that order, the merges are
those of the plain form, one after the other. There is no heap, and no list of a neighbour is ever searched.

Heights are compared as the plain form compares them, as floating-point numbers. Different means that round to the same
number could be taken for a tie by it and come in another order here; that needs two pairs of groups of some hundred
articles each whose means differ by less than one part in 2⁵³.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.group.linkage import LOWEST, Tree
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.kernels.compiling import Whole, kept, kernel

_Memory = TypeVar("_Memory", NDArray[np.int32], NDArray[np.int64])


def average_linkage(pairs: Pairs, groups: Sequence[Sequence[int]], weights: NDArray[np.int64]) -> Tree:
    """The merge tree of articles.

    Plain form: `group.linkage.average_linkage`.

    Args:
        pairs: their scored pairs, none of them twice.
        groups: disjoint groups of articles that are merged before all others: the copies of one text.
        weights: for how many articles each counts, shape (articles,): 1, or 0 for one that another of its group, which
            alone has scores, stands for.

    Raises:
        ZeroDivisionError: an article that counts for none has a score of its own.
    """
    articles = len(weights)
    whole = [sorted(group) for group in groups]
    first = np.arange(articles)
    for group in whole:
        first[group] = group[:1]
    size = np.zeros(articles, np.int64)
    np.add.at(size, first, weights.astype(np.int64))
    a, b = first[pairs.a], first[pairs.b]
    apart = a != b
    a, b, score = a[apart], b[apart], pairs.score[apart].astype(np.int64)
    if len(a) and not size[a].all() & size[b].all():
        raise ZeroDivisionError("an article that counts for none has a score of its own")
    low, high, height = _chains(a, b, score, size)
    in_order = np.lexsort((high, low, -height))
    copies = sum(len(group) - 1 for group in whole if group)
    left, right = np.empty(copies + len(low), np.int64), np.empty(copies + len(low), np.int64)
    left[:copies] = [group[0] for group in whole for _ in group[1:]]
    right[:copies] = [article for group in whole for article in group[1:]]
    left[copies:], right[copies:] = low[in_order], high[in_order]
    _number(left, right, articles)
    return Tree(articles, left, right, np.concatenate([np.full(copies, np.inf), height[in_order]]), weights)


@kept
def _number(left: NDArray[np.int64], right: NDArray[np.int64], articles: int) -> None:
    """Puts the number of its node in the place of each group's first article."""
    node = np.arange(articles)
    for merge in range(len(left)):
        low, high = left[merge], right[merge]
        left[merge], right[merge] = node[low], node[high]
        node[min(low, high)] = articles + merge


@kernel
def _group_of(merged: NDArray[np.int32], article: int) -> int:
    """The group that an article, or a group, has become part of: by its first article."""
    while merged[article] != article:
        merged[article] = merged[merged[article]]
        article = merged[article]
    return article


@kernel
def _gathered(
    group: int,
    begin: NDArray[np.int64],
    length: NDArray[np.int64],
    other: NDArray[np.int32],
    total: NDArray[np.int64],
    merged: NDArray[np.int32],
    seen: NDArray[np.int64],
) -> None:
    """Brings a group's list up to date: what its neighbours have become part of, each once, and not itself."""
    start = begin[group]
    end = start
    for entry in range(start, start + length[group]):
        now = _group_of(merged, other[entry])
        if now == group:
            continue
        place = seen[now]
        if start <= place < end and other[place] == now:
            total[place] += total[entry]
        else:
            other[end], total[end], seen[now] = now, total[entry], end
            end += 1
    length[group] = end - start


@kernel
def _moved_together(
    owner: NDArray[np.int64],
    owned: NDArray[np.int64],
    lists: int,
    begin: NDArray[np.int64],
    length: NDArray[np.int64],
    other: NDArray[np.int32],
    total: NDArray[np.int64],
) -> tuple[int, int]:
    """Moves the lists that are still in use to the beginning of the memory; how many they are, and where they end."""
    kept_, used = 0, 0
    for number in range(lists):
        group, start = owner[number], owned[number]
        if begin[group] != start or length[group] == 0:
            continue
        owner[kept_], owned[kept_], begin[group] = group, used, used
        kept_ += 1
        for entry in range(start, start + length[group]):
            other[used], total[used] = other[entry], total[entry]
            used += 1
    return kept_, used


@kernel
def _with_room(memory: _Memory, used: int, room: int) -> _Memory:
    """Memory that has more room, and holds the same."""
    larger = np.empty(room, memory.dtype)
    for place in range(used):
        larger[place] = memory[place]
    return larger


@kept
def _chains(
    a: NDArray[np.int64], b: NDArray[np.int64], score: NDArray[np.int64], size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The first articles of the groups that merge, the lower and the higher, and the heights; in no order."""
    count, room = len(size), 2 * len(a)
    # Each group has a list of its neighbours and of the scores to them added up. Lists of merged groups are put one
    # after the other at the end of the memory; where there is no room left, all are moved together to its beginning.
    begin, length = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for pair in range(len(a)):
        length[a[pair]] += 1
        length[b[pair]] += 1
    owner, owned = np.empty(2 * count, np.int64), np.empty(2 * count, np.int64)
    lists: Whole = np.int64(0)
    used: Whole = np.int64(0)
    for group in range(count):
        if length[group]:
            owner[lists], owned[lists] = group, used
            lists += 1
        begin[group], length[group], used = used, 0, used + length[group]
    other, total = np.empty(room + room // 2, np.int32), np.empty(room + room // 2, np.int64)
    for pair in range(len(a)):
        for one, its in ((a[pair], b[pair]), (b[pair], a[pair])):
            place = begin[one] + length[one]
            other[place], total[place] = its, score[pair]
            length[one] += 1
    merged, seen = np.arange(count).astype(np.int32), np.full(count, -1, np.int64)
    members = size.copy()
    low, high, height = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    merges = 0
    chain = np.empty(count + 1, np.int64)
    for start in range(count):
        if merged[start] != start or length[start] == 0:
            continue
        chain[0], links = start, 1
        while links:
            group = chain[links - 1]
            _gathered(group, begin, length, other, total, merged, seen)
            nearest, best = np.int64(-1), LOWEST
            for entry in range(begin[group], begin[group] + length[group]):
                its = np.int64(other[entry])
                mean = np.float64(total[entry]) * SCORE_UNIT / np.float64(members[group] * members[its])
                if mean < best:
                    continue
                # Of pairs at one height the one whose first articles come first: all of these have `group` in common.
                if mean > best or nearest < 0 or its < nearest:
                    nearest, best = its, mean
            if nearest < 0:
                links -= 1  # it merges with nothing, now or later; then it is alone on the chain
                continue
            if links < 2 or chain[links - 2] != nearest:
                chain[links] = nearest
                links += 1
                continue
            links -= 2
            if links == 0:
                links = 1  # the first of the chain has merged: its group, of which it is the first, goes on
            kept_, gone = min(group, nearest), max(group, nearest)
            low[merges], high[merges], height[merges] = kept_, gone, best
            merges += 1
            merged[gone] = kept_
            members[kept_] += members[gone]
            needed = length[kept_] + length[gone]
            if used + needed > len(other):
                lists, used = _moved_together(owner, owned, lists, begin, length, other, total)
            if used + needed > len(other):
                other, total = _with_room(other, used, used + needed), _with_room(total, used, used + needed)
            place = used
            for part in (kept_, gone):
                for entry in range(begin[part], begin[part] + length[part]):
                    other[place], total[place] = other[entry], total[entry]
                    place += 1
            owner[lists], owned[lists] = kept_, used
            lists += 1
            begin[kept_], length[kept_], length[gone] = used, needed, 0
            used = place
    return low[:merges], high[:merges], height[:merges]
