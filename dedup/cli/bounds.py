"""Limits of the command: threads and memory."""

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
_RESERVE = 0.95  # of the limit, at which the work is stopped: it takes a moment to notice, and to end
_LOOK_EVERY = 0.02  # seconds
_PATIENCE = 2.0  # seconds for the work to end by itself


def hold_to(settings: Settings) -> None:
    """Holds this process to its threads and memory. To be called before the heavy libraries load.

    Raises:
        SettingsError: a limit of memory cannot be held on this system.
    """
    if settings.threads:
        for variable in _LIBRARIES:  # read once, when a library loads
            os.environ.setdefault(variable, str(settings.threads))
    if not math.isinf(settings.memory):
        _Watch(settings.memory).start()


class _OverLimitError(MemoryError):
    """More than is allowed is in use: no reader may take it for a file that asks for too much."""


class _Watch(threading.Thread):
    """Looks again and again how much memory is in use, and ends the work before it is too much.

    A limit of the system's own (`RLIMIT_DATA`, `RLIMIT_AS`) would be simpler, but the libraries below do not all
    survive one: some end the process without a word.
    """

    def __init__(self, gigabytes: float) -> None:
        super().__init__(name="dedup-memory", daemon=True)
        self._limit = gigabytes * 1e9
        self._told = (
            f"Error: this takes more memory than the {_amount(gigabytes)} that is allowed (the setting memory);"
            " allow more, or cluster in parts"
        )
        if not hasattr(signal, "SIGUSR1") or resident() == 0:
            raise SettingsError(["memory: this system does not tell how much is in use, so no limit can be held"])
        signal.signal(signal.SIGUSR1, self._end)

    def run(self) -> None:
        while resident() < self._limit * _RESERVE:
            time.sleep(_LOOK_EVERY)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and resident() < self._limit:
            time.sleep(_LOOK_EVERY)
        say(self._told)  # the main thread is deep in a library, and takes more and more
        os._exit(1)

    def _end(self, number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG002 - what a handler is given
        raise _OverLimitError(self._told)


def resident() -> int:
    """Return the resident memory of this process in bytes.

    Where the system does not report it, its peak; 0 where it reports neither.
    """
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
