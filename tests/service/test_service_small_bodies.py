"""Small bodies that ask for much work are refused, and the event loop answers meanwhile."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Iterator, Sequence

import httpx
import pytest
from serving import Served, assert_problem, serving

from dedup.service.bodies import BodyBudget, line_limit
from dedup.service.problems import Problem
from dedup.service.settings import ServiceSettings
from dedup.service.strict_json import read_json

SOON = 0.5
"""Seconds in which `/healthz` must answer."""
BODY = 15_900_000
JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("small") / "stories.db") as found:
        yield found
        assert not [line for line in found.lines if "Traceback" in line or "a fault" in line]


def packed(pieces: Sequence[bytes]) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(piece) for piece in pieces) + packer.flush()


def under_attack(served: Served, path: str, body: bytes, headers: dict[str, str]) -> tuple[httpx.Response, float]:
    """Return the answer to a request and the longest time that `/healthz` took meanwhile."""
    slowest, done = [0.0], threading.Event()

    def probe() -> None:
        with served.client() as client:
            client.get("/healthz")
            while not done.is_set():
                begin = time.monotonic()
                assert client.get("/healthz").status_code == 200
                slowest[0] = max(slowest[0], time.monotonic() - begin)
                time.sleep(0.01)

    prober = threading.Thread(target=probe)
    prober.start()
    try:
        with served.client() as client:
            answer = client.post(path, content=body, headers=headers)
    finally:
        done.set()
        prober.join(60)
    return answer, slowest[0]


@pytest.mark.parametrize(
    ("path", "pieces", "zipped", "status"),
    [
        ("/v1/match", [b"[", b"[]," * (BODY // 3), b"[]]"], True, 413),
        ("/v1/match", [b"[" * 33 + b'"', b'\\"' * (BODY // 2)], True, 400),
        ("/v1/match", [b'{"text":"', b"\\\\" * (BODY // 2), b'"}'], True, 422),
        ("/v1/match", [b"{", b",".join(b'"%x":0' % n for n in range(1_200_000)), b"}"], False, 413),
        ("/v1/articles/batch", [b'{"articles":[', b"{}," * (BODY // 3), b"{}]}"], True, 413),
        (
            "/v1/articles/batch",
            [json.dumps({"articles": [{f"f{k}": 1 for k in range(20)}] * 900}).encode()],
            False,
            200,
        ),
        ("/v1/compare", [b'{"a":[', b"{}," * (BODY // 3), b"{}]}"], True, 413),
        ("/v1/decisions", [b'{"kind":"together","articles":[', b'"a",' * (BODY // 4), b'"b"]}'], True, 413),
    ],
    ids=["lists", "open string", "backslashes", "fields", "articles", "faults", "pair", "decision"],
)
def test_a_body_of_json(served: Served, path: str, pieces: list[bytes], zipped: bool, status: int) -> None:
    body = packed(pieces) if zipped else b"".join(pieces)
    answer, slowest = under_attack(served, path, body, {**JSON, **(GZIP if zipped else {})})
    assert answer.status_code == status, answer.text[:300]
    assert slowest < SOON
    if status != 200:
        assert_problem(answer, status)


def test_a_body_of_refused_lines(served: Served) -> None:
    before = served.memory()
    answer, slowest = under_attack(served, "/v1/articles/batch", packed([b"{}\n" * 1_000_000] * 3), {**LINES, **GZIP})
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert slowest < SOON
    assert 1_000 < len(results) < 1_200
    assert results[-1]["problem"]["status"] == 413
    assert len(answer.content) < 1_000_000
    assert served.memory() - before < 100_000_000


@pytest.mark.parametrize("line", [b"\n", b" \n", b'{"id": "same", "text": "Fire broke out on the ferry."}\n'])
def test_a_body_that_expands(served: Served, line: bytes) -> None:
    body = packed([line * (10_000_000 // len(line))] * 40)
    answer, slowest = under_attack(served, "/v1/articles/batch", body[:20_000], {**LINES, **GZIP})
    last = json.loads(answer.text.splitlines()[-1])
    assert last.get("problem", last)["status"] in {400, 413}
    assert slowest < SOON


def test_lines_that_are_refused_among_accepted_ones(served: Served) -> None:
    lines = [b'{"id": "k%d"}' % n if n % 3 else b'{"id": "k%d", "text": "%d went"}' % (n, n) for n in range(300)]
    with served.client() as client:
        answer = client.post("/v1/articles/batch", content=b"\n".join(lines), headers=LINES)
    assert len(answer.text.splitlines()) == 300


def test_a_line_that_comes_in_small_pieces(served: Served) -> None:
    """A line of a megabyte was copied for each piece of it."""

    def pieces() -> Iterator[bytes]:
        yield b'{"id": "long", "text": "' + b" " * 1_000_000
        for _ in range(3_000):
            yield b" " * 10

    with served.client() as client:
        begin = time.monotonic()
        answer = client.post("/v1/articles/batch", content=pieces(), headers=LINES)
        assert answer.status_code == 200
        assert time.monotonic() - begin < 10


def test_a_line_that_is_too_long(served: Served) -> None:
    line = b'{"id": "long", "text": "%b"}' % (b"x" * line_limit(ServiceSettings()))
    with served.client() as client:
        answer = client.post("/v1/articles/batch", content=line, headers=LINES)
    assert_problem(answer, 413, "body")


def test_bodies_share_a_budget() -> None:
    budget = BodyBudget(100)
    with budget.reservation() as first:
        first.resize(60)
        with pytest.raises(Problem) as error, budget.reservation() as second:
            second.resize(41)
        assert error.value.kind == "too-busy"
        first.resize(20)
        with budget.reservation() as second:
            second.resize(80)
    with budget.reservation() as third:
        third.resize(100)


@pytest.mark.parametrize("data", [b"1" * 41, b"[" * 33 + b"]" * 33, b"[%bnull]" % (b"null," * 64)])
def test_json_that_is_refused(data: bytes) -> None:
    with pytest.raises(Problem):
        read_json(data)
