"""An SQLite file with its writer lock, one connection for writing and one for each reading thread."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dedup.errors import StoreError, StoreLockedError
from dedup.index.store.lock import WriterLock, access_mode, lock_of, locked, refuse_foreign, refuse_network
from dedup.index.store.ownership import Owner, file_id
from dedup.index.store.schema import APPLICATION, FORMAT, UNRELEASED, migrate
from dedup.index.store.wal import (
    LARGEST,
    checkpoint,
    finish_checkpoint,
    refuse_foreign_log,
    size_of_log,
    write_base,
)

PAGE = 16_384
"""Page size in bytes: a page holds several sketches or texts, and little is wasted where one does not fit."""
OWNER = "writer"
"""Name of the owner in the table of facts."""
_STEP = 0.05


class Database:
    """Open the file of a store and run statements on it.

    Args:
        path: path of the file, which is created if it does not exist.
        read_only: open without writing; another process may write meanwhile.
        wait: seconds to wait for another writer.
        temporary_name: name in messages of a temporary file, "" for a file that is kept. A temporary file is new, has
            mode 0600, and is not synced to disk.

    Raises:
        StoreError: the file cannot be opened, is not a store, is damaged or of a newer format, or is on a network.
        StoreLockedError: another process, or another index of this one, writes to it.
    """

    def __init__(self, path: Path, *, read_only: bool, wait: float, temporary_name: str = "") -> None:
        self.name = temporary_name or str(path)
        self._given, self.path = path.absolute(), Path(os.path.realpath(path))
        self._process, self._file, self._claim = os.getpid(), file_id(path), ""
        self._enough = LARGEST  # bytes of the log at which the next checkpoint is tried
        self._temporary = bool(temporary_name)
        self._read_only = read_only
        self._lock: WriterLock | None = None
        self._readers = threading.local()
        self._opened: list[tuple[threading.Thread | None, sqlite3.Connection]] = []  # with the thread that uses it
        self._opening = threading.Lock()
        self._closed = False
        self._writing = threading.RLock()
        self._owner: int | None = None  # the thread that has a transaction open
        if not self._temporary:
            self._refuse()
        if not read_only:
            self._lock = WriterLock(self.path, wait, self.name)
            self._file = file_id(path)  # another writer may have made or replaced it meanwhile
        try:
            if self._file is None:  # after the lock: see `temporary.remove_abandoned`
                self._create()
            refuse_foreign_log(self.path, self.name)
            with self.translated_errors():
                self.writer = self._connected(None)
                self._prepare()
                if not read_only:
                    self._claim_store(wait)
        except BaseException:
            self.close()
            raise

    def _refuse(self) -> None:
        """Check the path before anything is written beside it."""
        path = Path(self.name)
        if path.is_dir():
            raise StoreError(f"{path} is a folder: name a file")
        if not path.parent.is_dir():
            raise StoreError(f"{path} cannot be made: there is no folder {path.parent}")
        if self._read_only and not path.is_file():
            raise StoreError(f"there is no store {path}: 'dedup index add' makes one")
        refuse_network(path)
        refuse_foreign(path)
        if not self._read_only and path.exists() and not os.access(path, os.W_OK):
            raise StoreError(f"{path} cannot be written to: permission denied (it can be opened to be read)")

    def _create(self) -> None:
        """Create an empty file that only this user may read, as SQLite then makes those beside it."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreError(f"{self.name} cannot be created: {error.strerror}") from error
        self._file = file_id(self.path)

    def _claim_store(self, wait: float) -> None:
        """Note this process as the owner, unless another one that is still alive lost its lock file only."""
        lock = file_id(lock_of(self.path))
        mine = Owner.of_this_process(self._file, lock)
        until = time.monotonic() + wait
        while True:
            complete = finish_checkpoint(self.writer)
            self.writer.execute("BEGIN IMMEDIATE")
            try:
                before = self._owner_noted()
                if before is None or not before.still_writes(self._file, lock):
                    self.writer.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (OWNER, mine.to_json()))
                    write_base(self.writer, complete=complete)
                    self._claim = mine.to_json()
            finally:
                self.writer.execute("COMMIT")
            if self._claim:
                if not complete:  # the store is new, or its last writer was killed
                    self._enough = checkpoint(self.writer, self.path)
                return
            if time.monotonic() >= until:
                raise locked(self.name)
            time.sleep(_STEP)

    def _owner_noted(self) -> Owner | None:
        found = self.writer.execute("SELECT value FROM fact WHERE name = ?", (OWNER,)).fetchone()
        return Owner.from_json(found[0]) if found else None

    def _check_file(self, consequence: str = "") -> None:
        """Check that the path still leads to the open file, and that this is the process that opened it.

        Args:
            consequence: the end of the message: where what is being stored is.

        Raises:
            StoreError: the file was moved, deleted or replaced, or the process is a fork.
        """
        self._check_process()
        if not self._closed and file_id(self._given) != self._file:
            problem = f"{self.name} was moved, deleted or replaced while it was open"
            raise StoreError(f"{problem}: put it back, or open the index again{consequence}")

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise StoreError(f"{self.name} was opened before this process was forked: open it in this process")

    def _check_owner(self) -> None:
        """Check inside a transaction that no other writer has opened the store.

        Raises:
            StoreLockedError: another one has.
        """
        claim = (OWNER, self._claim)
        if not self.writer.execute("SELECT 1 FROM fact WHERE name = ? AND value = ?", claim).fetchone():
            problem = f"{self.name} was opened by another writer after its lock file was removed"
            raise StoreLockedError(f"{problem}: close one of them, and open the index again")

    def close(self) -> None:
        """Close all connections and release the writer lock. Repeated calls have no effect."""
        if self._claim and os.getpid() == self._process:
            with suppress(sqlite3.Error):  # a store that is damaged or moved is closed all the same
                self.writer.execute("BEGIN IMMEDIATE")
                claim = (OWNER, self._claim)
                if self.writer.execute("DELETE FROM fact WHERE name = ? AND value = ?", claim).rowcount:
                    write_base(self.writer, complete=False)
                self.writer.execute("COMMIT")
        self._claim = ""
        self._closed = True
        with self._opening:
            for _, connection in self._opened:
                with suppress(sqlite3.Error):
                    connection.close()
            self._opened.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Store.transaction`."""
        with self._writing, self.translated_errors():
            self._check_file(". Nothing of this was stored")
            try:
                self.writer.execute("BEGIN IMMEDIATE")
                self._owner = threading.get_ident()
                self._check_owner()
                yield
                self.writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.writer.execute("ROLLBACK")
                raise
            finally:
                self._owner = None
            self._check_file(". This was stored in the file that was there, and only in that")
            if (size := size_of_log(self.path)) >= self._enough:
                self._enough = size + LARGEST
                with suppress(sqlite3.Error):  # a full disk: the transaction is stored all the same
                    self._enough = checkpoint(self.writer, self.path)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Store.reading`."""
        reader = self._reader
        if reader.in_transaction:  # inside a transaction or another `reading`
            yield
            return
        self._check_file()
        with self.translated_errors():
            reader.execute("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                reader.execute("ROLLBACK")  # nothing was written

    @contextmanager
    def upkeep(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection outside of a transaction, while no other thread writes."""
        with self._writing, self.translated_errors():
            self._check_file()
            self._check_owner()
            yield self.writer

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a query and return all its rows."""
        try:
            return self._reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """Run a statement that writes."""
        try:
            self.writer.execute(statement, values)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def write_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement that writes once for each row of values."""
        if rows:
            try:
                self.writer.executemany(statement, rows)
            except sqlite3.Error as error:
                raise self._error(error) from error

    @property
    def _reader(self) -> sqlite3.Connection:
        """The writing connection inside a transaction of this thread, else this thread's own."""
        if self._closed:
            raise StoreError(f"{self.name} is closed")
        self._check_process()
        if self._owner == threading.get_ident():
            return self.writer
        found: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if found is None:
            found = self._readers.connection = self._connected(threading.current_thread())
        return found

    def _connected(self, thread: threading.Thread | None) -> sqlite3.Connection:
        """Open a connection for one thread, and close those of threads that have ended."""
        self._check_file()
        uri = f"{self.path.as_uri()}?mode={access_mode(self.path, read_only=self._read_only)}"
        connection = sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None, check_same_thread=False)
        with self._opening:
            for one in [one for one in self._opened if one[0] is not None and not one[0].is_alive()]:
                one[1].close()
                self._opened.remove(one)
            self._opened.append((thread, connection))
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        return connection

    def _prepare(self) -> None:
        read = self.writer.execute
        (application,), (have,) = read("PRAGMA application_id").fetchone(), read("PRAGMA user_version").fetchone()
        (tables,) = read("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application == UNRELEASED:
            raise StoreError(f"{self.name} was made before the first release: add its articles to a new store")
        if tables and application != APPLICATION:
            raise StoreError(f"{self.name} is an SQLite database of another program: name another file")
        if have > FORMAT:
            problem = f"{self.name} has the format {have}, this version of dedup knows those up to {FORMAT}"
            raise StoreError(f"{problem}: use a newer one (pip install -U story-dedup)")
        if self._read_only:
            if not tables:
                raise StoreError(f"{self.name} has no index in it yet: 'dedup index add' makes one")
            if have < FORMAT:
                raise StoreError(f"{self.name} is of an older format: open it to write once, which updates it")
            return
        if not tables:
            read(f"PRAGMA page_size = {PAGE}")
        (mode,) = read("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"{self.name} cannot be written ahead ({mode}): put the store on a local disk")
        read("PRAGMA wal_autocheckpoint = 0")  # see `wal.checkpoint`
        read(f"PRAGMA synchronous = {'OFF' if self._temporary else 'FULL'}")
        read("PRAGMA secure_delete = ON")  # deleted articles are overwritten in the file
        if have < FORMAT:
            read("BEGIN IMMEDIATE")
            migrate(self.writer, have)
            read("COMMIT")

    @contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Raise errors of SQLite as errors of dedup, with a remedy."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _error(self, error: sqlite3.Error) -> StoreError:
        code, name = getattr(error, "sqlite_errorname", ""), self.name
        if self._closed:
            return StoreError(f"{name} is closed")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreLockedError(f"{name} is in use by another program ({error}): close that, and try again")
        if code == "SQLITE_FULL":
            return StoreError(f"{name}: the disk is full. Nothing of this was stored, all before it was: make room")
        if code.startswith("SQLITE_IOERR") and (limit := self._reached_limit()):
            problem = f"{name}: the limit of {limit:,} bytes for a file of this process (RLIMIT_FSIZE) is reached"
            return StoreError(f"{problem}. Nothing of this was stored, all before it was: raise it (ulimit -f)")
        if code.startswith("SQLITE_READONLY"):
            return StoreError(f"{name} cannot be written to: {error}")
        if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return StoreError(f"{name} is damaged ({error}): restore a copy of it, or add the articles to a new store")
        if code.startswith("SQLITE_CANTOPEN"):
            return StoreError(f"{name} cannot be opened: {error}")
        return StoreError(f"{name}: {error}")

    def _reached_limit(self) -> int:
        """Return the largest size that the system lets this process write to a file if that is reached, else 0."""
        try:
            import resource
        except ImportError:  # Windows has no such limit
            return 0
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        with suppress(OSError):
            largest = max(self.path.stat().st_size, size_of_log(self.path))
            return limit if limit != resource.RLIM_INFINITY and largest + 2 * PAGE > limit else 0
        return 0
