"""Files of numba's cache that begin with a digest of their content.

numba writes them without syncing and trusts them: one that a power cut left empty or halved ends the process.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
from contextlib import suppress
from functools import cache
from typing import Any

from numba.core.caching import IndexDataCacheFile

_DIGEST = 32


class VerifiedFiles(IndexDataCacheFile):  # type: ignore[misc] # numba has no types
    """Index and machine code of one kernel. What is damaged counts as missing: it is compiled and written again."""

    def save(self, key: Any, data: Any) -> None:
        """Keep machine code, unless the disk is full or the folder was removed."""
        with suppress(OSError):
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
