"""The folder in which the machine code of kernels is kept.

It is named after a digest of everything that the machine code is made of and for, so that no run uses the code of
another version, processor or user.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path

import numpy as np

_PACKAGE = Path(__file__).parents[2]
_MOST = 4
"""Folders that are kept: each version of the package, of numba or of Python has its own."""
_NAMES = "kernels-" + "[0-9a-f]" * 16
_MARK = "compiled-"


@cache
def cache_folder() -> Path | None:
    """Return the folder of the machine code: in `NUMBA_CACHE_DIR` or the user's cache; None if it cannot be written.

    Only this user may enter it, as its content is executed. A complete one need not be writable: it may be in an image.
    """
    for base in _bases():
        folder = base / f"kernels-{_digest()}"
        try:
            is_new = not folder.exists()
            folder.mkdir(0o700, parents=True, exist_ok=True)
            if not _is_own(folder):
                continue
            if (folder / f"{_MARK}run").exists() and not os.access(folder, os.W_OK):
                return folder
            folder.chmod(0o700)
            probe = folder / f".{os.getpid()}"
            probe.touch()
            probe.unlink(missing_ok=True)  # another thread may look at the same time
        except OSError:
            continue
        if is_new:
            remove_folders(base, keep=_MOST)
        return folder
    return None


def working_folder() -> Path | None:
    """Return `cache_folder`, or a folder for this process alone if there is none; None if nothing can be written."""
    return cache_folder() or _temporary_folder()


@cache
def _temporary_folder() -> Path | None:
    try:
        base = Path(tempfile.mkdtemp(prefix="story-dedup-"))
        atexit.register(_remove_if, os.getpid(), base)
        folder = base / f"kernels-{_digest()}"
        folder.mkdir(0o700)
    except OSError:
        return None
    return folder


def _remove_if(process: int, folder: Path) -> None:
    if process == os.getpid():  # not in a copy of the process
        shutil.rmtree(folder, ignore_errors=True)


def is_compiled(kernels: str = "run") -> bool:
    """Whether a process compiled some kernels, so that hardly any time is spent on it.

    Args:
        kernels: `run` for those of the compiled backend, the name of a method for those of one step, `index` for those
            of a story index.
    """
    folder = working_folder()
    return folder is not None and (folder / f"{_MARK}{kernels}").exists()


def mark_compiled(kernels: str = "run") -> None:
    """Let other processes know that some kernels are compiled, see `is_compiled`."""
    folder = working_folder()
    if folder is not None:
        with suppress(OSError):  # a full disk: the next run compiles what is not there
            (folder / f"{_MARK}{kernels}").touch()


def kept_folders() -> list[Path]:
    """Return the folders of this user's cache, of all versions, those used last first."""
    return [folder for base in _bases() for folder in _folders(base)]


def remove_folders(base: Path | None = None, keep: int = 0) -> None:
    """Remove all folders of this user's cache but those used last."""
    for folder in kept_folders()[keep:] if base is None else _folders(base)[keep:]:
        shutil.rmtree(folder, ignore_errors=True)


def _folders(base: Path) -> list[Path]:
    found = []
    for folder in base.glob(_NAMES):
        with suppress(OSError):  # another process removes it
            if _is_own(folder):
                found.append((folder.stat().st_mtime, folder))
    return [folder for _, folder in sorted(found, reverse=True)]


def _is_own(folder: Path) -> bool:
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and (os.name != "posix" or found.st_uid == os.geteuid())


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


@cache
def _digest() -> str:
    """Digest the sources, the compiler with its processor, Python, and the user."""
    made_of = [source_digest(_PACKAGE), sys.version, np.__version__, str(os.geteuid() if os.name == "posix" else "")]
    for package in ("numba", "llvmlite"):
        found = find_spec(package)
        if found is not None and found.origin is not None:
            version = Path(found.origin).with_name("_version.py")  # the metadata of a package takes 100 ms to read
            made_of.append(version.read_text(encoding="utf-8") if version.exists() else found.origin)
    with suppress(ImportError):
        from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

        made_of += [get_host_cpu_name(), get_host_cpu_features().flatten()]
    return hashlib.blake2b("\0".join(made_of).encode(), digest_size=8).hexdigest()


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
_DECORATED_BY = "vectorize.kernels.compiling"
_DECORATORS = {"kernel", "callable_by_kernels", "kept", "kept_with_gil"}


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
    """Modules that import a decorator of kernels, and what they import, directly or not."""
    hint = f"{_DECORATED_BY} import".encode()
    ahead = [
        module
        for module, source in sources.items()
        if hint in source and any(name == _DECORATED_BY and _DECORATORS & names for name, names in _imports(source))
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
