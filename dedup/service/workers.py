"""Processes that answer reads beside the one that writes, on one port."""

from __future__ import annotations

import json
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

COUNTERS = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of the folder in which all processes count, set before the metrics are imported."""
AGAIN = 1.0
"""Seconds before a process that ended by itself is started again."""

_log = logging.getLogger(__name__)


class Workers:
    """Some processes that read, each with the articles in its own memory. One that ends by itself is started again.

    They end when this process does, however it ends: their standard input is closed then.

    Args:
        count: their number.
        command: starts one. It reads its task, a line of JSON, from its standard input, and writes a line to its
            standard output once it accepts connections.
        task: what it has to do.
        stop_time: seconds for each to finish its requests.
    """

    def __init__(self, count: int, command: Sequence[str], task: Mapping[str, Any], stop_time: float) -> None:
        self._count, self._command, self._stop_time = count, [*command], stop_time
        self._task = json.dumps(task).encode() + b"\n"
        self._first = threading.Lock()  # held from when a process accepts connections
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()  # a signal may come while this thread holds it

    def start(self, on_started: Callable[[], None]) -> None:
        """Start the processes; `on_started` is called once the first of them accepts connections."""
        for place in range(self._count):
            thread = threading.Thread(
                target=self._keep, args=(place, on_started), name=f"dedup-worker-{place}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let the processes finish their requests and end, and wait for them."""
        self._stopping.set()
        with self._lock:
            for process in self._processes.values():
                process.terminate()
        until = time.monotonic() + self._stop_time + AGAIN
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        with self._lock:
            for process in self._processes.values():
                process.kill()

    def stop_before(self, call: Callable[[], None]) -> None:
        """Do as `stop` in another thread, and then make a call in it."""

        def end() -> None:
            self.stop()
            call()

        threading.Thread(target=end, name="dedup-workers-end", daemon=True).start()

    def _keep(self, place: int, on_started: Callable[[], None]) -> None:
        """Start a process again and again until it is to stop."""
        while not self._stopping.is_set():
            with self._lock:
                if self._stopping.is_set():
                    return
                process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ours
                self._processes[place] = process
            code = self._end_of(process, on_started)
            with self._lock:
                del self._processes[place]
            if not self._stopping.is_set():
                _log.error("a reading process ended with code %d: another one is started", code)
                self._stopping.wait(AGAIN)

    def _end_of(self, process: subprocess.Popen[bytes], on_started: Callable[[], None]) -> int:
        """Give a process its task and return its exit code."""
        with process:
            if process.stdin is not None and process.stdout is not None:
                with suppress(OSError):  # it has ended already
                    process.stdin.write(self._task)
                    process.stdin.flush()
                if process.stdout.readline() and self._first.acquire(blocking=False):
                    on_started()
            return process.wait()
