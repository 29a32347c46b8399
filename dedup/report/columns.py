"""The columns of a result, in their order, which is the same for every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedup.results.clustering import COLUMNS, Clustering

if TYPE_CHECKING:
    from dedup.archive import Arrivals

COLUMNS_AGAINST = (*COLUMNS, "status", "copy_of")
"""Of `Arrivals.to_records`."""


def columns_of(found: Clustering | Arrivals) -> tuple[str, ...]:
    """The columns of a result."""
    return COLUMNS if isinstance(found, Clustering) else COLUMNS_AGAINST
