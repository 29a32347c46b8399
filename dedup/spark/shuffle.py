"""Shuffle of articles to the tasks that compare them: target tasks and serialization.

Articles are split into chunks by date, and a day with too many by number as well. A task compares the articles of one
chunk with each other and with all earlier ones in the window; articles without a date, which are compared with all,
are the earliest. The articles of a home that go from one chunk to one task are sent as one row of packed arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.match.scores import SECONDS_A_DAY
from dedup.match.stories import similarity_to_others, smoothed_mean
from dedup.spark.arrow import (
    arrow_schema,
    binary,
    empty,
    flat,
    numbers,
    packed,
    row_numbers,
    rows_of,
    unpacked,
)
from dedup.spark.partitions import HOME_BITS, places_in
from dedup.vectorize.cross_lingual import cross_lingual_weight
from dedup.vectorize.exact import DOT_UNIT
from dedup.vectorize.hashing import FEATURES

if TYPE_CHECKING:
    from dedup.spark.tfidf import Totals

SHUFFLED = (
    "task int, chunk int, articles int, n binary, seconds binary, source binary, form binary, tongue binary,"
    " ordinary binary, lengths binary, terms binary, weights binary, crossing binary, squares binary,"
    " crossing_weights binary, slots binary, never_of binary, never binary"
)
SLOT_BITS = 12
"""Bits sent of each signature slot: two different slots look equal once in 2 to this power."""
_SLACK = 2.0
"""Seconds by which a chunk's reach is widened: the exact difference of two times decides where they meet."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunks:
    """How articles are split into chunks.

    Attributes:
        days: the days with articles, ascending.
        first: the first chunk of each day.
        several: the number of chunks of each day.
        undated: the number of chunks of articles without a date, which come first.
        begins: the earliest time of each chunk, ascending; minus infinity for those without a date.
    """

    days: NDArray[np.int64]
    first: NDArray[np.int64]
    several: NDArray[np.int64]
    undated: int
    begins: NDArray[np.float64]

    @classmethod
    def of(cls, counts: dict[int | None, int], size: int) -> Chunks:
        """Make chunks of about `size` articles, from the number of articles of each day (None without a date)."""
        undated = -(-counts.get(None, 0) // size)
        begins = [-np.inf] * undated
        days = sorted(day for day in counts if day is not None)
        first, several, held = [], [], size
        for day in days:
            parts = -(-counts[day] // size)
            if parts > 1 or held + counts[day] > size:
                begins += [float(day) * SECONDS_A_DAY] * parts
                held = 0
            first.append(len(begins) - parts)
            several.append(parts)
            held = size if parts > 1 else held + counts[day]
        held_days, starts, parts_of = (np.array(column, np.int64) for column in (days, first, several))
        return cls(held_days, starts, parts_of, undated, np.array(begins))

    def of_articles(self, seconds: NDArray[np.float64], number: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the chunk of each article."""
        day = np.floor(np.nan_to_num(seconds) / SECONDS_A_DAY).astype(np.int64)
        place = np.minimum(np.searchsorted(self.days, day), max(0, len(self.days) - 1))
        undated = np.isnan(seconds)
        found = np.zeros(len(seconds), np.int64)
        if len(self.days):
            found = self.first[place] + (number >> HOME_BITS) % self.several[place]
        found[undated] = (number[undated] >> HOME_BITS) % max(1, self.undated)
        return found

    def until(self, chunk: NDArray[np.int64], seconds: NDArray[np.float64], window: float) -> NDArray[np.int64]:
        """Return the end of the range of chunks with articles that each may be compared with."""
        last = np.searchsorted(self.begins, seconds + window + _SLACK, side="right")
        last[np.isnan(seconds)] = len(self.begins)
        return np.maximum(last, chunk + 1)


def pack_articles(
    rows: Any,
    excluded: Any,
    shared: tuple[Chunks, Totals],
    count: int,
    window: float,
    *,
    several: bool,
    learned: bool = False,
) -> Any:
    """Pack the articles of a home with their background similarity, once for each task that needs them.

    Words that no other article has, which no pair can share, are not sent. The others are renumbered by frequency,
    so that the gaps between an article's are small.

    Args:
        rows: the vectors.
        excluded: hidden articles `n` (`other` is null), pairs `n`, `other` that are never one story, and articles of
            families (`other` is `n`).
        shared: the chunks, and the sums of the weights of the collection.
        count: number of vectors in those sums.
        window: maximum difference in seconds of compared articles.
        several: whether there are several languages.
        learned: whether the sums are those of a background, which these articles are not part of.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    chunks, total = shared
    everyone = numbers(rows["n"])
    listed, other = (
        numbers(excluded["n"]).astype(np.int64),
        numbers(pc.fill_null(excluded["other"], -1)).astype(np.int64),
    )
    is_hidden = other < 0
    table = rows.filter(~np.isin(everyone, listed[is_hidden]))
    if not table.num_rows:  # all have a representative in another home
        return empty(SHUFFLED)
    number, seconds = numbers(table["n"]), numbers(table["seconds"]).astype(np.float64)
    terms, indptr = flat(table["terms"], np.int32)
    weights = flat(table["weights"], np.uint16)[0].astype(np.int64)
    row = row_numbers(indptr)
    sums = total.at(terms)
    background_similarity = background_similarity_of(table, total, count, learned=learned)
    vectors = _Sparse.of(total.ranks_of(terms), weights, row, (sums > weights) | learned)
    across = _Crossing.of(table, vectors, (terms, weights, row), total) if several else None
    slots = flat(table["signature"], np.uint32)[0].reshape(len(number), -1) & np.uint32((1 << SLOT_BITS) - 1)
    chunk = chunks.of_articles(seconds, number)
    until = chunks.until(chunk, seconds, window)
    source = table["source"].to_pylist()
    never_of, never = listed[~is_hidden], other[~is_hidden]
    found: list[dict[str, Any]] = []
    for mine in np.unique(chunk).tolist():
        for task in range(mine, int(until[chunk == mine].max())):
            place = np.flatnonzero((chunk == mine) & (until > task))
            some = np.isin(never_of, number[place])
            found.append(
                {
                    "task": task,
                    "chunk": mine,
                    "articles": len(place),
                    "n": packed(number[place]),
                    "seconds": packed(seconds[place]),
                    "source": "\n".join(source[one] for one in place.tolist()).encode(),
                    "form": packed(numbers(table["form"]).astype(np.int8)[place]),
                    "tongue": packed(numbers(table["tongue"]).astype(np.int32)[place]),
                    "ordinary": packed(background_similarity[place]),
                    **vectors.pack(place, "lengths", "terms", "weights"),
                    **(across.pack(place, vectors) if across else {}),
                    "slots": packed(_pack_12_bits(slots[place])),
                    "never_of": packed(never_of[some]),
                    "never": packed(never[some]),
                }
            )
    return pa.Table.from_pylist(found, schema=arrow_schema(SHUFFLED))


def background_similarity_of(table: Any, total: Totals, count: int, *, learned: bool) -> NDArray[np.float64]:
    """Return the background similarity of each article.

    Args:
        table: their vectors.
        total, count, learned: as for `pack_articles`.
    """
    terms, indptr = flat(table["terms"], np.int32)
    weights, row = flat(table["weights"], np.uint16)[0].astype(np.int64), row_numbers(indptr)
    to_all, to_itself = np.zeros(table.num_rows, np.int64), np.zeros(table.num_rows, np.int64)
    np.add.at(to_all, row, weights * total.at(terms))
    np.add.at(to_itself, row, weights * weights)
    if learned:
        return smoothed_mean(to_all.astype(np.float64) * DOT_UNIT, count)
    return similarity_to_others(to_all.astype(np.float64) * DOT_UNIT, to_itself.astype(np.float64) * DOT_UNIT, count)


@dataclass(frozen=True, slots=True, eq=False)
class _Sparse:
    """Sparse rows whose columns are ranks of terms, ascending in each row."""

    terms: NDArray[np.int64]
    weights: NDArray[np.uint16]
    bounds: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        ranks: NDArray[np.int64],
        weights: NDArray[Any],
        row: NDArray[np.int64],
        keep: NDArray[np.bool_],
    ) -> _Sparse:
        """Make rows of the entries in `keep`, given the rank of each."""
        rows = int(row.max(initial=-1)) + 1
        row, column = row[keep], ranks[keep]
        order = np.lexsort((column, row))
        bounds = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
        return cls(column[order], weights[keep][order].astype(np.uint16), bounds)

    def entries(self, place: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the entries of some rows, row by row, and the number of each."""
        held = np.append(self.bounds, self.bounds[-1])  # trailing rows may have no entry
        begin, end = held[np.minimum(place, len(held) - 2)], held[np.minimum(place + 1, len(held) - 1)]
        length = end - begin
        return np.repeat(begin - np.cumsum(length) + length, length) + np.arange(int(length.sum())), length

    def pack(self, place: NDArray[np.int64], lengths: str, terms: str, weights: str) -> dict[str, bytes]:
        """Pack some rows."""
        entry, length = self.entries(place)
        gaps = np.diff(self.terms[entry], prepend=0)
        first = (np.cumsum(length) - length)[length > 0]
        gaps[first] = self.terms[entry][first]
        return {
            lengths: packed(length.astype(np.uint32)),
            terms: packed(gaps.astype(np.uint32)),
            weights: packed(self.weights[entry]),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Crossing:
    """The entries of vectors that are names and numbers, which are compared across languages.

    Their weights are those of the vector scaled to another length, so only the length is sent. A row that this does
    not reproduce, because a weight was too small to be kept, is sent with its weights.

    Attributes:
        mask: whether each entry of the vectors is one.
        squares: the sum of squares of each row, entries that are not sent included; -1 if the weights are sent.
        weights: the weight of each entry in `mask`.
    """

    mask: NDArray[np.bool_]
    squares: NDArray[np.int64]
    weights: NDArray[np.uint16]

    @classmethod
    def of(
        cls,
        table: Any,
        vectors: _Sparse,
        entries: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]],
        total: Totals,
    ) -> _Crossing:
        """Find the entries of some articles.

        Args:
            table: has columns `crossing` and `crossing_weights`.
            vectors: the entries of the articles' vectors that are sent.
            entries: the terms, weights and rows of all entries of the vectors, by row and term.
            total: ranks the terms.
        """
        crossing, bounds = flat(table["crossing"], np.int32)
        its_weights, its_row = flat(table["crossing_weights"], np.uint16)[0], row_numbers(bounds)
        width = np.int64(FEATURES)
        terms, weights, row = entries
        keys = row * width + terms
        sorted_keys = np.argsort(keys, kind="stable")
        place = sorted_keys[np.searchsorted(keys, its_row * width + crossing, sorter=sorted_keys)]
        squares = np.zeros(table.num_rows, np.int64)
        np.add.at(squares, its_row, weights[place] ** 2)
        squares[its_row[cross_lingual_weight(weights[place], squares[its_row]) != its_weights]] = -1

        sent_row = row_numbers(vectors.bounds)
        key = its_row * width + total.ranks_of(crossing)
        order = np.argsort(key)
        key = key[order]
        wanted = sent_row * width + vectors.terms
        found = np.minimum(np.searchsorted(key, wanted), max(0, len(key) - 1))
        mask = key[found] == wanted if len(key) else np.zeros(len(wanted), np.bool_)
        return cls(mask, squares, its_weights[order][found[mask]] if len(key) else np.empty(0, np.uint16))

    def pack(self, place: NDArray[np.int64], vectors: _Sparse) -> dict[str, bytes]:
        """Pack the entries of some rows."""
        entry, length = vectors.entries(place)
        mask, of = self.mask[entry], np.repeat(place, length)
        among = np.cumsum(self.mask) - 1
        own_weights = entry[mask & (self.squares[of] < 0)]
        return {
            "crossing": packed(np.packbits(mask)),
            "squares": packed(self.squares[place]),
            "crossing_weights": packed(self.weights[among[own_weights]]),
        }


def _across(held: dict[str, Any], bounds: NDArray[np.int64], terms: NDArray[np.int32]) -> dict[str, Any]:
    """Unpack the names and numbers of articles; `bounds` and `terms` are those of their vectors."""
    row, weights = row_numbers(bounds), unpacked(held["weights"], np.uint16)
    mask = np.unpackbits(unpacked(held["crossing"], np.uint8), count=len(row)).astype(np.bool_)
    squares = unpacked(held["squares"], np.int64)[row[mask]]
    found = np.zeros(len(squares), np.uint16)
    given = squares >= 0
    found[given] = cross_lingual_weight(weights[mask][given].astype(np.int64), squares[given])
    found[~given] = unpacked(held["crossing_weights"], np.uint16)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row[mask], minlength=len(bounds) - 1))]).astype(np.int64)
    return {"crossing": binary(terms[mask], ends), "crossing_weights": binary(found, ends)}


def unpack_articles(batch: Any, slots: int) -> Iterator[tuple[tuple[int, int], Any]]:
    """Unpack each row of a batch: its task and chunk, and its articles as a table."""
    import pyarrow as pa

    for row in batch.to_pylist():
        held = {name: row[name] for name in row if row[name] is not None}
        columns: dict[str, Any] = {
            "n": unpacked(held["n"], np.int64),
            "seconds": unpacked(held["seconds"], np.float64),
            "source": held["source"].decode().split("\n"),
            "form": unpacked(held["form"], np.int8),
            "tongue": unpacked(held["tongue"], np.int32),
            "ordinary": unpacked(held["ordinary"], np.float64),
        }
        bounds = np.concatenate([[0], np.cumsum(unpacked(held["lengths"], np.uint32))]).astype(np.int64)
        terms = _rising(unpacked(held["terms"], np.uint32), bounds)
        columns["terms"] = binary(terms, bounds)
        columns["weights"] = binary(unpacked(held["weights"], np.uint16), bounds)
        if "crossing" in held:
            columns |= _across(held, bounds, terms)
        columns["slots"] = rows_of(_unpack_12_bits(unpacked(held["slots"], np.uint8), row["articles"], slots))
        number, of = columns["n"], unpacked(held["never_of"], np.int64)
        others, bounds = _grouped(number, of, unpacked(held["never"], np.int64))
        columns["never"] = binary(others, bounds)
        yield (row["task"], row["chunk"]), pa.table(columns)


def _rising(gaps: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the ascending terms of each row, from their gaps."""
    ends = np.concatenate([[0], np.cumsum(gaps.astype(np.int64))])
    found: NDArray[np.int32] = (ends[1:] - np.repeat(ends[bounds[:-1]], np.diff(bounds))).astype(np.int32)
    return found


def _grouped(
    number: NDArray[np.int64], of: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the values of `other` grouped by the number in `of`, and the boundaries for each of `number`."""
    place = places_in(number, of)
    order = np.argsort(place, kind="stable")
    return other[order], np.concatenate([[0], np.cumsum(np.bincount(place, minlength=len(number)))])


def _pack_12_bits(slots: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Pack numbers of twelve bits, two in three bytes."""
    flat_slots = slots.ravel()
    even = np.append(flat_slots, np.zeros(len(flat_slots) % 2, np.uint32)).reshape(-1, 2)
    combined = even[:, 0] | even[:, 1] << np.uint32(12)
    return np.ascontiguousarray(combined.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3]).ravel()


def _unpack_12_bits(held: NDArray[np.uint8], rows: int, slots: int) -> NDArray[np.uint16]:
    """Unpack numbers of twelve bits, shape (rows, slots)."""
    three = held.reshape(-1, 3).astype(np.uint32)
    combined = three[:, 0] | three[:, 1] << np.uint32(8) | three[:, 2] << np.uint32(16)
    both = np.stack([combined & 0xFFF, combined >> np.uint32(12)], axis=1).ravel().astype(np.uint16)
    return both[: rows * slots].reshape(rows, slots)
