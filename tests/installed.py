"""Copy the sdist's files except the package to a new folder: `pytest` there tests the installed package.

`python tests/installed.py FOLDER && cd FOLDER && python -m pytest`, with the Python that the wheel was installed for.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "dedup"


def copy(folder: Path) -> None:
    """Copy to `folder`, which must not exist."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folder.mkdir(parents=True)
    for one in ("pyproject.toml", *project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]):
        name = one.strip("/")
        if name == PACKAGE:
            continue
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "found", "corpus"))
        else:
            shutil.copy2(ROOT / name, folder / name)


if __name__ == "__main__":
    copy(Path(sys.argv[1]))
