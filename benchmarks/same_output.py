"""Compare the output of two versions of dedup, byte for byte.

`python -m benchmarks save-output` runs a version's own command: `cluster --format json` over every data set, `index
add`, `match`, `stories`, `changes` and `export` over basil, and the JSON schemas. `compare-output` lists the files that
differ, and then opens the store that the earlier version wrote, which must give that version's answers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.machine import BenchmarkError

SMALL = "basil"


class Version:
    """The command line of one checkout.

    Args:
        checkout: its folder; None for the installed package.
    """

    def __init__(self, checkout: Path | None) -> None:
        self._folder = checkout
        paths = [str(checkout)] if checkout else []
        self._environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1"}

    def run(self, *arguments: str, output: Path) -> None:
        """Run `dedup` with some arguments, standard output into a file."""
        with output.open("wb") as written:
            done = subprocess.run(  # noqa: S603 - the arguments are this module's own
                [sys.executable, "-m", "dedup", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.PIPE,
                env=self._environment,
                cwd=self._folder,
                check=False,
            )
        if done.returncode:
            raise BenchmarkError(f"dedup {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr.decode()}")


def answers(version: Version, store: Path, articles: Path, folder: Path) -> None:
    """Write the answers of an index that contains basil."""
    version.run("index", "match", "--store", str(store), str(articles), output=folder / "match.jsonl")
    version.run("index", "stories", "--store", str(store), output=folder / "stories.jsonl")
    version.run("index", "changes", "--store", str(store), output=folder / "changes.jsonl")
    version.run("index", "export", "--store", str(store), "--format", "jsonl", output=folder / "export.jsonl")


def save(version: Version, data: Path, folder: Path) -> None:
    """Write all compared output into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(data.glob("*.jsonl.gz")):
        print(path.name, flush=True)
        name = path.name.split(".")[0]
        version.run("cluster", str(path), "--format", "json", output=folder / f"{name}.json")
    store, articles = folder / "basil.db", data / f"{SMALL}.jsonl.gz"
    version.run("index", "add", "--store", str(store), str(articles), output=folder / "added.jsonl")
    answers(version, store, articles, folder)
    for name in ("jsonl", "json", "kept"):
        version.run("schema", name, output=folder / f"schema-{name}.json")


def timeless(value: Any) -> Any:
    """Remove the times of changes from a JSON value."""
    if isinstance(value, dict):
        return {name: timeless(member) for name, member in value.items() if name != "at"}
    return [timeless(member) for member in value] if isinstance(value, list) else value


def comparable(path: Path) -> bytes:
    """Return the bytes of a file; of JSON lines without the times of changes."""
    if path.suffix != ".jsonl":
        return path.read_bytes()
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(json.dumps(timeless(json.loads(line))) for line in lines).encode()


def compare(before: Path, after: Path, data: Path) -> list[str]:
    """Return the differences, one line each."""
    names = {path.name for folder in (before, after) for path in folder.glob("*.json*")}
    differences = []
    for name in sorted(names):
        one, other = before / name, after / name
        if not (one.exists() and other.exists()):
            differences.append(f"{name} is in one of the folders only")
        elif comparable(one) != comparable(other):
            differences.append(f"{name} differs")
    with tempfile.TemporaryDirectory() as place:
        opened = Path(place)
        for path in before.glob("basil.db*"):
            shutil.copy(path, opened / path.name)
        answers(Version(None), opened / "basil.db", data / f"{SMALL}.jsonl.gz", opened)
        differences += [
            f"{path.name} differs where the store of the version before is opened"
            for path in sorted(opened.glob("*.jsonl"))
            if comparable(path) != comparable(before / path.name)
        ]
    return differences
