"""Passages that two texts share, verbatim or nearly so, with their places in both.

Seed and extend (Altschul et al. 1990): runs of words in both texts are extended to both sides over edits, as long as
the words gained outweigh them, by the greedy alignment of Zhang, Schwartz, Wagner & Miller (2000), whose time grows
with the edits rather than with the words.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from dedup.comparison import Passage, Piece
from dedup.text.spans import Spans, spans

SEED = 3
"""Words of a run in both texts that starts a passage."""
FEWEST = 6.0
"""Least words of a passage: fewer are a turn of phrase. A pair of characters counts half."""
EDIT = 2.0
"""Cost of an edited word: that of two shared words, so that a changed word costs one on balance."""
SLACK = 6.0
"""How far the value of a passage may drop before its extension stops (X-drop)."""
LONE, REACH, SHIFT = 5, 16, 4
"""Words of a run that is a seed by itself; a shorter one needs another run within `REACH` words, on a diagonal that
differs by at most `SHIFT`."""
MOST_PLACES = 16
"""Places of a run in a text up to which all pairs of places are seeds; beyond, only the first and those in turn."""
MOST_STEPS = 64
"""Steps of all extensions together, for each word of the two texts; then seeds are no longer extended. In texts of few
words, repeated in another order, no alignment ends early. Of 1,200 pairs of real articles one takes 9, the others 4."""

_Step = tuple[int, int, int]  # words of the one text, of the other, and the length of the equal run that follows


def shared_passages(one: str, other: str) -> tuple[Passage, ...]:
    """Find the passages that two texts share, in the order of the first text.

    A passage begins and ends with a shared word. Passages may overlap where a text repeats what the other has once.
    Punctuation, capitals and white space are ignored, but closing punctuation of both is included.
    """
    a, b = spans(one), spans(other)
    passages = [_passage(runs, a, b, one, other) for runs in _aligned(a, b)]
    return tuple(sorted(passages, key=lambda found: (found.a_start, found.b_start)))


def _aligned(a: Spans, b: Spans) -> list[list[_Step]]:
    """Align two texts into passages, each a list of runs of equal words: places in both, and length."""
    first, second = _numbered(a.words, b.words)
    value = [1 - np.frombuffer(text.pairs, np.uint8) / 2 for text in (a, b)]
    covered = [np.zeros(len(text), bool) for text in (a, b)]
    found: list[list[_Step]] = []
    left, right = first.tolist(), second.tolist()
    left_back, right_back = left[::-1], right[::-1]
    steps = MOST_STEPS * (len(left) + len(right))
    for i, j, length in _seeds(first, second):
        if covered[0][i : i + length].all() and covered[1][j : j + length].all():
            continue
        before, steps = _extension(left_back, right_back, len(left) - i, len(right) - j, length, steps)
        after, steps = _extension(left, right, i + length, j + length, length, steps)
        turned = [(len(left) - x - size, len(right) - y - size, size) for x, y, size in reversed(before)]
        runs = _joined([*turned, (i, j, length), *after])
        if sum(float(value[0][x : x + size].sum()) for x, _, size in runs) < FEWEST:
            continue
        inside = [slice(runs[0][k], runs[-1][k] + runs[-1][2]) for k in (0, 1)]
        if max(float(value[k][s][~covered[k][s]].sum()) for k, s in enumerate(inside)) >= FEWEST:
            found.append(runs)
            for k, s in enumerate(inside):
                covered[k][s] = True
    return found


def _numbered(a: list[str], b: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the words of two texts, equal words alike."""
    number: dict[str, int] = {}
    for word in chain(a, b):
        number.setdefault(word, len(number))
    first, second = (np.fromiter(map(number.__getitem__, words), np.int64, len(words)) for words in (a, b))
    return first, second


def _seeds(one: NDArray[np.int64], other: NDArray[np.int64]) -> list[_Step]:
    """The maximal runs of at least `SEED` words in both texts, the longest first."""
    if min(len(one), len(other)) < SEED:
        return []
    first, second = one, other
    for step in range(1, SEED):  # the number of a run of words is that of a run shorter by one, and of the next word
        width = int(max(one.max(), other.max())) + 1
        longer = [run[:-1] * width + text[step:] for run, text in ((first, one), (second, other))]
        _, gram = np.unique(np.concatenate(longer), return_inverse=True)
        first, second = gram[: len(longer[0])], gram[len(longer[0]) :]
    order = np.argsort(second, kind="stable")
    ranked = second[order]
    begin, end = np.searchsorted(ranked, first), np.searchsorted(ranked, first, side="right")
    count = end - begin
    few = np.maximum(count, np.bincount(first)[first]) <= MOST_PLACES
    pairs = np.where(few, count, 0)
    i = np.repeat(np.arange(len(first)), pairs)
    j = order[begin[i] + np.arange(len(i)) - (np.cumsum(pairs) - pairs)[i]]
    crowded = np.flatnonzero(~few & (count > 0))
    if len(crowded):
        in_turn = _ranks(first[crowded])
        i = np.concatenate([i, crowded, crowded])
        in_turn = np.minimum(in_turn, count[crowded] - 1)
        j = np.concatenate([j, order[begin[crowded]], order[begin[crowded] + in_turn]])
    return _runs(i, j, len(one))


def _ranks(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each value the number of equal ones before it."""
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    rank = np.empty(len(values), np.int64)
    rank[order] = np.arange(len(values)) - np.searchsorted(ranked, ranked)
    return rank


def _runs(i: NDArray[np.int64], j: NDArray[np.int64], width: int) -> list[_Step]:
    """Join the pairs of places of grams into runs, the longest first."""
    if not len(i):
        return []
    key = np.unique((i - j + 2**31) * (width + 1) + i)  # by diagonal, then along it
    breaks = np.flatnonzero(np.diff(key) != 1)
    start, stop = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(key) - 1]])
    place = key[start] % (width + 1)
    other = place - (key[start] // (width + 1) - 2**31)
    length = stop - start + SEED
    order = np.lexsort((other, place, -length))
    return _promising(list(zip(place[order].tolist(), other[order].tolist(), length[order].tolist(), strict=True)))


def _promising(runs: list[_Step]) -> list[_Step]:
    """The runs that are long or have another one near: the two-hit method (Altschul et al. 1997)."""
    by_place, kept = sorted(runs), set[_Step]()
    for number, run in enumerate(by_place):
        if run[2] >= LONE:
            kept.add(run)
        for other in by_place[number + 1 : number + 1 + MOST_PLACES]:
            if other[0] - run[0] > REACH:
                break
            if abs(other[0] - other[1] - run[0] + run[1]) <= SHIFT:
                kept |= {run, other}
    return [run for run in runs if run in kept]


def _extension(one: list[int], other: list[int], i: int, j: int, seed: int, most: int) -> tuple[list[_Step], int]:
    """Extend a seed forwards from two places: return runs of equal words with edits between them, and the steps left.

    For each number of edits the furthest place on each diagonal is known. Its value is half the words passed in both
    texts, less `EDIT` for each edit. The alignment ends where the value is highest; it stops when the value drops
    `SLACK` below that, or below the negative length of the seed, since what follows is then better off as a passage of
    its own; or after `most` steps, each a place that was looked at.
    """
    size_one, size_other = len(one) - i, len(other) - j
    snake = _snake(one, other, i, j)
    start = snake(0, 0)
    best, best_at = float(start), (0, 0)
    reached: list[dict[int, tuple[int, int, int]]] = [
        {0: (start, start, 0)}
    ]  # by diagonal: furthest x, run, the diagonal before
    edits = 0
    left = most - 1 - start
    while reached[-1] and left > 0:
        edits += 1
        last, current = reached[-1], dict[int, tuple[int, int, int]]()
        for diagonal in range(min(last) - 1, max(last) + 2):
            x, origin = -1, 0
            for before, step in ((diagonal, 1), (diagonal - 1, 1), (diagonal + 1, 0)):  # changed, only in one, in other
                if before in last and last[before][0] + step > x:
                    x, origin = last[before][0] + step, before
            y = x - diagonal
            if x < 0 or y < 0 or x > size_one or y > size_other:
                continue
            run = snake(x, y)
            left -= 1 + run
            value = (2 * (x + run) - diagonal) / 2 - EDIT * edits
            if value < max(best - SLACK, -seed):
                continue
            current[diagonal] = (x + run, run, origin)
            if value > best and run:
                best, best_at = value, (edits, diagonal)
        reached.append(current)
    steps: list[_Step] = []
    edits, diagonal = best_at
    while edits >= 0:
        x, run, before = reached[edits][diagonal]
        if run:
            steps.append((i + x - run, j + x - diagonal - run, run))
        edits, diagonal = edits - 1, before
    return steps[::-1], left


def _snake(one: list[int], other: list[int], i: int, j: int) -> Callable[[int, int], int]:
    """Return a function that counts the equal words from places x and y on."""
    end_one, end_other = len(one), len(other)

    def count(x: int, y: int) -> int:
        start = x = i + x
        y = j + y
        while x < end_one and y < end_other and one[x] == other[y]:
            x, y = x + 1, y + 1
        return x - start

    return count


def _joined(runs: list[_Step]) -> list[_Step]:
    """Join runs that follow each other without an edit."""
    joined = [runs[0]]
    for x, y, size in runs[1:]:
        i, j, length = joined[-1]
        if (i + length, j + length) == (x, y):
            joined[-1] = (i, j, length + size)
        else:
            joined.append((x, y, size))
    return joined


def _passage(runs: list[_Step], a: Spans, b: Spans, one: str, other: str) -> Passage:
    pieces = []
    for i, j, length in runs:
        a_end, b_end = a.ends[i + length - 1], b.ends[j + length - 1]
        while a_end < len(one) and b_end < len(other) and one[a_end] == other[b_end] and _closes(one[a_end]):
            a_end, b_end = a_end + 1, b_end + 1
        pieces.append(Piece(a.starts[i], a_end, b.starts[j], b_end))
    i, j, length = runs[0]
    words = sum(0.5 if pair else 1.0 for x, _, size in runs for pair in a.pairs[x : x + size])
    first, last = pieces[0], pieces[-1]
    whole = (first.a_start, last.a_end, first.b_start, last.b_end)
    return Passage(*whole, words=words, verbatim=len(pieces) == 1, pieces=tuple(pieces))


def _closes(letter: str) -> bool:
    """Whether a character belongs to the word before it, such as a full stop or a closing quotation mark."""
    return not letter.isalnum() and not letter.isspace() and letter not in "([{«‹„“‘¿¡-–—"
