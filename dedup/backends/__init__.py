"""The three forms of the method, which give the same to the last bit, and the choice between them.

The plain backend is scikit-learn, datasketch, NumPy and SciPy: the specification. The NumPy backend replaces the first
two, which take long to import: small jobs run on it. The compiled backend runs kernels, compiled for the machine once.
Until they are, a large job runs on NumPy, and another process compiles.
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
from dedup.backends.takeover import TakeoverBackend
from dedup.errors import SettingsError
from dedup.vectorize.kernels.cache import is_compiled

if TYPE_CHECKING:
    from dedup.progress import Progress
    from dedup.settings import Settings

__all__ = [
    "WORTH_COMPILING",
    "CompiledBackend",
    "NumpyBackend",
    "PlainBackend",
    "TakeoverBackend",
    "choose",
    "choose_for_index",
    "form",
    "form_for_index",
]

VARIABLE = "DEDUP_KERNELS"
"""Environment variable: `off` runs the plain backend, `on` the compiled one, `auto` or unset the faster one."""
WORTH_COMPILING = 2_000
"""Articles from which kernels are compiled for a job, or an index, in another process."""
WORTH_LOADING = 150
"""Articles from which kernels are faster if they are compiled: loading them takes a second."""


def form(articles: int, kernels: str = "run") -> Literal["plain", "numpy", "takeover", "compiled"]:
    """The backend for a job of at least this many articles; `kernels` are those it needs, see `is_compiled`.

    `takeover` is NumPy until the kernels are compiled.

    Raises:
        SettingsError: the variable is neither `on`, `off` nor `auto`, or it is `on` and numba is not installed.
    """
    choice = os.environ.get(VARIABLE, "").strip().lower() or "auto"
    if choice not in ("on", "off", "auto"):
        raise SettingsError([f"{VARIABLE} must be on, off or auto, not {choice!r}"])
    installed = find_spec("numba") is not None
    if choice == "on" and not installed:
        raise SettingsError([f"{VARIABLE} is on, but numba is not installed: pip install numba"])
    if choice != "auto":
        return "plain" if choice == "off" else "compiled"
    if not installed or articles < WORTH_LOADING:
        return "numpy"
    return "compiled" if is_compiled(kernels) else "takeover" if articles >= WORTH_COMPILING else "numpy"


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
    return _backend(found, settings, progress), chain(taken, source)


def form_for_index(articles: int) -> Literal["numpy", "takeover", "compiled"]:
    """The backend for an index of this many articles, of which more are likely to come; see `form`.

    Raises:
        SettingsError: see `form`.
    """
    found = form(max(articles, WORTH_LOADING), "index")
    return "numpy" if found == "plain" else found


def choose_for_index(articles: int, settings: Settings, progress: Progress | None = None) -> PlainBackend:
    """The backend for a job on all articles of an index.

    Raises:
        SettingsError: see `form`.
    """
    return _backend(form_for_index(articles), settings, progress, articles)


def _backend(name: str, settings: Settings, progress: Progress | None, articles: int = 0) -> PlainBackend:
    if name == "compiled":
        return CompiledBackend(settings, progress)
    if name == "takeover":
        return TakeoverBackend(settings, progress, articles)
    return (PlainBackend if name == "plain" else NumpyBackend)(settings)
