"""The progress callback of long-running steps."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the units done, and the total (0 if unknown)."""

COMPILING = "compiling, once for this machine"
"""Name of the stage that compiles the kernels."""


def silent(stage: str, done: int, total: int) -> None:
    """Ignore progress. The default callback."""
