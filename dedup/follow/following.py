"""Following a store into a PostgreSQL database: once, or until it is interrupted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dedup.errors import MissingDependencyError, ServiceError, StoreError
from dedup.follow.schema import migrate
from dedup.follow.tables import Follower, Written
from dedup.index.store.metadata import read_metadata
from dedup.index.store.protocol import Store
from dedup.index.store.sqlite import SqliteStore

POLL = 1.0
"""Seconds between two looks at the store."""
PATIENCE = 30.0
"""Seconds for which a single run tries again after the server or the store was lost."""
_DELAYS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_CONNECTION: dict[str, Any] = {
    "application_name": "dedup index follow",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "tcp_user_timeout": 60_000,
}

_log = logging.getLogger(__name__)


def follow(
    store: Path,
    url: str,
    *,
    once: bool = False,
    on_written: Callable[[Written], None] = lambda _: None,
    poll: float = POLL,
) -> None:
    """Keep the tables of a PostgreSQL database equal to a store, which another process may write to.

    Args:
        store: path of the store, which is only read.
        url: a connection string of libpq, such as `postgresql://user@host/database`.
        once: return when the tables equal the store. Otherwise it goes on until it is interrupted, and connects again
            when the server or the store was lost.
        on_written: called after each transaction.
        poll: seconds between two looks at the store.

    Raises:
        MissingDependencyError: psycopg is not installed.
        StoreError: the file is no store.
        ServiceError: the server cannot be reached, or refuses something.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingDependencyError("following into PostgreSQL", "psycopg", extra="postgresql") from error
    attempts, begun, since = 0, False, time.monotonic()
    while True:
        try:
            with opened(store) as source, psycopg.connect(url, autocommit=True, **_CONNECTION) as connection:
                migrate(connection)
                begun = True
                follower = Follower(source, connection)
                while True:
                    while (written := follower.step()) is not None:
                        attempts, since = 0, time.monotonic()
                        on_written(written)
                    if once:
                        return
                    time.sleep(poll)
        except (psycopg.OperationalError, psycopg.InterfaceError, StoreError) as error:
            if not begun or (once and time.monotonic() - since > PATIENCE):
                raise _as_own(error) from error
            delay = _DELAYS[min(attempts, len(_DELAYS) - 1)]
            attempts += 1
            _log.warning("%s: trying again in %g s", _first_line(error), delay)
            time.sleep(delay)
        except psycopg.Error as error:
            raise _as_own(error) from error


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Open a store to read, and check that it has an index of this version.

    Raises:
        StoreError: it has not.
    """
    store = SqliteStore(path, read_only=True)
    try:
        if not store.metadata():
            raise StoreError(f"{store.where} has no index in it yet: 'dedup index add' makes one")
        read_metadata(store, None)
        yield store
    finally:
        store.close()


def _as_own(error: Exception) -> StoreError | ServiceError:
    if isinstance(error, StoreError):
        return error
    return ServiceError(f"PostgreSQL: {_first_line(error)}: look at --to, and at what the role may do there")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n", 1)[0]
