"""The contract of every store, also after reopening and after a kill. A new store is a line in `STORES`."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dict_store import DictStore

from dedup.errors import StoreError
from dedup.index.store.protocol import Store, StoryFilter
from dedup.index.store.records import Change, Revision, Sketch, StoredArticle, StoredStory, moment
from dedup.index.store.schema import APPLICATION, MIGRATIONS
from dedup.index.store.sqlite import SqliteStore
from dedup.index.store.temporary import MEMORY, PREFIX, TemporaryStore, remove_abandoned


class Kept:
    """A store, and how to open it again after it was closed, or its process was killed."""

    def __init__(self, make: Callable[[], Store], *, lasts: bool) -> None:
        self._make, self.lasts = make, lasts
        self.store = make()

    def again(self) -> Store:
        if self.lasts:
            self.store.close()
            self.store = self._make()
        return self.store

    def before_and_after(self) -> Iterator[Store]:
        """Yield the store, and then the store opened again."""
        yield self.store
        yield self.again()


STORES: dict[str, Callable[[Path], Kept]] = {
    "sqlite": lambda folder: Kept(lambda: SqliteStore(folder / "stories.db"), lasts=False),
    "sqlite reopened": lambda folder: Kept(lambda: SqliteStore(folder / "stories.db"), lasts=True),
    "temporary": lambda _folder: Kept(TemporaryStore, lasts=False),
    "fake": lambda _folder: Kept(DictStore, lasts=False),
}


@pytest.fixture(params=STORES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    found = STORES[request.param](tmp_path)
    yield found
    found.store.close()


ODD = ['it\'s "quoted"; DROP TABLE article; --', "two\nlines\r\n", "🛳️ ferry", "x" * 10_000, " ", "%_\\", "0"]


def article(
    number: int, id_: str = "", story: int = 1, seconds: float | None = None, source: str = ""
) -> StoredArticle:
    content = number.to_bytes(16, "big")
    return StoredArticle(number, id_ or f"a{number}", content, 3, seconds, "", 4.0, source, "{}", story, number, True)


def sketch(number: int) -> Sketch:
    return Sketch(b"w%d" % number, b"\0v%d" % number)


def story(number: int, size: int = 1, touched: float = 0.0) -> StoredStory:
    return StoredStory(number, f"s{number}", None, size, None, None, touched)


def test_written_data_is_read_back_also_after_reopening(kept: Kept) -> None:
    store = kept.store
    with store.transaction():
        for number, name in enumerate(ODD, 1):
            store.put_articles([(article(number, name), name, sketch(number))])
        store.put_stories([story(1, len(ODD))])
        store.put_metadata({"a": "1", "b": "ü"})
        store.put_background(b"\0\1\2")
        store.append([Change(1, "added", ODD[0], "s1", "", moment(12.25))])
    for found in kept.before_and_after():
        for number, name in enumerate(ODD, 1):
            assert found.article(name) == article(number, name)
        assert found.article("nobody") is None
        numbers = [*range(1, len(ODD) + 1), 99]
        assert found.texts(numbers) == dict(enumerate(ODD, 1))
        assert found.sketches(numbers) == {number: sketch(number) for number in numbers[:-1]}
        assert found.words_begin(numbers, 3) == {number: sketch(number).words[:3] for number in numbers[:-1]}
        assert list(found.every_vector()) == [(number, sketch(number).vector) for number in numbers[:-1]]
        assert found.articles([2, 99]) == {2: article(2, ODD[1])}
        assert found.story("s1") == story(1, len(ODD))
        assert found.story("s2") is None
        assert found.metadata() == {"a": "1", "b": "ü"}
        assert found.background() == b"\0\1\2"
        assert found.changes(0, 10) == [Change(1, "added", ODD[0], "s1", "", moment(12.25))]
        assert found.faults() == []


def test_transaction_is_atomic(kept: Kept) -> None:
    store = kept.store
    with store.transaction():
        store.put_articles([(article(1), "one", sketch(1))])
        store.put_stories([story(1)])
    with pytest.raises(KeyError), store.transaction():  # noqa: PT012 - what is inside is what is undone
        store.put_articles([(article(2), "two", sketch(2))])
        store.delete_article(1)
        store.put_stories([replace(story(1), size=9)])
        assert store.article("a2") == article(2), "it sees what it wrote itself"
        assert store.article("a1") is None
        raise KeyError
    for found in kept.before_and_after():
        assert found.article("a1") == article(1)
        assert found.article("a2") is None
        assert found.texts([1, 2]) == {1: "one"}
        assert found.story("s1") == story(1)


def test_numbers_are_never_reused(kept: Kept) -> None:
    store = kept.store
    with store.transaction():
        for number in (1, 2):
            store.put_articles([(article(number), None, sketch(number))])
            store.put_stories([story(number)])
            store.append([Change(number, "added", "x", "s", "", moment(0))])
    with store.transaction():
        store.delete_article(2)
        store.delete_story(2)
        store.trim(3)
    for found in kept.before_and_after():
        counts = found.counts()
        assert counts == {"articles": 1, "stories": 1, "last_article": 2, "last_story": 2, "last_change": 2}
        assert found.changes(0, 9) == []


def test_articles_are_returned_in_order(kept: Kept) -> None:
    store = kept.store
    times = [5.0, None, 3.0, 3.0, 9.0]
    with store.transaction():
        for number, seconds in enumerate(times, 1):
            store.put_articles([(article(number, story=number % 2, seconds=seconds), None, sketch(number))])
        store.put_articles([(replace(article(6), content=article(2).content), None, sketch(6))])
    assert [found.number for found in store.after(2, 2)] == [3, 4]
    assert [found.number for found in store.alike(article(2).content)] == [2, 6]
    assert [found.number for found in store.of_story(1)] == [1, 3, 5, 6]
    assert [found.number for found in store.older(9.0, 9)] == [3, 4, 2, 6, 1]
    assert [found.number for found in store.older(9.0, 1)] == [3]


def test_article_is_placed_replaced_and_removed(kept: Kept) -> None:
    store = kept.store
    with store.transaction():
        store.put_articles([(article(1), "text", sketch(1))])
        store.put_articles([(article(2), "text", sketch(2))])
    with store.transaction():
        store.place_articles([(1, 7, 2, False)])
        store.put_articles([(replace(article(2), length=9), None, sketch(5))])
        store.place_articles([(44, 1, 44, True)])
    for found in kept.before_and_after():
        assert found.article("a1") == replace(article(1), story=7, copies=2, representative=False)
        assert found.article("a2") == replace(article(2), length=9)
        assert found.texts([1, 2]) == {1: "text"}
        assert found.sketches([2]) == {2: sketch(5)}
        assert found.article("a44") is None
    with kept.store.transaction():
        kept.store.delete_article(1)
    for found in kept.before_and_after():
        assert found.article("a1") is None
        assert not found.texts([1])
        assert not found.sketches([1])


def test_apart_pairs_last_until_one_article_is_deleted(kept: Kept) -> None:
    pairs = [(1, 4), (2, 3), (3, 7)]
    with kept.store.transaction():
        for number in (1, 2, 3, 4, 7):
            kept.store.put_articles([(article(number), "", sketch(number))])
        kept.store.put_apart(pairs[::-1])
        kept.store.put_apart([(2, 3)])  # again
    for store in kept.before_and_after():
        assert store.apart() == pairs
        assert store.apart([3]) == [(2, 3), (3, 7)]
        assert store.apart([4, 9]) == [(1, 4)]
        assert store.apart([]) == []
    with kept.store.transaction():
        kept.store.delete_article(3)
    for store in kept.before_and_after():
        assert store.apart() == [(1, 4)]


def test_embeddings_last_as_long_as_their_articles_or_versions(kept: Kept) -> None:
    rows = [(number, b"\0%d" % number) for number in (1, 2, 3, 9)] + [(4, b"")]
    with kept.store.transaction():
        for number in (1, 2, 3, 4):
            kept.store.put_articles([(article(number), "", sketch(number))])
        kept.store.put_revisions([Revision(article(9), 1, b"w", None)])
        kept.store.put_embedded([(1, b"old"), *rows[1:]])
        kept.store.put_embedded(rows[:1])
        kept.store.put_joined([(2, 1), (3, 4)])
        kept.store.put_joined([(3, 1)])
        kept.store.put_scale("one")
        kept.store.put_scale("two")
    for store in kept.before_and_after():
        assert store.embedded([1, 4, 7]) == {1: b"\x001", 4: b""}
        assert [*store.every_embedded()] == sorted(rows)
        assert store.joined() == {2: 1, 3: 1}
        assert store.joined([3, 9]) == {3: 1}
        assert store.scale() == "two"
    with kept.store.transaction():
        kept.store.delete_article(2)
        kept.store.delete_joined([3])
        kept.store.delete_embedded([1, 2, 9])
    for store in kept.before_and_after():
        assert [number for number, _ in store.every_embedded()] == [1, 3, 4, 9]
        assert store.joined() == {}
    with kept.store.transaction():
        kept.store.put_joined([(3, 1)])
        kept.store.clear_embedded()
    for store in kept.before_and_after():
        assert ([*store.every_embedded()], store.joined(), store.scale()) == ([], {}, "")


def test_first_format_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "stories.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        connection.execute("INSERT INTO migration VALUES (1, 'tables')")
        for statement in MIGRATIONS[0][1]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(StoreError, match="open it to write once"):
        SqliteStore(path, read_only=True)
    store = SqliteStore(path)
    with store.transaction():
        store.put_apart([(1, 2)])
    store.close()
    again = SqliteStore(path, read_only=True)
    assert again.apart() == [(1, 2)]
    again.close()


def test_stories_by_page_and_filter(kept: Kept) -> None:
    store = kept.store
    with store.transaction():
        for number, (size, touched) in enumerate([(1, 5.0), (4, 5.0), (2, 9.0), (3, 1.0)], 1):
            store.put_stories([story(number, size, touched)])
            store.put_articles(
                [(article(number, story=number, source="Post" if number % 2 else ""), None, sketch(number))]
            )
        store.put_stories([replace(story(5, 7, 6.0), into=2)])

    def numbers(wanted: StoryFilter, most: int = 9) -> list[int]:
        return [found.number for found in store.stories(wanted, most)]

    assert numbers(StoryFilter()) == [3, 2, 1, 4]
    assert numbers(StoryFilter(), 2) == [3, 2]
    assert numbers(StoryFilter(before=(5.0, 2))) == [1, 4]
    assert numbers(StoryFilter(since=5.0)) == [3, 2, 1]
    assert numbers(StoryFilter(min_size=3)) == [2, 4]
    assert numbers(StoryFilter(outlet="Post")) == [3, 1]
    assert numbers(StoryFilter(outlet="nobody")) == []
    with store.transaction():
        store.put_stories([replace(story(number, size, 5.0), line="l1") for number, size in ((1, 1), (2, 4))])
    assert numbers(StoryFilter(storyline="l1")) == [2, 1]
    assert numbers(StoryFilter(storyline="l1", min_size=2)) == [2]
    assert numbers(StoryFilter(storyline="l3")) == [3], "a story that shares its storyline with none"
    assert numbers(StoryFilter(storyline="l2")) == numbers(StoryFilter(storyline="")) == []
    assert store.story_numbered([5, 6]) == {5: replace(story(5, 7, 6.0), into=2)}
    assert store.counts()["stories"] == 4
    with store.transaction():
        dated = {1: (10.0, 50.0), 2: (20.0, 30.0), 4: (None, None)}
        changed = [replace(story(n, n, 5.0), start=start, end=end) for n, (start, end) in dated.items()]
        store.put_stories([*changed, replace(story(3, 3, 9.0), start=60.0, end=60.0)])
    assert numbers(StoryFilter(order="size")) == [4, 3, 2, 1]
    assert numbers(StoryFilter(order="size", before=(3, 3))) == [2, 1]
    assert numbers(StoryFilter(order="date")) == [3, 1, 2, 4]
    assert numbers(StoryFilter(order="date", before=(50.0, 1))) == [2, 4]
    assert numbers(StoryFilter(published_since=30.0)) == [3, 2, 1]
    assert numbers(StoryFilter(published_since=30.0, published_until=10.0)) == [1]
    late = 1e10
    assert store.grown(late) == {}
    with store.transaction():
        came = [
            (10, 1, 100.0, None),
            (11, 1, 100.0, 90.0),
            (12, 1, 100.0, 10.0),
            (13, 2, 100.0, 500.0),
            (14, 2, 40.0, 90.0),
        ]
        for number, of, added, seconds in came:
            new = replace(article(number, story=of), added=late + added, seconds=seconds and late + seconds)
            store.put_articles([(new, None, sketch(number))])
    assert store.grown(late + 80) == {1: 2, 2: 1}
    assert store.grown(late + 80, [2, 3]) == {2: 1}
    assert numbers(StoryFilter(order="growth", grown_since=late + 80)) == [1, 2, 4, 3]
    assert numbers(StoryFilter(order="growth", grown_since=late + 80, before=(1, 2))) == [4, 3]
    assert numbers(StoryFilter(grown_since=late + 80, min_grown=1.5)) == [1]
    assert numbers(StoryFilter(grown_since=late + 80, min_grown=1, outlet="Post", min_size=1)) == [1]


def test_story_ids_are_unique(kept: Kept) -> None:
    with pytest.raises(StoreError), kept.store.transaction():  # noqa: PT012 - the first is undone too
        kept.store.put_stories([story(1)])
        kept.store.put_stories([replace(story(2), id="s1")])
    assert kept.store.story("s1") is None


def test_changes_after_a_cursor(kept: Kept) -> None:
    with kept.store.transaction():
        for cursor in range(1, 8):
            kept.store.append([Change(cursor, "moved", "a", "s", "t", moment(cursor))])
    assert [change.cursor for change in kept.store.changes(3, 2)] == [4, 5]
    with kept.store.transaction():
        kept.store.trim(6)
    assert [change.cursor for change in kept.again().changes(0, 9)] == ([6, 7])


def test_closed_store_raises(kept: Kept) -> None:
    kept.store.close()
    kept.store.close()
    with pytest.raises(StoreError, match="closed"):
        kept.store.article("a1")
    with pytest.raises(StoreError, match="closed"), kept.store.transaction():
        pass


def test_killed_writer_leaves_committed_data(tmp_path: Path) -> None:
    """A killed process leaves the files of an open store with a pending log, as this copy has them."""
    store = SqliteStore(tmp_path / "stories.db")
    with store.transaction():
        store.put_articles([(article(1), "one", sketch(1))])
    left = tmp_path / "left"
    left.mkdir()
    with pytest.raises(RuntimeError), store.transaction():  # noqa: PT012 - copied before it is undone
        store.put_articles([(article(2), "two", sketch(2))])
        for path in tmp_path.glob("stories.db*"):
            (left / path.name).write_bytes(path.read_bytes())
        raise RuntimeError
    store.close()
    (left / "stories.db-shm").unlink(missing_ok=True)
    again = SqliteStore(left / "stories.db")
    assert (again.article("a1"), again.article("a2")) == (article(1), None)
    assert again.faults() == []
    again.close()


def test_file_is_readable_by_any_sqlite(tmp_path: Path) -> None:
    """The articles can be read with any SQLite, without dedup."""
    store = SqliteStore(tmp_path / "stories.db")
    with store.transaction():
        store.put_articles([(article(1), "one", sketch(1))])
    store.close()
    with sqlite3.connect(tmp_path / "stories.db") as connection:
        rows = connection.execute("SELECT id, text FROM article JOIN body USING (number)").fetchall()
        assert rows == [("a1", "one")]
        assert connection.execute("SELECT name FROM migration").fetchall() == [(name,) for name, _ in MIGRATIONS]
    connection.close()


def test_reading_gives_a_consistent_snapshot(kept: Kept) -> None:
    """An article and its story are read from one snapshot."""
    store = kept.store

    def write(number: int) -> None:
        with store.transaction():
            store.put_articles([(article(number), None, sketch(number))])

    def beside() -> None:
        thread = threading.Thread(target=write, args=[2])
        thread.start()
        thread.join()

    write(1)
    with store.reading():
        assert store.numbers() == [1]
        beside()
        with store.reading():
            assert store.numbers() == [1]
            assert store.counts()["articles"] == 1
        assert store.article("a2") is None
    assert store.numbers() == [1, 2]
    with store.transaction(), store.reading():
        store.put_articles([(article(3), None, sketch(3))])
        assert store.numbers() == [1, 2, 3]


def test_ended_threads_leave_no_connection_open(tmp_path: Path) -> None:
    """A server with one thread for each request once kept a file open for each of them."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not tell which files are open")
    store = SqliteStore(tmp_path / "stories.db")

    def open_files() -> int:
        return sum(1 for _ in folder.iterdir())

    before = open_files()
    for _ in range(40):
        thread = threading.Thread(target=store.counts)
        thread.start()
        thread.join()
    assert open_files() - before < 10
    store.close()


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directory of temporary stores."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_temporary_store_is_private_and_removed(temporary_folder: Path) -> None:
    store = TemporaryStore()
    with store.transaction():
        store.put_articles([(article(1), "one", sketch(1))])
    (folder,) = temporary_folder.iterdir()
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert {modes[f"stories.db{end}"] for end in ("", "-wal", "-shm")} == {0o600}
    assert store.where == MEMORY
    store.close()
    assert not [*temporary_folder.iterdir()]
    dropped = TemporaryStore()
    assert [*temporary_folder.iterdir()]
    del dropped
    gc.collect()
    assert not [*temporary_folder.iterdir()]


def test_temporary_store_of_killed_process_is_removed(temporary_folder: Path) -> None:
    program = (
        "import sys, tempfile\ntempfile.tempdir = sys.argv[1]\n"
        "from dedup.index.store.temporary import TemporaryStore\n"
        "store = TemporaryStore()\nprint('open', flush=True)\nsys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(temporary_folder)]
    mine = TemporaryStore()
    (own,) = temporary_folder.iterdir()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert len([*temporary_folder.iterdir()]) == 2
        remove_abandoned(temporary_folder)
        assert len([*temporary_folder.iterdir()]) == 2, "both have owners"
        process.kill()
    assert len([*temporary_folder.iterdir()]) == 2
    (temporary_folder / f"{PREFIX}file").write_text("no directory", encoding="utf-8")
    TemporaryStore().close()
    assert {*temporary_folder.iterdir()} == {own, temporary_folder / f"{PREFIX}file"}
    assert mine.counts()["articles"] == 0
    mine.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_forked_child_keeps_temporary_store_of_parent(temporary_folder: Path) -> None:
    store = TemporaryStore()
    child = os.fork()
    if not child:
        store.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert [*temporary_folder.iterdir()]
    assert store.counts()["articles"] == 0
    store.close()


def test_errors_of_a_temporary_store_name_no_path(temporary_folder: Path) -> None:
    store = TemporaryStore()
    with pytest.raises(StoreError) as caught, store.transaction():
        store.put_stories([story(1), replace(story(2), id="s1")])
    assert str(caught.value).startswith(f"{MEMORY}: ")
    store.close()
    with pytest.raises(StoreError, match=r"^:memory: is closed$"):
        store.article("a1")
    temporary_folder.rmdir()
    with pytest.raises(StoreError, match="no temporary directory"):
        TemporaryStore()
