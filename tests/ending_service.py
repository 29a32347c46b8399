"""`dedup` with the arguments given, which is a service: ended once it serves, with its exit code for this one's."""

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
