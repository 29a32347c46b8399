"""The three forms of the method, which give the same to the last bit, and the choice between them.

The plain backend is scikit-learn, datasketch, NumPy and SciPy: the specification. The NumPy backend replaces the first
two, which take long to import: small jobs run on it. The compiled backend runs kernels, compiled for the machine when
they are first used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from dedup.backends.compiled import CompiledBackend
from dedup.backends.numpy import NumpyBackend
from dedup.backends.plain import PlainBackend, Texts
from dedup.errors import SettingsError
from dedup.vectorize.kernels.compiling import is_compiled

if TYPE_CHECKING:
    from dedup.progress import Progress
    from dedup.settings import Settings

__all__ = [
    "GROWN",
    "CompiledBackend",
    "NumpyBackend",
    "PlainBackend",
    "choose",
    "choose_for_index",
    "form",
    "index_uses_kernels",
]

VARIABLE = "DEDUP_KERNELS"
"""Environment variable: `off` runs the plain backend, `on` the compiled one, `auto` or unset the faster one."""
WORTH_COMPILING = 8_000
"""Articles from which the compiled backend is faster, even if the kernels must be compiled first."""
WORTH_LOADING = 150
"""Articles from which it is faster if the kernels are compiled already: loading them takes a second."""
GROWN = 2_000
"""Articles from which an index is worth compiling for: more are likely to come."""


def form(articles: int, kernels: str = "run") -> Literal["plain", "numpy", "compiled"]:
    """The backend for a job of at least this many articles; `kernels` are those it needs, see `is_compiled`.

    Raises:
        SettingsError: the variable is neither `on`, `off` nor `auto`, or it is `on` and numba is not installed.
    """
    choice = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if choice not in ("on", "off", "auto"):
        raise SettingsError([f"{VARIABLE} must be on, off or auto, not {choice!r}"])
    installed = find_spec("numba") is not None
    if choice == "on" and not installed:
        raise SettingsError([f"{VARIABLE} is on, but numba is not installed: pip install numba"])
    if choice == "off":
        return "plain"
    worth = articles >= WORTH_COMPILING or (articles >= WORTH_LOADING and is_compiled(kernels))
    return "compiled" if choice == "on" or (worth and installed) else "numpy"


def choose(articles: Texts, settings: Settings, progress: Progress | None = None) -> tuple[PlainBackend, Texts]:
    """The faster backend for some articles, and the articles, of which some are read to count them.

    Raises:
        SettingsError: see `form`.
    """
    source: Iterator[tuple[str, str]] = iter(articles)
    taken: list[tuple[str, str]] = []
    for enough in (0, WORTH_LOADING, WORTH_COMPILING):
        taken.extend(islice(source, enough - len(taken)))
        if (found := form(len(taken))) != "numpy":
            break
    simple = {"plain": PlainBackend, "numpy": NumpyBackend}
    return simple[found](settings) if found in simple else CompiledBackend(settings, progress), chain(taken, source)


def choose_for_index(articles: int, settings: Settings, progress: Progress | None = None) -> PlainBackend:
    """The backend for an index of this many articles: NumPy, where `index_uses_kernels` is false.

    Raises:
        SettingsError: see `form`.
    """
    return CompiledBackend(settings, progress) if index_uses_kernels(articles) else NumpyBackend(settings)


def index_uses_kernels(articles: int) -> bool:
    """Whether numba is installed, and an index of this many articles is worth loading or compiling kernels.

    Raises:
        SettingsError: see `form`.
    """
    return form(WORTH_COMPILING if articles >= GROWN else WORTH_LOADING, "index") == "compiled"
