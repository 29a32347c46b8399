"""Files that are exchanged while they are read: nothing outside the given folder is read, nothing waits or crashes."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from dedup import Notice, read_articles
from dedup.read.paths import find_files
from dedup.read.source import open_file

pytestmark = pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="folders are not opened by descriptor here")

INSIDE, OUTSIDE = "what may be read", "what is outside"


@pytest.fixture
def pile(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.txt").write_text(OUTSIDE)
    pile = tmp_path / "pile"
    (pile / "folder").mkdir(parents=True)
    (pile / "folder/a.txt").write_text(INSIDE)
    return pile


def found_in(pile: Path) -> tuple[Path, frozenset[str]]:
    (found,) = (one for one in find_files([str(pile)], lambda _: True) if not isinstance(one, Notice))
    assert found.path is not None
    return found.path, found.roots


def test_a_file_that_became_a_link_is_not_followed(pile: Path) -> None:
    path, roots = found_in(pile)
    path.unlink()
    path.symlink_to(pile.parent / "outside/a.txt")
    with pytest.raises(OSError, match="leads out of what was given"):
        open_file(path, roots)


def test_a_folder_that_became_a_link_is_not_followed(pile: Path) -> None:
    path, roots = found_in(pile)
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(pile.parent / "outside")
    with pytest.raises(OSError, match="leads out of what was given"):
        open_file(path, roots)


def test_a_link_made_after_its_target_was_resolved(pile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment between the two: what `realpath` returns is a path that has become a link since."""
    path, roots = found_in(pile)
    real = os.path.realpath(path)
    for place, target in ((path, "outside/a.txt"), (path.parent, "outside")):
        if place.is_dir():
            path.unlink()
            place.rmdir()
        else:
            place.unlink()
        place.symlink_to(pile.parent / target)
        with monkeypatch.context() as patch:
            patch.setattr(os.path, "realpath", lambda _: real)
            with pytest.raises(OSError, match="became a link"):
                open_file(path, roots)


def test_a_named_file_that_became_a_link(pile: Path, tmp_path: Path) -> None:
    (found,) = find_files([str(pile / "folder/a.txt")], lambda _: True)
    assert not isinstance(found, Notice)
    assert found.path is not None
    found.path.unlink()
    found.path.symlink_to(tmp_path / "outside/a.txt")
    with pytest.raises(OSError, match="leads out of what was given"):
        open_file(found.path, found.roots)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(pile: Path) -> None:
    path, roots = found_in(pile)
    path.unlink()
    os.mkfifo(path)
    for within in (roots, frozenset[str]()):
        with pytest.raises(OSError, match="no ordinary file"):
            open_file(path, within)


def test_links_inside_what_was_given_are_followed(pile: Path) -> None:
    (pile / "link.txt").symlink_to("folder/a.txt")
    articles = list(read_articles([pile], notices=[]))
    assert [article.text for article in articles] == [INSIDE, INSIDE]


def test_files_exchanged_in_a_race(pile: Path) -> None:
    """A second of races: a file, a link out, a pipe, nothing, a folder take turns in one place."""
    place, spare = pile / "folder/a.txt", pile.parent / "spare"
    stop = time.monotonic() + 1

    def exchange() -> None:
        while time.monotonic() < stop:
            for kind in range(5):
                if kind == 0:
                    spare.write_text(INSIDE)
                elif kind == 1:
                    spare.symlink_to(pile.parent / "outside/a.txt")
                elif kind == 2:
                    os.mkfifo(spare)
                elif kind == 3:
                    place.unlink(missing_ok=True)
                    continue
                else:
                    place.unlink(missing_ok=True)
                    place.mkdir()
                    time.sleep(0.0002)
                    place.rmdir()
                    continue
                spare.replace(place)

    writer = threading.Thread(target=exchange)
    writer.start()
    texts, runs = set(), 0
    while time.monotonic() < stop:
        texts |= {article.text for article in read_articles([pile], notices=[])}
        runs += 1
    writer.join()
    assert texts <= {INSIDE}
    assert runs > 20
