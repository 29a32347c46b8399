"""numba's cache in a folder of ours, with files that begin with a digest of their content.

numba writes its files without syncing and trusts them: one that a power cut left empty or halved ends the process.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, _CacheLocator

_DIGEST = 32
_STAMP = 0
"""What numba compares with the time of the source file: the name of the folder has a digest of all sources."""


class StoredCode(FunctionCache):  # type: ignore[misc] # numba has no types
    """The stored machine code of one kernel."""

    @classmethod
    def of(cls, function: Any, folder: Path) -> Self:
        """Return the machine code of a function in a folder, of any copy of the package."""
        place = folder / function.__module__

        class Locator(_CacheLocator):  # type: ignore[misc] # numba has no types
            def __init__(self, py_func: Any) -> None:
                self._lineno = py_func.__code__.co_firstlineno

            def get_cache_path(self) -> str:
                return str(place)

            def get_source_stamp(self) -> int:
                return _STAMP

            def get_disambiguator(self) -> str:
                return str(self._lineno)

            def ensure_cache_path(self) -> None:
                with suppress(OSError):  # that nothing can be written is noticed by who writes
                    place.mkdir(0o700, exist_ok=True)

            @classmethod
            def from_function(cls, py_func: Any, py_file: str) -> Self:  # noqa: ARG003 - numba's signature
                return cls(py_func)

        class Results(CompileResultCacheImpl):  # type: ignore[misc] # numba has no types
            _locator_classes = (Locator,)

        class Code(cls):  # type: ignore[misc, valid-type] # a class of numba
            _impl_class = Results

        stored: Self = Code(function)
        stored._cache_file = VerifiedFiles(stored.cache_path, stored._impl.filename_base, _STAMP)
        return stored


class VerifiedFiles(IndexDataCacheFile):  # type: ignore[misc] # numba has no types
    """Index and machine code of one kernel. What is damaged counts as missing: it is compiled and written again.

    Attributes:
        must_save: whether it is an error that machine code cannot be kept, as in a process that compiles for another.
    """

    must_save = False

    def save(self, key: Any, data: Any) -> None:
        """Keep machine code, unless the disk is full or the folder was removed."""
        with suppress(*(() if self.must_save else (OSError,))):
            super().save(key, data)

    def _load_index(self) -> dict[Any, str]:
        found = self._load(self._index_path)
        return found[2] if found is not None and found[:2] == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._save(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return self._load(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._save(self._data_path(name), data)

    def _load(self, path: str) -> Any:
        """Return the object in a file, None if the file is missing or damaged."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - numba's paths are strings
                digest, content = file.read(_DIGEST), file.read()
        except FileNotFoundError:
            return None
        except OSError:
            digest, content = b"", b""
        if digest != _digest(content):
            _report(os.path.dirname(os.path.dirname(path)))  # noqa: PTH120
            return None
        return pickle.loads(content)  # noqa: S301 - written by this user, see `cache_folder`

    def _save(self, path: str, value: Any) -> None:
        content = self._dump(value)
        with self._open_for_write(path) as file:
            file.write(_digest(content) + content)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()


@cache
def _report(folder: str) -> None:
    """Log that a cache is damaged, once for all of its files."""
    message = "%s: the stored machine code is damaged; it is thrown away and compiled again"
    logging.getLogger("dedup.kernels").warning(message, folder)
