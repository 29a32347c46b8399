"""Files and folders that are there whole or not at all, a full disk included."""

from __future__ import annotations

import errno
import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dedup.formats.atomic import COMPRESSED_SUFFIXES, atomic_file, atomic_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with atomic_file(path) as out:
        out.write(b"after")
        out.flush()
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert names(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(143), OSError(5, "io")])
def test_nothing_is_left_of_one_that_fails(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    def fail() -> None:
        with atomic_file(path) as out:
            out.write(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert path.read_text() == "before"
    assert names(tmp_path) == ["out.txt"]


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with atomic_folder(target) as folder:
        (folder / "a").write_text("x")
        assert not list(target.iterdir())
    assert names(target) == ["a"]
    with pytest.raises(OSError, match="nothing is written, what was there stays"), atomic_folder(target) as folder:
        (folder / "b").write_text("x")
    assert names(target) == ["a"]
    assert names(tmp_path) == ["out"]


def test_nothing_is_left_of_a_folder_that_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with atomic_folder(tmp_path / "out") as folder:
            (folder / "a").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == []


@pytest.mark.parametrize("ending", COMPRESSED_SUFFIXES)
def test_packed_as_the_name_says_and_always_the_same(tmp_path: Path, ending: str) -> None:
    from dedup.read.compression import decompress, detect_compression

    if ending == ".zst":
        pytest.importorskip("zstandard")
    packed = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.jsonl{ending}"
        with atomic_file(path) as out:
            out.write(b"fire\n" * 1000)
        packed.append(path.read_bytes())
    assert packed[0] == packed[1]
    with path.open("rb") as stream:
        assert decompress(stream, detect_compression(packed[0][:8])).read() == b"fire\n" * 1000


def test_a_link_stays_one_and_so_do_permissions(tmp_path: Path) -> None:
    path, link = tmp_path / "out.txt", tmp_path / "link"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic_file(link) as out:
        out.write(b"after")
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o640)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no small disk can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S607 - wherever it is


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_full_disk(small_disk: Path, ending: str) -> None:
    path = small_disk / f"out.txt{ending}"
    path.write_bytes(b"before")
    with (
        pytest.raises(OSError, match="No space left on device; nothing is written") as caught,
        atomic_file(path) as out,
    ):
        out.write(os.urandom(500_000))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert path.read_bytes() == b"before"
    assert names(small_disk) == [path.name]


def test_a_full_disk_and_a_folder(small_disk: Path) -> None:
    with pytest.raises(OSError, match="nothing is written"), atomic_folder(small_disk / "out") as folder:
        (folder / "a").write_bytes(bytes(1 << 20))
    assert names(small_disk) == []


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["dedup", *sys.argv[2:]]
from dedup.cli import main
main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="this system has no limit for files")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--output", "out.jsonl"],
        ["--output", "out.csv.gz"],
        ["--output", "out.parquet"],
        ["--keep", "all", "--output", "out.jsonl"],
        ["--keep", "all", "--output", "out/"],
    ],
)
def test_the_command_on_a_disk_that_fills(tmp_path: Path, arguments: list[str]) -> None:
    """One line, exit code 1, nothing half written; here the limit is on the size of a file."""
    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / f"{number}.txt").write_text(f"Text number {number} of {'x' * number}.\n" * 3)
    ran = subprocess.run(
        [sys.executable, "-c", FULL, "300", "cluster", "in", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""), "DEDUP_KERNELS": "off"},
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("Error: File too large")
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr
    assert names(tmp_path) == ["in"]


def test_gzip_has_no_time_in_it(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a.gz") as out:
        out.write(b"x")
    with gzip.open(tmp_path / "a.gz") as stream:
        stream.read()
        assert stream.mtime == 0
