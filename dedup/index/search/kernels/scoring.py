"""What is computed of each hit of a search, and what is made of all of them: twins of what `alike` does with NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedup.vectorize.kernels.compiling import Whole, kept, kernel

_Places = NDArray[np.int64]
_Columns = tuple[_Places, _Places, NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


@kernel
def _left(penalty: float, score: float, low: float, span: float) -> float:
    """What is left of a penalty at a score: `match.stories.faded`."""
    return penalty * min(max(1 - (score - low) / span, 0.0), 1.0)


@kernel
def _score(
    cosine: float,
    background_similarity: float,
    apart: float,
    same_outlet: bool,
    score_unit: float,
    date_penalty: float,
    date_span: float,
    outlet_penalty: float,
    low: float,
    span: float,
    window: float,
) -> Whole:
    """The score of a pair; `apart` is the days between the two, nan where one is unknown."""
    raw = cosine - background_similarity
    known = 0.0 if np.isnan(apart) else apart
    penalty = _left(date_penalty * min(1.0, known / date_span), raw, low, span)
    score = max(np.int64(0), np.int64(np.rint((raw - penalty) / score_unit)))
    if same_outlet:
        height = np.float64(score) * score_unit
        score -= np.int64(np.rint(_left(outlet_penalty, height, low, span) / score_unit))
    if apart > window:
        score = np.int64(0)
    return max(np.int64(0), score)


@kept
def pairs_scored(
    keys: NDArray[np.uint64],
    names_start: NDArray[np.int64],
    names: NDArray[np.int32],
    name_weights: NDArray[np.uint16],
    slots: NDArray[np.int64],
    seconds: NDArray[np.float64],
    background_similarity: NDArray[np.float64],
    outlet: NDArray[np.int32],
    tongue: NDArray[np.int16],
    stands: NDArray[np.bool_],
    dot_unit: float,
    floor: float,
    score_unit: float,
    day: float,
    date_penalty: float,
    date_span: float,
    outlet_penalty: float,
    low: float,
    span: float,
    window: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """The pairs among some vectors that have a score, in order; those of two tongues by names, if these are given.

    `keys` has the entries as `layout.by_term` gives them.
    """
    count = len(slots)
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
        if not stands[slots[row]]:
            continue
        for other in range(row + 1, count):
            one, its = slots[row], slots[other]
            if not stands[its]:
                continue
            dot = np.int64(0)
            if tongue[one] != tongue[its] and tongue[one] >= 0 and tongue[its] >= 0:
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
            cosine = np.float64(dot) * dot_unit
            if cosine > floor:
                score = _score(
                    cosine, (background_similarity[one] + background_similarity[its]) / 2,
                    abs(seconds[one] - seconds[its]) / day,
                    outlet[one] == outlet[its] and outlet[one] >= 0, score_unit, date_penalty, date_span,
                    outlet_penalty, low, span, window,
                )  # fmt: skip
                if score > 0:
                    a[found], b[found], cosines[found], scores[found] = row, other, cosine, score
                    found += 1
    return a[:found].copy(), b[:found].copy(), cosines[:found].copy(), scores[:found].copy()


@kept
def resemblance(
    start: NDArray[np.int64],
    slots: NDArray[np.int64],
    dots: NDArray[np.int64],
    foreign: NDArray[np.bool_],
    seconds: NDArray[np.float64],
    background_similarity: NDArray[np.float64],
    outlet: NDArray[np.int32],
    signature_bytes: NDArray[np.uint8],
    when: NDArray[np.float64],
    their_similarity: NDArray[np.float64],
    their_outlet: NDArray[np.int32],
    their_marks: NDArray[np.uint8],
    beginning: int,
    least: int,
    dot_unit: float,
    score_unit: float,
    day: float,
    date_penalty: float,
    date_span: float,
    outlet_penalty: float,
    low: float,
    span: float,
    window: float,
) -> _Columns:
    """Cosine, score, days and agreeing marks of hits; those of query i are at `start[i]:start[i + 1]`.

    Hits beyond the window are left out, see `in_reach`, and what is left moves up: its places come first, then
    where those of each query end.
    """
    total = len(slots)
    cosines, scores = np.empty(total), np.empty(total, np.int64)
    days, agreeing = np.empty(total), np.empty(total, np.int64)
    places, ends, found = np.empty(total, np.int64), np.empty(len(start) - 1, np.int64), np.int64(0)
    for query in range(len(start) - 1):
        mine = their_marks[query]
        for at in range(start[query], start[query + 1]):
            slot = slots[at]
            cosine = np.float64(dots[at]) * dot_unit
            apart = abs(seconds[slot] - when[query]) / day
            if apart > window:
                if foreign[at]:
                    continue
                alike = np.int64(0)
                for place in range(beginning):
                    alike += np.int64(mine[place] == signature_bytes[slot, place])
                if alike < least:
                    continue
            same = outlet[slot] == their_outlet[query] and outlet[slot] >= 0
            score = _score(
                cosine, (background_similarity[slot] + their_similarity[query]) / 2, apart, same,
                score_unit, date_penalty, date_span,
                outlet_penalty, low, span, window,
            )  # fmt: skip
            count = np.int64(0)
            its = signature_bytes[slot]
            for place in range(len(mine)):
                count += np.int64(mine[place] == its[place])
            places[found], cosines[found], scores[found], days[found], agreeing[found] = at, cosine, score, apart, count
            found += 1
        ends[query] = found
    return places[:found], ends, cosines[:found], scores[:found], days[:found], agreeing[:found]


@kept
def sums_by_story(
    slots: NDArray[np.int64],
    scores: NDArray[np.int64],
    story: NDArray[np.int64],
    stands: NDArray[np.bool_],
    enough: float,
    best_enough: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The stories whose scores add up to enough, or of which one is; with the sum and the best of each; unordered."""
    size = 8
    while size < 2 * len(slots):
        size *= 2
    wrap = size - 1
    keys = np.full(size, -1, np.int64)
    total, best = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for at in range(len(slots)):
        slot = slots[at]
        if scores[at] > 0 and stands[slot]:
            its = story[slot]
            place = (its * 40503 >> 4) & wrap
            while keys[place] >= 0 and keys[place] != its:
                place = (place + 1) & wrap
            keys[place] = its
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
    """The places of the strongest hits that have a score or are copies: copies first, then those of the story joined,
    then by score, by cosine, and by number; `copies` has the numbers of the copies.
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
        mine = (0 if is_copy else 2) + (0 if story[slot] == joined else 1)
        if count == most and mine == rank[most - 1] and scores[at] < scores[found[most - 1]]:
            continue
        place = count
        while place > 0:
            other, its = found[place - 1], rank[place - 1]
            before = mine < its
            if mine == its:
                before = scores[at] > scores[other]
                if scores[at] == scores[other]:
                    before = cosines[at] > cosines[other]
                    if cosines[at] == cosines[other]:
                        before = number[slot] < number[slots[other]]
            if not before:
                break
            found[place], rank[place] = other, its
            place -= 1
        if place < most:
            found[place], rank[place] = at, mine
            count = min(most, count + 1)
    return found[:count].copy()
