"""Compile kernels with numba, and keep their machine code on disk.

The folder is named after a digest of everything that the machine code is made of, so that no run uses the code of
another version. numba itself adds its own version and the processor's name.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
Whole: TypeAlias = Any
"""An integer inside a kernel. numba infers its width, which no Python type expresses."""


_PACKAGE = Path(__file__).parents[2]
_NAMING = threading.Lock()
"""Held while numba's folder, which is global to the process, is set: two threads may import modules."""
# Overflow wraps and nothing is reordered, so that results are the same on every machine; the GIL is released.
_OPTIONS: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}


def kernel(function: Kernel) -> Kernel:
    """Compile a function that only other kernels call, when it is first called."""
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
    """Compile a function that Python calls, when it is first called, and keep its machine code on disk if possible."""
    return _kept(function, _OPTIONS)


def kept_with_gil(function: Kernel) -> Kernel:
    """Compile a function as `kept` does, but hold the GIL while it runs: it calls Python's C interface."""
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
            except RuntimeError:  # the folder was removed or replaced meanwhile
                return compiled  # type: ignore[no-any-return]
            finally:
                numba.config.CACHE_DIR = before
        _verify(compiled)
    return compiled  # type: ignore[no-any-return]


def _verify(compiled: Any) -> None:
    from dedup.vectorize.kernels.machine_code import VerifiedFiles

    kept_by, implementation = compiled._cache, compiled._cache._impl
    stamp = implementation.locator.get_source_stamp()
    kept_by._cache_file = VerifiedFiles(kept_by.cache_path, implementation.filename_base, stamp)


@cache
def cache_folder() -> Path | None:
    """Return the folder of the machine code: in `NUMBA_CACHE_DIR` or the user's cache; None if it cannot be written.

    Only this user may enter it, as its content is executed.
    """
    # The package's location counts: numba keeps the code of each source file separately, so another copy has none.
    digest = hashlib.blake2b(
        f"{source_digest(_PACKAGE)} {_PACKAGE} {sys.implementation.cache_tag}".encode(), digest_size=8
    )
    for base in _bases():
        folder = base / f"kernels-{digest.hexdigest()}"
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            probe = folder / f".{os.getpid()}"
            probe.touch()
            probe.unlink(missing_ok=True)  # another thread may look at the same time
        except OSError:
            continue
        return folder
    return None


def is_compiled(kernels: str = "run") -> bool:
    """Whether an earlier process compiled a set of kernels, so that hardly any time is spent on it.

    Args:
        kernels: `run` for those of the compiled backend, `index` for those of a story index.
    """
    folder = cache_folder()
    return folder is not None and (folder / f"compiled-{kernels}").exists()


def mark_compiled(kernels: str = "run") -> None:
    """Let later processes know that a set of kernels is compiled, see `is_compiled`."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):  # a full disk: the next run compiles what is not there
            (folder / f"compiled-{kernels}").touch()


def _bases() -> list[Path]:
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return [Path(named)]
    if sys.platform == "win32":
        users = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        users = os.path.expanduser("~/Library/Caches")  # noqa: PTH111 - leaves "~" if there is no home folder
    else:
        users = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    return [Path(users) / "story-dedup"] if users and not users.startswith("~") else []


def source_digest(package: Path) -> str:
    """Digest the modules that have kernels, all modules that these import, and the data tables of all of them.

    The imports are found by regular expressions in 16 ms; parsing the modules takes 90. Imports inside functions count,
    those for types alone do not.

    Args:
        package: the folder of the package.
    """
    digest, reached = hashlib.blake2b(digest_size=8), _reached(_sources(package))
    for name, source in sorted(reached.items()):
        digest.update(name.encode() + b"\0" + source)
    for room in sorted({name for source in reached.values() for name in _TABLES.findall(source)}):
        folder = package.joinpath(*room.decode().split(".")[1:])
        for path in sorted(folder.iterdir(), key=attrgetter("name")):
            if path.suffix != ".py" and path.is_file():
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


_IMPORT = re.compile(rb"^ *from dedup(?:\.([\w.]+))? import (\([^)]*\)|.*)", re.MULTILINE)
_FOR_TYPES = re.compile(rb"^if TYPE_CHECKING:\n(?: +.*\n|\n)+", re.MULTILINE)
_TABLES = re.compile(rb'\bfiles\("(dedup\.[\w.]+)"\)')
_THIS = "vectorize.kernels.compiling"
_DECORATORS = {one.__name__ for one in (kernel, callable_by_kernels, kept, kept_with_gil)}


def _sources(package: Path) -> dict[str, bytes]:
    """The source of each module, by its dotted name inside the package."""
    found = {}
    for folder, _, names in os.walk(package):
        room = folder[len(str(package)) :].replace(os.sep, ".").lstrip(".")
        for name in names:
            if name.endswith(".py"):
                with open(os.path.join(folder, name), "rb") as file:  # noqa: PTH118, PTH123 - paths take twice the time
                    found[f"{room}.{name[:-3]}".removesuffix(".__init__").lstrip(".")] = file.read()
    return found


def _reached(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Modules that import a decorator of this one, and what they import, directly or not."""
    hint = f"{_THIS} import".encode()
    ahead = [
        module
        for module, source in sources.items()
        if hint in source and any(name == _THIS and _DECORATORS & names for name, names in _imports(source))
    ]
    found: dict[str, bytes] = {}
    while ahead:
        module = ahead.pop()
        if module in sources and module not in found:
            found[module] = sources[module]
            for name, names in _imports(sources[module]):
                ahead += [name, *(f"{name}.{one}".lstrip(".") for one in names)]
    return found


def _imports(source: bytes) -> Iterator[tuple[str, set[str]]]:
    """What a module imports from the package: the name after `from`, and the names after `import`."""
    for name, names in _IMPORT.findall(_FOR_TYPES.sub(b"", source)):
        yield name.decode(), set(re.findall(r"\w+", names.decode()))
