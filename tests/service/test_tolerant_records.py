"""Records of other names, types and dates are taken with a notice; `strict=true` refuses them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import serving

from dedup import StoryIndex
from dedup.service.problems import Problem
from dedup.service.request_models import RequestModels
from dedup.service.settings import ServiceSettings
from dedup.service.tolerant import NAMES

TEXT = "The ferry of Corran burned on the night of the festival, and all on board came ashore."
MODELS = RequestModels(ServiceSettings())
NEWS_API = {
    "source": {"id": None, "name": "The Corran Post"},
    "author": "A. Writer",
    "title": "Ferry burns off Corran",
    "description": TEXT[:40],
    "url": "https://corran.example/ferry",
    "urlToImage": "https://corran.example/ferry.jpg",
    "publishedAt": "2024-05-01T10:00:00Z",
    "content": TEXT,
    "guid": "ferry-1",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("tolerant") / "stories.db") as served, served.client() as found:
        yield found


def told(answer: httpx.Response) -> list[str]:
    assert answer.is_success, answer.text
    return [f"{notice['problem']}: {notice['action']}" for notice in answer.json()["notices"]]


def test_the_usual_names_are_understood(client: httpx.Client) -> None:
    assert told(client.post("/v1/articles", json=NEWS_API)) == ["nothing is read from 'urlToImage': left out"]
    held = client.get("/v1/articles/ferry-1").json()
    assert (held["text"], held["source"], held["title"]) == (TEXT, "The Corran Post", NEWS_API["title"])
    assert (held["published"], held["url"]) == ("2024-05-01T10:00:00+00:00", NEWS_API["url"])
    matched = client.post("/v1/match", json=NEWS_API)
    assert matched.json()["copy_of"] is None
    assert told(matched) == ["nothing is read from 'urlToImage': left out"]
    assert told(client.put("/v1/articles/ferry-1", json={**NEWS_API, "guid": 5, "stars": 4})) == [
        "nothing is read from 'urlToImage', 'stars': left out"
    ]


@pytest.mark.parametrize(
    ("date", "why"),
    [
        ("yesterday or so", "is not known"),
        ("2024-02-30", "is not understood"),
        ("2999-01-01", "is too far away"),
        ("2098-01-01", "is in the future"),
        ("0001-01-01", "is too far away for a news article"),
        ("1970-01-01", "is the zero of a computer's clock"),
        ("03/04/2024", "can mean 2024-03-04 or 2024-04-03"),
        ([1], "not understood"),
    ],
)
def test_a_bad_date_costs_the_date(client: httpx.Client, date: Any, why: str) -> None:
    record = {"id": f"dated {date}", "text": f"{TEXT} {date}", "published": date}
    (notice,) = told(client.post("/v1/articles", json=record))
    assert why in notice
    assert notice.endswith("kept without a date")
    assert client.get(f"/v1/articles/dated {date}").json()["published"] is None


def test_a_batch_and_lines_have_notices(client: httpx.Client) -> None:
    records = [NEWS_API, {"_id": 7, "body": "A bridge was opened.", "stars": 3}, {"id": "b", "text": "A depot burned."}]
    found = client.post("/v1/articles/batch", json={"articles": records}).json()["results"]
    assert [len(one["placement"]["notices"]) for one in found] == [1, 1, 0]
    lines = "".join(f"{json.dumps(one)}\n" for one in [*records, {"id": "c", "stars": 4}])
    answer = client.post("/v1/articles/batch", content=lines, headers={"Content-Type": "application/x-ndjson"})
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["placement"]["status"] for one in results[:3]] == ["unchanged"] * 3
    assert [len(one["placement"]["notices"]) for one in results[:3]] == [1, 1, 0]
    assert results[3]["problem"]["errors"][0]["field"] == "text"


def test_strict_refuses_what_is_not_as_the_api_has_it(client: httpx.Client) -> None:
    for record in (
        {"id": "s", "text": "x", "stars": 4},
        {"id": "s", "body": "x"},
        {"id": "s", "text": "x", "seen": "?"},
    ):
        for method, path in (("POST", "articles"), ("POST", "match"), ("PUT", "articles/ferry-1")):
            given = {**record, "id": "ferry-1"} if method == "PUT" else record
            answer = client.request(method, f"/v1/{path}", params={"strict": "true"}, json=given)
            assert answer.status_code == 422
        answer = client.post("/v1/articles/batch", params={"strict": "true"}, json={"articles": [record]})
        assert answer.json()["results"][0]["problem"]["status"] == 422
        lines = {"content": json.dumps(record), "headers": {"Content-Type": "application/x-ndjson"}}
        answer = client.post("/v1/articles/batch", params={"strict": "true"}, **lines)  # type: ignore[arg-type]
        assert answer.json()["problem"]["status"] == 422


@pytest.mark.parametrize(
    ("record", "field", "what"),
    [
        ({"text": TEXT, "stars": 4}, "id", "missing"),
        ({"id": [], "text": TEXT}, "id", "a list"),
        ({"guid": "x" * 600, "text": TEXT}, "id", "600 characters"),
        ({"guid": "a\nb", "text": TEXT}, "id", "control characters"),
        ({"id": "a", "stars": 4}, "text", "missing"),
        ({"id": "a", "body": " ", "stars": 4}, "text", "missing"),
        ({"id": "a", "body": "x" * 200_001}, "text", "200,001 characters"),
        ({"id": "a", "headline": "x" * 5_001}, "title", "5,001 characters"),
    ],
)
def test_what_an_article_needs(record: dict[str, Any], field: str, what: str) -> None:
    with pytest.raises(Problem) as error:
        MODELS.receive(record, where="articles.3")
    assert [fault.field for fault in error.value.faults] == [f"articles.3.{field}"]
    assert what in error.value.faults[0].problem


def test_what_is_not_needed_is_left_out() -> None:
    record = {"id": 5, "body": TEXT, "url": "https://a.example/" + "x" * 9_000, "story": "s1", "y" * 200: 1}
    received = MODELS.receive(record)
    assert (received.article.id, received.article.url, received.article.story) == ("5", "", None)
    length, unread = (notice.problem for notice in received.notices)
    assert length == "its url has 9,018 characters"
    assert unread.startswith("nothing is read from 'story', 'yyyy")
    many: dict[str, Any] = {"id": "a", "text": TEXT} | {f"n{number}": {"a": {"b": 1}} for number in range(5_000)}
    assert len(MODELS.receive(many).notices) == 2
    assert NAMES < 5_000
    assert "--field" not in str(MODELS.receive({"id": "a", "title": TEXT, "stars": 4}).notices)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
USUAL = st.sampled_from(
    ["id", "guid", "text", "body", "title", "headline", "published", "date", "seen", "source", "url"]
)


@settings(max_examples=300, deadline=None)
@given(record=st.dictionaries(USUAL | st.text(max_size=9), ANY, max_size=6))
def test_any_record_is_an_article_or_a_problem(record: dict[str, Any]) -> None:
    refused: set[str] = set()
    try:
        received = MODELS.receive(record, needs_words=True)
    except Problem as error:
        refused = {fault.field for fault in error.faults}
    else:
        assert received.article.id
        assert received.article.text.strip() or received.article.title.strip()
        json.dumps([notice.problem for notice in received.notices]).encode()
    assert refused <= {"id", "text", "title"}


def test_the_library_has_the_same_notices() -> None:
    with StoryIndex.open(":memory:") as index:
        placed = index.add({**NEWS_API, "publishedAt": "2098-01-01"})
        assert [notice.problem for notice in placed.notices] == [
            "date '2098-01-01' is in the future",
            "nothing is read from 'urlToImage'",
        ]
        notices: list[Any] = []
        index.add_many(({**NEWS_API, "guid": str(number)} for number in range(3)), notices=notices)
        assert [str(notice.where) for notice in notices] == ["article 0 and 2 more"]
