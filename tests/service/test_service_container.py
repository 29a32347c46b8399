"""The container's start command, run here as it stands in the Dockerfile but for its folder and its port."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from dedup.service.tokens import add_token

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def instruction(name: str) -> list[str]:
    found = re.search(rf"^{name} .*?(\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert found, name
    command: list[str] = json.loads(found[1])
    return command


def test_the_start_command_and_the_health_check(tmp_path: Path) -> None:
    secret = add_token(tmp_path / "tokens.txt", "feed", "write")
    port = 18_080 + tmp_path.stat().st_ino % 1_000
    here = [word.replace("/data", str(tmp_path)).replace("8080", str(port)) for word in instruction("CMD")]
    assert here[0] == "dedup"
    check = [word.replace("8080", str(port)) for word in instruction("HEALTHCHECK")]
    assert check[0] == "python"
    with subprocess.Popen([sys.executable, "-m", "dedup", *here[1:]], stderr=subprocess.PIPE, text=True) as running:
        try:
            until = time.monotonic() + 120
            while subprocess.run([sys.executable, *check[1:]], capture_output=True, check=False).returncode:
                assert running.poll() is None
                assert time.monotonic() < until
                time.sleep(0.3)
            headers = {"Authorization": f"Bearer {secret}"}
            record = {"id": "a", "text": "Fire broke out on the ferry."}
            answer = httpx.post(f"http://127.0.0.1:{port}/v1/articles", json=record, headers=headers)
            assert answer.status_code == 201
            running.send_signal(signal.SIGTERM)
            said = running.communicate(timeout=60)[1].splitlines()
            assert running.returncode == 0
            assert all(isinstance(json.loads(line), dict) for line in said)
        finally:
            running.kill()


def test_it_runs_as_nobody_special_and_copies_what_is_there() -> None:
    assert re.search(r"^USER dedup$", DOCKERFILE, re.MULTILINE)
    for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split() if name != "dedup"), "the package may be installed"
