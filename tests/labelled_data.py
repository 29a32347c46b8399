"""Paths of the seeds and of third-party articles, which are outside of the project."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "seeds"
DATA = Path(os.environ.get("DEDUP_DATA", ROOT.parent / "shared" / "data")).resolve()
REAL_SEEDS = DATA.parent / "seeds"
