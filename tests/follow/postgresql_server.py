"""A PostgreSQL server of its own for tests: data and socket in a temporary folder, no password, no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda one: int(one.parts[4]))


def missing() -> str:
    """Return why there can be no server here, "" if there can be one."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed"
    if not _BINARIES and shutil.which("postgres") is None:
        return "there is no PostgreSQL server on this machine: apt-get install postgresql"
    return ""


class Server:
    """A server that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = _BINARIES[-1] if _BINARIES else Path(shutil.which("postgres") or "postgres")
        self._bin = found.parent
        # PostgreSQL refuses to run as root
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "--auth=trust", "--username=dedup", "--encoding=UTF8", "--no-sync")

    @property
    def url(self) -> str:
        """The connection string of the database."""
        return f"postgresql://dedup@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-w", "-s", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop the server: "fast" ends the connections, "immediate" is a crash."""
        self._run("pg_ctl", "-w", "-s", "-m", how, "stop")

    def _run(self, command: str, *arguments: str) -> None:
        data = str(self._folder / "data")
        subprocess.run(
            [str(self._bin / command), "-D", data, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._user,
        )


@contextmanager
def started() -> Iterator[Server]:
    """Start a server in a temporary folder, and remove both at the end."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a short path: that of a socket has 107 bytes at most
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
