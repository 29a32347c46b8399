"""A service in its own process, as `dedup serve` starts it, on a local port."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dedup.cli import main

ROOT = Path(__file__).resolve().parents[2]
STARTS = 120.0
"""Seconds that a service may take to be ready on a busy machine."""


@dataclass
class Served:
    """A running service: its address, its process and its log lines."""

    url: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    listener: threading.Thread | None = None

    def client(self, token: str = "", **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, timeout=60, headers=headers, **options)

    def ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200
        return False

    def memory(self) -> int:
        """Bytes that it holds, where the system tells."""
        file = Path(f"/proc/{self.process.pid}/statm")
        return int(file.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") if file.exists() else 0

    def logged(self, part: str) -> bool:
        """Whether a log line has a part; it is written after the answer that it is about."""
        until = time.monotonic() + 10
        while not any(part in line for line in self.lines) and time.monotonic() < until:
            time.sleep(0.01)
        return any(part in line for line in self.lines)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once all that it said was read."""
        code = self.process.wait(60)
        if self.listener is not None:
            self.listener.join(10)
        return code


def start(store: Path, *options: str, environment: dict[str, str] | None = None, wait: bool = True) -> Served:
    """Start a service on a free port and wait until it is ready."""
    command = [sys.executable, "-m", "dedup", "serve", "--store", str(store), "--port", "0", *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEDUP_SERV")}
    process = subprocess.Popen(
        command,
        cwd=store.parent,
        env={**kept, "PYTHONUNBUFFERED": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    served = Served("", process)
    served.listener = threading.Thread(target=_listen, args=(served,), daemon=True)
    served.listener.start()
    until = time.monotonic() + STARTS
    while time.monotonic() < until and not served.url:
        if process.poll() is not None:
            time.sleep(0.2)
            raise AssertionError(f"it did not start: {served.lines}")
        time.sleep(0.02)
    while wait and not served.ready():
        assert time.monotonic() < until, served.lines[-20:]
        assert process.poll() is None, served.lines[-20:]
        time.sleep(0.05)
    return served


@contextmanager
def serving(store: Path, *options: str, **more: Any) -> Iterator[Served]:
    served = start(store, *options, **more)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.kill()
        served.ended()


def _listen(served: Served) -> None:
    assert served.process.stderr is not None
    with served.process.stderr as said:
        for line in said:
            served.lines.append(line.rstrip("\n"))
            found = re.search(r"dedup serves .* at (http://[^\s\"]+)", line)
            if found:
                served.url = found[1]


def refused(*options: str) -> tuple[int, str]:
    """Return exit code and messages of a `dedup serve` that is refused, run in this process."""
    said = io.StringIO()
    before = sys.argv, signal.getsignal(signal.SIGTERM)
    sys.argv = ["dedup", "serve", *options]
    try:
        with redirect_stderr(said), redirect_stdout(said), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before[0]
        signal.signal(signal.SIGTERM, before[1])
    assert "Traceback" not in said.getvalue()
    return int(ended.value.code or 0), said.getvalue()


def lines_of(records: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def assert_problem(answer: httpx.Response, status: int, field_: str | None = None) -> dict[str, Any]:
    """Check that an answer is a problem of RFC 9457 with fields and remedies that reveals nothing of the machine."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["type"].startswith("urn:story-dedup:problem:")
    assert told["title"]
    assert told["errors"]
    assert all(one["field"] and one["problem"] and one["remedy"] for one in told["errors"])
    if field_ is not None:
        assert field_ in [one["field"] for one in told["errors"]]
    for secret in ("Traceback", ".py", str(ROOT), "/tmp", "sqlite", "stories.db", "site-packages"):  # noqa: S108
        assert secret not in answer.text
    return told
