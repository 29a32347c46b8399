"""Near-copy candidates by kernels: what `dedup.match.copies.band_candidates` returns.

For each band the articles are dealt out by the hash of their slots into parts small enough for the processor's cache,
and each part has a hash table of its own: time and memory grow with the number of articles, however many are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.match.copies import AGREEING, CROWD, STRIDE
from dedup.vectorize.kernels.compiling import Whole, kept, kernel

if TYPE_CHECKING:
    from dedup.settings import Settings

AT_ONCE = 8
"""Bands whose hashes are taken in one pass over the signatures."""
TOGETHER = 64
"""Articles whose signatures are read while they are in the processor's cache."""
ROOM = 1 << 16
"""Pairs there is room for at first, twice over."""
CELLS = 4
"""Cells for each article, by which most that share no bucket are told at once."""
PART = 2_048
"""Articles in a part, about."""


def band_candidates(
    signatures: NDArray[np.uint32], present: NDArray[np.bool_], settings: Settings
) -> NDArray[np.int64]:
    """Pairs of articles whose signatures are equal in a whole band, as the plain form finds them.

    Args:
        signatures: shape (articles, num_perm).
        present: shape (articles,): whether an article has any shingle.
        settings: for the number of bands.

    Returns:
        Shape (pairs, 2), a < b, sorted, without those that agree in too few slots to be worth an exact count.
    """
    pairs = pairs_of_buckets(signatures, present, settings.bands)
    keys = pairs[agreeing_slots(signatures, pairs) >= AGREEING * signatures.shape[1]] @ [len(signatures), 1]
    return np.stack(np.divmod(np.sort(keys), max(1, len(signatures))), axis=1)


def pairs_of_buckets(signatures: NDArray[np.uint32], present: NDArray[np.bool_], bands: int) -> NDArray[np.int64]:
    """The pairs of articles that share a bucket, each once; all, or where it is crowded a few for each article.

    Returns:
        Shape (pairs, 2), a < b, in no order.
    """
    signatures = np.ascontiguousarray(signatures, np.uint32)
    articles, rows = np.flatnonzero(present).astype(np.int32), signatures.shape[1] // bands
    seen, count = np.full(ROOM, -1, np.int64), 0
    hashes = np.empty((min(AT_ONCE, bands), len(articles)), np.uint64)
    dealt, held = np.empty(len(articles), np.uint64), np.empty(len(articles), np.int32)
    whose = np.empty(len(articles), np.int32)
    cells = np.empty(1 << (CELLS * len(articles)).bit_length(), np.uint8)
    for first in range(0, bands, AT_ONCE):
        keys = hashes[: bands - first]
        _hash_bands(signatures, articles, first, rows, keys)
        for band in range(len(keys)):
            begin = (first + band) * rows
            some = _not_alone(keys[band], articles, cells, whose)
            given = (signatures, keys[band, :some], whose[:some], begin, rows, PART, dealt, held)
            seen, count = _join(*given, seen, count)
    found = seen[seen >= 0]
    return np.stack(np.divmod(found, max(1, len(signatures))), axis=1)


def agreeing_slots(signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """In how many slots the signatures of each pair agree; shape (pairs,)."""
    return _agreeing_slots(np.ascontiguousarray(signatures, np.uint32), np.ascontiguousarray(pairs, np.int64))


def groups_of(pairs: NDArray[np.int64], articles: int) -> NDArray[np.int64]:
    """For each article the first that pairs connect it with; shape (articles,)."""
    return _groups_of(np.ascontiguousarray(pairs, np.int64), articles)


@kept
def _hash_bands(
    signatures: NDArray[np.uint32], articles: NDArray[np.int32], first: int, rows: int, keys: NDArray[np.uint64]
) -> None:
    """The hash of each band: of two slots another number for each two, for both steps can be undone."""
    odd, factor = rows & 1, np.uint64(0xD6E8FEB86659FD93)  # the constant of Stafford's rrmxmx
    for low in range(0, len(articles), TOGETHER):
        high = min(low + TOGETHER, len(articles))
        for band in range(len(keys)):
            begin, mine = (first + band) * rows, keys[band]
            for place in range(low, high):
                slots = signatures[articles[place]]
                value = np.uint64(slots[begin]) * np.uint64(odd) * factor
                value ^= value >> np.uint64(32)
                for slot in range(begin + odd, begin + rows, 2):
                    value ^= np.uint64(slots[slot]) | (np.uint64(slots[slot + 1]) << np.uint64(32))
                    value *= factor
                    value ^= value >> np.uint64(32)
                mine[place] = value


@kernel
def _same(signatures: NDArray[np.uint32], a: int, b: int, begin: int, rows: int) -> bool:
    slot = begin
    while slot < begin + rows and signatures[a, slot] == signatures[b, slot]:
        slot += 1
    return slot == begin + rows


@kernel
def _add(seen: NDArray[np.int64], count: int, key: int) -> int:
    """Adds a pair to a hash set that has room; how many there are now."""
    last = np.int64(len(seen) - 1)
    place = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & last
    while seen[place] != key:
        if seen[place] < 0:
            seen[place] = key
            return count + 1
        place = (place + 1) & last
    return count


@kernel
def _with_room(seen: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """The hash set with room for more."""
    size: Whole = len(seen)
    while size < 2 * wanted:
        size *= 2
    if size == len(seen):
        return seen
    larger = np.full(size, -1, np.int64)
    for key in seen:
        if key >= 0:
            _add(larger, 0, key)
    return larger


@kept
def _not_alone(
    keys: NDArray[np.uint64], articles: NDArray[np.int32], cells: NDArray[np.uint8], whose: NDArray[np.int32]
) -> int:
    """Moves the keys that may not be alone, and whose they are, to the beginning; how many there are.

    A cell is 1 where one key has fallen into it, and 3 where several have; nothing here branches.
    """
    shift = np.uint64(64)
    some = 0
    while np.uint64(1) << (np.uint64(64) - shift) < np.uint64(len(cells)):
        shift -= np.uint64(1)
    cells[:] = 0
    for key in keys:
        cell = cells[key >> shift]
        cells[key >> shift] = cell | np.uint8(1) | np.uint8((cell & np.uint8(1)) << np.uint8(1))
    for place in range(len(keys)):
        key = keys[place]
        keys[some], whose[some] = key, articles[place]
        some += int(cells[key >> shift] >> np.uint8(1))
    return some


@kept
def _join(
    signatures: NDArray[np.uint32],
    keys: NDArray[np.uint64],
    articles: NDArray[np.int32],
    begin: int,
    rows: int,
    part_size: int,
    dealt: NDArray[np.uint64],
    held: NDArray[np.int32],
    seen: NDArray[np.int64],
    count: int,
) -> tuple[NDArray[np.int64], int]:
    """Adds the pairs of the buckets of one band to a hash set; `dealt` and `held` are memory to work in."""
    total, parts, shift = np.int64(len(signatures)), 1, np.uint64(63)
    while parts * part_size < len(keys):
        parts, shift = parts * 2, shift - np.uint64(1)
    start = np.zeros(parts + 1, np.int64)
    for key in keys:
        start[np.int64((key >> np.uint64(1)) >> shift) + 1] += 1
    longest: Whole = np.int64(0)
    for part in range(parts):
        longest = max(longest, start[part + 1])
        start[part + 1] += start[part]
    fill = start[:parts].copy()
    for place in range(len(keys)):
        its = np.int64((keys[place] >> np.uint64(1)) >> shift)
        to = np.uint64(fill[its])
        dealt[to], held[to] = keys[place], articles[place]
        fill[its] += 1
    size: Whole = np.int64(4)
    while size < 4 * longest:
        size *= 2
    # A bucket is a chain: the table holds its last article, and each article the one before it.
    table, before = np.empty(size, np.int32), np.empty(longest, np.int32)
    buckets, members = np.empty(longest, np.int32), np.empty(longest, np.int32)
    for part in range(parts):
        mine, places = dealt[start[part] : start[part + 1]], held[start[part] : start[part + 1]]
        size = 4
        while size < 4 * len(mine):
            size *= 2
        for slot in range(size):
            table[slot] = -1
        several, mask = 0, np.uint64(size - 1)  # unsigned: no slot counts from the end
        for item in range(len(mine)):
            at = mine[item] & mask
            while table[at] >= 0 and not (
                mine[np.uint32(table[at])] == mine[item]
                and (rows <= 2 or _same(signatures, places[table[at]], places[item], begin, rows))
            ):
                at = (at + np.uint64(1)) & mask
            last = table[at]
            before[item], table[at] = last, item
            if last >= 0 and before[last] < 0:
                buckets[several] = at
                several += 1
        for bucket in range(several):
            link: Whole = table[buckets[bucket]]
            many = 0
            while link >= 0:
                link = before[link]
                many += 1
            link = table[buckets[bucket]]
            for number in range(many - 1, -1, -1):
                members[number] = places[link]
                link = before[link]
            reach = many if many <= CROWD else STRIDE + 1
            seen = _with_room(seen, count + many * reach)
            for one in range(many):
                for other in range(one + 1, min(many, one + reach)):
                    count = _add(seen, count, members[one] * total + members[other])
                if one and many > CROWD:
                    count = _add(seen, count, members[0] * total + members[one])
    return seen, count


@kept
def _agreeing_slots(signatures: NDArray[np.uint32], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    agreeing = np.empty(len(pairs), np.int64)
    for pair in range(len(pairs)):
        one, other = signatures[pairs[pair, 0]], signatures[pairs[pair, 1]]
        equal: Whole = np.int32(0)
        for slot in range(len(one)):
            equal = np.int32(equal + np.int32(one[slot] == other[slot]))
        agreeing[pair] = equal
    return agreeing


@kept
def _groups_of(pairs: NDArray[np.int64], articles: int) -> NDArray[np.int64]:
    first = np.arange(articles)
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        while first[one] != one:
            first[one] = first[first[one]]
            one = first[one]
        while first[other] != other:
            first[other] = first[first[other]]
            other = first[other]
        first[max(one, other)] = min(one, other)
    for article in range(articles):  # an article's first comes before it
        first[article] = first[first[article]]
    return first
