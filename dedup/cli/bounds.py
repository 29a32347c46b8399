"""Limits on the threads and the memory of the command."""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from dedup.cli.messages import say
from dedup.errors import SettingsError

if TYPE_CHECKING:
    from types import FrameType

    from dedup.settings import Settings

_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_RESERVE = 0.95  # share of the limit at which the work is stopped: noticing and stopping take a moment
_INTERVAL = 0.02  # seconds
_PATIENCE = 2.0  # seconds for the work to end by itself


def limit_process(settings: Settings) -> None:
    """Limit the threads and the memory of this process. Call it before numerical libraries are imported.

    Raises:
        SettingsError: this system does not report memory use, so no limit can be enforced.
    """
    if settings.threads:
        for variable in _LIBRARIES:  # read once, when a library loads
            os.environ.setdefault(variable, str(settings.threads))
    if not math.isinf(settings.memory):
        _MemoryWatch(settings.memory).start()


class _OverLimitError(MemoryError):
    """The memory limit is exceeded. A type of its own: readers treat other memory errors as a fault of the file."""


class _MemoryWatch(threading.Thread):
    """Polls the memory in use and stops the work before it exceeds the limit.

    `RLIMIT_DATA` or `RLIMIT_AS` would be simpler, but some of the libraries in use end the process without a message
    when an allocation fails.
    """

    def __init__(self, gigabytes: float) -> None:
        super().__init__(name="dedup-memory", daemon=True)
        self._limit = gigabytes * 1e9
        self._message = (
            f"Error: this takes more memory than the {_amount(gigabytes)} that is allowed (the setting memory);"
            " allow more, or cluster in parts"
        )
        if not hasattr(signal, "SIGUSR1") or resident() == 0:
            raise SettingsError(["memory: this system does not report memory use, so no limit can be enforced"])
        signal.signal(signal.SIGUSR1, self._end)

    def run(self) -> None:
        while resident() < self._limit * _RESERVE:
            time.sleep(_INTERVAL)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and resident() < self._limit:
            time.sleep(_INTERVAL)
        say(self._message)  # the main thread is inside a library call, which handles no signal
        os._exit(1)

    def _end(self, number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG002 - signature of a handler
        raise _OverLimitError(self._message)


def resident() -> int:
    """Return the resident memory of this process in bytes: its peak if only that is known, 0 if neither is."""
    try:
        with open("/proc/self/statm", encoding="ascii") as status:  # noqa: PTH123 - read fifty times a second
            return int(status.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _amount(gigabytes: float) -> str:
    return f"{gigabytes * 1000:g} MB" if gigabytes < 1 else f"{gigabytes:g} GB"
