"""The command `dedup` without its start: a process that has imported everything forks for each call.

The documentation calls it a hundred times; that it starts by itself other tests see. Run with the path of a socket it
is the server; a call is `CALL` below, which hands over its arguments, folder, environment and the three streams.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from subprocess import DEVNULL, Popen

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
    """A line of shell that stands for the command, while the server runs."""
    with tempfile.TemporaryDirectory() as folder:
        place, call = Path(folder, "socket"), Path(folder, "call.py")
        call.write_text(CALL, encoding="utf-8")
        with Popen([sys.executable, __file__, place], stdin=DEVNULL) as server:
            try:
                wait = f'while [ ! -S "{place}" ]; do sleep .05; done'
                yield f'{wait}; exec "{sys.executable}" -IS "{call}" "{place}" "$@"'
            finally:
                server.terminate()


def serve(place: str) -> None:
    """Answers calls until it is ended."""
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
        Path(f"{place}.new").rename(place)  # it can be called from here on
        while True:
            asked, _ = listening.accept()
            with asked:
                if os.fork() == 0:
                    listening.close()
                    _answer(asked)


def _answer(asked: socket.socket) -> None:
    """Runs one call in this process, which ends with it."""
    import dedup.cli

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(asked, 1, 3)
    call = json.loads(asked.makefile().readline())
    for stream, place in zip(streams, range(3), strict=True):
        os.dup2(stream, place)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(place, mode, encoding="utf-8") for place, mode in enumerate("rww"))
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.argv = ["dedup", *call["arguments"]]
    code: object = 0
    try:
        dedup.cli.main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        asked.sendall(str(code).encode())
        os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
