"""One rule for null bytes, lone surrogates and surrounding space, wherever an id or a search text is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dedup import Article, DedupError, InputError, StoryIndex, UnknownArticleError, cluster

ODD = ["\0", "a\0b", "\ud800", "x\udcff", "\udfffy\ud800", " \x00 ", "\ud83d\ude00", ".", "..", "a/b\0"]
TEXT = "The ferry of Larkhaven burned on the night of the festival."


@pytest.fixture
def index(tmp_path: Path) -> Iterator[StoryIndex]:
    with StoryIndex.open(tmp_path / "stories.db") as found:
        found.add({"id": "first", "text": TEXT})
        yield found


WITHOUT_STRINGS = {
    "decisions",
    "close",
    "settings",
    "background",
    "reconcile",
    "vacuum",
    "check",
    "clustering",
    "placements",
} | {
    "stats",
    "changes",
    "grown",
    "refresh",
    "change_options",
}
CALLS: dict[str, list[Callable[[StoryIndex, str], Any]]] = {
    "open": [lambda _, odd: StoryIndex.open(f"no-folder/{odd}")],
    "backup": [lambda index, odd: index.backup(f"no-folder/{odd}")],
    "restore": [
        lambda _, odd: StoryIndex.restore(f"no-folder/{odd}", "other.db"),
        lambda _, odd: StoryIndex.restore("no-file", f"no-folder/{odd}"),
    ],
    "add": [lambda index, odd: index.add(Article(id=f"a{odd}", text=TEXT + odd, title=odd, source=odd, url=odd))],
    "add_many": [lambda index, odd: index.add_many([{"id": f"b{odd}", "text": odd + TEXT, "source": odd}])],
    "add_stream": [lambda index, odd: list(index.add_stream([{"id": f"c{odd}", "text": TEXT, odd: odd}]))],
    "import_stories": [
        lambda index, odd: index.import_stories([{"id": f"d{odd}", "text": TEXT, "story": odd}]),
        lambda index, odd: index.import_stories([Article(id=f"e{odd}", text=odd + TEXT, story=odd)]),
    ],
    "update": [lambda index, odd: index.update({"id": odd, "text": TEXT})],
    "remove": [lambda index, odd: index.remove(odd)],
    "withdraw": [lambda index, odd: index.withdraw(odd)],
    "erase": [lambda index, odd: index.erase(odd)],
    "expire": [lambda index, odd: index.expire(odd)],
    "quarantine": [
        lambda index, odd: index.quarantine(odd),
        lambda index, odd: index.quarantine("x", since=odd),
    ],
    "articles": [
        lambda index, odd: list(index.articles(source=odd)),
        lambda index, odd: list(index.articles(since=odd)),
    ],
    "rebuild": [lambda index, odd: index.rebuild(odd)],  # type: ignore[arg-type]
    "match": [lambda index, odd: index.match({"id": odd, "text": odd, "title": "Ferry"})],
    "match_many": [lambda index, odd: index.match_many([Article(id=odd, text=TEXT + odd)])],
    "article": [lambda index, odd: index.article(odd)],
    "story": [lambda index, odd: index.story(odd)],
    "stories": [
        lambda index, odd: list(index.stories(outlet=odd)),
        lambda index, odd: list(index.stories(storyline=odd)),
        lambda index, odd: list(index.stories(since=odd)),
    ],
    "page": [
        lambda index, odd: index.page(odd),
        lambda index, odd: index.page(outlet=odd),
        lambda index, odd: index.page(storyline=odd),
    ],
    "growth": [lambda index, odd: index.growth(odd)],
    "decide": [
        lambda index, odd: index.decide("together", ["first", odd]),
        lambda index, odd: index.decide("title", ["first"], title=odd, by=odd),
        lambda index, odd: index.decide("move", ["first"], into=odd),
        lambda index, odd: index.decide(odd, ["first"], apart_from=[odd]),  # type: ignore[arg-type]
    ],
    "undo": [lambda index, odd: index.undo(odd)],
    "search": [lambda index, odd: index.search(odd)],
    "newest": [lambda index, odd: index.newest(odd)],  # type: ignore[arg-type]
    "explain": [lambda index, odd: index.explain(odd, "first"), lambda index, odd: index.explain("first", odd)],
    "__contains__": [lambda index, odd: odd in index],
}


def test_every_public_method_is_called() -> None:
    public = {name for name in dir(StoryIndex) if not name.startswith("_")}
    assert public <= CALLS.keys() | WITHOUT_STRINGS


@pytest.mark.parametrize("odd", ODD, ids=ascii)
@pytest.mark.parametrize("name", CALLS)
def test_odd_strings_are_answered_or_refused(
    index: StoryIndex, name: str, odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in CALLS[name]:
        try:
            call(index, odd)
        except DedupError as error:
            str(error).encode("utf-8", "surrogateescape")  # which file names may have
    assert index.check() == []


@pytest.mark.parametrize("odd", ODD, ids=ascii)
@pytest.mark.parametrize("as_mapping", [True, False])
def test_an_article_is_found_by_the_id_it_was_given(index: StoryIndex, odd: str, as_mapping: bool) -> None:
    given: Any = {"id": odd, "text": TEXT} if as_mapping else Article(id=odd, text=TEXT)
    placement = index.add(given)
    assert placement.article == odd.strip().replace("\0", "\ufffd").encode("utf-8", "replace").decode() or any(
        "\ud800" <= letter <= "\udfff" for letter in odd
    )
    placement.article.encode()
    for name in (odd, placement.article, f" {odd}\n"):
        assert name in index
        assert index.article(name).article.id == placement.article
        assert index.explain(name, "first").same_text
    assert index.update({"id": f"\t{odd} ", "text": f"{TEXT} More."}).status == "updated"
    assert [change.article for change in index.remove(odd) if change.kind == "removed"] == [placement.article]
    with pytest.raises(UnknownArticleError):
        index.article(odd)


def test_space_around_an_id_is_removed_from_a_mapping_and_an_article(index: StoryIndex) -> None:
    assert index.add(Article(id=" first ", text=TEXT)).status == "unchanged"
    assert index.add({"id": "\nfirst", "text": TEXT}).status == "unchanged"
    given: list[Any] = [{"id": " a ", "text": TEXT}, Article(id=" b ", text=TEXT)]
    assert [article.id for article in cluster(given).articles] == ["a", "b"]


def test_an_id_with_space_of_an_earlier_version_is_still_found(index: StoryIndex) -> None:
    with index._store.transaction():
        index._store._file.write("UPDATE article SET id = ' old '", ())  # type: ignore[attr-defined]
    assert " old " in index
    assert index.article(" old ").article.text == TEXT
    assert index.remove(" old ")


def test_an_id_is_a_string(index: StoryIndex) -> None:
    wrong: Any
    for wrong in (5, None, b"first"):
        for ask in (index.article, index.story, index.search, index.remove, lambda one: index.explain("first", one)):
            with pytest.raises(InputError, match="string"):
                ask(wrong)
        assert wrong not in index
