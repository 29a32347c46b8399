"""A process of `dedup serve --workers`, which answers reads: `python -m dedup.cli.serve_reads`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from io import RawIOBase
from pathlib import Path

from dedup.cli.messages import begin_logging, say
from dedup.errors import DedupError


def main() -> int:
    """Do the task that the first line of standard input describes, until it ends; return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the process that writes, which ends this one
    parent = os.fdopen(os.dup(0), "rb", buffering=0)
    task = json.loads(parent.readline())
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    begin_logging(task["verbose"], as_json=task["as_json"])
    from dedup.embedding import Embedding
    from dedup.service.read_file import ReadFile
    from dedup.service.run import authenticator_for, bind_beside, run
    from dedup.service.settings import ServiceSettings

    settings = ServiceSettings(**task["settings"])
    named = task["embedding"]
    model = None if named is None else Embedding.of(named, cache=task["embedding_cache"])
    with ReadFile(Path(task["store"]), model) as copies, bind_beside(task["family"], task["address"]) as listening:
        run(
            copies.index,
            settings,
            authenticator_for(settings),
            listening,
            _say_started,
            copies=copies,
            writer=Path(task["writer"]),
        )
    return 0


def _say_started() -> None:
    os.write(1, b"\n")


def _end_with_parent(parent: RawIOBase) -> None:
    while parent.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (DedupError, OSError) as error:
        say(str(error))
        sys.exit(1)
