"""Back up a store to one file, and restore it, with the log taken into account.

Copying the file of a store by hand leaves out what is only in its log, and putting such a copy back leaves the log of
another file beside it: see `wal`.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from dedup.errors import StoreError
from dedup.index.store.connection import OWNER, Database
from dedup.index.store.lock import WriterLock, lock_of, locked, refuse_foreign, refuse_network
from dedup.index.store.ownership import Owner, file_id
from dedup.index.store.wal import log_of, refuse_foreign_log, renew


def back_up(source: Database, target: Path) -> None:
    """Copy an open store to a new file, as it is at one moment. A writer may be at work meanwhile.

    Raises:
        StoreError: the file is there already, or cannot be written.
    """
    if target.exists():
        raise StoreError(f"{target} is there already: name a new file for the backup")
    with source.translated_errors(), _new_file(target) as unfinished:
        _copy(source.path, unfinished, source.name)
        unfinished.replace(target)


def restore(copy: Path, path: Path, *, replace: bool, wait: float) -> None:
    """Put a copy of a store in its place, and remove the log of the store that was there.

    Args:
        copy: the backup, which is left as it is. A log beside it is part of it.
        path: path of the store.
        replace: whether a store that is there may be replaced.
        wait: seconds to wait for a writer of the store.

    Raises:
        StoreError: the copy is not a sound store, or a store is there and `replace` is False.
        StoreLockedError: the store is being written to.
    """
    if not copy.is_file():
        raise StoreError(f"there is no backup {copy}")
    refuse_foreign(copy)
    refuse_foreign_log(copy, str(copy))
    real = Path(os.path.realpath(path))
    if not real.parent.is_dir():
        raise StoreError(f"{path} cannot be made: there is no folder {real.parent}")
    if os.path.realpath(copy) == str(real):
        raise StoreError(f"{copy} is the store itself: name a backup of it")
    refuse_network(real)
    if real.exists() and not replace:
        raise StoreError(f"{path} is there already: say that it may be replaced (--replace), or name another file")
    lock = WriterLock(real, wait, str(path))
    try:
        owner = _owner(real)
        if owner is not None and owner.still_writes(file_id(real), file_id(lock_of(real))):
            raise locked(str(path))
        with _new_file(real) as unfinished:
            _copy(copy, unfinished, str(copy))
            unfinished.replace(real)
            _sync(real.parent)  # were the log removed first, a crash here would leave the old store without it
            for companion in (log_of(real), real.with_name(f"{real.name}-shm")):
                companion.unlink(missing_ok=True)
            _sync(real.parent)
    finally:
        lock.release()


def _owner(path: Path) -> Owner | None:
    """Return the owner noted in a store, None if there is none or the store cannot be read."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as store:
        found = store.execute("SELECT value FROM fact WHERE name = ?", (OWNER,)).fetchone()
        return Owner.from_json(found[0]) if found else None
    return None


def _copy(source: Path, target: Path, name: str) -> None:
    """Copy a store with its log into an empty file, check the copy and give it a base of its own."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target, isolation_level=None)) as new,
        ):
            old.backup(new)
            if (found := [row[0] for row in new.execute("PRAGMA quick_check(1)")]) != ["ok"]:
                raise StoreError(f"{name} is damaged ({found[0]}): use another copy")
            if not new.execute("SELECT 1 FROM sqlite_master WHERE name = 'fact'").fetchone():
                raise StoreError(f"{name} is no store of stories: name another file")
            new.execute("DELETE FROM fact WHERE name = ?", (OWNER,))
            renew(new)
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StoreError(f"{name} cannot be copied: {error}") from error
    with target.open("rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _new_file(beside: Path) -> Iterator[Path]:
    """Give the path of an empty file of mode 0600 in the folder of another, and remove it afterwards."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{beside.name}-", dir=beside.parent)
    except OSError as error:
        raise StoreError(f"{beside} cannot be written: {error.strerror}") from error
    os.close(number)
    unfinished = Path(name)
    try:
        yield unfinished
        _sync(beside.parent)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{beside} cannot be written: {error.strerror}") from error
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            unfinished.with_name(unfinished.name + ending).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Write the names in a folder to disk, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
