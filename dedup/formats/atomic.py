"""Write files and folders atomically: complete or not at all. Files are compressed by their suffix."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from dedup.errors import MissingDependencyError

COMPRESSED_SUFFIXES = (".bz2", ".gz", ".xz", ".zst")
"""Suffixes of compressed files."""


def content_suffix(path: Path) -> str:
    """Return the lower-case suffix of the content, without that of the compression: ".csv" for `a.CSV.gz`."""
    name = Path(path.stem) if path.suffix.lower() in COMPRESSED_SUFFIXES else path
    return name.suffix.lower()


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for binary writing that replaces `path` only when it is complete.

    The data go to a hidden temporary file in the same folder, which is synced and renamed. A device or a named pipe is
    written directly; a symbolic link is kept and its target replaced.

    Raises:
        OSError: the file cannot be written, for example because the disk is full. No temporary file remains.
        MissingDependencyError: the suffix asks for a compression whose package is not installed.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as out, _compressed(out, target) as packing:
            yield packing
        return
    unfinished = target.with_name(f".dedup-{secrets.token_hex(8)}.tmp")
    try:
        with _naming_file(path):
            with unfinished.open("xb") as out:
                with _compressed(out, target) as packing:
                    yield packing
                out.flush()
                os.fsync(out.fileno())
            if target.exists():
                shutil.copymode(target, unfinished)
            unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Make a temporary folder that is renamed to `path` only when it is complete.

    `path` must not exist, or be an empty folder.

    Raises:
        OSError: the folder cannot be written, or `path` is not empty. No temporary folder remains.
    """
    target = path.resolve()
    unfinished = target.with_name(f".dedup-{secrets.token_hex(8)}.tmp")
    try:
        with _naming_file(path):
            unfinished.mkdir()
            yield unfinished
            if target.exists():
                target.rmdir()  # fails if the folder is no longer empty
            unfinished.replace(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _naming_file(path: Path) -> Iterator[None]:
    """Re-raise an `OSError` of writing with the name of the final file, and that it was not changed."""
    try:
        yield
    except OSError as error:
        own = error.filename is None or Path(error.filename) == path.resolve() or ".dedup-" in str(error.filename)
        if not own:
            raise  # such as an error of a file that is read
        problem = f"{error.strerror or error}; nothing is written, what was there stays"
        raise OSError(error.errno, problem, str(path)) from error


@contextmanager
def _compressed(out: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """Compress into a stream by the suffix of `path`. Deterministic: equal content gives equal bytes."""
    suffix = path.suffix.lower()
    with ExitStack() as stack:
        if suffix == ".gz":
            yield cast(IO[bytes], stack.enter_context(gzip.GzipFile("", "wb", fileobj=out, mtime=0)))
        elif suffix == ".bz2":
            yield cast(IO[bytes], stack.enter_context(bz2.BZ2File(out, "wb")))
        elif suffix == ".xz":
            yield cast(IO[bytes], stack.enter_context(lzma.LZMAFile(out, "wb")))
        elif suffix == ".zst":
            try:
                import zstandard
            except ImportError:
                raise MissingDependencyError("writing .zst", "zstandard", extra="zstd") from None
            yield cast(IO[bytes], stack.enter_context(zstandard.ZstdCompressor().stream_writer(out, closefd=False)))
        else:
            yield out
