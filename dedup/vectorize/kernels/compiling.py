"""How the kernels are compiled, and where the machine code is kept between runs.

The folder is named after a digest of the source that kernels are made of, so that no run ever meets the code of another
version; numba itself adds its own version and the processor's name.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

ROOMS = (
    "group",
    "group/kernels",
    "index/features",
    "index/search",
    "index/search/kernels",
    "index/stories",
    "match",
    "match/kernels",
    "vectorize",
    "vectorize/kernels",
)
"""The folders whose modules a kernel's machine code depends on."""
Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Whole: TypeAlias = Any
"""A whole number inside a kernel: how wide it is, numba infers; no type of Python's could say it."""


_COMPLETE = "complete"
_NAMING = threading.Lock()
"""Held while numba is told the folder, which it knows for the whole process: modules may be imported by two threads."""
# Overflow wraps and nothing is reordered, so that results are the same on every machine; the GIL is released.
_OPTIONS: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}


def kernel(function: Kernel) -> Kernel:
    """Compiles a function for the machine when it is first called: one for other kernels to call."""
    import numba

    compiled: Kernel = numba.njit(no_cfunc_wrapper=True, **_OPTIONS)(function)
    return compiled


@cache
def callable_by_kernels(function: Kernel) -> Kernel:
    """Let kernels call a plain function, such as a formula, which numba compiles as part of each of them."""
    from numba.extending import register_jitable

    registered: Kernel = register_jitable(**_OPTIONS)(function)
    return registered


def kept(function: Kernel) -> Kernel:
    """The same for a kernel that Python calls: its machine code is kept on disk, if any folder can be written."""
    return _kept(function, _OPTIONS)


def kept_with_gil(function: Kernel) -> Kernel:
    """The same for a kernel that calls Python's C interface, which no other thread may use meanwhile."""
    return _kept(function, {**_OPTIONS, "nogil": False})


def _kept(function: Kernel, options: dict[str, Any]) -> Kernel:
    import numba

    compiled: Any = numba.njit(**options)(function)
    folder = cache_folder()
    if folder is not None:
        with _NAMING:
            before = numba.config.CACHE_DIR
            numba.config.CACHE_DIR = str(folder)  # read by the next line alone
            try:
                compiled.enable_caching()
            finally:
                numba.config.CACHE_DIR = before
    return compiled  # type: ignore[no-any-return]


@cache
def cache_folder() -> Path | None:
    """Where the kernels' machine code is kept: in `NUMBA_CACHE_DIR`, or the user's cache; None where neither can be."""
    for base in _bases():
        folder = base / f"kernels-{_source_digest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".{os.getpid()}"
            probe.touch()
            probe.unlink(missing_ok=True)  # another thread may look at the same time
        except OSError:
            continue
        return folder
    return None


def is_compiled() -> bool:
    """Whether an earlier run left the machine code of all kernels, so that hardly any time is spent on compiling."""
    folder = cache_folder()
    return folder is not None and (folder / _COMPLETE).exists()


def mark_compiled() -> None:
    """Tells later runs that all kernels have been compiled."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):  # a full disk: the next run compiles what is not there
            (folder / _COMPLETE).touch()


def _bases() -> list[Path]:
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return [Path(named)]
    if sys.platform == "win32":
        users = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        users = str(Path("~/Library/Caches").expanduser())
    else:
        users = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return [Path(users) / "story-dedup"] if users else []


@cache
def _source_digest() -> str:
    """Of all kernels and of the modules whose constants they have."""
    digest = hashlib.blake2b(digest_size=8)
    for room in ROOMS:
        for entry in sorted(_modules(files("dedup").joinpath(room)), key=lambda entry: entry.name):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return digest.hexdigest()


def _modules(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.name.endswith(".py"):
            yield entry
