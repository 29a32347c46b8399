"""An SQLite file: opened, locked against other writers, one connection to write and one for each thread that reads."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dedup.errors import StoreError, StoreLockedError
from dedup.index.store.lock import WriterLock, access_mode, refuse_foreign, refuse_network
from dedup.index.store.schema import APPLICATION, FORMAT, UNRELEASED, migrate

PAGE = 16_384
"""Bytes of a page: several articles' sketches or texts, and no great loss where one does not fit."""


class Database:
    """The file of a store, and how statements are run on it.

    Args:
        path: of the file; it is made where there is none.
        read_only: reads what another process may be writing, and writes nothing.
        wait: seconds to wait for another writer.

    Raises:
        StoreError: the file cannot be opened, is no store, is damaged or of a newer format, or lies on a network.
        StoreLockedError: another process, or another index of this one, writes to it.
    """

    def __init__(self, path: Path, *, read_only: bool, wait: float) -> None:
        self.path = path
        self._read_only = read_only
        self._lock: WriterLock | None = None
        self._readers = threading.local()
        self._opened: list[tuple[threading.Thread | None, sqlite3.Connection]] = []  # each with who alone uses it
        self._opening = threading.Lock()
        self._closed = False
        self._writing = threading.RLock()
        self._owner: int | None = None  # the thread that has a transaction open
        self._refuse()
        if not read_only:
            self._lock = WriterLock(path, wait)
        try:
            with self.told():
                self.writer = self._connected(None)
                self._prepare()
        except BaseException:
            self.close()
            raise

    def _refuse(self) -> None:
        """Refuses, before anything is touched, what can be no store."""
        path = self.path
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

    def close(self) -> None:
        """Closes all connections, and lets others write. Calling it again does nothing."""
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
        with self._writing, self.told():
            self.writer.execute("BEGIN IMMEDIATE")
            self._owner = threading.get_ident()
            try:
                yield
                self.writer.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.writer.execute("ROLLBACK")
                raise
            finally:
                self._owner = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `Store.reading`."""
        reader = self._reader
        if reader.in_transaction:  # one's own, or another of these around it
            yield
            return
        with self.told():
            reader.execute("BEGIN")
        try:
            yield
        finally:
            with suppress(sqlite3.Error):
                reader.execute("ROLLBACK")  # nothing was written

    @contextmanager
    def upkeep(self) -> Iterator[sqlite3.Connection]:
        """The writer's connection, outside of a transaction, while nobody else writes."""
        with self._writing, self.told():
            yield self.writer

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows that a statement gives."""
        with self.told():
            return self._reader.execute(statement, values).fetchall()

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """Writes by a statement."""
        with self.told():
            self.writer.execute(statement, values)

    def write_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """The same with each of several rows of values."""
        with self.told():
            self.writer.executemany(statement, rows)

    @property
    def _reader(self) -> sqlite3.Connection:
        """The writer's own connection inside a transaction of this thread, which sees what it wrote; else one's own."""
        if self._closed:
            raise StoreError(f"{self.path} is closed")
        if self._owner == threading.get_ident():
            return self.writer
        found: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if found is None:
            found = self._readers.connection = self._connected(threading.current_thread())
        return found

    def _connected(self, thread: threading.Thread | None) -> sqlite3.Connection:
        """Another connection, for a thread alone. Those of threads that have ended are closed: nobody else would."""
        uri = f"{self.path.absolute().as_uri()}?mode={access_mode(self.path, read_only=self._read_only)}"
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
            raise StoreError(f"{self.path} was made before the first release: add its articles to a new store")
        if tables and application != APPLICATION:
            raise StoreError(f"{self.path} is an SQLite database of another program: name another file")
        if have > FORMAT:
            problem = f"{self.path} has the format {have}, this version of dedup knows those up to {FORMAT}"
            raise StoreError(f"{problem}: use a newer one (pip install -U story-dedup)")
        if self._read_only:
            if have < FORMAT:
                raise StoreError(f"{self.path} is of an older format: open it to write once, which updates it")
            return
        if not tables:
            read(f"PRAGMA page_size = {PAGE}")
        (mode,) = read("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"{self.path} cannot be written ahead ({mode}): put the store on a local disk")
        read("PRAGMA synchronous = FULL")
        read("PRAGMA secure_delete = ON")  # what is taken down is gone from the file too
        if have < FORMAT:
            read("BEGIN IMMEDIATE")
            migrate(self.writer, have)
            read("COMMIT")

    @contextmanager
    def told(self) -> Iterator[None]:
        """Errors of SQLite as errors of dedup, which say what to do."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _error(self, error: sqlite3.Error) -> StoreError:
        name, path = getattr(error, "sqlite_errorname", ""), self.path
        if self._closed:
            return StoreError(f"{path} is closed")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreLockedError(f"{path} is in use by another program ({error}): close that, and try again")
        if name == "SQLITE_FULL":
            return StoreError(f"{path}: the disk is full. Nothing of this was stored, all before it was: make room")
        if name.startswith("SQLITE_READONLY"):
            return StoreError(f"{path} cannot be written to: {error}")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return StoreError(f"{path} is damaged ({error}): restore a copy of it, or add the articles to a new store")
        if name.startswith("SQLITE_CANTOPEN"):
            return StoreError(f"{path} cannot be opened: {error}")
        return StoreError(f"{path}: {error}")
