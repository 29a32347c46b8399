"""The command `dedup` without its start-up time: a server that has imported everything forks for each call.

The documentation and the tests of the command call it hundreds of times; a few other tests start it normally. Run with
the path of a socket, this module is the server; a call is `CALL` below, or `run`, which passes the arguments, folder,
environment and the three streams.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import Any

CALL = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    call = {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(json.dumps(call).encode() + b"\\n")
    sys.exit(int(server.makefile().read()))
"""


@contextmanager
def served() -> Iterator[str]:
    """Start a server and return the shell line that calls it."""
    with _server() as place, tempfile.TemporaryDirectory() as folder:
        call = Path(folder, "call.py")
        call.write_text(CALL, encoding="utf-8")
        wait = f'while [ ! -S "{place}" ]; do sleep .05; done'
        yield f'{wait}; exec "{sys.executable}" -IS "{call}" "{place}" "$@"'


@contextmanager
def _server() -> Iterator[Path]:
    """Start a server and return the path of its socket."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "socket")
        with Popen([sys.executable, __file__, place], stdin=DEVNULL) as server:
            try:
                yield place
            finally:
                server.terminate()


@cache
def _own_server() -> Path:
    """Return the socket of this process's server, which ends with the process."""
    held = ExitStack()
    place = held.enter_context(_server())
    atexit.register(held.close)
    until = time.monotonic() + 120
    while not place.exists():
        if time.monotonic() > until:
            raise TimeoutError("the command's server does not start")
        time.sleep(0.01)
    return place


def run(
    arguments: Sequence[str], *, stdin: bytes, folder: Path, environment: Mapping[str, str]
) -> tuple[int, bytes, bytes]:
    """Call the command; return its exit code, standard output and standard error."""
    with ExitStack() as held:
        given, out, err = (held.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(stdin)
        given.seek(0)
        server = held.enter_context(socket.socket(socket.AF_UNIX))
        server.settimeout(120)
        try:
            server.connect(str(_own_server()))
        except ConnectionRefusedError:  # somebody ended it
            _own_server.cache_clear()
            server.connect(str(_own_server()))
        call = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        socket.send_fds(server, [b"."], [given.fileno(), out.fileno(), err.fileno()])
        server.sendall(json.dumps(call).encode() + b"\n")
        code = int(server.makefile().read())
        for stream in (out, err):
            stream.seek(0)
        return code, out.read(), err.read()


def serve(place: str) -> None:
    """Answer calls until this process or its parent ends."""
    parent = os.getppid()
    import dedup.cli

    dedup.cli.application()
    for name in dedup.__all__:
        getattr(dedup, name)
    for name in ("numpy", "scipy.cluster.hierarchy", "scipy.sparse.csgraph"):
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what has ended is gone
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{place}.new")
        listening.listen()
        listening.settimeout(5)
        Path(f"{place}.new").rename(place)  # it can be called from here on
        while os.getppid() == parent:
            try:
                asked, _ = listening.accept()
            except TimeoutError:
                continue
            with asked:
                if os.fork() == 0:
                    listening.close()
                    _answer(asked)


def _answer(asked: socket.socket) -> None:
    """Run one call in a child process and report its exit code or signal, as `subprocess` does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(asked, 1, 3)
    call = json.loads(asked.makefile().readline())
    child = os.fork()
    if child == 0:
        asked.close()
        _run(streams, call)
    for stream in streams:
        os.close(stream)
    asked.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _run(streams: Sequence[int], call: Mapping[str, Any]) -> None:
    """Run the command in this process and exit."""
    import dedup.cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream, place in zip(streams, range(3), strict=True):
        os.dup2(stream, place)
        os.close(stream)
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115 - for good
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = ["dedup", *call["arguments"]]
    code: object = 1
    try:
        dedup.cli.main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        traceback.print_exc()
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    serve(sys.argv[1])
