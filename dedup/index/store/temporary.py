"""A store in a private temporary file, used by `StoryIndex.open(":memory:")`."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import weakref
from pathlib import Path

from dedup.errors import StoreError
from dedup.index.store.connection import Database
from dedup.index.store.lock import WriterLock
from dedup.index.store.sqlite import SqliteStore

MEMORY = ":memory:"
"""The path that selects this store, and its name in messages."""
PREFIX = "dedup-memory-"
_FILE = "stories.db"


class TemporaryStore(SqliteStore):
    """An SQLite store that lasts until it is closed.

    The file has mode 0600 and lies in a new directory of mode 0700. The directory is removed by `close`, when the store
    is garbage collected, and when the interpreter exits. One that a killed process left is removed when any process of
    the same user next opens a temporary store.

    Raises:
        StoreError: the file cannot be created.
    """

    def __init__(self) -> None:
        remove_abandoned(Path(tempfile.gettempdir()))
        try:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        except OSError as error:
            raise StoreError(f"{MEMORY} cannot be created: no temporary directory ({error}): set TMPDIR") from error
        try:
            self._file = Database(folder / _FILE, read_only=False, wait=0.0, temporary_name=MEMORY)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._finalizer = weakref.finalize(self, _close_and_remove, self._file, folder, os.getpid())

    def close(self) -> None:
        self._finalizer()


def remove_abandoned(parent: Path) -> None:
    """Remove the directories that killed processes of this user left.

    A live store holds its writer lock, which the system releases when a process ends. The database is created after the
    lock is taken, so a directory with a database and a free lock has no owner.
    """
    for folder in parent.glob(f"{PREFIX}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        info = folder.lstat()
        ours = not hasattr(os, "getuid") or info.st_uid == os.getuid()
        if not (ours and stat.S_ISDIR(info.st_mode) and (folder / _FILE).exists()):
            return False
        WriterLock(folder / _FILE).release()
    except OSError:  # StoreLockedError among them: its owner is alive
        return False
    return True


def _close_and_remove(file: Database, folder: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child shares the file with its parent, which still uses it
        file.close()
        shutil.rmtree(folder, ignore_errors=True)
