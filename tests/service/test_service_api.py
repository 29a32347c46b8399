"""The API, over a socket of a process that `dedup serve` starts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import Served, assert_problem, lines_of, serving

import dedup

BASH = shutil.which("bash") or "bash"
ROOT = Path(__file__).resolve().parents[2]
TEXT = "Fire broke out on the ferry off Corran at dawn, and {} passengers were brought ashore by lifeboat crews."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests, each with articles of its own."""
    with serving(tmp_path_factory.mktemp("service") / "stories.db") as found:
        yield found


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


def named(name: str) -> str:
    """Return an id that no other test has."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def unique() -> str:
    """Return a text unlike any other."""
    words = " ".join(uuid.uuid4().hex for _ in range(30))
    return f"Report {words}"


def test_an_article_is_added_and_found(http: httpx.Client) -> None:
    name, text = named("a"), unique()
    record = {"id": name, "title": "Ferry", "text": text, "published": "2024-06-15", "source": "Echo", "lang": "en"}
    answer = http.post("/v1/articles", json=record)
    assert answer.status_code == 201
    placed = answer.json()
    assert placed["status"] == "added"
    assert placed["new_story"] is True
    again = http.post("/v1/articles", json=record)
    assert (again.status_code, again.json()["status"]) == (200, "unchanged")
    held = http.get(f"/v1/articles/{name}").json()
    assert {key: held[key] for key in record} == record
    copy = http.post("/v1/articles", json={"id": named("b"), "text": text, "title": "Ferry"}).json()
    assert (copy["copy_of"], copy["story"], copy["new_story"]) == (name, placed["story"], False)
    assert copy["links"][0]["kind"] == "copy"
    story = http.get(f"/v1/stories/{placed['story']}").json()
    assert story["articles"] == [name, copy["id"]]
    timeline = http.get(f"/v1/stories/{placed['story']}/articles").json()
    assert [one["id"] for one in timeline["articles"]] == story["articles"]
    assert timeline["articles"][1]["copy_of"] == name
    versions = http.get(f"/v1/stories/{placed['story']}/versions").json()
    assert {one["article"] for one in versions["groups"][0]["versions"]} == {name, copy["id"]}
    explained = http.get("/v1/explain", params={"a": name, "b": copy["id"]}).json()
    assert explained["same_text"] is True
    assert http.get("/v1/search", params={"q": text.split()[3].upper()}).json()["articles"][0]["story"] == story["id"]


def test_matching_stores_nothing(http: httpx.Client) -> None:
    name, text = named("a"), unique()
    story = http.post("/v1/articles", json={"id": name, "text": text}).json()["story"]
    before = http.get("/v1/stats").json()["articles"]
    found = http.post("/v1/match", json={"text": text}).json()
    assert (found["status"], found["story"], found["copy_of"]) == ("matched", story, name)
    assert http.post("/v1/match", json={"text": unique()}).json()["story"] is None
    assert http.get("/v1/stats").json()["articles"] == before


def test_an_update_and_a_removal(http: httpx.Client) -> None:
    name = named("a/with slash?&#%é")
    path = f"/v1/articles/{httpx.URL('http://x.example/').copy_with(params={'q': name}).query.decode()[2:]}".replace(
        "+", "%20"
    )
    assert_problem(http.put(path, json={"text": unique()}), 404)
    assert http.post("/v1/articles", json={"id": name, "text": unique()}).status_code == 201
    assert http.put(path, json={"text": unique()}).json()["status"] == "updated"
    assert http.get(path).json()["id"] == name
    assert_problem(http.put(path, json={"id": "another", "text": "x"}), 422, "id")
    removed = http.delete(path).json()["changes"]
    assert [change["kind"] for change in removed] == ["removed"]
    assert_problem(http.delete(path), 404)
    assert_problem(http.get(path), 404)


def test_many_as_json_and_as_lines(http: httpx.Client) -> None:
    records = [{"id": named("m"), "text": unique()} for _ in range(30)]
    wrong = {"id": named("m"), "text": 7}
    told = http.post("/v1/articles/batch", json={"articles": [*records, wrong]}).json()["results"]
    assert [one["line"] for one in told] == list(range(1, 32))
    assert [one["placement"]["id"] for one in told[:-1]] == [record["id"] for record in records]
    assert told[-1]["problem"]["errors"][0]["field"] == "articles.30.text"
    body = lines_of(records[:3]) + b"\n{]\n" + lines_of([records[0]])[:-1]  # without an end
    answer = http.post("/v1/articles/batch", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["line"] for one in lines] == [1, 2, 3, 5, 6]
    assert [one.get("placement", {}).get("status") for one in lines] == ["unchanged"] * 3 + [None, "unchanged"]
    assert lines[3]["problem"]["status"] == 400


def test_lines_are_answered_as_they_come(http: httpx.Client) -> None:
    """A line is answered before the next one is sent."""
    import socket

    host, port = http.base_url.host, http.base_url.port
    with socket.create_connection((host, port), timeout=30) as sock:
        sock.sendall(
            b"POST /v1/articles/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        seen = b""
        for number in range(3):
            line = lines_of([{"id": named("s"), "text": unique()}])
            sock.sendall(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            while seen.count(b'"placement"') <= number:
                piece = sock.recv(65536)
                assert piece, seen
                seen += piece
        sock.sendall(b"0\r\n\r\n")
        while piece := sock.recv(65536):
            seen += piece
    assert seen.count(b'"status": "added"') == 3


def test_the_commands_of_the_page(served: Served, tmp_path: Path) -> None:
    """Run as written, at another address; curl fails if the answer is a problem."""
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    (commands,) = [
        block for block in re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "curl" in block
    ]
    address = served.url.removeprefix("http://")
    records = [{"id": named("feed"), "text": unique()} for _ in range(3)]
    (tmp_path / "feed.jsonl").write_bytes(lines_of(records))
    told = {}
    for line in commands.splitlines():
        command = line.replace("localhost:8080", address).replace("curl ", "curl --fail-with-body --show-error ")
        assert address in command
        done = subprocess.run([BASH, "-c", command], check=False, capture_output=True, cwd=tmp_path, timeout=60)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        told[line] = [json.loads(one) for one in done.stdout.splitlines()]
    (batch,) = [answers for line, answers in told.items() if "/batch" in line]
    assert [one["placement"]["id"] for one in batch] == [record["id"] for record in records]
    assert len(told) == 5


def test_a_batch_sent_as_an_update_is_refused_with_a_remedy(http: httpx.Client) -> None:
    """`curl -T` does this by default."""
    body, headers = lines_of([{"id": "a", "text": "b"}]), {"content-type": "application/x-ndjson"}
    told = assert_problem(http.put("/v1/articles/batch", content=body, headers=headers), 415, "Content-Type")
    assert "PUT changes one article" in told["errors"][0]["problem"]
    assert "POST /v1/articles/batch" in told["errors"][0]["remedy"]


def test_packed_bodies(http: httpx.Client) -> None:
    import gzip

    record = {"id": named("z"), "text": unique()}
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps(record).encode()[:40]) + gzip.compress(json.dumps(record).encode()[40:])
    assert http.post("/v1/articles", content=packed, headers=headers).status_code == 201
    assert_problem(http.post("/v1/articles", content=packed[:-9], headers=headers), 400, "Content-Encoding")
    assert_problem(http.post("/v1/articles", content=b"no gzip", headers=headers), 400, "Content-Encoding")
    headers["Content-Encoding"] = "br"
    assert_problem(http.post("/v1/articles", content=packed, headers=headers), 415, "Content-Encoding")


def test_stories_by_page(http: httpx.Client) -> None:
    outlet = named("outlet")
    for _ in range(7):
        http.post("/v1/articles", json={"id": named("p"), "text": unique(), "source": outlet})
    found: list[str] = []
    cursor = None
    for _ in range(4):
        params: dict[str, str | int] = {"outlet": outlet, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = http.get("/v1/stories", params=params).json()
        found += [story["id"] for story in page["stories"]]
        cursor = page["next"]
    assert cursor is None
    assert len(set(found)) == len(found) == 7
    assert http.get("/v1/stories", params={"outlet": outlet, "min_size": 2}).json()["stories"] == []
    assert http.get("/v1/stories", params={"outlet": outlet, "since": "2999-01-01"}).json()["stories"] == []
    for wrong in ("nonsense", "W10", "WzFlOTk5LDFd"):
        assert_problem(http.get("/v1/stories", params={"cursor": wrong}), 422, "cursor")


def test_changes_are_waited_for(http: httpx.Client) -> None:
    import threading

    since = http.get("/v1/stats").json()["changes"]
    begin = time.monotonic()
    nothing = http.get("/v1/changes", params={"since": since, "wait": 0.3}).json()
    assert nothing == {"changes": [], "cursor": since}
    assert time.monotonic() - begin >= 0.3
    record = {"id": named("w"), "text": unique()}
    timer = threading.Timer(0.3, lambda: httpx.post(f"{http.base_url}/v1/articles", json=record))
    timer.start()
    found = http.get("/v1/changes", params={"since": since, "wait": 20}).json()
    timer.join()
    assert [change["article"] for change in found["changes"]] == [record["id"]]
    assert found["cursor"] == found["changes"][-1]["cursor"]


def job_of(http: httpx.Client, begun: httpx.Response) -> dict[str, object]:
    assert begun.status_code == 202
    for _ in range(3_000):
        job: dict[str, object] = http.get(begun.headers["location"]).json()
        if job["state"] != "waiting":
            return job
        time.sleep(0.05)
    raise AssertionError("it never ends")


def test_reconcile_and_expire(http: httpx.Client) -> None:
    assert job_of(http, http.post("/v1/reconcile"))["state"] == "done"
    name = named("old")
    http.post("/v1/articles", json={"id": name, "text": unique(), "published": "1971-01-01T00:00:00Z"})
    job = job_of(http, http.post("/v1/expire", params={"before": "1975-01-01"}))
    assert job["result"]["count"] == 1  # type: ignore[index]
    assert_problem(http.get(f"/v1/articles/{name}"), 404)
    assert_problem(http.get("/v1/jobs/none"), 404)


def test_two_pasted_texts(http: httpx.Client) -> None:
    pair = {"a": {"text": TEXT.format(40)}, "b": {"title": "Blaze", "text": TEXT.format(40)}}
    told = http.post("/v1/compare", json=pair).json()
    assert (told["a"], told["b"], told["same_text"]) == ("a", "b", True)
    assert told["passages"]
    assert_problem(http.post("/v1/compare", json={"a": pair["a"]}), 422, "body")
    assert_problem(http.post("/v1/compare", json={"a": pair["a"], "b": "x"}), 422, "b")
    assert_problem(http.post("/v1/compare", json={"a": {**pair["a"], "id": {}}, "b": pair["b"]}), 422, "a.id")
    assert_problem(http.post("/v1/compare", json={"a": pair["a"], "b": {"text": "x" * 50_001}}), 422, "b.text")


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ([], "body"),
        ("x", "body"),
        (None, "body"),
        ({}, "id"),
        ({"id": "x"}, "text"),
        ({"id": 1, "text": "x"}, "id"),
        ({"id": "", "text": "x"}, "id"),
        ({"id": " x", "text": "x"}, "id"),
        ({"id": "a\nb", "text": "x"}, "id"),
        ({"id": "x" * 513, "text": "x"}, "id"),
        ({"id": "x" * 100_000, "text": "x"}, "id"),
        ({"id": "x", "text": None}, "text"),
        ({"id": "x", "text": ["x"]}, "text"),
        ({"id": "x", "text": "x" * 200_001}, "text"),
        ({"id": "x", "text": "x", "title": 5}, "title"),
        ({"id": "x", "text": "\ud800"}, "text"),
        ({"id": "x", "text": "x", "published": "yesterday"}, "published"),
        ({"id": "x", "text": "x", "published": 20240101}, "published"),
        ({"id": "x", "text": "x", "published": "2024-02-31"}, "published"),
        ({"id": "x", "text": "x", "seen": True}, "seen"),
        ({"id": "x", "text": "x", "path": "/etc/passwd"}, "path"),
    ],
)
def test_what_an_article_may_not_be(http: httpx.Client, record: object, field: str) -> None:
    given = {"content": json.dumps(record), "headers": {"Content-Type": "application/json"}}
    assert_problem(http.post("/v1/articles?strict=true", **given), 422, field)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b'{"id": "a", "id": "b", "text": "x"}', "id"),
        (b'{"id": "a", "text": "\xff"}', "body"),
        (b'{"id": "a", "text": NaN}', "body"),
        (b'{"id": "a", "text": ' + b"9" * 50_000 + b"}", "body"),
        (b'{"id": "a", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "body"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "body"),
        (b"\xef\xbb\xbf{}x", "body"),
        (b"\x00\x01\x02", "body"),
    ],
)
def test_what_json_may_not_be(http: httpx.Client, body: bytes, field: str) -> None:
    assert_problem(http.post("/v1/articles", content=body, headers={"Content-Type": "application/json"}), 400, field)


def test_brackets_inside_a_text_are_not_depth(http: httpx.Client) -> None:
    record = {"id": named("b"), "text": "[{" * 500 + '\\" ' + unique()}
    assert http.post("/v1/articles", json=record).status_code == 201


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/json; charset=latin-1"])
def test_only_json_is_understood(http: httpx.Client, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert_problem(http.post("/v1/articles", content=b"{}", headers=headers), 415, "Content-Type")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/stories?limit=0", "limit"),
        ("/v1/stories?limit=x", "limit"),
        ("/v1/stories?nothing=1", "nothing"),
        ("/v1/stories?limit=1&limit=2", "limit"),
        ("/v1/stories?since=tomorrow", "since"),
        ("/v1/stories?since=2024-02-31", "since"),
        ("/v1/changes?since=-1", "since"),
        ("/v1/changes?wait=1000", "wait"),
        ("/v1/changes?wait=nan", "wait"),
        ("/v1/search?q=%20", "q"),
        ("/v1/search?q=a+b+c+d+e+f+g+h+i+j+k+l+m", "q"),
        ("/v1/explain?a=x", "b"),
        ("/healthz?x=1", "x"),
    ],
)
def test_what_parameters_may_not_be(http: httpx.Client, path: str, field: str) -> None:
    assert_problem(http.get(path), 422, field)


def test_unknown_paths_and_methods(http: httpx.Client) -> None:
    assert_problem(http.get("/nothing"), 404, "path")
    assert_problem(http.get("/v1/stories/s0"), 404)
    assert_problem(http.get("/v1/articles/none"), 404)
    assert_problem(http.get("/v1/articles/..%2f..%2fetc%2fpasswd"), 404)
    assert_problem(http.get("/assets/..%2fservice.py"), 404)
    assert_problem(http.get("/v1/explain", params={"a": "none", "b": "none"}), 404)
    answer = http.patch("/v1/articles/a")
    assert_problem(answer, 405, "method")
    assert answer.headers["allow"] == "DELETE, GET, PUT"
    assert_problem(http.request("PROPFIND", "/v1/stories"), 405)
    assert_problem(http.request("BREW", "/v1/stories"), 400)


def test_every_answer_has_its_headers(http: httpx.Client) -> None:
    for path in ("/", "/v1/stats", "/nothing", "/assets/service.js", "/metrics"):
        headers = http.get(path, headers={"X-Request-Id": "my-request.1"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-request-id"] == "my-request.1"
        assert "server" not in headers
    assert http.get("/v1/stats", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"] != "a b\tc"


def test_health_and_metrics(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ok"}
    http.post("/v1/articles", json={})
    text = http.get("/metrics").text
    for line in (
        'dedup_requests_total{method="GET",route="/healthz",status="200"}',
        'dedup_problems_total{kind="invalid"}',
        "dedup_queue_articles 0.0",
        "dedup_ready 1.0",
        "process_resident_memory_bytes",
        "dedup_write_seconds_count",
    ):
        assert line in text


def test_metrics_say_what_is_decided(http: httpx.Client) -> None:
    def metrics() -> dict[str, float]:
        lines = http.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}

    before, name, text = metrics(), named("decided"), TEXT.format(901)
    for suffix, body in (("a", text), ("b", text), ("c", f"{text} More of it came later."), ("a", text)):
        http.post("/v1/articles", json={"id": name + suffix, "text": body, "source": suffix})
    http.delete(f"/v1/articles/{name}b")
    after = metrics()
    grown = {key: after[key] - before.get(key, 0.0) for key in after if after[key] != before.get(key)}
    placed = {key: value for key, value in grown.items() if key.startswith("dedup_placements_total")}
    assert sum(placed.values()) == 4
    assert placed['dedup_placements_total{decision="unchanged"}'] == 1
    assert placed['dedup_placements_total{decision="copy"}'] >= 1
    assert grown['dedup_changes_total{kind="added"}'] == 3
    assert grown['dedup_changes_total{kind="removed"}'] == 1
    assert grown["dedup_store_articles"] == 2
    assert after["dedup_store_bytes"] > 0
    assert after["dedup_index_memory_bytes"] > 0
    assert 'dedup_changes_total{kind="moved"}' in after, "at 0 from the start"


def test_the_alert_rules_name_metrics_that_there_are(http: httpx.Client) -> None:
    rules = (Path(__file__).resolve().parents[2] / "examples" / "alerts.yml").read_text(encoding="utf-8")
    told = {line.split("{")[0].split(" ")[0] for line in http.get("/metrics").text.splitlines()}
    named = set(re.findall(r"\bdedup_\w+", rules))
    assert len(named) >= 8
    assert named <= told | {"dedup_request_seconds_bucket"}


def test_stats_reveal_nothing_of_the_machine(http: httpx.Client) -> None:
    assert not {"store", "memory"} & set(http.get("/v1/stats").json())


def test_neither_text_nor_title(http: httpx.Client) -> None:
    """Refused alone; kept with a notice in a batch."""
    name = named("blank")
    blank = {"id": name, "text": " ", "title": ""}
    assert_problem(http.post("/v1/articles", json=blank), 422, "text")
    assert_problem(http.post("/v1/match", json={"text": ""}), 422, "text")
    assert_problem(http.put(f"/v1/articles/{name}", json={"text": ""}), 422, "text")
    (result,) = http.post("/v1/articles/batch", json={"articles": [blank]}).json()["results"]
    assert [one["action"] for one in result["placement"]["notices"]] == ["kept as an empty article"]
    assert http.post("/v1/articles", json={"id": named("a"), "text": "", "title": "A title"}).status_code == 201


def test_a_cursor_of_another_store(http: httpx.Client) -> None:
    last = http.get("/v1/stats").json()["changes"]
    assert http.get("/v1/changes", params={"since": last}).json() == {"changes": [], "cursor": last}
    told = assert_problem(http.get("/v1/changes", params={"since": last + 1, "wait": 5}), 410, "since")
    assert told["type"].endswith(":cursor-lost")
    assert f"there are {last:,} changes" in told["errors"][0]["problem"]


def test_forgotten_changes(tmp_path: Path) -> None:
    with dedup.StoryIndex.open(tmp_path / "s.db") as index:
        index.add_many([{"id": name, "text": unique()} for name in "abc"])
        index.vacuum(changes_before=3)
    with serving(tmp_path / "s.db") as served, served.client() as http:
        told = assert_problem(http.get("/v1/changes"), 410, "since")
        assert "the changes before 3 were forgotten" in told["detail"]
        assert [one["cursor"] for one in http.get("/v1/changes?since=2").json()["changes"]] == [3]


def test_a_pattern_is_explained_in_words(http: httpx.Client) -> None:
    for path in ("/v1/expire?before=tomorrow", "/v1/stories?since=tomorrow"):
        answer = http.post(path) if "expire" in path else http.get(path)
        (told,) = assert_problem(answer, 422)["errors"]
        assert told["problem"] == "'tomorrow' is no date"
        assert "2024-01-31" in told["remedy"]
    (told,) = assert_problem(http.get("/v1/search", params={"q": " "}), 422, "q")["errors"]
    assert told["problem"] == "' ' has no words"
