"""Average linkage by kernels, bit for bit equal to `dedup.group.linkage.average_linkage`.

Nearest-neighbour chains (Benzécri 1982; Murtagh 1983): follow nearest neighbours from any group until two groups are
each other's, and merge these. That is exact because average linkage is reducible: a merged group is no more similar to
a third than the more similar of its parts was. A pair without a score counts 0, which is reducible too. Ties go to the
groups with the earliest articles, as in the plain form, which orders all pairs strictly; sorted in that order, the
merges are those of the plain form. No heap is needed, and no neighbour's list is searched.

Heights are compared as floating-point numbers, as in the plain form. Different means that round to the same number
could be a tie there and come in another order here; that needs two pairs of groups of some hundred articles each with
means that differ by less than one part in 2⁵³.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dedup.group.linkage import LOWEST, Tree, unit_follows
from dedup.match.stories import Pairs
from dedup.vectorize.exact import SCORE_UNIT
from dedup.vectorize.kernels.compiling import Whole, kept, kernel

_Memory = TypeVar("_Memory", NDArray[np.int32], NDArray[np.int64])


def average_linkage(
    pairs: Pairs,
    groups: Sequence[Sequence[int]],
    weights: NDArray[np.int64],
    follows: NDArray[np.bool_] | None = None,
) -> Tree:
    """Build the merge tree of articles by nearest-neighbour chains.

    Plain form: `group.linkage.average_linkage`.

    Args:
        pairs: the scored pairs, each once.
        groups: disjoint groups of articles that are merged before all others: the copies of one text.
        weights: 1, or 0 for an article that the representative of its group replaces, shape (articles,); only
            representatives have scores.
        follows: whether each article only follows, shape (articles,); None if none does.

    Raises:
        ZeroDivisionError: an article of weight 0 has a score.
    """
    articles = len(weights)
    copies = [sorted(group) for group in groups]
    follows = unit_follows(copies, follows, articles)
    first = np.arange(articles)
    for group in copies:
        first[group] = group[:1]
    size = np.zeros(articles, np.int64)
    np.add.at(size, first, weights.astype(np.int64))
    a, b = first[pairs.a], first[pairs.b]
    apart = a != b
    a, b, score = a[apart], b[apart], pairs.score[apart].astype(np.int64)
    if len(a) and not size[a].all() & size[b].all():
        raise ZeroDivisionError("an article that counts for none has a score of its own")
    low, high, height = _chains(a, b, score, size, follows)
    in_order = np.lexsort((high, low, -height))
    count = sum(len(group) - 1 for group in copies if group)
    left, right = np.empty(count + len(low), np.int64), np.empty(count + len(low), np.int64)
    left[:count] = [group[0] for group in copies for _ in group[1:]]
    right[:count] = [article for group in copies for article in group[1:]]
    left[count:], right[count:] = low[in_order], high[in_order]
    _number(left, right, follows)
    return Tree(
        articles, left, right, np.concatenate([np.full(count, np.inf), height[in_order]]), weights, follows=follows
    )


@kept
def _number(left: NDArray[np.int64], right: NDArray[np.int64], follows: NDArray[np.bool_]) -> None:
    """Replace the first article of each group by the number of its node."""
    articles = len(follows)
    node = np.arange(articles)
    for merge in range(len(left)):
        low, high = left[merge], right[merge]
        left[merge], right[merge] = node[low], node[high]
        node[high if follows[low] and not follows[high] else low] = articles + merge


@kernel
def _group_of(merged: NDArray[np.int32], article: int) -> int:
    """The group that an article or a group is now part of, by its first article; with path halving."""
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
    """Update the list of a group: replace merged neighbours by their groups, each once, without the group itself.

    Neighbours that have joined as followers are left out: they are part of no group, but of the one after the last.
    """
    none = len(begin)
    start = begin[group]
    end = start
    for entry in range(start, start + length[group]):
        now = _group_of(merged, other[entry])
        if now in (group, none):
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
    """Move the lists in use to the beginning of the memory; return their number and their end."""
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
    """A larger copy of the memory."""
    larger = np.empty(room, memory.dtype)
    for place in range(used):
        larger[place] = memory[place]
    return larger


@kept
def _chains(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    score: NDArray[np.int64],
    size: NDArray[np.int64],
    follows: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The merges, unordered: the first articles of both groups, lower and higher, and the heights."""
    count, room = len(size), 2 * len(a)
    # Each group has a list of its neighbours with the sums of scores to them. Lists of merged groups are appended to
    # the memory; when it is full, all lists in use are moved to its beginning.
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
    merged, seen = np.arange(count + 1).astype(np.int32), np.full(count, -1, np.int64)
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
                # Of equal pairs the one with the earliest articles; all of them share `group`.
                if mean > best or nearest < 0 or its < nearest:
                    nearest, best = its, mean
            if nearest < 0:
                links -= 1  # it never merges; it is then alone on the chain
                continue
            if links < 2 or chain[links - 2] != nearest:
                chain[links] = nearest
                links += 1
                continue
            links -= 2
            kept_, gone = min(group, nearest), max(group, nearest)
            low[merges], high[merges], height[merges] = kept_, gone, best
            merges += 1
            if follows[kept_] and not follows[gone]:
                kept_, gone = gone, kept_
            if links == 0:
                chain[0], links = kept_, 1  # the start of the chain has merged: go on from its group
            if follows[gone] and not follows[kept_]:
                merged[gone], length[gone] = count, 0
                continue
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
