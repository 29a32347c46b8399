"""Which form the method runs in. All three give the same to the last bit."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Literal

from dedup.errors import SettingsError
from dedup.vectorize.kernels.compiling import is_compiled

VARIABLE = "DEDUP_KERNELS"
"""Set to `off`, all runs on the plain form; to `on`, on the kernels; `auto`, or not set, on what is done sooner."""
WORTH_COMPILING = 8_000
"""Articles from which the kernels are done before the light form is, even where they have to be compiled first."""
WORTH_LOADING = 150
"""The same where they were compiled before: to load them takes a second."""


def available() -> bool:
    """Whether there is a compiler to make the kernels with."""
    return find_spec("numba") is not None


def form(articles: int) -> Literal["plain", "light", "kernels"]:
    """The form for a job of at least this many articles.

    Raises:
        SettingsError: the variable is neither `on`, `off` nor `auto`, or it is `on` and there is no compiler.
    """
    choice = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if choice not in ("on", "off", "auto"):
        raise SettingsError([f"{VARIABLE} must be on, off or auto, not {choice!r}"])
    if choice == "on" and not available():
        raise SettingsError([f"{VARIABLE} is on, but numba is not installed: pip install numba"])
    if choice == "off":
        return "plain"
    worth = articles >= WORTH_COMPILING or (articles >= WORTH_LOADING and is_compiled())
    return "kernels" if choice == "on" or (worth and available()) else "light"
