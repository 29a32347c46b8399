"""Scores of the hits of a search, their sums by story, and their ranking."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.index.search.segments import Hits
from dedup.index.search.table import Columns
from dedup.match.scores import FORMULAS, Scoring, days_apart, final_score
from dedup.match.stories import FLOOR
from dedup.vectorize.exact import DOT_UNIT
from dedup.vectorize.kernels.compiling import callable_by_kernels, kept
from dedup.vectorize.kernels.machine import fetch

BYTES = 64
"""Bytes that are read into the cache together."""
_Places = NDArray[np.int64]
_Scored = tuple[_Places, _Places, NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
_Vectors = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]
for formula in FORMULAS:
    callable_by_kernels(formula)


@kept
def score_pairs(
    keys: NDArray[np.uint64],
    name_vectors: _Vectors,
    slots: NDArray[np.int64],
    articles: Columns,
    language: NDArray[np.int16],
    representative: NDArray[np.bool_],
    scoring: Scoring,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Score all pairs among some articles, and return those with a positive score, in order.

    Pairs of two languages are compared by `name_vectors`, which may be empty where there is one language.

    Plain form: `index.stories.regroup._by_numpy`.

    Args:
        keys: the entries of the vectors, from `layout.sort_by_term`.
        name_vectors: starts, terms and weights of the cross-lingual vectors.
        slots: of the articles.
        articles: columns by slot.
        language, representative: by slot.
        scoring: see `match.scores`.

    Returns:
        The places of both articles in `slots`, cosine and score.
    """
    count = len(slots)
    names_start, names, name_weights = name_vectors
    seconds, background, outlet, form = (
        articles.seconds, articles.background_similarity, articles.outlet, articles.form,
    )  # fmt: skip
    a, b = np.empty(count * (count - 1) // 2, np.int64), np.empty(count * (count - 1) // 2, np.int64)
    cosines, scores, found = np.empty(len(a)), np.empty(len(a), np.int64), 0
    sums = np.zeros((count, count), np.int32)
    first = 0
    while first < len(keys):
        last = first + 1
        while last < len(keys) and keys[last] >> np.uint64(32) == keys[first] >> np.uint64(32):
            last += 1
        for one in range(first, last - 1):
            mine = sums[keys[one] >> np.uint64(16) & np.uint64(0xFFFF)]
            weight = np.int32(keys[one] & np.uint64(0xFFFF))
            for other in range(one + 1, last):
                key = keys[other]
                mine[key >> np.uint64(16) & np.uint64(0xFFFF)] += weight * np.int32(key & np.uint64(0xFFFF))
        first = last
    for row in range(count - 1):
        if not representative[slots[row]]:
            continue
        for other in range(row + 1, count):
            one, other_slot = slots[row], slots[other]
            if not representative[other_slot]:
                continue
            dot = np.int64(0)
            if language[one] != language[other_slot] and language[one] >= 0 and language[other_slot] >= 0:
                left, right = names_start[row], names_start[other]
                while left < names_start[row + 1] and right < names_start[other + 1]:
                    if names[left] == names[right]:
                        dot += np.int64(name_weights[left]) * np.int64(name_weights[right])
                        left += 1
                        right += 1
                    elif names[left] < names[right]:
                        left += 1
                    else:
                        right += 1
            else:
                dot = np.int64(sums[row, other])
            cosine = np.float64(dot) * DOT_UNIT
            if cosine > FLOOR:
                days = days_apart(seconds[one], seconds[other_slot])
                same = outlet[one] == outlet[other_slot] and outlet[one] >= 0
                both = background[one], background[other_slot]
                score = np.int64(final_score(cosine, *both, days, same, form[one], form[other_slot], scoring))
                if score > 0:
                    a[found], b[found], cosines[found], scores[found] = row, other, cosine, score
                    found += 1
    return a[:found].copy(), b[:found].copy(), cosines[:found].copy(), scores[:found].copy()


@kept
def score_hits(
    hits: Hits,
    articles: Columns,
    queries: Columns,
    scoring: Scoring,
    prefix: int,
    least: int,
) -> _Scored:
    """Score the hits of queries.

    Hits beyond the window are left out, unless at least `least` of the first `prefix` signature bytes are equal: those
    may be copies.

    Plain form: `index.search.neighbours.score_by_numpy`.

    Returns:
        The places of the hits that are left, the end of each query's hits among them, cosine, score, days, and the
        number of equal signature bytes.
    """
    total, count = len(hits.slots), len(hits.start) - 1
    cosines, scores = np.empty(total), np.empty(total, np.int64)
    days, agreeing = np.empty(total), np.empty(total, np.int64)
    places, ends, found = np.empty(total, np.int64), np.empty(count, np.int64), np.int64(0)
    width = articles.signature_bytes.shape[1]
    for query in range(count):
        for at in range(hits.start[query], hits.start[query + 1]):  # the articles lie far apart in memory
            slot = hits.slots[at]
            fetch(articles.seconds, slot)
            fetch(articles.background_similarity, slot)
            fetch(articles.outlet, slot)
            fetch(articles.form, slot)
            for byte in range(0, width, BYTES):
                fetch(articles.signature_bytes, slot * width + byte)
        own, background = queries.signature_bytes[query], queries.background_similarity[query]
        for at in range(hits.start[query], hits.start[query + 1]):
            slot = hits.slots[at]
            other = articles.signature_bytes[slot]
            apart = days_apart(articles.seconds[slot], queries.seconds[query])
            if apart > scoring.window:
                if hits.foreign[at]:
                    continue
                equal = np.int64(0)
                for place in range(prefix):
                    equal += np.int64(own[place] == other[place])
                if equal < least:
                    continue
            cosine, outlet = np.float64(hits.dots[at]) * DOT_UNIT, articles.outlet[slot]
            same = outlet == queries.outlet[query] and outlet >= 0
            both = articles.background_similarity[slot], background
            forms = articles.form[slot], queries.form[query]
            score = final_score(cosine, *both, apart, same, *forms, scoring)
            equal = np.int64(0)
            for place in range(len(own)):
                equal += np.int64(own[place] == other[place])
            places[found], cosines[found], scores[found], days[found] = at, cosine, np.int64(score), apart
            agreeing[found] = equal
            found += 1
        ends[query] = found
    return places[:found], ends, cosines[:found], scores[:found], days[:found], agreeing[:found]


@kept
def sums_by_story(
    slots: NDArray[np.int64],
    scores: NDArray[np.int64],
    story: NDArray[np.int64],
    representative: NDArray[np.bool_],
    enough: float,
    best_enough: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum scores by story, and return the stories whose sum or highest score is enough; unordered.

    Plain form: `index.search.neighbours.sums_by_story`.
    """
    size = 8
    while size < 2 * len(slots):
        size *= 2
    wrap = size - 1
    keys = np.full(size, -1, np.int64)
    total, best = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for at in range(len(slots)):
        slot = slots[at]
        if scores[at] > 0 and representative[slot]:
            number = story[slot]
            place = (number * 40503 >> 4) & wrap
            while keys[place] >= 0 and keys[place] != number:
                place = (place + 1) & wrap
            keys[place] = number
            total[place] += scores[at]
            best[place] = max(best[place], scores[at])
    count = 0
    for place in range(size):
        if keys[place] >= 0 and (total[place] >= enough or best[place] >= best_enough):
            keys[count], total[count], best[count] = keys[place], total[place], best[place]
            count += 1
    return keys[:count].copy(), total[:count].astype(np.float64), best[:count].astype(np.float64)


@kept
def strongest(
    slots: NDArray[np.int64],
    scores: NDArray[np.int64],
    cosines: NDArray[np.float64],
    number: NDArray[np.int64],
    story: NDArray[np.int64],
    copies: NDArray[np.int64],
    joined: int,
    most: int,
) -> NDArray[np.int64]:
    """The places of the first `most` hits that are copies or have a score, ranked.

    `copies` has the numbers of the copies, `joined` is the story that the article joins.

    Plain form: `index.search.neighbours.strongest`.
    """
    found = np.empty(most + 1, np.int64)
    rank = np.empty(most + 1, np.int64)
    count = 0
    for at in range(len(slots)):
        slot = slots[at]
        is_copy = False
        for one in copies:
            is_copy = is_copy or one == number[slot]
        if scores[at] <= 0 and not is_copy:
            continue
        own_rank = (0 if is_copy else 2) + (0 if story[slot] == joined else 1)
        if count == most and own_rank == rank[most - 1] and scores[at] < scores[found[most - 1]]:
            continue
        place = count
        while place > 0:
            other, other_rank = found[place - 1], rank[place - 1]
            before = own_rank < other_rank
            if own_rank == other_rank:
                before = scores[at] > scores[other]
                if scores[at] == scores[other]:
                    before = cosines[at] > cosines[other]
                    if cosines[at] == cosines[other]:
                        before = number[slot] < number[slots[other]]
            if not before:
                break
            found[place], rank[place] = other, other_rank
            place -= 1
        if place < most:
            found[place], rank[place] = at, own_rank
            count = min(most, count + 1)
    return found[:count].copy()
