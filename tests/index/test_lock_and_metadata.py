"""Stores that cannot be opened: each gives a clear error, and no data is lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_articles import stream

from dedup import Article, Settings, SettingsError, StoreError, StoreLockedError, StoryIndex
from dedup.index.store import lock as place
from dedup.index.store.lock import file_system, refuse_network
from dedup.index.store.schema import FORMAT, UNRELEASED

ONE = next(stream(1, 1))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "stories.db"
    with StoryIndex.open(path) as index:
        index.add(ONE)
    return path


def test_second_writer_is_refused(store: Path) -> None:
    with StoryIndex.open(store) as first:
        with pytest.raises(StoreLockedError, match="--wait"):
            StoryIndex.open(store)
        with StoryIndex.open(store, read_only=True) as reader:
            first.add(replace(ONE, id="second"))
            assert "second" in reader
    with StoryIndex.open(store, wait=5) as again:
        assert len(again) == 2


def test_messages_name_the_memory_path() -> None:
    with StoryIndex.open(":memory:") as first, StoryIndex.open(":memory:") as second:
        assert repr(first) == "<StoryIndex :memory:>"
        first.add(ONE)
        assert (len(first), len(second)) == (1, 0), "each has a file of its own"
    with pytest.raises(StoreError, match=r"^:memory: is closed$"):
        len(first)
    with pytest.raises(StoreError, match=r"^:memory: has no index in it yet"):
        StoryIndex.open(":memory:", read_only=True)


def test_other_settings_are_refused(store: Path) -> None:
    with pytest.raises(SettingsError, match=r"granularity is 0\.5 there, not 0\.7.*rebuild"):
        StoryIndex.open(store, Settings(granularity=0.7))
    with StoryIndex.open(store, Settings(threads=1)) as index:
        assert len(index) == 1


def test_a_newer_format_and_an_older_method_are_refused(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    before = store.read_bytes()
    with pytest.raises(StoreError, match=f"has the format {FORMAT + 1}.*pip install -U"):
        StoryIndex.open(store)
    assert store.read_bytes() == before
    with sqlite3.connect(store) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("UPDATE fact SET value = '1' WHERE name = 'method'")
    connection.close()
    with pytest.raises(SettingsError, match=r"version 1 of the method.*rebuild"):
        StoryIndex.open(store)
    with StoryIndex.open(store, anew=True) as index:
        index.rebuild()
    with StoryIndex.open(store) as index:
        assert ONE.id in index


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database " * 100, encoding="utf-8")
    with pytest.raises(StoreError, match="nor any SQLite database"):
        StoryIndex.open(text)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    content = other.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        StoryIndex.open(other)
    assert other.read_bytes() == content
    for wrong, problem in ((tmp_path, "is a folder"), (tmp_path / "no" / "a.db", "there is no folder")):
        with pytest.raises(StoreError, match=problem):
            StoryIndex.open(wrong)
    with pytest.raises(StoreError, match="there is no store"):
        StoryIndex.open(tmp_path / "a.db", read_only=True)


def test_unreleased_format_is_refused(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute(f"PRAGMA application_id = {UNRELEASED}")
    connection.close()
    with pytest.raises(StoreError, match=r"before the first release: add its articles to a new store"):
        StoryIndex.open(store)


def all_of(store: Path) -> None:
    with StoryIndex.open(store) as index:
        index.article(ONE.id)
        if faults := index.check():
            raise StoreError(faults[0])


def test_truncated_file_is_refused(store: Path) -> None:
    content = store.read_bytes()
    for length in (50, 700, len(content) // 2):
        store.write_bytes(content[:length])
        with pytest.raises(StoreError, match=r"cut off|damaged|another program|stays"):
            all_of(store)
    store.write_bytes(content)
    with StoryIndex.open(store) as index:
        assert ONE.id in index


def test_a_full_disk_loses_nothing(store: Path) -> None:
    with StoryIndex.open(store) as index:
        writer = index._store._file.writer  # type: ignore[attr-defined] # of SQLite, which can pretend
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages + 2}")
        more = [replace(article, id=f"m{place}") for place, article in enumerate(stream(3, 200))]
        with pytest.raises(StoreError, match=r"the disk is full.*make room"):
            index.add_many(more)
        assert [article.id for article in index.placements().articles] == [ONE.id]
        assert index.match(more[3]).status == "matched"
        assert index.check() == []
        writer.execute("PRAGMA max_page_count = 1000000")
        assert len(index.add_many(more)) == len(more)
        assert index.check() == []


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"40 25 0:41 / {tmp_path}/far rw - nfs4 server:/a rw\n"
        f"41 25 0:42 / {tmp_path}/with\\040space rw - cifs //s/b rw\n",
        encoding="utf-8",
    )
    assert file_system(tmp_path / "near", mounts) == "ext4"
    assert file_system(tmp_path / "with space" / "a", mounts) == "cifs"
    with pytest.raises(StoreError, match=r"network file system .nfs4."):
        refuse_network(tmp_path / "far" / "stories.db", mounts)
    refuse_network(tmp_path / "stories.db", mounts)
    assert file_system(tmp_path, tmp_path / "nowhere") == ""


def damage(store: Path, statement: str) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute(statement)
    connection.close()


FAULTS: dict[str, tuple[str, str]] = {
    "words": ("UPDATE sketch SET words = x'00' WHERE number = 2", "damaged"),
    "vector": ("UPDATE sketch SET vector = (SELECT vector FROM sketch WHERE number = 1) WHERE number = 3", "vector"),
    "no sketch": ("DELETE FROM sketch WHERE number = 4", "missing"),
    "orphan": ("INSERT INTO sketch VALUES (99, x'00', x'00')", "without the article"),
    "size": ("UPDATE story SET size = 40 WHERE number = 1", "its record has 40"),
    "story": ("DELETE FROM story WHERE number = 2", "its story is missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_check_finds_and_repairs(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "stories.db"
    articles: list[Article] = list(stream(2, 30))
    with StoryIndex.open(path) as index:
        index.add_many(articles)
        assert index.check() == []
    statement, said = FAULTS[fault]
    damage(path, statement)
    with StoryIndex.open(path) as index:
        found = index.check()
        assert found
        assert said in found[0]
        assert index.check(repair=True) == found
        assert index.check() == []
        assert len(index) == len(articles)
        assert index.add(replace(articles[0], id="later")).copy_of == articles[0].id


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_full_limit_of_file_sizes_is_named(tmp_path: Path) -> None:
    program = (
        "import resource, sys; sys.path.append(sys.argv[2])\n"
        "from made_articles import stream\n"
        "from dedup import StoreError, StoryIndex\n"
        "index = StoryIndex.open(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))\n"
        "known = 0\n"
        "try:\n"
        "    for article in stream(3, 2_000):\n"
        "        index.add(article); known += 1\n"
        "except StoreError as error:\n"
        "    print(error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "print(known == len(index), index.check())"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "s.db"), str(Path(__file__).parents[1])]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "the limit of 400,000 bytes for a file of this process (RLIMIT_FSIZE) is reached" in printed
    assert printed.endswith("True []\n")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_repair_reaches_followers_and_open_readers(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "stories.db"
    articles: list[Article] = list(stream(2, 30))
    with StoryIndex.open(path) as index:
        index.add_many(articles)
    damage(path, FAULTS[fault][0])
    asked = {"text": articles[0].text, "title": articles[0].title}
    with StoryIndex.open(path) as index, StoryIndex.open(path, read_only=True) as reader:
        if fault in {"size", "story"}:
            reader.match(asked)  # its state is loaded
        assert index.check(repair=True)
        story_of: dict[str, str] = {}
        for change in index.changes():
            if change.kind in {"added", "updated", "moved"}:
                story_of[change.article] = change.story
            if change.kind == "merged":
                story_of |= {one: change.story for one, story in story_of.items() if story == change.before}
        assert story_of == {article.id: index.article(article.id).story for article in articles}
        assert reader.match(asked) == index.match(asked)
        before = index.changes()
        assert index.check(repair=True) == []
        assert index.changes() == before


def test_closed_index_raises_for_every_read(store: Path) -> None:
    """Every method that reads raises an error that names the closed store."""
    index = StoryIndex.open(store)
    index.close()
    works: list[Callable[[], object]] = [
        lambda: index.add(ONE),
        lambda: index.match(ONE),
        lambda: index.article(ONE.id),
        lambda: list(index.stories()),
        index.changes,
    ]
    for work in works:
        with pytest.raises(StoreError, match="is closed"):
            work()


@pytest.mark.skipif(not hasattr(os, "statvfs"), reason="only POSIX tells how a file system is mounted")
def test_an_empty_file_has_no_index_to_read(tmp_path: Path) -> None:
    """As a first opening leaves it that met a full disk."""
    (tmp_path / "s.db").touch()
    with pytest.raises(StoreError, match="no index in it yet"):
        StoryIndex.open(tmp_path / "s.db", read_only=True)


def test_store_on_read_only_file_system_opens(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file can be created beside the store. A test cannot mount, so `statvfs` is patched."""
    store.with_name("stories.db-writer").unlink()
    assert not place.is_fixed(store)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert place.is_fixed(store)
    with StoryIndex.open(store, read_only=True) as index:
        assert ONE.id in index
        assert list(store.parent.iterdir()) == [store]
    store.with_name("stories.db-wal").write_bytes(b"written ahead, and no part of the store yet")
    assert not place.is_fixed(store)
