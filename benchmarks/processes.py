"""Time and memory of complete processes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.machine import REPOSITORY, BenchmarkError
from benchmarks.timing import free_threads


def clustered(path: Path, output: Path, *, kernels: str = "", style: str = "jsonl") -> dict[str, Any]:
    """Run `dedup cluster` on a file or folder in a process of its own.

    Args:
        path: the input.
        output: the output file.
        kernels: value of `DEDUP_KERNELS`, if any.
        style: the format of the result.

    Returns:
        wall-clock `seconds`, `processor` seconds of all threads, `peak` bytes, `stages` (see
        `worker`; Python's own start is in none of them), `bytes` and `sha256` of the result.

    Raises:
        BenchmarkError: the command failed.
    """
    with TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        arguments = [str(result), str(path), "--output", str(output), "--format", style, "--quiet"]
        environment = {**free_threads(), **({"DEDUP_KERNELS": kernels} if kernels else {})}
        ran = run_python(["-m", "benchmarks.worker", *arguments], environment)
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {"code": None}
    if found["code"] != 0 or not output.exists():
        raise BenchmarkError(f"dedup cluster {path} failed ({found['code']}): {ran['errors'].strip()[-500:]}")
    with output.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    found["stages"].insert(
        0, {"name": "python", "seconds": max(0.0, ran["seconds"] - _sum(found["stages"])), "peak": 0}
    )
    return {
        "seconds": ran["seconds"],
        "processor": ran["processor"],
        "peak": found["peak"],
        "stages": found["stages"],
        "bytes": output.stat().st_size,
        "sha256": digest,
    }


def run_python(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run Python in the root of the repository; return `seconds`, `processor` seconds and `errors` (its stderr).

    Raises:
        BenchmarkError: it was ended by a signal, as when memory ran out.
    """
    began, before = perf_counter(), os.times()
    done = subprocess.run(  # noqa: S603 - this Python with our own arguments
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds, after = perf_counter() - began, os.times()
    if done.returncode < 0:
        raise BenchmarkError(f"python {' '.join(arguments[:3])} … was ended by signal {-done.returncode}")
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": seconds, "processor": processor, "errors": done.stderr}


def _sum(stages: Sequence[Mapping[str, Any]]) -> float:
    return float(sum(stage["seconds"] for stage in stages))
