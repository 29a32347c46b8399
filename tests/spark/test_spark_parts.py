"""What the engine's tasks do, without an engine: nothing is lost between the parts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from dedup.match.kernels.stories import story_pairs as fast_pairs
from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import Pairs, story_pairs
from dedup.settings import Settings
from dedup.vectorize.boilerplate import PASSAGE, UNIT
from dedup.vectorize.cross_lingual import _rescaled
from dedup.vectorize.exact import WEIGHT_UNIT
from dedup.vectorize.hashing import FEATURES, shingles_in_order

pytest.importorskip("pyarrow", reason="the engine's rows are Arrow's")

from dedup.backends import CompiledBackend
from dedup.spark.arrow import (
    ascending,
    binary,
    dealt,
    flat,
    packed,
    rows_of,
    unpacked,
    words_columns,
    words_of,
)
from dedup.spark.boilerplate import RUN, SPAN, _windows, shares_in, telling_words
from dedup.spark.partitions import HOME_BITS
from dedup.spark.reading import _row
from dedup.spark.shuffle import SLOT_BITS, Chunks, opened, ranks, sent
from dedup.spark.story_pairs import _tasks
from dedup.vectorize.features import HashedWords


def test_words_come_back_as_they_were_packed() -> None:
    import pyarrow as pa

    offsets = np.array([0, 2, 5, 5, 5, 6, 6, 6, 9])
    words = HashedWords(np.arange(9, dtype=np.uint32), np.arange(9, dtype=np.uint8), offsets)
    table = pa.table(words_columns(words))
    cut = pa.concat_tables([table.slice(0, 1), table.slice(1, 2), table.slice(3)])
    for held in (table, cut):
        back = words_of(held)
        assert np.array_equal(back.hashes, words.hashes)
        assert np.array_equal(back.flags, words.flags)
        assert np.array_equal(back.offsets, words.offsets)
        assert back.hashes.flags.writeable


def test_what_is_dealt_is_all_there() -> None:
    random = np.random.default_rng(3)
    part, value = random.integers(0, 7, 100), random.integers(0, 1000, 100)
    parts, (column,) = dealt(part, [value])
    found, bounds = flat(column, np.int64)
    for number, which in enumerate(parts.tolist()):
        assert np.array_equal(found[bounds[number] : bounds[number + 1]], value[part == which])
    assert len(binary(np.empty(0, np.int64), np.zeros(1, np.int64))) == 0


def as_words(bodies: list[NDArray[np.uint32]]) -> HashedWords:
    """Articles with bodies, and a word of a title."""
    title = np.array([7], np.uint32)
    hashes = np.concatenate([part for body in bodies for part in (title, body)])
    ends = np.cumsum([length for body in bodies for length in (1, len(body))])
    return HashedWords(hashes, np.zeros(len(hashes), np.uint8), np.concatenate([[0], ends]).astype(np.int64))


def test_fingerprints_of_many_articles_are_those_of_each() -> None:
    random = np.random.default_rng(7)
    lengths = [0, 3, PASSAGE - 1, PASSAGE, PASSAGE + 1, 200, 0, 40]
    bodies = [random.integers(0, 1 << 32, length, np.uint32) for length in lengths]
    prefixes, bounds = _windows(as_words(bodies))
    for number, body in enumerate(bodies):
        runs = shingles_in_order(body, RUN)
        naive = [int(runs[at : at + SPAN].min()) for at in range(len(body) - PASSAGE + 1)]
        assert prefixes[bounds[number] : bounds[number + 1]].tolist() == naive
    assert len(_windows(as_words(bodies[:2]))[0]) == 0


def test_equal_passages_have_equal_fingerprints() -> None:
    """Wherever in a text they stand: by that alone no passage with enough holders is missed."""
    random = np.random.default_rng(11)
    shared = random.integers(0, 1 << 32, 60, np.uint32)
    bodies = [
        np.concatenate([random.integers(0, 50, before, np.uint32), shared, random.integers(0, 50, after, np.uint32)])
        for before, after in ((0, 0), (1, 30), (200, 3))
    ]
    by_passage: list[dict[int, int]] = []
    for body in bodies:
        passages, prefixes = shingles_in_order(body, PASSAGE), _windows(as_words([body]))[0]
        assert len(passages) == len(prefixes)
        by_passage.append(dict(zip(passages.tolist(), prefixes.tolist(), strict=True)))
    common = set(by_passage[0]) & set(by_passage[1]) & set(by_passage[2])
    assert len(common) == 60 - PASSAGE + 1
    for passage in common:
        assert len({prefixes[passage] for prefixes in by_passage}) == 1
    assert (
        len(set(by_passage[0].values())) < len(by_passage[0]) / 3
    )  # neighbours share theirs: that is what they are for


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
@pytest.mark.parametrize("window", [0.0, 1.0, 30.0, float("inf")])
def test_all_pairs_in_the_window_meet_in_one_task(size: int, window: float) -> None:
    random = np.random.default_rng(size)
    seconds = np.round(random.uniform(-3 * SECONDS_A_DAY, 40 * SECONDS_A_DAY, 60))
    seconds[:12] = 5 * SECONDS_A_DAY  # a crowded day
    seconds[random.integers(0, 60, 8)] = np.nan
    number, reach = np.arange(60) << HOME_BITS, window * SECONDS_A_DAY
    days = np.floor(seconds / SECONDS_A_DAY)
    counts: dict[int | None, int] = {int(day): int((days == day).sum()) for day in np.unique(days[~np.isnan(days)])}
    chunks = Chunks.of({**counts, None: int(np.isnan(days).sum())}, size)
    chunk = chunks.of_articles(seconds, number)
    until = chunks.until(chunk, seconds, reach)
    assert chunk.min() >= 0
    assert chunk.max() < len(chunks.begins)
    assert np.bincount(chunk).max() <= max(size, 1) + 3  # what is dealt by number is dealt about evenly
    for a in range(60):
        for b in range(a):
            if not abs(seconds[a] - seconds[b]) > reach:
                early, late = sorted((a, b), key=lambda article: int(chunk[article]))
                assert chunk[early] <= chunk[late] < until[early], (a, b)


@pytest.mark.parametrize("seed", range(4))
def test_the_pairs_of_parts_are_the_pairs_of_the_whole(seed: int) -> None:
    """A core with itself and with the others, and the others with themselves: every pair once."""
    random, count = np.random.default_rng(seed), 90
    dense = (random.random((count, 40)) < 0.2) * random.random((count, 40))
    dense[dense.sum(axis=1) == 0, 0] = 1
    matrix = sp.csr_array(np.rint(dense / np.linalg.norm(dense, axis=1, keepdims=True) / WEIGHT_UNIT) * WEIGHT_UNIT)
    seconds = np.round(random.uniform(0, 60 * SECONDS_A_DAY, count))
    seconds[random.integers(0, count, 9)] = np.nan
    settings, nothing = Settings(window=9.0, neighbours=100_000), np.empty(0, np.int64)
    never = Pairs(nothing, nothing, np.empty(0), nothing)
    background_similarity, among = random.random(count) / 20, np.arange(count)
    whole = story_pairs(matrix, background_similarity, seconds, among, never, settings)
    core = random.random(count) < 0.4
    rest = fast_pairs(matrix, background_similarity, seconds, among[~core], never, settings, threads=1, block=16)
    found = fast_pairs(matrix, background_similarity, seconds, among, never, settings, core=core, threads=1, block=16)
    assert np.all(core[found.a] | core[found.b])
    both = sorted(
        (int(a), int(b), int(score))
        for part in (rest, found)
        for a, b, score in zip(part.a, part.b, part.score, strict=True)
    )
    assert both == sorted((int(a), int(b), int(s)) for a, b, s in zip(whole.a, whole.b, whole.score, strict=True))
    assert len(found.a)


def test_a_row_without_an_id_is_named_after_what_it_holds() -> None:
    today = datetime(2024, 6, 1, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {"id": None, "text": "A text."},
        {"text": "A text.", "id": " "},
        {"id": "", "text": "Another."},
    ]
    first, second, third = (_row(row, ["id"], {}, today)[0] for row in rows)
    assert first["id"].startswith("row-")
    assert len({first["id"], third["id"]}) == 2
    assert "it has no id; named after what it holds" in second["notices"]
    assert _row({"id": 7, "text": "A text."}, ["id"], {}, today)[0]["id"] == "7"
    assert _row({"id": 7, "text": None}, ["id"], {}, today)[0]["blank"]


def test_a_task_without_articles_of_its_own_compares_nothing() -> None:
    """Earlier articles are sent to every chunk in reach, and one that is dealt by number may be empty."""
    import pyarrow as pa

    rows = [(0, 0), (1, 0), (1, 0), (3, 3), (3, 3), (3, 1), (3, 0), (4, 2)]

    def runs() -> Any:
        return iter([(row, pa.table({"n": [number]})) for number, row in enumerate(rows)])

    found = [
        (task, core["n"].to_pylist(), [n for run in rest for n in run["n"].to_pylist()])
        for task, core, rest in _tasks(runs())
    ]
    assert found == [(0, [0], []), (3, [3, 4], [5, 6])]
    assert [core["n"].to_pylist() for _, core, _ in _tasks(runs())] == [[0], [3, 4]]  # who does not look goes on


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize("count", [0, 1, 5000])
def test_packed_arrays_come_back(count: int, rising: bool) -> None:
    random = np.random.default_rng(count)
    values = random.integers(0, 1 << 62, count).astype(np.uint64)
    if rising:
        values = np.sort(values)
        assert np.array_equal(ascending(packed(values, rising=True)), values)
    else:
        assert np.array_equal(unpacked(packed(values), np.uint64), values)
        times = np.where(random.random(count) < 0.1, np.nan, random.random(count))
        assert np.array_equal(unpacked(packed(times), np.float64), times, equal_nan=True)


def vectors(random: np.random.Generator, count: int) -> tuple[Any, NDArray[np.int64]]:
    """Articles of a home, and the weight of each term in them and in others."""
    import pyarrow as pa

    rows = [np.sort(random.choice(50, int(random.integers(0, 9)), replace=False)) for _ in range(count)]
    bounds = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    terms = np.concatenate([np.empty(0, np.int64), *rows]).astype(np.int32)
    weights = random.integers(1, 1 << 14, len(terms)).astype(np.uint16)
    total = np.zeros(FEATURES, np.int64)
    np.add.at(total, terms, weights.astype(np.int64))
    seconds = np.where(random.random(count) < 0.2, np.nan, np.round(random.uniform(0, 50, count)) * SECONDS_A_DAY)
    kept = random.random(len(terms)) < 0.6
    ends = np.concatenate([[0], np.cumsum(kept)])[bounds]
    part = sp.csr_array((weights[kept] * WEIGHT_UNIT, terms[kept], ends), shape=(count, 50))
    dense, its_row = np.rint(_rescaled(part).toarray() / WEIGHT_UNIT), np.repeat(np.arange(count), np.diff(ends))
    across = dense[its_row, terms[kept]].astype(np.uint16)
    across[: ends[9]] += 1  # as if something had been too small to be kept
    table = pa.table(
        {
            "n": (np.arange(count) << HOME_BITS) + 5,
            "seconds": seconds,
            "source": [f"paper {number % 3}" for number in range(count)],
            "tongue": np.arange(count, dtype=np.int32) % 2,
            "terms": binary(terms, bounds),
            "weights": binary(weights, bounds),
            "crossing": binary(terms[kept], ends),
            "crossing_weights": binary(across, ends),
            "signature": rows_of(random.integers(0, 1 << 32, (count, 7), np.uint32)),
        }
    )
    return table, total


def test_of_a_home_that_others_stand_for_nothing_travels() -> None:
    import pyarrow as pa

    table, total = vectors(np.random.default_rng(2), 12)
    told = pa.table({"n": table["n"], "other": pa.array([None] * 12, pa.int64())})
    handed = (Chunks.of({None: 1}, 6), total, ranks(total))
    assert sent(table, told, handed, 1, 9.0 * SECONDS_A_DAY, several=True).num_rows == 0


@pytest.mark.parametrize("seed", range(4))
def test_what_travels_arrives(seed: int) -> None:
    """Every article in every task it is needed in, but for hidden ones; its vector but for words of its own."""
    import pyarrow as pa

    random = np.random.default_rng(seed)
    table, total = vectors(random, 40)
    number, seconds = table["n"].to_numpy(), table["seconds"].to_numpy()
    hidden, never = number[[3, 17]], [(number[1], number[2]), (number[1], number[30])]
    told = pa.table(
        {"n": [*hidden, *(a for a, _ in never)], "other": pa.array([None, None, *(b for _, b in never)], pa.int64())}
    )
    days = np.floor(seconds / SECONDS_A_DAY)
    counts: dict[int | None, int] = {int(day): int((days == day).sum()) for day in np.unique(days[~np.isnan(days)])}
    chunks = Chunks.of({**counts, None: int(np.isnan(days).sum())}, 6)
    window = 9.0 * SECONDS_A_DAY
    travelling = sent(table, told, (chunks, total, ranks(total)), 40, window, several=True)
    met: dict[int, dict[int, Any]] = {}
    for batch in travelling.to_batches():
        for (task, _), held in opened(batch, 7):
            for row in held.to_pylist():
                assert row["n"] not in met.setdefault(task, {})
                met[task][row["n"]] = row
    chunk = chunks.of_articles(seconds, number)
    until = chunks.until(chunk, seconds, window)
    rank, left = ranks(total), table.to_pylist()
    for place, row in enumerate(left):
        tasks = [task for task in met if row["n"] in met[task]]
        assert tasks == ([] if row["n"] in hidden else [*range(chunk[place], until[place])])
        for task in tasks:
            found = met[task][row["n"]]
            terms, weights = np.frombuffer(row["terms"], np.int32), np.frombuffer(row["weights"], np.uint16)
            shared = total[terms] > weights
            order = np.argsort(rank[terms[shared]])
            assert np.frombuffer(found["terms"], np.int32).tolist() == rank[terms[shared]][order].tolist()
            assert np.frombuffer(found["weights"], np.uint16).tolist() == weights[shared][order].tolist()
            crossing = np.frombuffer(row["crossing"], np.int32)
            both = np.isin(crossing, terms[shared])
            order = np.argsort(rank[crossing[both]])
            assert np.frombuffer(found["crossing"], np.int32).tolist() == rank[crossing[both]][order].tolist()
            across = np.frombuffer(row["crossing_weights"], np.uint16)[both][order]
            assert np.frombuffer(found["crossing_weights"], np.uint16).tolist() == across.tolist()
            assert (found["source"], found["tongue"]) == (row["source"], row["tongue"])
            slots = np.frombuffer(row["signature"], np.uint32) & ((1 << SLOT_BITS) - 1)
            assert np.frombuffer(found["slots"], np.uint16).tolist() == slots.tolist()
            others = [b for a, b in never if a == row["n"]]
            assert sorted(np.frombuffer(found["never"], np.int64).tolist()) == sorted(others)


def test_the_share_of_titles_is_that_of_one_machine() -> None:
    """A title that stands word by word in an article makes it one that holds a list: its passages do not count."""
    by = CompiledBackend(Settings(threads=1))
    tail = " ".join(f"tail{n}" for n in range(30))
    texts = [
        ("Ferry burns off Corran", f"Smoke rose over the harbour. {tail}"),
        ("Mayor Ondra resigns", f"Ferry burns off Corran, it was said. {tail}"),
        ("", f"Striker joins Velden for a fee, the mayor said. {tail}"),
    ]
    words = by.read(iter(texts))
    repeated = np.unique(shingles_in_order(words.body(0)[-30:], PASSAGE))
    languages = by.detect(words)
    pairs = np.array([[0, 1], [1, 2], [0, 2]])
    whole = by.relations(words, pairs, repeated, languages)
    telling = telling_words(words, languages)
    titles = [words.title(place) for place in range(3)]
    ways = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.argsort(ways[:, 1], kind="stable")
    ways = ways[order]
    held = [np.frombuffer(telling[0].tobytes(), np.uint32)[telling[1][a] : telling[1][a + 1]] for a in ways[:, 0]]
    ends = np.concatenate([[0], np.cumsum([len(one) for one in held])])
    bounds = np.concatenate([[0], np.cumsum([len(titles[a]) for a in ways[:, 0]])])
    share = shares_in(
        words,
        ways[:, 1],
        (np.concatenate([titles[a] for a in ways[:, 0]]), bounds),
        (np.concatenate(held), ends),
        repeated,
    )
    for (a, b), relation in zip(pairs.tolist(), whole.tolist(), strict=True):
        sides = [
            int(share[number])
            for number, (of, to) in enumerate(ways.tolist())
            if {of, to} == {a, b} and ends[number] < ends[number + 1]
        ]
        assert (sum(sides) // len(sides) if sides else UNIT) == relation
