"""Writers killed at random moments: acknowledged articles are stored, and nothing is half written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from dedup import StoryIndex

HERE = Path(__file__).parent
KILLS = int(os.environ.get("DEDUP_KILLS", "3"))
"""Number of kills."""


def test_acknowledged_writes_survive_a_kill(tmp_path: Path) -> None:
    seed = int(np.random.default_rng().integers(1 << 20))
    rng = np.random.default_rng(seed)
    path = tmp_path / "stories.db"
    there: set[str] = set()
    for kill in range(KILLS):
        batch = int(rng.choice([1, 7, 50]))
        command = [sys.executable, str(HERE / "kill_writer.py"), str(path), "4", str(batch)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()  # it has begun to write
            time.sleep(float(rng.random()) * 0.4)
            writer.kill()
            said = [first.strip(), *(line.strip() for line in writer.stdout.read().split("\n")[:-1])]
        for line in said:
            if line.startswith("+"):
                there.add(line[1:])
            elif line.startswith("-"):
                there.discard(line[1:])
        where = f"seed {seed}, kill {kill}"
        with StoryIndex.open(path, wait=10) as index:
            changes = index.changes(0, limit=1_000_000)
            removed = {change.article for change in changes if change.kind == "removed"}
            assert {name for name in there if name not in index} <= removed, where
            assert index.check() == [], where
            told = {change.article for change in changes if change.kind == "added"} - removed
            assert told == {article.id for article in index.placements().articles} - removed, where
            there = {article.id for article in index.placements().articles}
    assert there
