"""Parquet: an article a row."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from dedup.errors import MissingDependencyError
from dedup.report.columns import columns_of

if TYPE_CHECKING:
    from dedup.archive import Arrivals
    from dedup.results.clustering import Clustering

_ROWS = 1 << 16


def write_parquet(found: Clustering | Arrivals, out: IO[bytes]) -> None:
    """Write one row per article in input order, with the columns of `to_records`.

    All are strings, `published` among them since it is a day here and a time there, but for `canonical`, which is a
    boolean, and `probability`, a double. What has no value is null.

    Raises:
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingDependencyError("writing Parquet", "pyarrow", extra="parquet") from None
    kinds = {"canonical": pa.bool_(), "probability": pa.float64()}
    schema = pa.schema([(column, kinds.get(column, pa.string())) for column in columns_of(found)])
    records = found.to_records()
    with parquet.ParquetWriter(out, schema) as writer:
        for start in range(0, len(records), _ROWS):
            writer.write_table(pa.Table.from_pylist(records[start : start + _ROWS], schema=schema))
