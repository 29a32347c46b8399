"""Where a result comes from: the machine, the versions, the commit, the seconds of each step."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from dedup.errors import DedupError

REPOSITORY = Path(__file__).resolve().parent.parent
LIBRARIES = {"datasketch": "datasketch", "numpy": "numpy", "scikit-learn": "sklearn", "scipy": "scipy"}
"""What the benchmarks use: the name of the distribution, and of the module."""
MEASURED = ("numba", "llvmlite", "rensa", "fastsketchlsh", "gaoya", "sparse-dot-topn", "orjson")
"""What speed depends on besides, and the other peers."""


class BenchmarkError(DedupError):
    """A benchmark that cannot run; the message says what to do."""


class Stopwatch:
    """Times the steps of a run by name.

    Args:
        announce: called with the name of each step as it begins.
    """

    def __init__(self, announce: Callable[[str], object] = lambda _: None) -> None:
        self.seconds: dict[str, float] = {}
        self._announce = announce
        self._step = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times what is done inside it; a step entered twice adds up."""
        self._step = name
        self._announce(name)
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start

    def tell(self, detail: str) -> None:
        """Announces where inside a step the work is."""
        self._announce(f"{self._step}: {detail}")


def require_libraries() -> None:
    """Checks that everything the baselines need is there, before any work begins.

    Raises:
        BenchmarkError: naming all that is missing and the command that installs it.
    """
    missing = [name for name, module in LIBRARIES.items() if find_spec(module) is None]
    if missing:
        raise BenchmarkError(f"the baselines need {', '.join(missing)}: run pip install -e '.[bench]'")


def provenance() -> dict[str, Any]:
    """What a reader needs to know to compare a result with another: `machine`, `versions` and `commit`."""
    return {"machine": _machine(), "versions": _versions(), "commit": _commit()}


def _machine() -> dict[str, Any]:
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu() -> str:
    """The processor's model; where only the kernel's own list tells it (Linux), from there."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    """The machine's memory in bytes, where it can be asked."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not everywhere
        return None


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in ("story-dedup", *LIBRARIES, *MEASURED):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # not installed, or run from a checkout that is not
            versions[name] = None
    return versions


def _commit() -> dict[str, Any] | None:
    """The revision of the checkout and whether files differ from it; None outside a checkout."""
    revision, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    if revision is None or changes is None:
        return None
    return {"revision": revision.strip(), "dirty": bool(changes.strip())}


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run(  # noqa: S603 - a fixed program with our own arguments
        [git, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None
