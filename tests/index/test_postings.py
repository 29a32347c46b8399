"""Segments find what a scan of all vectors finds, while vectors are added and removed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dedup.index.search import postings
from dedup.index.search.postings import PlainPostings, Postings, Reach, SegmentedPostings
from dedup.index.search.segments import Terms, VectorBatch, Weights
from dedup.vectorize.exact import DOT_UNIT, WEIGHT_UNIT

EVERYWHERE = Reach(-np.inf, np.inf)


def always(slots: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.full(len(slots), np.nan)


def vector(rng: np.random.Generator, kinds: int) -> tuple[Terms, Weights]:
    """A unit vector in which higher terms are rarer."""
    count = int(rng.integers(1, 40))
    terms = np.unique((kinds * rng.random(count) ** 3).astype(np.int32))
    weights = rng.random(len(terms)) + 0.05
    return terms, np.rint(weights / np.sqrt((weights**2).sum()) / WEIGHT_UNIT).astype(np.uint16)


def having(store: Postings, term: int) -> list[int]:
    return sorted(store.having(term).tolist())


def hits(store: Postings, query: tuple[Terms, Weights], floor: float) -> dict[int, int]:
    slots, dots = store.above(*query, floor, EVERYWHERE)
    assert len(set(slots.tolist())) == len(slots)
    return dict(zip(slots.tolist(), dots.tolist(), strict=True))


@pytest.mark.parametrize("kinds", [60, 5_000])
def test_segments_find_what_a_scan_finds(kinds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings, "OPEN", 8)
    monkeypatch.setattr(postings, "FAN", 3)
    monkeypatch.setattr(postings, "LARGEST", 300)
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    fast, plain = SegmentedPostings(0.08, always), PlainPostings()
    free, used, highest = list[int](), set[int](), 0
    for step in range(3_000):
        if used and rng.random() < (0.2 if step % 1_000 < 700 else 0.8):
            removed = int(rng.choice(sorted(used)))
            used.remove(removed)
            fast.remove(removed)
            plain.remove(removed)
            if rng.random() < 0.1:
                fast.tidy()
            told = fast.free()
            assert not set(told) & (used | set(free)), "a slot is free while it is used, or twice"
            free += told
        else:
            slot = free.pop() if free else highest
            highest += slot == highest
            used.add(slot)
            new = vector(rng, kinds)
            fast.add(slot, *new)
            plain.add(slot, *new)
        if step % 20 == 0:
            query = vector(rng, kinds)
            for floor in (0.08, 0.3):
                assert hits(fast, query, floor) == hits(plain, query, floor), f"seed {seed}"
            for term in query[0].tolist():
                assert having(fast, term) == having(plain, term), f"seed {seed}"
    assert highest < 2_000, "slots are used again"


def test_a_scan_finds_the_products_above_the_floor() -> None:
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    plain, kept = PlainPostings(), dict[int, dict[int, int]]()
    free, highest = list[int](), 0
    for step in range(4_000):
        if kept and rng.random() < (0.2 if step % 1_000 < 700 else 0.9):
            removed = int(rng.choice(sorted(kept)))
            del kept[removed]
            plain.remove(removed)
            free += plain.free()
        else:
            slot = free.pop() if free else highest
            highest += slot == highest
            terms, weights = vector(rng, 300)
            kept[slot] = dict(zip(terms.tolist(), weights.tolist(), strict=True))
            plain.add(slot, terms, weights)
        if step % 50 == 0:
            asked = [vector(rng, 300) for _ in range(3)]
            query, slots, dots = plain.all_above(VectorBatch.of(asked), 0.08, [EVERYWHERE] * 3)
            for place, (terms, weights) in enumerate(asked):
                products = {
                    slot: sum(int(weight) * one.get(int(term), 0) for term, weight in zip(terms, weights, strict=True))
                    for slot, one in kept.items()
                }
                expected = {slot: dot for slot, dot in products.items() if dot * DOT_UNIT > 0.08}
                mine = query == place
                many = dict(zip(slots[mine].tolist(), dots[mine].tolist(), strict=True))
                assert hits(plain, asked[place], 0.08) == many == expected, f"seed {seed}"
    for slot in kept:
        plain.remove(slot)
    assert hits(plain, vector(rng, 300), 0.08) == {}
    assert plain.all_above(VectorBatch.of([vector(rng, 300)]), 0.08, [EVERYWHERE])[1].tolist() == []


def test_nothing_is_left_of_removed_vectors() -> None:
    rng = np.random.default_rng(7)
    fast = SegmentedPostings(0.08, always)
    empty = fast.memory()
    for slot in range(5_000):
        fast.add(slot, *vector(rng, 900))
    full = fast.memory()
    for slot in range(5_000):
        fast.remove(slot)
    fast.tidy()
    assert fast.above(*vector(rng, 900), 0.0, EVERYWHERE)[0].tolist() == []
    assert fast.memory() < empty + (full - empty) / 3
    assert having(fast, int(vector(rng, 900)[0][0])) == []
    assert len(fast.free()) >= 5_000 - postings.OPEN


def test_small_segments_do_not_keep_larger_ones_apart() -> None:
    rng = np.random.default_rng(4)
    fast = SegmentedPostings(0.08, always)
    sizes = [70, 300, *[1_000] * 40]
    for first, size in zip(np.cumsum([0, *sizes[:-1]]).tolist(), sizes, strict=True):
        fast.add_many(range(first, first + size), [vector(rng, 5_000) for _ in range(size)])
    found = sorted(segment.size for segment, _ in fast._snapshot.segments)
    assert sum(found) == sum(sizes)
    assert len(found) <= 2 + 3 * 3  # of each size at most three


def test_a_search_reads_a_snapshot() -> None:
    """Adding vectors does not change the snapshot of a reader."""
    rng = np.random.default_rng(3)
    fast = SegmentedPostings(0.08, always)
    for slot in range(300):
        fast.add(slot, *vector(rng, 50))
    before = fast._snapshot
    counted = [(segment.size, segment.memory()) for segment, _ in before.segments], before.count
    for slot in range(300, 3_000):
        fast.add(slot, *vector(rng, 50))
    assert ([(segment.size, segment.memory()) for segment, _ in before.segments], before.count) == counted


def test_segments_out_of_reach_are_searched_only_if_a_signature_is_similar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles of a hundred days; whoever looks ten days around finds all of these, and further off copies alone."""
    monkeypatch.setattr(postings, "OPEN", 16)
    monkeypatch.setattr(postings, "LARGEST", 200)
    seed = int(np.random.default_rng().integers(1 << 32))
    rng = np.random.default_rng(seed)
    days = np.sort(rng.uniform(0, 100, 1_600))
    prefixes = rng.integers(0, 256, (len(days), 16)).astype(np.uint8)
    looked_at: list[int] = []

    def seconds_of(slots: NDArray[np.int32]) -> NDArray[np.float64]:
        looked_at.append(len(slots))
        found: NDArray[np.float64] = days[slots]
        return found

    fast, plain = SegmentedPostings(0.08, seconds_of, lambda slots: prefixes[slots]), PlainPostings()
    every = [vector(rng, 60) for _ in days]
    for slot, one in enumerate(every):
        fast.add(slot, *one)
        plain.add(slot, *one)
    assert len(fast._snapshot.segments) > 4
    asked = [int(place) for place in rng.choice(len(days), 60)]
    reaches = []
    for place in asked:
        own = prefixes[place].copy()
        own[rng.choice(16, 11, replace=False)] ^= 1  # five of the sixteen stay as they are
        reaches.append(Reach(days[place] - 10, days[place] + 10, own, 4))
    query, slots, dots = fast.all_above(VectorBatch.of([every[place] for place in asked]), 0.08, reaches)
    out_of_sight = 0
    for number, (place, reach) in enumerate(zip(asked, reaches, strict=True)):
        whole = hits(plain, every[place], 0.08)
        alone = dict(zip(*(column.tolist() for column in fast.above(*every[place], 0.08, reach)), strict=True))
        many = dict(zip(slots[query == number].tolist(), dots[query == number].tolist(), strict=True))
        near = {slot: dot for slot, dot in whole.items() if abs(days[slot] - days[place]) <= 10 or slot == place}
        assert near.items() <= alone.items() <= whole.items(), f"seed {seed}"
        assert many == alone, f"seed {seed}"
        out_of_sight += len(whole) - len(alone)
        away = Reach(days[place] + 200, days[place] + 220, reach.own, 4)
        assert place in fast.above(*every[place], 0.08, away)[0].tolist(), f"seed {seed}: the copy is found"
        names = Reach(days[place] + 200, days[place] + 220)
        assert fast.above(*every[place], 0.08, names)[0].tolist() == []
    assert out_of_sight > 1_000, f"seed {seed}: most of what is far is never looked at"
    assert sum(looked_at) < 20 * len(days)


def test_a_query_searches_a_segment_within_its_times_only() -> None:
    rng = np.random.default_rng(5)
    days = np.sort(rng.uniform(0, 100, 400))
    prefixes = rng.integers(0, 256, (len(days), 16)).astype(np.uint8)
    every = [vector(rng, 60) for _ in days]

    def found(order: NDArray[np.int64], query: int, reach: Reach) -> dict[int, int]:
        fast = SegmentedPostings(0.08, lambda slots: days[order][slots], lambda slots: prefixes[order][slots])
        fast.add_many(range(len(order)), [every[place] for place in order.tolist()])
        slots, dots = fast.above(*every[query], 0.08, reach)
        others = [EVERYWHERE, reach, Reach(-2.0, -1.0)]
        asking, hit, products = fast.all_above(VectorBatch.of([every[query]] * 3), 0.08, others)
        several = dict(zip(hit[asking == 1].tolist(), products[asking == 1].tolist(), strict=True))
        assert several == dict(zip(slots.tolist(), dots.tolist(), strict=True))
        assert not (asking == 2).any()
        return dict(zip(order[slots].tolist(), dots.tolist(), strict=True))

    in_order, shuffled = np.arange(len(days)), rng.permutation(len(days))
    for query in range(0, len(days), 10):
        since, until = days[query] - 20, days[query] + 20
        whole = found(in_order, query, EVERYWHERE)
        assert found(shuffled, query, Reach(since, until)) == whole
        within = {slot: dot for slot, dot in whole.items() if since <= days[slot] <= until}
        assert found(in_order, query, Reach(since, until)) == within
        far = prefixes[0 if days[query] > 50 else -1]  # an article beyond the times that may be a copy
        assert found(in_order, query, Reach(since, until, far, 8)) == whole
        none = np.zeros(16, np.uint8)
        assert found(in_order, query, Reach(since, until, none, 16)) == within
