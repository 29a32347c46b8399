"""Checks of a store's path (network file systems, files of other programs) and the lock of its writer."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from dedup.errors import StoreError, StoreLockedError
from dedup.index.store.wal import size_of_log

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre", "gpfs"}
)
"""File systems on which locks and shared memory between processes cannot be relied on."""
MOUNTS = Path("/proc/self/mountinfo")
_STEP = 0.05
_SMALLEST = 512  # bytes of the smallest page


def file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the file system of a path, "" if it is unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    target, best, kind = path.resolve(), -1, ""
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, facts = left.split(), right.split()
        if len(fields) > 4 and facts:
            point = Path(fields[4].replace("\\040", " "))
            if target.is_relative_to(point) and len(point.parts) >= best:
                best, kind = len(point.parts), facts[0]
    return kind


def refuse_foreign(path: Path) -> None:
    """Refuse a file that is not an SQLite database, or is a second name of one, before anything is written beside it.

    Raises:
        StoreError: the file is not an SQLite database, is truncated, or is opened by a second name (a hard link).
    """
    if path.is_file() and path.stat().st_nlink > 1 and not lock_of(Path(os.path.realpath(path))).exists():
        problem = f"{path} is another name of a file (a hard link), under which its log is not found"
        raise StoreError(f"{problem}: open it by its own name, or copy it with 'dedup index backup'")
    if not path.is_file() or not (size := path.stat().st_size):
        return
    # SQLite reads the header: closing a descriptor of our own would release the locks that other connections of this
    # process hold on the file, and another program could then remove the log.
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as file:
            (pages,), (page,) = (file.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
        is_whole = size >= max(_SMALLEST, pages * page)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_NOTADB":
            raise StoreError(f"{path} is no store of stories, nor any SQLite database: name another file") from error
        is_whole = error.sqlite_errorname != "SQLITE_CORRUPT"  # its header says that it is larger
    # A checkpoint may write the header before the pages behind it.
    if not is_whole and (size < _SMALLEST or not size_of_log(path)):
        raise StoreError(f"{path} is cut off: it has {size} bytes. Restore a copy of it")


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a path on a network file system.

    Raises:
        StoreError: the path is on a network file system.
    """
    kind = file_system(path.parent, mounts)
    if kind in NETWORK:
        problem = f"{path} lies on a network file system ({kind}), where SQLite cannot keep what it was given"
        raise StoreError(f"{problem}: put the store on a local disk")


def is_fixed(path: Path) -> bool:
    """Return whether a store is on a read-only file system and has no pending WAL; it is then opened as immutable."""
    statvfs = getattr(os, "statvfs", None)
    if statvfs is None or not statvfs(path.parent).f_flag & os.ST_RDONLY:
        return False
    ahead = path.with_name(f"{path.name}-wal")
    return not (ahead.exists() and ahead.stat().st_size)


def access_mode(path: Path, *, read_only: bool) -> str:
    """Return the mode in SQLite's URI for opening a store."""
    if not read_only:
        return "rw"
    return "ro&immutable=1" if is_fixed(path) else "ro"


def lock_of(path: Path) -> Path:
    """Return the path of the lock file of a store."""
    return path.with_name(path.name + "-writer")


def locked(name: str) -> StoreLockedError:
    """Return the error that a store has another writer."""
    problem = f"{name} is being written to by another process, or another index of this one"
    return StoreLockedError(f"{problem}: close that, or wait for it (wait=SECONDS, --wait)")


class WriterLock:
    """The exclusive lock of a store's writer, held until `release` or the end of the process, even by a kill.

    The lock is an exclusive transaction on an empty SQLite database beside the store, which works on every system.

    Args:
        path: real path of the store: two paths that lead to one file have one lock.
        wait: seconds to wait for another writer.
        name: name of the store in messages, None for its path.

    Raises:
        StoreLockedError: another writer still holds the lock.
        StoreError: the lock cannot be created.
    """

    def __init__(self, path: Path, wait: float = 0.0, name: str | None = None) -> None:
        name = name or str(path)
        self._connection: sqlite3.Connection | None = None
        lock = lock_of(path)
        until = time.monotonic() + wait
        while True:
            connection = None
            try:
                if not lock.exists():
                    os.close(os.open(lock, os.O_CREAT | os.O_RDWR, 0o600))
                connection = sqlite3.connect(lock, timeout=0, isolation_level=None, check_same_thread=False)
                connection.execute("PRAGMA journal_mode = MEMORY")
                connection.execute("BEGIN EXCLUSIVE")
            except (sqlite3.Error, OSError) as error:
                if connection is not None:
                    connection.close()
                if "locked" not in str(error):
                    problem = f"{name} cannot be written to: its lock {lock.name} cannot be made ({error})"
                    raise StoreError(problem) from error
                if time.monotonic() >= until:
                    raise locked(name) from error
                time.sleep(_STEP)
            else:
                self._connection, self._process = connection, os.getpid()
                return

    def release(self) -> None:
        """Release the lock. Repeated calls have no effect."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None
