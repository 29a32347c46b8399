"""How much of a benchmark is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Resamples for an interval (0: no intervals), small batches, the sets left out, and whether peers are measured."""

    resamples: int
    batches: int
    without: frozenset[str] = frozenset()
    peers: bool = True
