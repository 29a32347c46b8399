"""The files for systemd and nginx in `examples/` are valid, and nginx passes lines and answers on at once."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from serving import serving

from dedup.cli import application

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = (EXAMPLES / "dedup.service").read_text(encoding="utf-8")
    unit = unit.replace("/opt/dedup/bin/dedup", "/bin/true").replace("User=dedup", "User=root")
    (tmp_path / "dedup.service").write_text(unit, encoding="utf-8")
    ran = subprocess.run(
        [analyze, "verify", str(tmp_path / "dedup.service")], capture_output=True, text=True, check=False
    )
    said = [line for line in ran.stderr.splitlines() if "dedup.service" in line]
    assert not said


def test_the_service_takes_the_options_of_the_unit() -> None:
    unit = (EXAMPLES / "dedup.service").read_text(encoding="utf-8")
    (start,) = re.findall(r"ExecStart=\S+ serve (.*)", unit)
    group: Any = typer.main.get_command(application())
    command = group.commands["serve"]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"--[\w-]+", start)) <= known


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_nginx_keeps_nothing_back(tmp_path: Path, port: int) -> None:
    openssl = shutil.which("openssl")
    if NGINX is None or openssl is None:
        pytest.skip("nginx or openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=stories.example"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    with serving(tmp_path / "s.db", "--names", "stories.example,127.0.0.1") as served:
        site = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
        site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("127.0.0.1:8080", served.url[7:])
        site = site.replace("/etc/ssl/stories.example.pem", str(certificate))
        site = site.replace("/etc/ssl/stories.example.key", str(key))
        parts = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"{part}_temp_path {tmp_path / part};\n" for part in parts)
        config = tmp_path / "nginx.conf"
        config.write_text(
            f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\ndaemon off;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}{site}}}\n",
            encoding="utf-8",
        )
        given = [NGINX, "-p", str(tmp_path), "-c", str(config)]
        checked = subprocess.run([*given, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        nginx = subprocess.Popen(given)
        try:
            trusted = ssl.create_default_context()
            trusted.check_hostname, trusted.verify_mode = False, ssl.CERT_NONE
            headers = {"Host": "stories.example", "Content-Type": "application/x-ndjson"}
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted, timeout=60) as client:
                until = time.monotonic() + 30
                while time.monotonic() < until:
                    with suppress(httpx.HTTPError):
                        if client.get("/readyz", headers=headers).status_code == 200:
                            break
                    time.sleep(0.1)
                assert client.get("/metrics", headers=headers).status_code == 404
                assert client.get("/v1/stats", headers={"Host": "other.example"}).status_code == 400
                assert_answered_while_sent(port, trusted)
                placed = client.post(
                    "/v1/articles", json={"id": "a", "text": "Fire on a ferry."}, headers={"Host": "stories.example"}
                )
                assert placed.status_code == 201
        finally:
            nginx.terminate()
            nginx.wait(30)


def assert_answered_while_sent(port: int, trusted: ssl.SSLContext) -> None:
    """Send lines one by one, each after the answer to the one before."""
    with (
        socket.create_connection(("127.0.0.1", port), 30) as plain,
        trusted.wrap_socket(plain, server_hostname="stories.example") as sock,
    ):
        head = "POST /v1/articles/batch HTTP/1.1\r\nHost: stories.example\r\nContent-Type: application/x-ndjson\r\n"
        sock.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        received = lines_from(sock)
        for number in range(3):
            line = json.dumps({"id": f"l{number}", "text": f"Line {number} of the harbour of Corran."}).encode() + b"\n"
            sock.sendall(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            assert f'"line": {number + 1}' in next(received)
        sock.sendall(b"0\r\n\r\n")


def lines_from(sock: ssl.SSLSocket) -> Iterator[str]:
    """Yield the lines of an answer that have a result."""
    rest = b""
    while data := sock.recv(65_536):
        *lines, rest = (rest + data).split(b"\n")
        yield from (line.decode() for line in lines if line.startswith(b'{"line"'))
