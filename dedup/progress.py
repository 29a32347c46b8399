"""How long-running steps report what they are doing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, how much of it is done, and how much there is (0 where that is unknown)."""

COMPILING = "compiling, once for this machine"
"""The stage in which kernels are compiled."""


def silent(stage: str, done: int, total: int) -> None:
    """Reports nothing: the progress of a caller who asked for none."""
