"""Provenance of a result: machine, versions, commit, seconds per step; and the peers that are installed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from dedup.errors import DedupError

REPOSITORY = Path(__file__).resolve().parent.parent
LIBRARIES = {"datasketch": "datasketch", "numpy": "numpy", "scikit-learn": "sklearn", "scipy": "scipy"}
"""Libraries the baselines need: distribution -> module."""
MEASURED = ("numba", "llvmlite", "rensa", "fastsketchlsh", "gaoya", "sparse-dot-topn", "orjson", "unisim")
"""Other libraries whose version affects speed, and the other peers."""
INSTALL = "pip install -e '.[bench]'"


@dataclass(frozen=True, slots=True)
class Peer:
    """A library that dedup is compared with.

    Attributes:
        name: the distribution, and the name in results.
        module: the module to import.
        used: the parts that are measured.
    """

    name: str
    module: str
    used: str


PEERS = (
    Peer("datasketch", "datasketch", "MinHash.bulk, MinHashLSH"),
    Peer("rensa", "rensa", "RMinHash over full sets; its Rho sketch, which samples, is not the same thing"),
    Peer("fastsketchlsh", "FastSketchLSH", "FastSimilaritySketch, LSH"),
    Peer("gaoya", "gaoya", "MinHashStringIndex, whose text cannot be had without the index"),
    Peer("scikit-learn", "sklearn", "HashingVectorizer"),
    Peer("sparse-dot-topn", "sparse_dot_topn", "sp_matmul_topn"),
    Peer("scipy", "scipy", "the product of sparse matrices"),
    Peer("orjson", "orjson", "a limit: how fast JSON can be parsed"),
)
WITHOUT = {
    "text-dedup": "its recipe is measured (runs of five words, SHA-1, 61-bit permutations by NumPy); the package itself"
    " is a set of scripts, and wants Spark and older releases of libraries that others here use",
}
"""Peers that are not installed, and what is measured instead."""


class BenchmarkError(DedupError):
    """A benchmark cannot run; the message says what to do."""


class Stopwatch:
    """Time the steps of a run by name.

    Args:
        announce: called with the name of each step as it begins.
    """

    def __init__(self, announce: Callable[[str], object] = lambda _: None) -> None:
        self.seconds: dict[str, float] = {}
        self._announce = announce
        self._step = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; entering it again adds up."""
        self._step = name
        self._announce(name)
        start = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start

    def tell(self, detail: str) -> None:
        """Announce progress inside the current step."""
        self._announce(f"{self._step}: {detail}")


def require_libraries() -> None:
    """Check that the libraries of the baselines are installed.

    Raises:
        BenchmarkError: naming all that is missing and the command that installs it.
    """
    missing = [name for name, module in LIBRARIES.items() if find_spec(module) is None]
    if missing:
        raise BenchmarkError(f"the baselines need {', '.join(missing)}: run {INSTALL}")


def is_here(name: str) -> bool:
    """Return whether a peer is installed."""
    return find_spec(next(peer.module for peer in PEERS if peer.name == name)) is not None


def missing() -> dict[str, str]:
    """Return the missing peers and how to install each."""
    return {peer.name: f"{INSTALL}, or pip install {peer.name}" for peer in PEERS if not is_here(peer.name)}


def provenance() -> dict[str, Any]:
    """Return `machine`, `versions` and `commit`, to compare results."""
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
    """Return the model of the processor, on Linux from /proc/cpuinfo."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    """Return the machine's memory in bytes; None if unknown."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not available on every system
        return None


def _versions() -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in ("story-dedup", *LIBRARIES, *MEASURED):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:  # not installed, or a checkout that is not installed
            versions[name] = None
    return versions


def _commit() -> dict[str, Any] | None:
    """Return the revision of the checkout and whether it has changes; None outside a checkout."""
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
