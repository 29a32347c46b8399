"""The write-ahead log of a store (its `-wal` file), and the check that it belongs to the file beside it.

SQLite replays a log into whatever file has its name. If a copy is put over a store whose writer was killed, the log it
left is replayed into the copy. Therefore a store holds a random *base*, and two rules hold at every moment:

- A log begins with a transaction that writes the base of the file, which no file of an earlier log has.
- A log names every base that the file has while it is written.

So a checkpoint first writes a new base beside the present one, which moves both into the file with the rest. The first
transaction after it writes the new one alone. This is also how a session ends and the next one begins: closing the last
connection of a store is a checkpoint.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from pathlib import Path

from dedup.errors import StoreError

BASE = "base"
"""Name of the base in the table of facts."""
LARGEST = 16 << 20
"""Bytes of the log after which a checkpoint is tried; at four times as many its file is cut."""
_TRIES = 20


def log_of(path: Path) -> Path:
    """Return the path of the log of a store."""
    return path.with_name(f"{path.name}-wal")


def refuse_foreign_log(path: Path, name: str) -> None:
    """Refuse a store whose log belongs to another file.

    Raises:
        StoreError: it does.
    """
    if is_foreign(path):
        log = log_of(path).name
        problem = f"{name} is not the file that its log {log} continues: was a copy put in its place?"
        remedy = f"put it there with 'dedup index restore', or move {log} away: what only the log holds is lost then"
        raise StoreError(f"{problem} Nothing was changed; {remedy}")


def is_foreign(path: Path) -> bool:
    """Whether the log beside a file continues another file. Nothing is written.

    The file is read twice, without and with its log. A writer may be at work meanwhile: if the file changes between
    two reads, they are repeated.
    """
    if not size_of_log(path):
        return False
    for _ in range(_TRIES):
        own = _bases(path, "immutable=1")
        logged = _bases(path, "mode=ro")
        if own is None or logged is None:
            return False
        if own[0] in logged:
            return False
        if _bases(path, "immutable=1") == own:
            return True
    return False


def _bases(path: Path, how: str) -> tuple[str, ...] | None:
    """Return the base of a file, and the one before it if a checkpoint is under way; None if it cannot be read.

    Closing a connection that may write would replay the log, so none may.
    """
    connection = None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=10)
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'fact'").fetchone():
            return ("",)
        if connection.execute("PRAGMA quick_check(fact)").fetchone() != ("ok",):
            return None  # a checkpoint that was cut off wrote half of the page; the log has all of it
        return read_bases(connection)
    except (sqlite3.Error, ValueError):
        return None
    finally:
        if connection is not None:
            connection.close()


def read_bases(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the base of a store and the one before it, if any; "" for a store without one."""
    found = connection.execute("SELECT value FROM fact WHERE name = ?", (BASE,)).fetchone()
    return tuple(json.loads(found[0])) if found else ("",)


def checkpoint(connection: sqlite3.Connection, path: Path, *, shrink: bool = False) -> int:
    """Move the log into the file, as far as no reader still needs it, and return the size at which the next is due.

    SQLite then writes over the log from its beginning, which is faster than to extend a file, so the log is full when
    its file grows. A very large one is cut to nothing.

    Must run outside of a transaction, on the connection that writes.

    Args:
        connection: the connection that writes.
        path: path of the store.
        shrink: cut the log to nothing, whatever its size.
    """
    write_base(connection, complete=False)
    size = size_of_log(path)
    if _move(connection, "TRUNCATE" if shrink or size > 4 * LARGEST else "PASSIVE"):
        write_base(connection, complete=True)
        if (now := size_of_log(path)) <= size:
            return max(LARGEST, now + 1)
    return size + LARGEST  # a reader needs it, so it goes on at its end


def finish_checkpoint(connection: sqlite3.Connection) -> bool:
    """Finish a checkpoint that another process began, if any, and return whether all of the log was moved."""
    return len(read_bases(connection)) == 2 and _move(connection, "PASSIVE")


def write_base(connection: sqlite3.Connection, *, complete: bool) -> None:
    """Write the base of the next log if the checkpoint before it is complete, else name it beside the present one."""
    bases = read_bases(connection)
    if complete:
        _put(connection, bases[0])
    elif len(bases) == 1:
        _put(connection, secrets.token_hex(8), *bases)


def _move(connection: sqlite3.Connection, how: str) -> bool:
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")  # a reader is not waited for
    try:
        _, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
    return bool(pages == moved >= 0)  # both are -1 if another program is doing it


def renew(connection: sqlite3.Connection) -> None:
    """Give a copy of a store a base of its own, so that no log of another file continues it."""
    _put(connection, secrets.token_hex(8))


def _put(connection: sqlite3.Connection, *bases: str) -> None:
    connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (BASE, json.dumps(bases)))


def size_of_log(path: Path) -> int:
    """Return the size of the log in bytes."""
    try:
        return os.stat(f"{path}-wal").st_size  # noqa: PTH116 - in each transaction: a Path takes longer than the call
    except OSError:
        return 0
