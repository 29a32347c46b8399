"""A progress bar on standard error, for long work on a terminal."""

from __future__ import annotations

import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dedup.cli.messages import say
from dedup.progress import COMPILING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PATIENCE = 1.0  # seconds before a bar appears


class ProgressBar:
    """A progress callback that draws a bar on standard error.

    The bar appears after the first second, only on a terminal, and is removed at the end. Without a terminal only the
    compilation of kernels is reported, in one line: it takes longest and happens once.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._wanted = not quiet and sys.stderr.isatty()
        self._line = not quiet and not self._wanted
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._stage, self._done, self._total = "", 0, 0
        self._log = logging.getLogger("dedup.progress")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Remove the bar."""
        if self._bar:
            self._bar.stop()

    def state(self) -> str:
        """Describe the current state: ` while comparing, 300 of 1,000 done, after 12.3 s`."""
        if not self._stage:
            return ""
        amount = f", {self._done:,}{f' of {self._total:,}' if self._total else ''} done" if self._done else ""
        return f" while {self._stage}{amount}, after {time.monotonic() - self._began:.1f} s"

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self._log.info("%.1f s: %s", time.monotonic() - self._began, stage)
            if self._task is not None and self._bar:
                self._bar.remove_task(self._task)
            self._task = None
            if stage == COMPILING and self._line:
                say("Compiling, once for this machine")
                self._line = False  # once, also if other steps come between
        self._stage, self._done, self._total = stage, done, total
        if not self._wanted or time.monotonic() - self._began < _PATIENCE:
            return
        self._bar = bar = self._bar or _started()
        if self._task is None:
            self._task = bar.add_task(stage, total=None)  # rich would assume 100
        bar.update(self._task, completed=done, total=total or None)


def _started() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    bar.start()
    return bar
