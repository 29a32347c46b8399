"""Copy candidates by kernels, equal to those of `dedup.match.copies.band_candidates`.

For each band the articles are partitioned by the hash of their slots into parts that fit into the processor's cache,
each with a hash table of its own. Time and memory are linear in the number of articles, however many are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.match.copies import AGREEING, LARGE_BUCKET, STRIDE
from dedup.vectorize.kernels.compiling import Whole, kept, kernel
from dedup.vectorize.kernels.threads import parts_in_threads

if TYPE_CHECKING:
    from dedup.settings import Settings

_AT_ONCE = 50_000
"""Pairs that are worth a thread."""
AT_ONCE = 32
"""Bands hashed in one pass over the signatures."""
BLOCK = 128
"""Articles per block, whose signatures stay in the processor's cache."""
ROOM = 1 << 16
"""Room for pairs at first, duplicates included."""
CELLS = 4
"""Cells per article of the filter that drops most articles that are alone in their bucket."""
PART = 2_048
"""Articles, or pairs, per part, about."""
RECENT = 1 << 16
"""Size of the cache of recent pairs, which drops most duplicates: many pairs are found in several bands."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio, for multiplicative hashing (Knuth, TAOCP 3, 6.4)."""


def band_candidates(
    signatures: NDArray[np.uint32], present: NDArray[np.bool_], settings: Settings
) -> NDArray[np.int64]:
    """Find pairs of articles whose signatures are equal in at least one band.

    Plain form: `match.copies.band_candidates`.

    Args:
        signatures: shape (articles, num_perm).
        present: shape (articles,): whether an article has any shingle.
        settings: for the number of bands.

    Returns:
        Shape (pairs, 2), a < b, sorted, without pairs that agree in fewer than `AGREEING` of the slots.
    """
    pairs = pairs_of_buckets(signatures, present, settings.bands)
    keys = pairs[agreeing_slots(signatures, pairs) >= AGREEING * signatures.shape[1]] @ [len(signatures), 1]
    return np.stack(np.divmod(np.sort(keys), max(1, len(signatures))), axis=1)


def pairs_of_buckets(signatures: NDArray[np.uint32], present: NDArray[np.bool_], bands: int) -> NDArray[np.int64]:
    """Find the pairs of articles that share a bucket, each once; in large buckets a few per article.

    Returns:
        Shape (pairs, 2), a < b, in no order.
    """
    signatures = np.ascontiguousarray(signatures, np.uint32)
    articles, rows = np.flatnonzero(present).astype(np.int32), signatures.shape[1] // bands
    found, count = np.empty(max(ROOM, 8 * len(articles)), np.int64), 0
    hashes = np.empty((min(AT_ONCE, bands), len(articles)), np.uint64)
    dealt, owners = np.empty(len(articles), np.uint64), np.empty(len(articles), np.int32)
    owner, recent = np.empty(len(articles), np.int32), np.full(RECENT, -1)
    cells = np.empty((1 << max(6, (CELLS * len(articles)).bit_length())) >> 5, np.uint64)
    for first in range(0, bands, AT_ONCE):
        keys = hashes[: bands - first]
        _hash_bands(signatures, articles, first * rows, rows, keys)
        for band in range(len(keys)):
            begin = (first + band) * rows
            some = _shared_keys(keys[band], articles, cells, owner)
            given = (signatures, keys[band, :some], owner[:some], begin, rows, PART, dealt, owners, recent)
            found, count = _join(*given, found, count)
    pairs = found[: _distinct(found, count, np.empty(count, np.int64), PART)]
    return np.stack(np.divmod(pairs, max(1, len(signatures))), axis=1)


def agreeing_slots(
    signatures: NDArray[np.uint32], pairs: NDArray[np.int64], threads: int | None = 1
) -> NDArray[np.int64]:
    """The number of agreeing slots of the signatures of each pair; shape (pairs,).

    Plain form: `match.copies.agreeing_slots`.
    """
    signatures, pairs = np.ascontiguousarray(signatures, np.uint32), np.ascontiguousarray(pairs, np.int64)
    parts = parts_in_threads(lambda a, b: _agreeing_slots(signatures, pairs[a:b]), len(pairs), threads, least=_AT_ONCE)
    return np.concatenate([np.empty(0, np.int64), *parts])


@kept
def _hash_bands(
    signatures: NDArray[np.uint32], articles: NDArray[np.int32], begin: int, rows: int, keys: NDArray[np.uint64]
) -> None:
    """Hash each band from slot `begin` on. With two slots a band the hash is injective: each step is invertible.

    Every inner loop does one operation for many articles, so that the compiler vectorises it.
    """
    factor, half = np.uint64(0xD6E8FEB86659FD93), np.uint64(32)  # the constant of Stafford's rrmxmx
    for low in range(0, len(articles), BLOCK):
        some = articles[low : low + BLOCK]
        for band in range(len(keys)):
            mine, first = keys[band, low : low + len(some)], begin + band * rows
            mine[:] = 0
            for slot in range(first, first + rows - 1, 2):
                for place in range(len(some)):
                    one, other = signatures[np.uint32(some[place]), slot], signatures[np.uint32(some[place]), slot + 1]
                    value = (mine[place] ^ np.uint64(one) ^ (np.uint64(other) << half)) * factor
                    mine[place] = value ^ (value >> half)
            if rows & 1:
                for place in range(len(some)):
                    value = (mine[place] ^ np.uint64(signatures[np.uint32(some[place]), first + rows - 1])) * factor
                    mine[place] = value ^ (value >> half)


@kernel
def _same(signatures: NDArray[np.uint32], a: int, b: int, begin: int, rows: int) -> bool:
    slot = begin
    while slot < begin + rows and signatures[a, slot] == signatures[b, slot]:
        slot += 1
    return slot == begin + rows


@kept
def _shared_keys(
    keys: NDArray[np.uint64], articles: NDArray[np.int32], cells: NDArray[np.uint64], owner: NDArray[np.int32]
) -> int:
    """Move the keys that may share a bucket, and their articles, to the beginning; return their number.

    `cells` are two interleaved bitmaps: cells that have a key, and cells that have several. Nothing here branches.
    """
    shift, low, one = np.uint64(64), np.uint64(63), np.uint64(1)
    while one << (np.uint64(64) - shift) < np.uint64(len(cells)) << np.uint64(5):
        shift -= one
    cells[:] = 0
    for key in keys:
        cell = key >> shift
        at, bit = cell >> np.uint64(6) << one, one << (cell & low)
        cells[at | one] |= cells[at] & bit
        cells[at] |= bit
    some = np.uint64(0)
    for place in range(np.uint64(len(keys))):
        key = keys[place]
        cell = key >> shift
        keys[some], owner[some] = key, articles[place]
        some += cells[cell >> np.uint64(6) << one | one] >> (cell & low) & one
    return int(some)


@kernel
def _part_of(key: Whole, shift: np.uint64) -> np.uint64:
    """The part of a key, by its uppermost bits, in two shifts: one shift of 64 bits is undefined."""
    return (np.uint64(key) >> np.uint64(1)) >> shift


@kernel
def _parts(many: Whole, size: Whole) -> tuple[Whole, np.uint64]:
    """The number of parts for so many keys, and the shift that turns a key into the number of its part."""
    parts, shift = 1, np.uint64(63)
    while parts * size < many:
        parts, shift = parts * 2, shift - np.uint64(1)
    return parts, shift


@kept
def _distinct(found: NDArray[np.int64], count: int, dealt: NDArray[np.int64], part_size: int) -> int:
    """Remove duplicates among the first `count` pairs; return the number of distinct ones.

    Pairs are partitioned by value, so that the hash table of a part stays in the processor's cache and close pairs stay
    close.
    """
    parts, shift, largest = _parts(count, part_size)[0], np.uint64(0), np.int64(0)
    for place in range(count):
        largest = max(largest, found[place])
    while np.uint64(largest) >> shift >= np.uint64(parts):
        shift += np.uint64(1)
    start = np.zeros(parts + 1, np.int64)
    for place in range(count):
        start[(np.uint64(found[place]) >> shift) + np.uint64(1)] += 1
    for part in range(parts):
        start[part + 1] += start[part]
    fill = start[:parts].copy()
    for place in range(count):
        its = np.uint64(found[place]) >> shift
        dealt[np.uint64(fill[its])] = found[place]
        fill[its] += 1
    distinct = 0
    table = np.empty(16, np.int64)
    for part in range(parts):
        mine = dealt[start[part] : start[part + 1]]
        size: Whole = 16
        while size < 2 * len(mine):
            size *= 2
        if size > len(table):
            table = np.empty(size, np.int64)
        mask = np.uint64(size - 1)
        for slot in range(size):
            table[slot] = -1
        for key in mine:
            at = np.uint64(key) * _SPREAD >> np.uint64(20) & mask
            while table[at] >= 0 and table[at] != key:
                at = (at + np.uint64(1)) & mask
            if table[at] < 0:
                table[at] = key
                found[distinct] = key
                distinct += 1
    return distinct


@kernel
def _add(found: NDArray[np.int64], count: Whole, recent: NDArray[np.int64], key: Whole) -> Whole:
    """Add a pair, for which there is room, unless it is a recent one; return the number of pairs."""
    place = np.uint64(key) * _SPREAD >> np.uint64(40) & np.uint64(len(recent) - 1)
    found[np.uint64(count)] = key
    count += recent[place] != key
    recent[place] = key
    return count


@kernel
def _gather_equal(signatures: NDArray[np.uint32], members: NDArray[np.int32], begin: Whole, rows: Whole) -> Whole:
    """Move the members with the slots of the first one to the beginning, in order; return their number.

    The pairs of a large bucket depend on its size, so members that only share the hash must not count.
    """
    equal = 1
    for number in range(1, len(members)):
        its = members[number]
        if _same(signatures, members[0], its, begin, rows):
            for other in range(number, equal, -1):
                members[other] = members[other - 1]
            members[equal] = its
            equal += 1
    return equal


@kernel
def _remove_collisions(
    signatures: NDArray[np.uint32], found: NDArray[np.int64], begun: Whole, count: Whole, begin: Whole, rows: Whole
) -> Whole:
    """Remove pairs from `begun` on that share only the hash of a band; return the number of pairs left.

    It does not branch, so that the processor loads the next signatures, which are scattered in memory, in advance.
    """
    total, kept_pairs = np.uint64(len(signatures)), np.uint64(begun)
    for place in range(np.uint64(begun), np.uint64(count)):
        one, other = np.uint64(found[place]) // total, np.uint64(found[place]) % total
        unlike = np.uint32(0)
        for slot in range(begin, begin + rows):
            unlike |= signatures[one, slot] ^ signatures[other, slot]
        found[kept_pairs] = found[place]
        kept_pairs += np.uint64(unlike == 0)
    return np.int64(kept_pairs)


@kernel
def _with_room(
    found: NDArray[np.int64], count: Whole, more: Whole, part_size: Whole
) -> tuple[NDArray[np.int64], Whole]:
    """Make room for more pairs, by removing duplicates and enlarging the array; return it and the number of pairs."""
    if count + more <= len(found):
        return found, count
    count = _distinct(found, count, np.empty(count, np.int64), part_size)
    size: Whole = len(found)
    while size < 2 * (count + more):  # doubling keeps the time linear
        size *= 2
    if size == len(found):
        return found, count
    larger = np.empty(size, np.int64)
    for place in range(count):  # numba compiles assigned slices for seconds
        larger[place] = found[place]
    return larger, count


@kept
def _join(
    signatures: NDArray[np.uint32],
    keys: NDArray[np.uint64],
    articles: NDArray[np.int32],
    begin: int,
    rows: int,
    part_size: int,
    dealt: NDArray[np.uint64],
    owners: NDArray[np.int32],
    recent: NDArray[np.int64],
    found: NDArray[np.int64],
    count: int,
) -> tuple[NDArray[np.int64], int]:
    """Add the pairs of the buckets of one band; `dealt`, `owners` and `recent` are working memory."""
    total = np.int64(len(signatures))
    parts, shift = _parts(len(keys), part_size)
    start = np.zeros(parts + 1, np.int64)
    for key in keys:
        start[_part_of(key, shift) + np.uint64(1)] += 1
    longest: Whole = np.int64(0)
    for part in range(parts):
        longest = max(longest, start[part + 1])
        start[part + 1] += start[part]
    fill = start[:parts].copy()
    for place in range(len(keys)):
        its = _part_of(keys[place], shift)
        to = np.uint64(fill[its])
        dealt[to], owners[to] = keys[place], articles[place]
        fill[its] += 1
    size: Whole = np.int64(4)
    while size < 4 * longest:
        size *= 2
    # A bucket is a linked list: the table has its last article, and `before` the previous one of each.
    table, before = np.empty(size, np.int32), np.empty(longest, np.int32)
    buckets, members = np.empty(longest, np.int32), np.empty(longest, np.int32)
    sizes = np.empty(longest, np.int64)
    for part in range(parts):
        mine, places = dealt[start[part] : start[part + 1]], owners[start[part] : start[part + 1]]
        size = 4
        while size < 4 * len(mine):
            size *= 2
        for slot in range(size):
            table[slot] = -1
        several, mask = 0, np.uint64(size - 1)  # unsigned: no index wraps
        for item in range(len(mine)):
            at = mine[item] & mask
            while table[at] >= 0 and mine[np.uint32(table[at])] != mine[item]:
                at = (at + np.uint64(1)) & mask
            last = table[at]
            before[item], table[at] = last, item
            if last >= 0 and before[last] < 0:
                buckets[several] = at
                several += 1
        room = np.int64(0)
        for bucket in range(several):
            link: Whole = table[buckets[bucket]]
            sizes[bucket] = 0
            while link >= 0:
                link = before[link]
                sizes[bucket] += 1
            room += sizes[bucket] * min(sizes[bucket], LARGE_BUCKET + 1)
        found, count = _with_room(found, count, room, part_size)
        unverified = count
        for bucket in range(several):
            many, link = sizes[bucket], table[buckets[bucket]]
            for number in range(many - 1, -1, -1):
                members[number] = places[link]
                link = before[link]
            first = 0
            while first < many:
                equal = many if many <= LARGE_BUCKET else _gather_equal(signatures, members[first:many], begin, rows)
                reach = equal if equal <= LARGE_BUCKET else STRIDE + 1
                for one in range(first, first + equal):
                    for other in range(one + 1, min(first + equal, one + reach)):
                        count = _add(found, count, recent, members[one] * total + members[other])
                    if one > first and equal > LARGE_BUCKET:
                        count = _add(found, count, recent, members[first] * total + members[one])
                first += equal
        if rows > 2:
            verified = _remove_collisions(signatures, found, unverified, count, begin, rows)
            if verified < count:  # a removed pair may be found in a later band
                recent[:] = -1
            count = verified
    return found, count


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
