"""Regenerate expected results after an intended change: `python tests/renew.py`.

It writes `fixtures/real_seeds.json` (if the two real articles exist, see `labelled_data`), `fixtures/pins.json`, and
the output of commands and notebooks in README.md and docs/. Check `git diff` before committing; `METHOD_VERSION` may
have to rise. Python examples and tables of figures are not updated.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import notebooks
import test_invariance
import test_real_seeds
from forked_command import served
from labelled_data import REAL_SEEDS
from notebooks import NOTEBOOKS
from pages import PAGES, Run


def main() -> None:
    if REAL_SEEDS.is_dir():
        maker = test_real_seeds.FIXTURES / "make_real_seeds.py"
        subprocess.run([sys.executable, maker, REAL_SEEDS], check=True)
    (score,) = test_real_seeds.scored(test_real_seeds.load()).score.tolist()
    pins = {**test_invariance.digests(), "score of the two real articles": score}
    test_invariance.PINS.write_text(json.dumps(pins, indent=4) + "\n", encoding="ascii")
    for path in NOTEBOOKS:
        notebooks.write(notebooks.run(notebooks.read(path)), path)
    with served() as command:
        for page in PAGES:
            with tempfile.TemporaryDirectory() as folder:
                page.write_text(Run(page, Path(folder), command=command).renewed(), encoding="utf-8")


if __name__ == "__main__":
    main()
