"""A store has one writer, whatever path leads to it, and one that lost its file stops before it says that it stored."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from made_articles import stream

from dedup import StoreError, StoreLockedError, StoryIndex
from dedup.index.store import backup, connection, ownership, wal
from dedup.index.store.lock import WriterLock
from dedup.index.stories.changes import ChangeLog

ARTICLES = list(stream(1, 30))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder/stories.db"
    with StoryIndex.open(path) as index:
        index.add_many(ARTICLES[:5])
    return path


def link(path: Path) -> Path:
    other = path.with_name("link.db")
    other.symlink_to(path.name)
    return other


def link_to_folder(path: Path) -> Path:
    other = path.parent.with_name("other")
    other.symlink_to(path.parent.name)
    return other / path.name


def second_name(path: Path) -> Path:
    other = path.with_name("second.db")
    os.link(path, other)
    return other


def without_lock(path: Path) -> Path:
    path.with_name(f"{path.name}-writer").unlink()
    return path


def relative(path: Path) -> Path:
    return Path(os.path.relpath(path))


OTHER_PATHS = [link, link_to_folder, second_name, without_lock, relative]


@pytest.mark.parametrize("other", OTHER_PATHS)
def test_a_second_writer_is_refused_by_any_path(path: Path, other: Callable[[Path], Path]) -> None:
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        with pytest.raises(StoreError):
            StoryIndex.open(other(path))
        index.add(ARTICLES[6])
        assert index.check() == []
    with StoryIndex.open(path) as index:
        assert len(index) == 7


@pytest.mark.parametrize("other", [link, link_to_folder, relative])
def test_any_path_will_do_once_it_is_closed(path: Path, other: Callable[[Path], Path]) -> None:
    with StoryIndex.open(other(path)) as index:
        index.add(ARTICLES[5])
    with StoryIndex.open(path) as index:
        assert len(index) == 6


def test_a_second_name_is_not_read_either(path: Path) -> None:
    with pytest.raises(StoreError, match="hard link"):
        StoryIndex.open(second_name(path), read_only=True)


def test_without_a_lock_the_first_writer_stops(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be known whether the first writer is alive, the second one takes over."""
    monkeypatch.setattr(ownership, "_machine", lambda: "")
    with StoryIndex.open(path) as first:
        first.add(ARTICLES[5])
        with StoryIndex.open(without_lock(path)) as second:
            second.add(ARTICLES[6])
            for _ in range(2):
                with pytest.raises(StoreLockedError, match="another writer"):
                    first.add(ARTICLES[7])
            second.add(ARTICLES[8])
            assert second.check() == []
    with StoryIndex.open(path) as index:
        assert len(index) == 8
        assert index.check() == []


def test_a_writer_that_was_killed_does_not_lock(path: Path) -> None:
    killed = (
        "import os, sys; from dedup import StoryIndex; index = StoryIndex.open(sys.argv[1]);"
        "os.unlink(sys.argv[1] + '-writer'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    with StoryIndex.open(path) as index:
        assert len(index) == 5


def test_a_copy_of_a_store_in_use_is_nobodys(path: Path) -> None:
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        copy = path.parent / "copy.db"
        shutil.copy(path, copy)
        with StoryIndex.open(copy) as other:
            other.add(ARTICLES[6])
        index.add(ARTICLES[7])


def test_a_store_that_another_writer_makes_meanwhile_is_opened(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    lock, found = WriterLock(new), list[int]()

    def wait() -> None:
        with StoryIndex.open(new, wait=30) as index:
            found.append(len(index))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    shutil.copy(path, new)
    lock.release()
    waiting.join()
    assert found == [5]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_does_not_use_the_index(path: Path) -> None:
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        child = os.fork()
        if not child:
            refused = 0
            for use in (lambda: index.add(ARTICLES[6]), lambda: len(index)):
                try:
                    use()
                except StoreError as error:
                    refused += "forked" in str(error)
            os._exit(2 - refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        index.add(ARTICLES[7])
        assert index.check() == []


def moved(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def deleted(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.replace(path)


def folder_moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


@pytest.mark.parametrize("away", [moved, deleted, replaced, folder_moved])
def test_nothing_is_acknowledged_into_a_file_that_is_gone(path: Path, away: Callable[[Path], None]) -> None:
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        away(path)
        there = path.exists()
        for _ in range(2):
            with pytest.raises(StoreError, match="moved, deleted or replaced"):
                index.add(ARTICLES[6])
            with pytest.raises(StoreError, match="moved, deleted or replaced"):
                index.article(ARTICLES[0].id)
            with pytest.raises(StoreError, match="moved, deleted or replaced"):
                index.reconcile()
        assert path.exists() == there, "a read made a new file"


def test_the_error_says_where_an_article_is_that_was_stored_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away: list[Path] = []
    write = ChangeLog.write

    def move_and_write(log: ChangeLog) -> bool:  # within the transaction
        for one in away:
            moved(one)
        away.clear()
        return write(log)

    monkeypatch.setattr(ChangeLog, "write", move_and_write)
    with StoryIndex.open(path) as index:
        away.append(path)
        with pytest.raises(StoreError, match="stored in the file that was there, and only in that"):
            index.add(ARTICLES[5])
        with pytest.raises(StoreError, match="Nothing of this was stored"):
            index.add(ARTICLES[6])
        path.with_name("moved.db").rename(path)
        assert [article.id in index for article in ARTICLES[4:7]] == [True, True, False]


def test_a_reader_notices_too(path: Path) -> None:
    with StoryIndex.open(path, read_only=True) as index:
        assert len(index) == 5
        moved(path)
        with pytest.raises(StoreError, match="moved, deleted or replaced"):
            index.article(ARTICLES[0].id)
        assert not path.exists()


def test_it_goes_on_when_the_file_is_put_back(path: Path) -> None:
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        moved(path)
        with pytest.raises(StoreError):
            index.add(ARTICLES[6])
        path.with_name("moved.db").rename(path)
        index.add(ARTICLES[6])
        assert index.check() == []
        assert len(index) == 7


def test_only_its_user_can_read_a_store(path: Path) -> None:
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        for file in path.parent.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_program_that_reads_the_file_leaves_the_log(path: Path) -> None:
    """The last program that closes a database removes its log. The locks that say that a writer has it open were lost
    when the process read the file's header by itself."""
    read = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM fact').fetchall(); c.close()"
    )
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        with StoryIndex.open(path, read_only=True) as reader:
            assert len(reader) == 6
        with pytest.raises(StoreLockedError):
            StoryIndex.open(path)
        subprocess.run([sys.executable, "-c", read, str(path)], check=True)
        assert path.with_name(f"{path.name}-wal").exists()
        index.add(ARTICLES[6])
    assert len(ids(path)) == 7


def test_a_mode_that_was_given_is_kept(path: Path) -> None:
    path.chmod(0o640)
    with StoryIndex.open(path) as index:
        index.add(ARTICLES[5])
        for name in (path.name, f"{path.name}-wal"):
            assert path.with_name(name).stat().st_mode & 0o777 == 0o640


# Backups


KILLED = """
import os, sys
from made_articles import stream
from dedup import StoryIndex
index = StoryIndex.open(sys.argv[1])
for article in list(stream(1, int(sys.argv[3])))[int(sys.argv[2]):]:
    index.add(article)
os.kill(os.getpid(), 9)
"""


def add_and_kill(path: Path, start: int, end: int) -> None:
    """Add articles in a process that is then killed, so that its log stays behind."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(start), str(end)], check=False, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name(f"{path.name}-wal").stat().st_size


def ids(path: Path) -> set[str]:
    with StoryIndex.open(path) as index:
        assert index.check() == []
        found = {article.id for article in ARTICLES if article.id in index}
        assert len(found) == len(index)
        return found


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("in_place", [True, False])
def test_a_copy_put_over_the_log_of_another_file_is_noticed(path: Path, closed: bool, in_place: bool) -> None:
    copy = path.with_name("copy.db")
    if closed:
        shutil.copy(path, copy)
    else:
        with StoryIndex.open(path) as index:
            index.add(ARTICLES[5])
            shutil.copy(path, copy)
    with StoryIndex.open(path) as index:  # another session, which ends as it should
        index.add_many(ARTICLES[5:15])
    add_and_kill(path, 15, 25)
    if in_place:
        path.write_bytes(copy.read_bytes())
    else:
        shutil.copy(copy, path.with_name("new"))
        path.with_name("new").replace(path)
    for read_only in (True, False, True):
        with pytest.raises(StoreError, match="-wal"):
            StoryIndex.open(path, read_only=read_only)
    path.with_name(f"{path.name}-wal").rename(path.with_name("away"))
    assert len(ids(path)) in (5, 6)


def test_a_log_is_replayed_into_its_own_file(path: Path) -> None:
    add_and_kill(path, 5, 25)
    assert len(ids(path)) == 25


def test_a_page_that_a_checkpoint_wrote_half_is_in_the_log(path: Path) -> None:
    """The base could not be read from the file, so the log was taken for that of another file."""
    add_and_kill(path, 5, 25)
    with sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True) as store:
        (page,) = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'fact'").fetchone()
    store.close()
    data = bytearray(path.read_bytes())
    data[(page - 1) * connection.PAGE + 3 : (page - 1) * connection.PAGE + 5] = bytes(2)  # it has no rows now
    path.write_bytes(data)
    assert len(ids(path)) == 25


def test_a_copy_of_file_and_log_is_whole(path: Path, tmp_path: Path) -> None:
    add_and_kill(path, 5, 25)
    shutil.copytree(path.parent, tmp_path / "copy")
    assert len(ids(tmp_path / "copy" / path.name)) == 25


def test_a_backup_taken_while_articles_come(path: Path, tmp_path: Path) -> None:
    with StoryIndex.open(path) as index:
        index.add_many(ARTICLES[5:10])
        index.backup(tmp_path / "backup.db")
        index.add_many(ARTICLES[10:15])
        with pytest.raises(StoreError, match="there already"):
            index.backup(tmp_path / "backup.db")
    assert ids(tmp_path / "backup.db") == {article.id for article in ARTICLES[:10]}
    assert (tmp_path / "backup.db").stat().st_mode & 0o777 == 0o600


def test_restore_takes_the_old_log_away(path: Path, tmp_path: Path) -> None:
    with StoryIndex.open(path, read_only=True) as index:
        index.backup(tmp_path / "backup.db")
    add_and_kill(path, 5, 25)
    with pytest.raises(StoreError, match="--replace"):
        StoryIndex.restore(tmp_path / "backup.db", path)
    StoryIndex.restore(tmp_path / "backup.db", path, replace=True)
    assert ids(path) == {article.id for article in ARTICLES[:5]}
    assert ids(tmp_path / "backup.db") == {article.id for article in ARTICLES[:5]}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup.db", "backup.db-writer", "folder"]


def test_a_backup_that_cannot_be_copied_says_why(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(backup, "renew", full)
    with StoryIndex.open(path) as index, pytest.raises(StoreError, match="cannot be copied: disk I/O error"):
        index.backup(tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


@pytest.mark.parametrize("other", [lambda path: path, without_lock])
def test_a_store_in_use_is_not_restored(path: Path, tmp_path: Path, other: Callable[[Path], Path]) -> None:
    with StoryIndex.open(path) as index:
        index.backup(tmp_path / "backup.db")
        path = other(path)
        with pytest.raises(StoreLockedError):
            StoryIndex.restore(tmp_path / "backup.db", path, replace=True)
        index.add(ARTICLES[5])


def test_what_is_no_backup_is_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    (tmp_path / "cut.db").write_bytes(path.read_bytes()[:-4096])
    damaged = bytearray(path.read_bytes())
    damaged[16_384:131_072] = bytes(114_688)
    (tmp_path / "damaged.db").write_bytes(damaged)
    before = path.read_bytes()
    for name in ("text.db", "cut.db", "damaged.db", "none.db"):
        with pytest.raises(StoreError):
            StoryIndex.restore(tmp_path / name, path, replace=True)
    with pytest.raises(StoreError, match="the store itself"):
        StoryIndex.restore(path, path, replace=True)
    assert path.read_bytes() == before
    assert len(ids(path)) == 5


def test_what_is_stored_is_acknowledged_though_no_checkpoint_is_possible(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with StoryIndex.open(path) as index:
        monkeypatch.setattr(connection, "checkpoint", full)
        monkeypatch.setattr(index._store._file, "_enough", 0)  # type: ignore[attr-defined]
        assert index.add(ARTICLES[5]).status == "added"
        assert ARTICLES[5].id in index


def test_a_log_does_not_grow_without_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "LARGEST", 1 << 17)
    monkeypatch.setattr(connection, "LARGEST", 1 << 17)
    log, sizes = path.with_name(f"{path.name}-wal"), []
    with StoryIndex.open(path) as index:
        for _ in range(3):
            for article in ARTICLES[5:]:
                index.add(article)
                sizes.append(log.stat().st_size)
            index.remove(*(article.id for article in ARTICLES[5:]))
        sizes.append(log.stat().st_size)
    assert max(sizes) < 1 << 20
    assert any(after < before for before, after in itertools.pairwise(sizes))  # it is cut when it is very large


def test_a_log_that_a_reader_needed_is_cut_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "LARGEST", 1 << 17)
    monkeypatch.setattr(connection, "LARGEST", 1 << 17)
    log, reader = path.with_name(f"{path.name}-wal"), sqlite3.connect(path, isolation_level=None)
    with StoryIndex.open(path) as index:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM article").fetchall()
        for article in ARTICLES[5:25]:
            index.add(article)
        assert log.stat().st_size > 1 << 19
        reader.execute("COMMIT")
        for article in ARTICLES[25:]:
            index.add(article)
        assert log.stat().st_size < 1 << 19
        assert index.check() == []
    reader.close()


class Observed:
    """A connection that calls a function before and after each statement."""

    def __init__(self, connection: sqlite3.Connection, seen: Callable[[], None]) -> None:
        self._connection, self._seen = connection, seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        self._seen()
        found = self._connection.execute(*statement)
        self._seen()
        return found


@pytest.mark.parametrize("with_reader", [False, True])
def test_no_log_is_taken_for_that_of_another_file_at_any_moment(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_reader: bool
) -> None:
    """File and log are kept at each statement, as a kill leaves them; then each file is tried with each later log."""
    monkeypatch.setattr(wal, "LARGEST", 1 << 17)
    monkeypatch.setattr(connection, "LARGEST", 1 << 17)
    log, connected = path.with_name(f"{path.name}-wal"), connection.Database._connected
    kept: list[tuple[bytes, bytes, frozenset[str]]] = []
    sure: set[str] = {article.id for article in ARTICLES[:5]}

    def keep() -> None:
        found = path.read_bytes(), log.read_bytes() if log.exists() else b""
        if not kept or kept[-1][:2] != found:
            kept.append((*found, frozenset(sure)))

    def observed(self: connection.Database, thread: threading.Thread | None) -> Any:
        real = connected(self, thread)
        return Observed(real, keep) if thread is None else real

    monkeypatch.setattr(connection.Database, "_connected", observed)
    reader = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    for start in (5, 12, 19):
        with StoryIndex.open(path) as index:
            for article in ARTICLES[start : start + 7]:
                if with_reader:
                    if reader.in_transaction:
                        reader.execute("COMMIT")
                    elif len(sure) % 3:
                        reader.execute("BEGIN")
                        reader.execute("SELECT * FROM fact").fetchall()
                index.add(article)
                sure.add(article.id)
        keep()
    reader.close()
    monkeypatch.undo()
    place, refused = tmp_path / "tried", 0
    files: dict[bytes, int] = {}
    for later, (own, continued, stored) in enumerate(kept):
        files.setdefault(own, later)
        for file, earlier in files.items():
            if not continued and file != own:
                continue
            place.mkdir()
            (place / "s.db").write_bytes(file)
            (place / "s.db-wal").write_bytes(continued)
            foreign = wal.is_foreign(place / "s.db")
            if not foreign:
                with closing(sqlite3.connect(place / "s.db")) as found:
                    assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)], (earlier, later)
                    assert {row[0] for row in found.execute("SELECT id FROM article")} >= stored, (earlier, later)
            assert not (foreign and file == own), (earlier, later)
            refused += foreign
            shutil.rmtree(place)
    assert refused
