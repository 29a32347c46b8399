"""Run `dedup serve`, stop it once it serves, and return its exit code."""

from __future__ import annotations

import signal
import subprocess
import sys

with subprocess.Popen([sys.executable, "-m", "dedup", *sys.argv[1:]], stderr=subprocess.PIPE, text=True) as service:
    assert service.stderr is not None
    for line in service.stderr:
        sys.stderr.write(line)
        if "dedup serves" in line:
            service.send_signal(signal.SIGTERM)
sys.exit(service.returncode)
