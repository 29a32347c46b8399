"""Articles stay where they were read.

What is large about an article (words, features, its vector) is written where its row was read and never sent for what
other rows say of it: what is small comes to it instead. So each article has a **home**, some thousand rows that were
read together. Steps that hold large rows are tables bucketed by home, of which Spark knows that they need not move
when homes are looked at one by one; an article's number says its home, so whoever knows the number knows where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dedup.spark.arrow import ascending, empty, numbers, packed, unpacked

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from dedup.spark.job import Job

HOME_ROWS = 8_192
"""Rows of a home, at most."""
HOME_BITS = 28
"""The low bits of a number, which are its home: 16 for the partition that was read, 12 for the part of it."""
PART_BITS = 12
PLACE_BITS = 24
"""Of a row's `uid` the low bits, which are its place in its home; the others are the home."""
ENTRIES = 1 << 21
"""Entries that one task counts, about."""
_SPARE = 6
"""Bits of a hash beyond those that number all entries: two different ones are equal once in 64 times."""
REPEATED = "home int, bits int, hashes binary"


def home_of(column: str = "n") -> Column:
    """The home of an article, from its number."""
    from pyspark.sql import functions as F

    return F.col(column).bitwiseAND(F.lit((1 << HOME_BITS) - 1)).cast("int")


def schema_of(frame: DataFrame) -> str:
    """The schema of a frame, as `at_home` takes it."""
    return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in frame.schema.fields)


def without(big: DataFrame, gone: DataFrame) -> DataFrame:
    """The rows of a step that is kept by home, but for some articles `n`."""

    def drop(rows: Any, gone: Any) -> Any:
        return rows.filter(~np.isin(numbers(rows["n"]), numbers(gone["n"]))) if gone.num_rows else rows

    return at_home(big, gone.select("n"), drop, schema_of(big))


def at_home(
    big: DataFrame, small: DataFrame, function: Callable[[Any, Any], Any], schema: str, *, home: Column | None = None
) -> DataFrame:
    """What a function finds in each home.

    Args:
        big: a step that is kept by home.
        small: rows that come to it; those that have no `home` but an `n` go to that of the article.
        function: takes the rows of a home of both, as tables, the first never empty; returns columns.
        schema: of what it returns.
        home: of the rows of `small`, where they say it otherwise.
    """
    if home is not None:
        small = small.withColumn("home", home)
    elif "home" not in small.columns:
        small = small.withColumn("home", home_of())

    def apply(rows: Any, coming: Any) -> Any:
        import pyarrow as pa

        if not rows.num_rows:
            return empty(schema)
        found = function(rows, coming)
        found = found if isinstance(found, pa.Table) else pa.table(found)
        return found if found.num_rows else empty(schema)

    return big.groupBy("home").cogroup(small.groupBy("home")).applyInArrow(apply, schema)


def places_in(number: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where some numbers are among others that hold all of them."""
    order = np.argsort(number, kind="stable")
    found: NDArray[np.int64] = order[np.searchsorted(number[order], wanted)]
    return found


def bits_for(entries: int) -> int:
    """Of how many bits the hashes are by which so many entries are told apart, nearly."""
    return min(56, max(16, _SPARE + entries.bit_length()))


def cut_to(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    """The top bits of hashes."""
    return hashes >> np.uint64(64 - bits)


def repeated(
    job: Job, name: str, big: DataFrame, hashes_of: Callable[[Any], NDArray[np.uint64]], *, least: int, entries: int
) -> DataFrame:
    """For each home those hashes of its articles that several articles have, wherever they are: a step of that name.

    Hashes are cut to a few bits and sent without saying whose they are, in one ascending array for each home and
    part, as the gaps between them. So a few are named that not so many articles have, and none is missed.

    Args:
        job: the run.
        name: what the step is called.
        big: a step that is kept by home.
        hashes_of: takes rows of it; gives the hashes, of each article each once, spread evenly.
        least: in how many articles.
        entries: how many hashes there are, about.
    """
    bits, parts = bits_for(entries), max(job.parts, -(-entries // ENTRIES))

    def send(table: Any) -> Any:
        import pyarrow as pa

        values, counts = np.unique(cut_to(hashes_of(table), bits), return_counts=True)
        counts = np.minimum(counts, least).astype(np.uint8)
        # Parts are ranges, so that what is in one lies close together.
        bounds = np.searchsorted(values, limits_of(parts, bits))
        used = np.flatnonzero(np.diff(bounds)).tolist()
        stretches = [slice(int(bounds[part]), int(bounds[part + 1])) for part in used]
        return pa.table(
            {
                "part": pa.array(used, pa.int32()),
                "home": pa.array([table["home"][0].as_py()] * len(used), pa.int32()),
                "hashes": pa.array([packed(values[of], rising=True) for of in stretches], pa.binary()),
                "counts": pa.array([packed(counts[of]) for of in stretches], pa.binary()),
            }
        )

    def count(table: Any) -> Any:
        import pyarrow as pa

        values = [ascending(column) for column in table["hashes"].to_pylist()]
        counts = [unpacked(column, np.uint8) for column in table["counts"].to_pylist()]
        whole = np.concatenate(values)
        order = np.argsort(whole, kind="stable")
        begins = np.flatnonzero(np.concatenate([[True], whole[order][1:] != whole[order][:-1]]))
        enough = np.add.reduceat(np.concatenate(counts)[order].astype(np.int64), begins) >= least
        known = whole[order][begins][enough]
        found = [mine[np.isin(mine, known, assume_unique=True)] for mine in values]
        kept = [place for place, mine in enumerate(found) if len(mine)]
        return pa.table(
            {
                "home": table["home"].take(pa.array(kept, pa.int64())),
                "bits": pa.array([bits] * len(kept), pa.int32()),
                "hashes": pa.array([packed(found[place], rising=True) for place in kept], pa.binary()),
            }
        )

    def find() -> DataFrame:
        sent = big.groupBy("home").applyInArrow(send, "part int, home int, hashes binary, counts binary")
        return sent.groupBy("part").applyInArrow(count, REPEATED)

    return job.kept.step(name, find)


def are_named(hashes: NDArray[np.uint64], coming: Any) -> NDArray[np.bool_]:
    """Which hashes are among those that come to a home, which are cut."""
    if not coming.num_rows:
        return np.zeros(len(hashes), np.bool_)
    known = np.unique(np.concatenate([ascending(column) for column in coming["hashes"].to_pylist()]))
    found: NDArray[np.bool_] = np.isin(cut_to(hashes, coming["bits"][0].as_py()), known)
    return found


def spread(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers as hashes all of whose bits depend on all of theirs, one for each (the end of MurmurHash3)."""
    mixed = hashes ^ (hashes >> np.uint64(33))
    mixed = mixed * np.uint64(0xFF51AFD7ED558CCD)
    mixed = mixed ^ (mixed >> np.uint64(33))
    mixed = mixed * np.uint64(0xC4CEB9FE1A85EC53)
    found: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(33))
    return found


def limits_of(parts: int, bits: int) -> NDArray[np.uint64]:
    """Where some parts of all hashes of so many bits begin, and after them the end."""
    return np.array([min((part << bits) // parts, (1 << 64) - 1) for part in range(parts + 1)], np.uint64)
