"""What every run of the tests begins with."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dedup.vectorize.kernels.cache import is_compiled

COMPILE = "import dedup; dedup.StoryIndex.open(':memory:').add({'id': 'a', 'text': 'the mill'})"

pytest_plugins = ("made_sets",)  # fixtures


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the kernels once, so that parallel workers find them in the cache."""
    parallel = session.config.getoption("numprocesses", None)  # None in a worker, too
    if parallel and not (is_compiled() and is_compiled("index")):
        subprocess.run([sys.executable, "-c", COMPILE], check=False, env={**os.environ, "DEDUP_KERNELS": "on"})


@pytest.fixture(autouse=True)
def _without_log() -> Iterator[None]:
    """Undo what a command has done to the log, so that no later test of the process writes to it."""
    yield
    logger = logging.getLogger("dedup")
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
