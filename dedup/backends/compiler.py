"""Compile kernels in another process, while this one works without them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable

from dedup.vectorize.kernels.cache import working_folder

_PROGRAM = """
import sys
sys.path[:] = {path!r}
from dedup.backends.compiler import compile_alone
from {module} import {name}
compile_alone({name})
"""


class Compiler:
    """A process that compiles kernels, into the folder in which this process looks for them.

    It ends when this object or this process does, also if that is killed. What it has compiled until then is kept.

    Args:
        compile_kernels: a function of a module, without arguments.
    """

    def __init__(self, compile_kernels: Callable[[], None]) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        folder = working_folder()
        if folder is None or not sys.executable:
            return
        path = [entry for entry in sys.path if entry]  # without the current folder, in which anything may lie
        program = _PROGRAM.format(path=path, module=compile_kernels.__module__, name=compile_kernels.__name__)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, with a program of ours
                [sys.executable, "-P", "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "NUMBA_CACHE_DIR": str(folder.parent)},
                start_new_session=True,  # an interrupt from the keyboard is for this process, which ends the other
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:  # too many processes, or no memory
            _report()
            return
        self._end = weakref.finalize(self, _end, self._process, os.getpid())

    def is_working(self) -> bool:
        """Return whether there may be more kernels later."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is not None:
            self._process = None
            self._end()
            if code:
                _report()
        return code is None

    def wait(self, until: Callable[[], bool]) -> bool:
        """Wait until something is so or the process has ended, and return the former."""
        while not (found := until()) and self.is_working():
            time.sleep(0.02)
        return found or until()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process = None
            self._end()


def compile_alone(compile_kernels: Callable[[], None]) -> None:
    """Compile kernels in a process that does nothing else, until the process that started it has ended."""
    import threading

    from dedup.vectorize.kernels.linked import quicken_compiler
    from dedup.vectorize.kernels.machine_code import VerifiedFiles

    threading.Thread(target=_end_with_parent, daemon=True).start()
    quicken_compiler()
    VerifiedFiles.must_save = True
    compile_kernels()


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is ever written there: it returns when the other end is closed
    os._exit(1)


def _end(process: subprocess.Popen[bytes], parent: int) -> None:
    if parent == os.getpid():  # not in a copy of the process, whose child it is not
        if process.stdin is not None:
            process.stdin.close()
        process.kill()
        process.wait()


def _report() -> None:
    message = "the kernels could not be compiled, and are not used: 'dedup kernels compile' says why"
    logging.getLogger("dedup.kernels").warning(message)
