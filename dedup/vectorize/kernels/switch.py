"""Whether the kernels are used. Everything they compute, the plain form computes too, to the same bit."""

from __future__ import annotations

import os
from importlib.util import find_spec

from dedup.errors import SettingsError

VARIABLE = "DEDUP_KERNELS"
"""Set to `off`, everything runs on the plain form; to `on`, nothing does; otherwise the size of the job decides."""
WORTHWHILE = 1_000
"""Articles from which the kernels, with the time it takes to load them, are done before the plain form is."""


def available() -> bool:
    """Whether there is a compiler to make the kernels with."""
    return find_spec("numba") is not None


def use_kernels(articles: int) -> bool:
    """Whether the kernels are to be used for a job of this many articles.

    Raises:
        SettingsError: the variable is neither `on`, `off` nor `auto`.
    """
    choice = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if choice not in ("on", "off", "auto"):
        raise SettingsError([f"{VARIABLE} must be on, off or auto, not {choice!r}"])
    return choice != "off" and available() and (choice == "on" or articles >= WORTHWHILE)
