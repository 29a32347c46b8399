"""Decisions of editors over HTTP: kept, undone, guarded by a version, and refused where they contradict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, serving

from dedup import Client, ConflictError, InputError, UnknownArticleError

TEXTS = {
    "ferry": "The ferry of Larkhaven burned on the night of the festival and the harbour was closed until morning.",
    "bridge": "Engineers closed the suspension bridge of Kelsey after sensors found cracks in two steel cables.",
    "vote": "Parliament of Arland rejected the pension bill of the government by three votes after a long night.",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "stories.db") as found:
        with Client(found.url) as client:
            client.add_many([{"id": name, "text": text, "title": text[:40]} for name, text in TEXTS.items()])
        yield found


def test_a_client_decides_and_undoes(served: Served) -> None:
    with Client(served.url) as client:
        done = client.decide("together", ["ferry", "bridge"], by="Ann")
        assert done.version == 1
        assert len({*done.stories.values()}) == 1
        assert client.decisions() == ([*done.decisions], 1)
        assert {one.kind for one in done.changes} == {"decided", "moved", "merged"}
        assert client.article("bridge").story == client.article("ferry").story
        with pytest.raises(ConflictError, match=r"contradicts the decision d1 \(together by Ann on") as raised:
            client.decide("apart", ["ferry"], apart_from=["bridge"])
        assert raised.value.decisions == ("d1",)
        client.decide("title", ["ferry"], title="The fire", version=1)
        assert client.story(client.article("bridge").story).title == "The fire"
        with pytest.raises(ConflictError, match="others have decided meanwhile") as raised:
            client.undo("d1", version=1)
        assert raised.value.decisions == ()
        undone = client.undo("d1", version=2)
        assert undone.stories["ferry"] != undone.stories["bridge"]
        with pytest.raises(UnknownArticleError):
            client.undo("d1")
        with pytest.raises(UnknownArticleError):
            client.decide("together", ["ferry", "nothing"])
        with pytest.raises(InputError, match="needs two articles"):
            client.decide("together", ["ferry"])


def test_contradictions_and_versions_have_a_status(served: Served) -> None:
    with httpx.Client(base_url=served.url) as http:
        first = http.get("/v1/decisions")
        assert (first.json(), first.headers["etag"]) == ({"decisions": [], "version": 0}, '"0"')
        body = {"kind": "together", "articles": ["ferry", "bridge"]}
        made = http.post("/v1/decisions", json=body, headers={"If-Match": '"0"'})
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        assert http.post("/v1/decisions", json=body, headers={"If-Match": '"0"'}).status_code == 412
        apart = {"kind": "apart", "articles": ["ferry"], "apart_from": ["bridge"]}
        refused = http.post("/v1/decisions", json=apart)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "d1")
        assert http.post("/v1/decisions", json={**apart, "supersede": True}).status_code == 201
        assert [one["in_force"] for one in http.get("/v1/decisions").json()["decisions"]] == [False, True]
        assert http.delete("/v1/decisions/d9").status_code == 404
        wrong: Any
        for wrong in ({**body, "kind": "merge"}, {**body, "more": 1}, [], {"kind": "together"}):
            assert http.post("/v1/decisions", json=wrong).status_code == 422, wrong
        assert http.post("/v1/decisions", json=body, headers={"If-Match": "W/1"}).status_code == 422
