"""Null bytes, lone surrogates, surrounding space and dots in ids and search texts, from the client to the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_articles import PLACES, THINGS
from serving import Served, serving

from dedup import Article, Client, DedupError, InputError, StoryIndex

ODD = [
    "\0",
    "a\0b",
    "\ud800",
    "x\udcff",
    " \x00 ",
    "\ud83d\ude00",
    ".",
    "..",
    "...",
    "a/b\0",
    "a/../b",
    "a?b#c%2F",
    "%2E",
]
TEXT = "The ferry of Larkhaven burned on the night of the festival."
WITHOUT_STRINGS = {"close", "decisions", "reconcile", "rebuild", "change_options", "stats", "changes"}
CALLS: dict[str, list[Callable[[Client, str], Any]]] = {
    "add": [lambda client, odd: client.add(Article(id=f"a{odd}", text=TEXT + odd, title=odd, source=odd, url=odd))],
    "add_many": [lambda client, odd: client.add_many([{"id": f"b{odd}", "text": odd + TEXT, "source": odd}])],
    "add_stream": [lambda client, odd: list(client.add_stream([{"id": f"c{odd}", "text": TEXT, odd: odd}]))],
    "update": [lambda client, odd: client.update({"id": odd, "text": TEXT})],
    "remove": [lambda client, odd: client.remove(odd)],
    "withdraw": [lambda client, odd: client.withdraw(odd)],
    "erase": [lambda client, odd: client.erase(odd)],
    "expire": [lambda client, odd: client.expire(odd)],
    "quarantine": [lambda client, odd: client.quarantine(odd), lambda client, odd: client.quarantine("x", since=odd)],
    "match": [lambda client, odd: client.match({"id": odd, "text": odd, "title": "Ferry"})],
    "match_many": [lambda client, odd: client.match_many([Article(id=odd, text=TEXT + odd)])],
    "compare": [lambda client, odd: client.compare({"id": odd, "text": TEXT + odd}, {"text": odd})],
    "article": [lambda client, odd: client.article(odd)],
    "story": [lambda client, odd: client.story(odd)],
    "stories": [
        lambda client, odd: list(client.stories(outlet=odd)),
        lambda client, odd: list(client.stories(storyline=odd)),
        lambda client, odd: list(client.stories(since=odd)),
    ],
    "page": [
        lambda client, odd: client.page(odd),
        lambda client, odd: client.page(outlet=odd),
        lambda client, odd: client.page(storyline=odd),
    ],
    "growth": [lambda client, odd: client.growth(odd)],
    "decide": [
        lambda client, odd: client.decide("together", ["first", odd]),
        lambda client, odd: client.decide("title", ["first"], title=odd, by=odd),
        lambda client, odd: client.decide("move", ["first"], into=odd),
        lambda client, odd: client.decide(odd, ["first"], apart_from=[odd]),  # type: ignore[arg-type]
    ],
    "undo": [lambda client, odd: client.undo(odd)],
    "search": [lambda client, odd: client.search(odd)],
    "explain": [lambda client, odd: client.explain(odd, "first"), lambda client, odd: client.explain("first", odd)],
    "__contains__": [lambda client, odd: odd in client],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("odd") / "stories.db") as found:
        yield found


def test_every_public_method_is_called() -> None:
    assert {name for name in vars(Client) if not name.startswith("_")} <= CALLS.keys() | WITHOUT_STRINGS


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_odd_strings_are_answered_or_refused(served: Served, odd: str) -> None:
    with Client(served.url, patience=1) as client:
        client.add({"id": "first", "text": TEXT})
        for name, calls in CALLS.items():
            for call in calls:
                try:
                    call(client, odd)
                except DedupError as error:
                    if getattr(error, "status", 400) >= 500:
                        pytest.fail(f"{name}: {error}")
                    str(error).encode()


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_an_article_is_found_by_the_id_it_was_given(served: Served, odd: str) -> None:
    with Client(served.url, patience=1) as client, StoryIndex.open(":memory:") as index:
        given = Article(id=odd, text=TEXT)
        stored = index.add(given).article
        client.add({"id": "first", "text": TEXT})
        assert client.add(given).article == stored
        for name in (odd, f" {stored} "):
            assert name in client
            assert client.article(name).article.id == stored
            assert client.explain(name, "first").same_text
        assert client.update({"id": odd, "text": f"{TEXT} More."}).article == stored
        assert stored in {change.article for change in client.remove(odd)}
        assert odd not in client


def test_an_address_that_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(InputError, match="is no address"):
        Client("http://\ud800")


def test_stories_with_ids_of_another_system_are_read(tmp_path: Path) -> None:
    names = [".", "..", "a/b", "a/../b", "a?b#c%2F", "%2E", "é 1", "labc", "sabc", "abc"]
    made = [
        {
            "id": f"{place}",
            "text": f"The {thing} was opened by {who} with many guests.",
            "published": f"{2005 + place}-05-06",
        }
        for place, (thing, who) in enumerate(zip(THINGS, PLACES, strict=True))
    ]
    with StoryIndex.open(tmp_path / "s.db") as index:
        stories = {str(place): name for place, name in enumerate(names)}
        assert index.import_stories(made, stories).kept == len(names)
    with serving(tmp_path / "s.db") as own, Client(own.url) as client:
        for place, name in enumerate(names):
            story = client.story(name)
            assert (story.id, story.articles) == (name, (str(place),))
            assert client.growth(name).hours == 6
            assert name in {one.id for one in client.stories(storyline=story.storyline)}
