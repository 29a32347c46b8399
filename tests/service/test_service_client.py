"""The client returns over HTTP what `StoryIndex` returns."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import Served, serving

import dedup
from dedup import Client, CursorError, InputError, ServiceError, StoryIndex, UnknownArticleError

sys.path.append(str(Path(__file__).resolve().parents[1] / "index"))
from made_articles import stream

LOCAL = {
    "open",
    "articles",
    "rebuild",
    "vacuum",
    "check",
    "newest",
    "grown",
    "refresh",
    "clustering",
    "placements",
    "settings",
    "background",
    "backup",
    "import_stories",
    "restore",
}
"""What is done where the store is, not from afar."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("client") / "stories.db") as found:
        yield found


def test_it_has_the_methods_of_an_index() -> None:
    ours = {name for name in dir(StoryIndex) if not name.startswith("_")} - LOCAL
    assert ours <= set(vars(Client))
    for name in ours - {"close"}:
        wanted = inspect.signature(getattr(StoryIndex, name)).parameters
        have = inspect.signature(getattr(Client, name)).parameters
        assert [*wanted] == [one for one in have if one != "wait"], name


def test_it_operates_the_index(tmp_path: Path) -> None:
    articles = [dataclasses.replace(one, source=f"s{place % 2}") for place, one in enumerate(stream(8, 60))]
    with serving(tmp_path / "s.db", "--keep-days", "inf", "--settle-hours", "5") as own, Client(own.url) as client:
        assert client.stats()["settle_hours"] == 5
        client.add_many(articles)
        client.change_options(keep_days=9_000.0, settle_hours=7.0)
        assert (client.stats()["keep_days"], client.stats()["settle_hours"]) == (9_000, 7)
        with pytest.raises(InputError):
            client.change_options(keep_days=0)
        changes = client.rebuild(learn=True)
        assert changes[0].kind == "refreshed"
        assert client.stats()["background"]["version"] == 1
        settings = client.stats()["settings"]
        client.rebuild(granularity=0.3)
        assert client.stats()["settings"] != settings
        preview = httpx.post(f"{own.url}/v1/rebuild?preview=true&granularity=0.5").json()
        while (job := httpx.get(f"{own.url}/v1/jobs/{preview['id']}").json())["state"] == "waiting":
            pass
        assert job["result"]["since"] == job["result"]["until"]
        assert httpx.post(f"{own.url}/v1/rebuild?granularity=2").status_code == 422
        assert httpx.post(f"{own.url}/v1/quarantine?source=s1&since=x").status_code == 422
        gone = client.quarantine("S1", since="2020-01-01")
        assert sum(change.kind == "removed" for change in gone) == 30
        assert len(client) == 30
        client.change_options(store_text=False)
        with pytest.raises(InputError, match="cannot be turned on"):
            client.change_options(store_text=True)


def test_it_returns_what_an_index_returns(served: Served) -> None:
    articles = list(stream(7, 120))
    with Client(served.url) as client, StoryIndex.open(":memory:") as index:
        for article in articles[:20]:
            assert told(client.add(article)) == told(index.add(article))
        assert list(map(told, client.add_many(articles[20:], batch=50))) == [
            told(placement) for placement in index.add_many(articles[20:], batch=50)
        ]
        assert len(client) == len(index) == len(articles)
        assert articles[0].id in client
        assert "none" not in client
        assert 7 not in client
        asked = {"text": articles[5].text + " More on this soon.", "title": articles[5].title}
        assert told(client.match(asked)) == told(index.match(asked))
        assert {story.id: story for story in client.stories()} == {story.id: story for story in index.stories()}
        assert {one.id for one in client.stories(min_size=3, outlet="Echo")} == {
            one.id for one in index.stories(min_size=3, outlet="Echo")
        }
        lines = Counter(one.storyline for one in client.stories())
        for line, count in lines.most_common(3):
            together = list(client.stories(storyline=line))
            assert {one.storyline for one in together} == {line}
            assert len(together) == count
        name = articles[9].id
        assert client.article(name) == index.article(name)
        story = index.article(name).story
        assert client.story(story) == index.story(story)
        pair = next(one for one in index.stories() if len(one.articles) > 2).articles[:2]
        assert client.explain(*pair) == index.explain(*pair)
        a, b = (dataclasses.replace(article, id=name) for article, name in zip(articles[:2], "ab", strict=True))
        own = dedup.cluster([a, b], background=index.background).explain(0, 1)
        assert client.compare(articles[0], articles[1]) == own
        assert [one.article.id for one in client.search("ferry", limit=9)] == [
            one.article.id for one in index.search("ferry", limit=9)
        ]
        changed = dedup.Article(id=name, text="Quite another text about a museum in Larkhaven.", title="Museum")
        assert told(client.update(changed)) == told(index.update(changed))
        assert kinds(client.remove(name, articles[3].id)) == kinds(index.remove(name, articles[3].id))
        assert kinds(client.reconcile()) == kinds(index.reconcile())
        assert client.expire(date(2024, 3, 2)) == index.expire(date(2024, 3, 2))
        assert kinds(client.changes(5, limit=7)) == kinds(index.changes(5, limit=7))
        # Storylines are computed once per transaction, and how the service divides a batch depends on its load.
        last = client.stats()["changes"]
        assert client.changes(last, wait=0.1) == []
        with pytest.raises(CursorError, match=f"there are {last:,} changes"):
            client.changes(10**6)
        assert set(client.stats()) == set(index.stats()) - {"store", "memory"}
        theirs, ours = client.page(limit=2), index.page(limit=2)
        assert None not in {theirs.next, ours.next}
        assert client.page(theirs.next, limit=2).stories == index.page(ours.next, limit=2).stories
        assert repr(client) == f"<Client {served.url}>"


def told(placement: dedup.Placement) -> Any:
    return (
        *(placement.article, placement.status, placement.story, placement.new_story, placement.copy_of),
        *((link.a, link.b, link.kind, round(link.score, 9)) for link in placement.links),
        *kinds(placement.changed),
    )


def kinds(changes: Any) -> list[tuple[str, str, str]]:
    return [(change.kind, change.article, change.story) for change in changes]


def test_articles_are_withdrawn_and_erased(served: Served) -> None:
    text = "Eleven fishing boats sank in the harbour of Larkhaven when a storm broke the outer wall on Sunday night."
    with Client(served.url) as client:
        for name, source in (("kept/1", "Wire"), ("told/1", "Paper")):
            client.add({"id": name, "text": text, "source": source, "url": f"https://{source}.example/boats-sink-1"})
        assert [(one.kind, one.article) for one in client.withdraw("kept/1")] == [
            ("withdrawn", "kept/1"),
            ("copy_withdrawn", "told/1"),
        ]
        assert client.article("kept/1").withdrawn
        groups = client.story(client.article("told/1").story).copy_groups
        assert [group.canonical for group in groups if "told/1" in group.articles] == ["told/1"]
        later = {
            "id": "kept/2",
            "text": f"{text} More follows.",
            "source": "Wire",
            "url": "https://wire.example/boats-sink-1",
        }
        placement = client.add(later)
        assert (placement.revision_of, placement.revised_by) == ("kept/1", None)
        assert ("kept/1", "kept/2") in client.story(placement.story).revisions
        assert client.article("kept/1").revised_by == "kept/2"
        assert [one.kind for one in client.erase("kept/2")] == ["removed", "removed"]
        for name in ("kept/1", "kept/2"):
            with pytest.raises(UnknownArticleError):
                client.article(name)
            with pytest.raises(UnknownArticleError):
                client.withdraw(name)


def test_errors_are_those_of_the_library(served: Served) -> None:
    with Client(served.url, patience=1) as client:
        for wrong in ({"text": "without an id"}, {"id": "x" * 600, "text": "x"}, {"id": "x", "text": "x" * 300_000}):
            with pytest.raises(InputError):
                client.add(wrong)
        with pytest.raises(InputError, match=r"articles\.1\.id"):
            client.add_many([{"id": "fine", "text": "x"}, {"id": "x" * 600, "text": "x"}])
        assert "fine" in client
        for ask in (client.article, client.story, client.remove):
            with pytest.raises(UnknownArticleError):
                ask("none")
        with pytest.raises(UnknownArticleError):
            client.update({"id": "none", "text": "x"})
        with pytest.raises(InputError, match="cursor"):
            client.page("nonsense")
    with Client("http://127.0.0.1:9", patience=0.3) as client, pytest.raises(ServiceError, match="dedup serve"):
        client.stats()


def test_ids_of_any_kind_come_back(served: Served) -> None:
    names = [".", "..", "a/b", "a//b/", "%2e%2e", "?q#f", "ü ✓", "batch", "http://example.org/a?b=c&d=%20", "a+b"]
    moment = datetime(2024, 6, 15, 12, 30, tzinfo=UTC)
    with Client(served.url) as client:
        for name in names:
            client.add({"id": name, "text": f"A text of its own, called {name}.", "published": moment})
            assert client.article(name).article.id == name
            assert client.article(name).article.published == moment
        assert len(client.remove(*names)) >= len(names)


def test_it_asks_again_while_a_service_is_busy() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            raise httpx.ConnectError("refused")
        if len(asked) < 4:
            return httpx.Response(429, headers={"Retry-After": "0"}, json={"title": "busy", "status": 429})
        return httpx.Response(200, json={"articles": 3})

    with Client("http://service.example", transport=httpx.MockTransport(answer)) as client:
        assert client.stats() == {"articles": 3}
    assert len(asked) == 4
    with (
        Client(
            "http://service.example", patience=0.1, transport=httpx.MockTransport(lambda _: httpx.Response(503))
        ) as client,
        pytest.raises(ServiceError) as error,
    ):
        client.stats()
    assert error.value.status == 503


@pytest.mark.parametrize("status", [200, 302, 404, 422, 502])
@pytest.mark.parametrize(
    "content", [b"<html>", b'{"title": "Bad Gateway", "status": "x", "errors": {"path": ["wrong"]}}', b"[" * 100_000]
)
def test_other_servers_are_recognised(status: int, content: bytes) -> None:
    """Of a proxy, say: its 404 is no article that is not there, and its problems are of other forms."""
    if status == 200 and content.startswith(b"{"):
        return  # JSON that was asked for, as far as can be told
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    with (
        Client("http://service.example", patience=0.1, transport=transport) as client,
        pytest.raises(ServiceError, match=rf"does not answer as 'dedup serve' does \({status}\)"),
    ):
        client.article("a")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="no address of a service"):
        Client("http://service.example:port")


def test_notices_are_those_of_an_index(served: Served) -> None:
    with Client(served.url) as client:
        placed = client.add({"id": "undated", "text": "The gate was shut at noon.", "published": "tomorrow"})
        assert [one.action for one in placed.notices] == ["kept without a date"]
        notices: list[dedup.Notice] = []
        records: list[dict[str, Any]] = [
            {"id": "blank", "text": 5},
            {"id": "late", "text": "Shut again.", "published": "tomorrow"},
        ]
        done = client.add_many(records, notices=notices)
        assert [[one.action for one in each.notices] for each in done] == [
            ["kept as an empty article"],
            ["kept without a date"],
        ]
        assert len(notices) == 2
        again = client.update({"id": "undated", "text": "The gate was shut at noon.", "title": "Shut"})
        assert (again.status, again.new_story, again.before) == ("updated", False, placed.story)
        wrong: list[Any] = [
            lambda: client.add({"id": "x", "text": ""}),
            lambda: client.match({"text": " "}),
            lambda: client.update({"id": "undated", "text": ""}),
            lambda: client.add_many([], batch=0),
            lambda: client.remove(["undated"]),  # type: ignore[arg-type]
            lambda: client.expire("tomorrow"),
            lambda: client.page(since="tomorrow"),
            lambda: client.changes("0"),  # type: ignore[arg-type]
        ]
        for ask in wrong:
            with pytest.raises(InputError):
                ask()
        assert client.page(since="2100-01-01").stories == ()
        client.remove("undated", "blank", "late")
    with pytest.raises(ServiceError, match="was closed"):
        client.stats()
