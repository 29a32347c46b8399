"""Withdrawn articles are shown nowhere, their copies are told, and erased articles leave nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import dedup
from dedup import Article, StoryIndex, UnknownArticleError
from dedup.text.kill_notices import is_kill_notice, names_title

START = datetime(2024, 5, 1, tzinfo=UTC)
FIRE = (
    "Twelve people died when a fire swept through a paper mill on the edge of Harlow on Tuesday evening, the county"
    " fire service said. Crews from nine stations fought the blaze until dawn. The cause is not known, said chief"
    " officer Ann Bell, who asked residents to keep their windows closed."
)
TITLE = "Fire kills twelve at Harlow mill"


def article(id_: str, text: str = FIRE, hours: float = 0.0, **fields: Any) -> Article:
    given = {"title": TITLE, "source": "Wire", "published": START + timedelta(hours=hours), **fields}
    return Article(id=id_, text=text, **given)


WIRE, COPY = article("wire"), article("copy", hours=1, source="Paper")
LATE = article("late", FIRE + " More follows.", 9, source="Late Paper")


def kinds(changes: Any) -> list[tuple[str, str]]:
    return [(change.kind, change.article) for change in changes]


def test_a_withdrawn_article_is_not_shown_and_its_copies_are_told() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add_many([WIRE, COPY])
        (story,) = index.stories()
        assert story.canonical == "wire"
        assert kinds(index.withdraw("wire")) == [("withdrawn", "wire"), ("copy_withdrawn", "copy")]
        assert index.withdraw("wire") == []
        (story,) = index.stories()
        assert (story.canonical, story.copy_groups[0].canonical) == ("copy", "copy")
        assert index.article("wire").withdrawn
        assert not index.article("copy").withdrawn
        cursor = index.stats()["changes"]
        index.add(LATE)
        assert kinds(index.changes(cursor)) == [("added", "late"), ("copy_withdrawn", "late")]
        index.reconcile()
        assert next(index.stories()).canonical == "copy"
        with pytest.raises(UnknownArticleError):
            index.withdraw("nothing")


def test_a_story_with_nothing_else_shows_it_still() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add(WIRE)
        index.withdraw("wire")
        assert next(index.stories()).canonical == "wire"


def test_a_corrected_version_is_not_withdrawn() -> None:
    url = "https://wire.example/2024/fire-at-harlow-mill"
    with StoryIndex.open(":memory:") as index:
        index.add(article("wire", url=url))
        index.withdraw("wire")
        index.add(article("corrected", FIRE.replace("Twelve", "Eleven"), 1, url=url))
        assert not index.article("corrected").withdrawn
        assert index.article("wire").withdrawn


NOTICE = f"MANDATORY KILL: {TITLE}"
ADVICE = "EDITORS: Please kill the story. It is wrong. Do not use it."


@pytest.mark.parametrize("batch", [1, 9])
def test_a_notice_withdraws_the_article_that_it_names(batch: int) -> None:
    notice = article("kill", ADVICE, 2, title=NOTICE)
    with StoryIndex.open(":memory:") as index:
        index.add_many([WIRE, COPY, notice], batch=batch)
        assert index.article("wire").withdrawn
        assert index.article("kill").withdrawn
        assert ("copy_withdrawn", "copy") in kinds(index.changes())
        assert index.story(index.article("copy").story).canonical == "copy"
    run = dedup.cluster([WIRE, COPY, notice])
    assert run.story_of("copy").canonical == "copy"
    assert dedup.cluster([WIRE, COPY]).story_of("copy").canonical == "wire"


def test_a_notice_under_the_address_of_a_page_is_its_latest_version() -> None:
    url = "https://wire.example/2024/fire-at-harlow-mill"
    first, notice = (
        article("wire", url=url),
        article("kill", ADVICE, 2, title="KILL: Harlow", url=f"{url}?utm_source=x"),
    )
    with StoryIndex.open(":memory:") as index:
        index.add_many([first, COPY])
        assert index.add(notice).revision_of == "wire"
        assert ("copy_withdrawn", "copy") in kinds(index.changes())
        assert index.story(index.article("copy").story).canonical == "copy"
    assert dedup.cluster([first, COPY, notice]).versions()[0] == {"kill": "wire"}


def test_a_notice_of_another_outlet_withdraws_nothing() -> None:
    with StoryIndex.open(":memory:") as index:
        index.add_many([WIRE, COPY, article("kill", ADVICE, 2, title=NOTICE, source="Another Wire")])
        assert not index.article("wire").withdrawn


@pytest.mark.parametrize("text", [True, False])
def test_an_erased_article_leaves_nothing_behind(tmp_path: Path, text: bool) -> None:
    path, url = tmp_path / "index.db", "https://wire.example/2024/secret-address-77"
    other = article("other", "The council passed its budget on Monday night.", title="Budget", url="")
    with StoryIndex.open(path, store_text=text) as index:
        index.add_many([article("secret-1", url=url), article("secret-2", f"{FIRE} Unmistakable.", 1, url=url), other])
        cursor = index.stats()["changes"]
        assert [change.kind for change in index.erase("secret-2")] == ["removed", "removed"]
        assert "secret-1" not in index
        assert not any("secret" in change.article for change in index.changes() if change.cursor <= cursor)
        assert index.check() == []
        assert len(index) == 1
        index.vacuum(changes_before=index.stats()["changes"] + 1)
        for file in tmp_path.iterdir():
            held = file.read_bytes()
            assert b"Unmistakable" not in held
            assert b"secret" not in held
    with StoryIndex.open(path) as index:
        index.add(article("secret-3", url=url))
        assert index.check() == []


@pytest.mark.parametrize(
    ("title", "text", "is_notice"),
    [
        ("MANDATORY KILL: Fire at Harlow mill", "", True),
        ("BC-KILL--Fire", "", True),
        ("KILL STORY: Fire", "", True),
        ("ADVISORY: withdraw Harlow fire story", "", True),
        ("ADVISORY-Wire withdraws story on Harlow", "", True),
        ("Fire at Harlow mill", "BULLETIN KILL. Do not use the story on Harlow.", True),
        ("Notice to disregard: Marsh Paper", "", True),
        ("Achtung: Meldung wird zurückgezogen", "", True),
        ("ANNULATION: incendie à Harlow", "", True),
        ("ANULACIÓN: incendio en Harlow", "", True),
        ("Аннулирована новость о пожаре", "", True),
        ("Police kill two in raid", "Officers kill a man.", False),
        ("KILL BILL: a review", "", False),
        ("Editors withdraw support for candidate, report says", "", False),
        ("Heat advisory: residents told to withdraw to the shade", "", False),
        ("Candidate withdrawn from race", "The story of the year.", False),
        ("", "", False),
    ],
)
def test_notices_are_told_from_news(title: str, text: str, is_notice: bool) -> None:
    assert is_kill_notice(title, text) is is_notice


def test_a_title_of_few_words_names_nothing() -> None:
    assert names_title(NOTICE, "", TITLE)
    assert names_title("KILL", f"Kill the story headlined “{TITLE}”, sent at 8.", TITLE.upper())
    assert not names_title("KILL: Fire", "", "Fire")
    assert not names_title(NOTICE, "", "Fire kills twelve at Weldon mill")
