"""Followers, writers and servers killed, or stopped for a while, at random: `python tests/follow/kills.py 100`."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from distinct_events import articles
from postgresql_server import Server, started

from dedup import StoryIndex

HERE = Path(__file__).parent
_CALM = 60.0
"""Seconds for a process to begin."""
_LIFE = 2.0
"""Seconds for which a process that has begun is left alone at most."""


class _Process:
    """A process that is started again after it was killed."""

    def __init__(self, command: Sequence[str], log: IO[bytes]) -> None:
        self._command, self._log = command, log
        self.start()

    def start(self) -> None:
        self._before = self._log.tell()
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=subprocess.STDOUT)

    def wait_for_work(self) -> None:
        """Wait until the process has written something since it was started."""
        until = time.monotonic() + _CALM
        while Path(self._log.name).stat().st_size <= self._before and time.monotonic() < until:
            if self._process.poll() is not None:
                raise AssertionError(f"it ended by itself: {Path(self._log.name).read_text()[-2000:]}")
            time.sleep(0.02)

    def pause(self, seconds: float) -> None:
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.seek(0, 2)


def run(folder: Path, server: Server, kills: int, seed: int) -> Counter[str]:
    """Kill followers, writers and the server at random; return how often each was, and what the writers did.

    Between kills a follower or a writer is stopped for a while, now and then.
    """
    rng, store = np.random.default_rng(seed), folder / "stories.db"
    with StoryIndex.open(store) as index:
        index.add_many(islice(articles(seed, 6_000), 1_500))
    done: Counter[str] = Counter()
    with (folder / "writer.log").open("wb") as writes, (folder / "follower.log").open("wb") as follows:
        writer = _Process([sys.executable, str(HERE / "busy_writer.py"), str(store), str(seed)], writes)
        writer.wait_for_work()
        command = [sys.executable, "-m", "dedup", "index", "follow", "--store", str(store), "--to", server.url]
        follower = _Process(command, follows)
        try:
            for kill in range(kills):
                what = str(rng.choice(["follower", "writer", "server"], p=[0.5, 0.35, 0.15]))
                process = writer if what == "writer" else follower
                process.wait_for_work()
                time.sleep(float(rng.random()) * _LIFE)
                if rng.random() < 0.2:
                    (writer if rng.random() < 0.5 else follower).pause(float(rng.random()))
                    done["paused"] += 1
                if what == "server":
                    server.stop("immediate" if rng.random() < 0.5 else "fast")
                    time.sleep(float(rng.random()))
                    server.start()
                else:
                    process.kill()
                    process.start()
                done[what] += 1
                if kill % 10 == 9:
                    sys.stderr.write(f"{kill + 1} kills: {dict(done)}\n")
        finally:
            writer.kill()
            follower.kill()
    done.update(f"did {line}" for line in (folder / "writer.log").read_text().split() if line.isalpha())
    return done


def main(kills: int, seed: int) -> bool:
    """Report the kills and whether the tables equal the store at the end."""
    from mirrored import tables, wanted

    from dedup.follow import follow

    with tempfile.TemporaryDirectory() as folder, started() as server:
        done = run(Path(folder), server, kills, seed)
        follow(Path(folder) / "stories.db", server.url, once=True)
        have, want = tables(server.url), wanted(Path(folder) / "stories.db")
        equal = {name: f"{len(rows):,} {'equal' if have[name] == rows else 'DIFFERENT'}" for name, rows in want.items()}
        sys.stdout.write(f"seed {seed}: {dict(done)}\n{equal}\n")
        return have == want


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())))
