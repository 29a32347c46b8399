"""Fuzz both stores with equal operations in any order: their answers must be equal."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fuzz_given import Given

sys.path.append(str(Path(__file__).parents[1] / "index"))

from dict_store import DictStore

from dedup.errors import StoreError
from dedup.index.store.protocol import Store, StoryFilter
from dedup.index.store.records import Change, Kind, Sketch, StoredArticle, StoredStory, moment
from dedup.index.store.sqlite import SqliteStore

_ROOM = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - files of a moment
_KINDS: tuple[Kind, ...] = ("added", "updated", "moved", "removed", "expired", "merged", "refreshed")


class _Undone(Exception):  # noqa: N818 - it is raised to undo a transaction, and tells of no fault
    """Ends a transaction on purpose."""


def one(data: bytes) -> None:
    """Run transactions on both stores, and compare all answers after each."""
    given = Given(data)
    with tempfile.TemporaryDirectory(dir=_ROOM, prefix="dedup-fuzz-") as folder:
        path = Path(folder) / "stories.db"
        stores: list[Store] = [DictStore(), SqliteStore(path)]
        try:
            for _ in range(30):
                if not given:
                    break
                operations = [_operation(given) for _ in range(1 + given.number(6))]
                undone = given.chance(6)
                outcomes = [_run(store, operations, undone=undone) for store in stores]
                assert outcomes[0] == outcomes[1], outcomes
                if given.chance(8):
                    stores[1].close()
                    stores[1] = SqliteStore(path)
                if given.chance(16):
                    stores[1].vacuum()
                _compare(given, stores)
            assert stores[1].faults() == []
        finally:
            for store in stores:
                store.close()


def _run(store: Store, operations: list[Callable[[Store], None]], *, undone: bool) -> str:
    try:
        with store.transaction():
            for operation in operations:
                operation(store)
            if undone:
                raise _Undone
    except _Undone:
        return "undone"
    except StoreError:
        return "refused"
    return "done"


def _operation(given: Given) -> Callable[[Store], None]:
    kind = given.number(11)
    number = 1 + given.number(12)
    if kind < 3:
        article, text = _article(given, number), (given.text(40) if given.chance(2) else None)
        text = text if text is None else text.encode("utf-8", "replace").decode()
        sketch = Sketch(given.taken(given.number(9)), given.taken(given.number(9)))
        return lambda store: store.put_articles([(article, text, sketch)])
    if kind == 3:
        return lambda store: store.delete_article(number)
    if kind == 4:
        moved = _article(given, number)
        return lambda store: store.place_articles([(moved.number, moved.story, moved.copies, moved.representative)])
    if kind == 5:
        into = 1 + given.number(12) if given.chance(3) else None
        story = StoredStory(number, f"s{number}", into, given.number(4), _time(given), _time(given), given.number(5))
        story = replace(story, touched=float(story.touched), settled=given.chance(2))
        return lambda store: store.put_stories([story])
    if kind == 6:
        return lambda store: store.delete_story(number)
    if kind == 7:
        what = given.choice(_KINDS)
        text = given.text(9).encode("utf-8", "replace").decode()
        return lambda store: store.append(
            [Change(store.counts()["last_change"] + 1, what, f"a{number}", text, "", moment(2.5))]
        )
    if kind == 8:
        before = given.number(30)
        return lambda store: store.trim(before)
    if kind == 9:
        facts = {f"f{number}": given.text(20).encode("utf-8", "replace").decode()}
        return lambda store: store.put_metadata(facts)
    data = given.taken(given.number(20))
    return lambda store: store.put_background(data)


def _article(given: Given, number: int) -> StoredArticle:
    """Return an article with a unique id, which the index guarantees to the store."""
    id_ = f"a{number}" + ("", "\0", "'", "\U0001f600", "%")[number % 5]
    content = bytes([given.number(3)]) * 16
    source = given.choice(("", "Echo", "it's", "水"))
    return StoredArticle(
        number, id_, content, given.number(9), _time(given), "", float(given.number(9)), source, "{}",
        1 + given.number(12), number, given.chance(2),
    )  # fmt: skip


def _time(given: Given) -> float | None:
    return (None, -1.5, 0.0, 2.0, 5e9)[given.number(5)]


def _compare(given: Given, stores: list[Store]) -> None:
    numbers = [*range(14)]
    wanted = StoryFilter(
        since=_time(given),
        outlet=given.choice((None, None, "", "Echo", "it's")),
        min_size=given.number(3),
        before=given.choice((None, (2.0, 5), (0.0, 0))),
    )
    most, cursor = given.number(9), given.number(30)
    questions: list[Callable[[Store], Any]] = [
        lambda store: store.metadata(),
        lambda store: store.background(),
        lambda store: store.articles(numbers),
        lambda store: store.texts(numbers),
        lambda store: store.sketches(numbers),
        lambda store: list(store.every_vector()),
        lambda store: store.story_numbered(numbers),
        lambda store: store.after(cursor % 12, most),
        lambda store: store.alike(bytes([cursor % 3]) * 16),
        lambda store: store.of_story(1 + cursor % 12),
        lambda store: store.older(2.0, most),
        lambda store: store.stories(wanted, most),
        lambda store: store.changes(cursor, most),
        lambda store: store.counts(),
        lambda store: [store.article(f"a{number}") for number in numbers],
        lambda store: [store.story(f"s{number}") for number in numbers],
    ]
    for place, question in enumerate(questions):
        memory, sqlite = (question(store) for store in stores)
        assert memory == sqlite, (place, memory, sqlite)


def starts() -> list[bytes]:
    """Return seed inputs."""
    chance = random.Random(10)  # noqa: S311
    return [chance.randbytes(size) for size in (20, 80, 200, 400)]
