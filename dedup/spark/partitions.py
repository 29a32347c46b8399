"""Partitioning by home: large rows of articles stay where they were read, and small rows are sent to them.

The **home** of an article is a set of some thousand rows that were read together. Steps of large rows (words,
features, vectors) are tables bucketed by home, which Spark does not shuffle for an operation by home. The number of an
article contains its home.
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
"""Maximum number of rows of a home."""
HOME_BITS = 28
"""Low bits of a number that contain the home: 16 for the partition that was read, 12 for the part of it."""
PART_BITS = 12
PLACE_BITS = 24
"""Low bits of a row's `uid` that contain its position in the home; the others are the home."""
ENTRIES = 1 << 21
"""Approximate number of entries that one task counts."""
_SPARE = 6
"""Bits of a hash beyond those of the number of entries: one in 64 entries has an equal hash by chance."""
REPEATED = "home int, bits int, hashes binary"


def home_of(column: str = "n") -> Column:
    """Return the home of an article, from its number."""
    from pyspark.sql import functions as F

    return F.col(column).bitwiseAND(F.lit((1 << HOME_BITS) - 1)).cast("int")


def schema_of(frame: DataFrame) -> str:
    """Return the schema of a frame as a string, for `at_home`."""
    return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in frame.schema.fields)


def without(big: DataFrame, excluded: DataFrame) -> DataFrame:
    """Remove the rows of some articles `n` from a step bucketed by home."""

    def drop(rows: Any, excluded: Any) -> Any:
        return rows.filter(~np.isin(numbers(rows["n"]), numbers(excluded["n"]))) if excluded.num_rows else rows

    return at_home(big, excluded.select("n"), drop, schema_of(big))


def at_home(
    big: DataFrame, small: DataFrame, function: Callable[[Any, Any], Any], schema: str, *, home: Column | None = None
) -> DataFrame:
    """Apply a function to the rows of each home.

    Args:
        big: a step bucketed by home.
        small: rows sent to the homes, by their column `home` or by the article `n`.
        function: takes the rows of a home of both, as tables, the first never empty; returns columns.
        schema: of the result.
        home: the home of the rows of `small`, if it is neither.
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
    """Return the positions of `wanted` in `number`, which contains all of them."""
    order = np.argsort(number, kind="stable")
    found: NDArray[np.int64] = order[np.searchsorted(number[order], wanted)]
    return found


def bits_for(entries: int) -> int:
    """Return the number of bits of hashes that distinguish nearly all of so many entries."""
    return min(56, max(16, _SPARE + entries.bit_length()))


def truncated(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    """Return the top bits of hashes."""
    return hashes >> np.uint64(64 - bits)


def repeated(
    job: Job, name: str, big: DataFrame, hashes_of: Callable[[Any], NDArray[np.uint64]], *, least: int, entries: int
) -> DataFrame:
    """Return the hashes of each home that at least `least` articles have, in any home; written as step `name`.

    Hashes are truncated to a few bits and sent without their articles, as the gaps of one ascending array per home
    and part. So there are a few false positives, and no false negatives.

    Args:
        job: the run.
        name: the step's name.
        big: a step bucketed by home.
        hashes_of: takes rows of it; returns the distinct hashes of each article, evenly distributed.
        least: minimum number of articles.
        entries: approximate number of hashes.
    """
    bits, parts = bits_for(entries), max(job.parts, -(-entries // ENTRIES))

    def send(table: Any) -> Any:
        import pyarrow as pa

        values, counts = np.unique(truncated(hashes_of(table), bits), return_counts=True)
        counts = np.minimum(counts, least).astype(np.uint8)
        # Parts are ranges of hashes, so that each is one slice of the sorted array.
        bounds = np.searchsorted(values, part_bounds(parts, bits))
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
        all_values = np.concatenate(values)
        order = np.argsort(all_values, kind="stable")
        begins = np.flatnonzero(np.concatenate([[True], all_values[order][1:] != all_values[order][:-1]]))
        enough = np.add.reduceat(np.concatenate(counts)[order].astype(np.int64), begins) >= least
        known = all_values[order][begins][enough]
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

    return job.checkpoints.step(name, find)


def is_among(hashes: NDArray[np.uint64], coming: Any) -> NDArray[np.bool_]:
    """Return which hashes are among the truncated ones sent to a home."""
    if not coming.num_rows:
        return np.zeros(len(hashes), np.bool_)
    known = np.unique(np.concatenate([ascending(column) for column in coming["hashes"].to_pylist()]))
    found: NDArray[np.bool_] = np.isin(truncated(hashes, coming["bits"][0].as_py()), known)
    return found


def part_bounds(parts: int, bits: int) -> NDArray[np.uint64]:
    """Return the boundaries of equal ranges of all hashes of `bits` bits, shape (parts + 1,)."""
    return np.array([min((part << bits) // parts, (1 << 64) - 1) for part in range(parts + 1)], np.uint64)
