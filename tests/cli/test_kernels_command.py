"""`dedup kernels`: what is stored for this user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from run_dedup import Command

from dedup.vectorize.kernels import cache as stored


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and the folder in it that this version has."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    stored.cache_folder.cache_clear()
    found = stored.cache_folder()
    assert found is not None
    yield found
    stored.cache_folder.cache_clear()


def test_they_are_shown_and_removed(folder: Path, run: Command) -> None:
    other = folder.with_name("kernels-" + "0" * 16)
    other.mkdir()
    (other / "code.nbc").write_bytes(bytes(2_000_000))
    theirs = folder.with_name("kernels-of-theirs")
    theirs.mkdir()
    shown = run("kernels")
    assert (shown.code, shown.err) == (0, "")
    assert sorted(shown.out.splitlines()) == sorted(
        [f"{folder}  0.0 MB, incomplete", f"{other}  2.0 MB, of another version"]
    )
    stored.mark_compiled()
    assert f"{folder}  0.0 MB, complete for runs" in run("kernels", "show").out
    stored.mark_compiled("index")
    assert f"{folder}  0.0 MB, complete\n" in run("kernels").out
    removed = run("kernels", "clear")
    assert (removed.code, removed.out, removed.err) == (0, "", "2 removed, 2.0 MB\n")
    assert [*folder.parent.iterdir()] == [theirs]


def test_the_oldest_of_many_versions_are_removed(folder: Path) -> None:
    others = [folder.with_name(f"kernels-{number:016x}") for number in range(6)]
    for other in others:
        other.mkdir()
    folder.rmdir()
    stored.cache_folder.cache_clear()
    assert stored.cache_folder() == folder
    assert len(stored.kept_folders()) == 4
    assert folder.exists()


def test_where_they_cannot_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Command) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    stored.cache_folder.cache_clear()
    assert run("kernels").out == "no folder can be written: each process compiles for itself\n"
    failed = run("kernels", "compile")
    assert failed.code == 1
    assert "set NUMBA_CACHE_DIR to a folder that only you can write" in failed.err
    stored.cache_folder.cache_clear()
