"""How it is run: flags before environment before file; all that is wrong is told together; and what the log says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from serving import refused, serving

import dedup
from dedup import SettingsError
from dedup.service.settings import ServiceSettings, configure_service


def test_flags_before_environment_before_file(tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text(
        'granularity = 0.4\n[serve]\nport = 1\nqueue = 11\nhead_time = 2\nnames = ["a.example", "b.example"]\n',
        encoding="utf-8",
    )
    environment = {"DEDUP_SERVE_PORT": "2", "DEDUP_SERVE_TEXT": "5_000", "DEDUP_SERVE_WITHOUT_TOKENS": "yes"}
    found = configure_service({"port": 3}, limits={"port": "4"}, folder=tmp_path, environment=environment)
    assert (found.port, found.queue, found.text, found.head_time) == (3, 11, 5_000, 2.0)
    assert found.without_tokens
    assert found.hosts == {"a.example", "b.example"}
    assert configure_service(folder=tmp_path, environment=environment).port == 2
    assert configure_service(folder=tmp_path, environment={}).port == 1
    # settings of the service are no faults among those of the method, and vice versa
    assert dedup.configure(folder=tmp_path, environment=environment).settings.granularity == 0.4


def test_in_a_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.dedup.serve]\nqueue = 7\n", encoding="utf-8")
    assert configure_service(folder=tmp_path, environment={}).queue == 7
    assert dedup.configure(folder=tmp_path, environment={}).settings == dedup.Settings()


def test_all_faults_are_reported_with_their_origins(tmp_path: Path) -> None:
    (tmp_path / "dedup.toml").write_text('[serve]\nport = "x"\nqeue = 1\n', encoding="utf-8")
    environment = {"DEDUP_SERVE_TEXT": "-1", "DEDUP_SERVE_WITHOUT_TOKENS": "perhaps"}
    with pytest.raises(SettingsError) as error:
        configure_service({"group": "many"}, folder=tmp_path, environment=environment)
    told = "\n".join(error.value.faults)
    assert len(error.value.faults) == 5
    for part in ("dedup.toml:2", "dedup.toml:3", "queue?", "DEDUP_SERVE_TEXT", "DEDUP_SERVE_WITHOUT_TOKENS", "--group"):
        assert part in told


def test_every_setting_has_a_line_and_a_default_in_its_range() -> None:
    ServiceSettings()
    assert all(knob.metadata["help"] for knob in fields(ServiceSettings))
    with pytest.raises(SettingsError, match="port"):
        ServiceSettings(port=70_000)


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        ((), 2, "--store"),
        (("--store", "s.db", "--limit", "qeue=1"), 2, "queue"),
        (
            ("--store", "s.db", "--limit", "foo=3"),
            2,
            "--limit foo: dedup serve has no setting 'foo' (it has: host",
        ),
        (("--store", "s.db", "--limit", "queue=x"), 2, "--limit queue: queue must be a whole number"),
        (("--store", "s.db", "--limit", "queue"), 2, "NAME=VALUE"),
        (("--store", "s.db", "--tokens", "none.txt"), 1, "none.txt"),
        (("--store", "none/s.db", "--port", "0"), 1, "none"),
        (("--store", "s.db", "--host", "192.0.2.1", "--without-tokens"), 1, "192.0.2.1"),
        (("token", "--tokens", "t.txt", "--name", "a b", "--scope", "read"), 1, "name"),
        (("token", "--tokens", "t.txt", "--name", "a", "--scope", "all"), 2, "scope"),
    ],
)
def test_wrong_usage_is_a_clean_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], code: int, part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended, said = refused(*options)
    assert ended == code, said
    assert part in said


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    program = (
        "import sys, importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'fastapi' else found(name, *a)\n"
        "from dedup.cli import main; sys.argv = ['dedup', 'serve', '--store', 's.db']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "pip install 'story-dedup[serve]'" in done.stderr


def test_nothing_else_imports_fastapi() -> None:
    program = (
        "import sys, dedup, dedup.cli; dedup.cli.application(); dedup.StoryIndex; dedup.Client;"
        "print([name for name in ('fastapi', 'starlette', 'uvicorn', 'pydantic', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_log_is_json_with_the_ids_of_requests(tmp_path: Path) -> None:
    with serving(tmp_path / "s.db", "--log-json") as served:
        with served.client() as http:
            http.get("/v1/articles/a%0d%0ab", headers={"X-Request-Id": "mine-1"})
            answer = http.post("/v1/articles", json={"id": "a", "text": "A text that stays out of the log."})
        assert served.stop() == 0
    lines = [json.loads(line) for line in served.lines]
    mine = next(line for line in lines if line.get("request") == "mine-1")
    assert (mine["method"], mine["status"], mine["problem"]) == ("GET", 404, "not-found")
    added = next(line for line in lines if line.get("request") == answer.headers["x-request-id"])
    assert (added["route"], added["status"], added["level"]) == ("/v1/articles", 201, "info")
    assert {"time", "milliseconds", "bytes", "client", "token"} <= set(added)
    assert not any("stays out" in line for line in served.lines)


def test_a_store_is_served_by_one_alone_and_an_address_too(tmp_path: Path) -> None:
    with serving(tmp_path / "s.db") as served:
        code, said = refused("--store", str(tmp_path / "s.db"), "--port", "0")
        assert code == 1
        assert "s.db" in said
        port = served.url.rsplit(":", 1)[1]
        code, said = refused("--store", str(tmp_path / "t.db"), "--port", port)
        assert code == 1
        assert f"127.0.0.1 port {port}" in said


@pytest.mark.parametrize("line", ["head_time = 0x" + "f" * 400, "port = 0x" + "f" * 5000, "names = 0x" + "f" * 5000])
def test_a_huge_number_is_reported_as_any_other(tmp_path: Path, line: str) -> None:
    (tmp_path / "dedup.toml").write_text(f"[serve]\n{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"dedup\.toml:2: {line.split(maxsplit=1)[0]} (must|is too large)"):
        configure_service(folder=tmp_path, environment={})
