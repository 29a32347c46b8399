"""The harness of random faults for a while, and that it notices stores that break their promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = os.environ.get("TEST_FAULT_SECONDS", "15")
"""Seconds of faults; `.ci/run` takes more."""
HARNESS = Path(__file__).with_name("fault_run.py")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="faults are made with Linux's means")


def run(*options: str) -> tuple[int, str]:
    command = [sys.executable, str(HARNESS), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    return done.returncode, done.stdout + done.stderr


def test_faults_lose_nothing() -> None:
    code, printed = run("--seconds", SECONDS, "--seed", "1")
    assert code == 0, printed
    assert "lost 0, inconsistent 0, undocumented 0, hanging 0" in printed


@pytest.mark.parametrize("broken", ["forgets", "hides", "shares"])
def test_a_broken_store_is_noticed(broken: str) -> None:
    code, printed = run("--seconds", "60", "--seed", "1", "--until-found", "--break", broken)
    assert code == 1, printed
    assert "--seed 1 --episode " in printed
