"""Authentication: missing, wrong and read-only tokens; the file of hashes; the refusal to serve without tokens."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from serving import Served, assert_problem, refused, serving

from dedup import InputError, SettingsError
from dedup.service.problems import Problem
from dedup.service.tokens import Authenticator, Refusals, add_token, new_token, read_tokens

ARTICLE = {"id": "a", "text": "Fire broke out on the ferry off Corran at dawn."}


@dataclass
class Locked:
    served: Served
    file: Path
    reader: str
    writer: str


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    folder = tmp_path_factory.mktemp("locked")
    file = folder / "tokens.txt"
    made = []
    for name, scope in (("page", "read"), ("feed", "write")):
        code, said = refused("token", "--name", name, "--scope", scope, "--tokens", str(file))
        assert code == 0
        made.append(said.splitlines()[0])
    with serving(folder / "stories.db", "--tokens", str(file)) as served:
        yield Locked(served, file, *made)


def test_the_file_has_no_secret_and_is_its_owners_alone(locked: Locked) -> None:
    text = locked.file.read_text(encoding="ascii")
    assert locked.reader not in text
    assert locked.writer not in text
    assert [line.split()[:2] for line in text.splitlines()] == [["page", "read"], ["feed", "write"]]
    if os.name == "posix":
        assert stat.S_IMODE(locked.file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (None, "token-missing"),
        ("", "token-missing"),
        ("Basic YTpi", "token-missing"),
        ("Bearer", "token-missing"),
        ("Bearer wrong", "token-wrong"),
        ("Bearer " + "x" * 5_000, "token-wrong"),
        ("Bearer dedup_é", "token-wrong"),
    ],
)
def test_without_a_known_token(locked: Locked, header: str | None, kind: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    with locked.served.client() as http:
        for path in (
            *("/v1/stats", "/v1/articles/a", "/metrics", "/v1/jobs/a", "/v1/decisions"),
            *("/v1/changes/stream", "/feeds/stories.json", "/feeds/stories.rss"),
        ):
            answer = http.get(path, headers=headers)  # type: ignore[arg-type]
            told = assert_problem(answer, 401, "Authorization")
            assert told["type"].endswith(kind)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_that_may_only_read(locked: Locked) -> None:
    with locked.served.client(locked.reader) as http:
        assert http.get("/v1/stats").status_code == 200
        assert http.post("/v1/match", json={"text": "x"}).status_code == 200
        for method, path in (
            ("POST", "/v1/articles"),
            ("POST", "/v1/articles/batch"),
            ("PUT", "/v1/articles/a"),
            ("DELETE", "/v1/articles/a"),
            ("POST", "/v1/reconcile"),
            ("POST", "/v1/expire"),
            ("POST", "/v1/rebuild"),
            ("POST", "/v1/quarantine"),
            ("POST", "/v1/options"),
            ("POST", "/v1/decisions"),
            ("DELETE", "/v1/decisions/d1"),
        ):
            assert_problem(http.request(method, path, json=ARTICLE), 403, "Authorization")


def test_a_token_that_may_write(locked: Locked) -> None:
    with locked.served.client(locked.writer) as http:
        assert http.post("/v1/articles", json=ARTICLE).status_code in {200, 201}
        assert http.get("/v1/articles/a").status_code == 200
        assert locked.served.logged("POST /v1/articles 201")
        assert not any(locked.writer in line for line in locked.served.lines)


def test_pages_and_health_need_no_token(locked: Locked) -> None:
    with locked.served.client() as http:
        for path in ("/", "/assets/page.css", "/openapi.json", "/healthz", "/readyz"):
            assert http.get(path).status_code == 200
        assert "HTTPBearer" in http.get("/openapi.json").text


def test_a_removed_token_is_refused_at_once(locked: Locked) -> None:
    secret = add_token(locked.file, "guest", "read")
    time.sleep(1.1)
    with locked.served.client(secret) as http:
        assert http.get("/v1/stats").status_code == 200
        lines = [line for line in locked.file.read_text(encoding="ascii").splitlines() if not line.startswith("guest")]
        locked.file.write_text("\n".join(lines), encoding="ascii")
        time.sleep(1.1)
        assert_problem(http.get("/v1/stats"), 401)


def test_an_invalid_file_keeps_the_tokens_read_before(tmp_path: Path) -> None:
    now = [0.0]
    file = tmp_path / "tokens"
    secret = add_token(file, "a", "read")
    authenticator = Authenticator(file, clock=lambda: now[0])
    file.write_text("nonsense", encoding="ascii")
    now[0] += 5
    assert authenticator.token(secret) is not None, "those read before hold on"
    assert authenticator.token("other") is None
    file.write_text("", encoding="ascii")
    now[0] += 5
    assert authenticator.token(secret) is None
    assert not authenticator.open


def test_files_of_tokens(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# those of the newsroom", encoding="ascii")  # without an end of line
    secret = add_token(file, "a", "write")
    (token,) = read_tokens(file)
    assert (token.name, token.scope) == ("a", "write")
    assert token.digest not in secret
    with pytest.raises(InputError, match="already"):
        add_token(file, "a", "read")
    with pytest.raises(InputError, match="name"):
        new_token("a b", "read")
    file.write_text(f"{token.line}\n{token.line}\na read 123\n", encoding="ascii")
    with pytest.raises(SettingsError) as error:
        read_tokens(file)
    assert len(error.value.faults) == 2
    file.write_text("\n", encoding="ascii")
    with pytest.raises(SettingsError, match="no token"):
        Authenticator(file)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid"])  # noqa: S104 - it is refused
def test_other_machines_are_refused_without_tokens(tmp_path: Path, host: str) -> None:
    code, said = refused("--store", str(tmp_path / "s.db"), "--host", host)
    assert code == 2
    assert "--without-tokens" in said
    assert not (tmp_path / "s.db").exists()


def test_other_machines_are_accepted_by_option(tmp_path: Path) -> None:
    with serving(tmp_path / "s.db", "--host", "0.0.0.0", "--without-tokens", wait=False) as served:  # noqa: S104
        assert served.url.startswith("http://0.0.0.0:")
        assert served.stop() == 0


def test_repeated_refusals_are_slowed() -> None:
    now = [0.0]
    refusals = Refusals(free=2, delay=0.2, waiting=3, clock=lambda: now[0])

    async def refused(client: str) -> str:
        begin = time.monotonic()
        try:
            await refusals.slow_down(client)
        except Problem as error:
            return error.kind
        return "slow" if time.monotonic() - begin > 0.1 else "free"

    async def many(client: str, count: int) -> list[str]:
        return list(await asyncio.gather(*(refused(client) for _ in range(count))))

    assert asyncio.run(many("a", 7)) == ["free"] * 2 + ["slow"] * 3 + ["too-busy"] * 2
    assert asyncio.run(many("b", 2)) == ["free"] * 2, "another address"
    now[0] += 61
    assert asyncio.run(many("a", 1)) == ["free"], "a minute later"


def test_a_known_token_is_not_slowed_by_unknown_ones(locked: Locked) -> None:
    with locked.served.client("dedup_wrong") as http:
        # 20 are free, and 20 more if a minute ends meanwhile.
        answers = (http.get("/v1/stats") for _ in range(41))
        slow = next(answer for answer in answers if answer.elapsed.total_seconds() > 0.9)
        assert slow.status_code == 401
    with locked.served.client(locked.reader) as http:
        assert http.get("/v1/stats").elapsed.total_seconds() < 0.9
