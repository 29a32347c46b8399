"""gzip files, whole and damaged: the fast reader and the standard library give the same articles and notices."""

from __future__ import annotations

import gzip
import random
import zlib
from pathlib import Path

import pytest

from dedup import read_articles
from dedup.article import Notice
from dedup.read import compression

LINES = [
    f'{{"id": "{number}", "text": "The {number}th bridge of Kütahya was closed, \u4e2d."}}' for number in range(400)
]
CONTENT = "\n".join(LINES).encode()


def read(path: Path, *, fast: bool, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    notices: list[Notice] = []
    with monkeypatch.context() as patch:
        if not fast:
            patch.setattr(compression, "_gzip_file", lambda _: gzip.GzipFile)
        return [*read_articles(path, notices=notices), *notices]


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Content with a few changed, missing or added bytes."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        place = (
            rng.randrange(len(changed)) if rng.random() < 0.7 else rng.choice((rng.randrange(20), -rng.randint(1, 9)))
        )
        kind = rng.random()
        if kind < 0.5:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind < 0.7:
            del changed[place:]
        elif kind < 0.85:
            del changed[place]
        else:
            changed[place:place] = rng.randbytes(rng.randint(1, 30))
        if len(changed) < 30:
            break
    return bytes(changed)


WHOLE = {
    "one member": gzip.compress(CONTENT, 6, mtime=0),
    "several members": b"".join(
        gzip.compress(CONTENT[at : at + 5_000], mtime=0) for at in range(0, len(CONTENT), 5_000)
    ),
    "zeros behind": gzip.compress(CONTENT, mtime=0) + bytes(700),
    "something else behind": gzip.compress(CONTENT, mtime=0) + b"behind it",
    "not packed": gzip.compress(CONTENT, 0, mtime=0),
    "empty": gzip.compress(b"", mtime=0),
    "another member that is empty": gzip.compress(CONTENT, mtime=0) + gzip.compress(b"", mtime=0),
    "with a name": zlib.compress(CONTENT)[:0]
    + b"\x1f\x8b\x08\x18"
    + bytes(6)
    + b"name\0comment\0"
    + gzip.compress(CONTENT, mtime=0)[10:],
    "no UTF-8": gzip.compress(CONTENT.decode().replace("\u4e2d", "").encode("cp1252"), mtime=0),
    "a null byte": gzip.compress(CONTENT.replace(b"bridge", b"bri\0ge"), mtime=0),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_both_read_the_same(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("isal")
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(WHOLE[kind])
    assert read(path, fast=True, monkeypatch=monkeypatch) == read(path, fast=False, monkeypatch=monkeypatch)


@pytest.mark.parametrize("seed", range(40))
def test_both_read_the_same_of_damaged_files(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("isal")
    rng, path = random.Random(seed), tmp_path / "a.jsonl.gz"  # noqa: S311 - a test
    for kind in ("one member", "several members", "with a name"):
        path.write_bytes(damaged(WHOLE[kind], rng))
        expected = read(path, fast=False, monkeypatch=monkeypatch)
        assert read(path, fast=True, monkeypatch=monkeypatch) == expected, (kind, seed)
