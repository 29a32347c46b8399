"""Memory that a run no longer needs goes back to the system between its steps.

The C library keeps what is freed for later, and each thread in an area of its own. After a step that filled many arrays
that is a fifth of all memory, which the next step does not find, for it needs larger pieces.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Give free memory back to the system, where the C library can: glibc."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # no C library can be opened by that name, as on Windows
        return None
    return found
