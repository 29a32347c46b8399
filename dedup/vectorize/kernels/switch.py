"""Whether the kernels are used. Everything they compute, the plain form computes too, to the same bit."""

from __future__ import annotations

import os
from importlib.util import find_spec

from dedup.errors import SettingsError
from dedup.vectorize.kernels.compiling import is_compiled

VARIABLE = "DEDUP_KERNELS"
"""Set to `off`, everything runs on the plain form; to `on`, nothing does; `auto`, or not set, what is done sooner."""
WORTH_COMPILING = 8_000
"""Articles from which the kernels are done before the plain form is even where they have to be compiled first. Where
they were before, they are from the first article on: loading them takes less time than importing scikit-learn."""


def available() -> bool:
    """Whether there is a compiler to make the kernels with."""
    return find_spec("numba") is not None


def use_kernels(articles: int) -> bool:
    """Whether the kernels are to be used for a job of this many articles.

    Raises:
        SettingsError: the variable is neither `on`, `off` nor `auto`, or it is `on` and there is no compiler.
    """
    choice = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if choice not in ("on", "off", "auto"):
        raise SettingsError([f"{VARIABLE} must be on, off or auto, not {choice!r}"])
    if choice == "on" and not available():
        raise SettingsError([f"{VARIABLE} is on, but numba is not installed: pip install numba"])
    return choice == "on" or (choice == "auto" and available() and (articles >= WORTH_COMPILING or is_compiled()))
