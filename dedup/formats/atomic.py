"""Files and folders that appear under their names when they are complete, or not at all; packed as their names say."""

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
"""What the names of packed files end in, behind the ending that says what is in them."""


def content_suffix(path: Path) -> str:
    """The ending that says what is in a file, whatever it is packed with: ".csv" of `a.CSV.gz`."""
    name = Path(path.stem) if path.suffix.lower() in COMPRESSED_SUFFIXES else path
    return name.suffix.lower()


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name when it is complete: until then what was there stays.

    It is written beside, under a hidden name. A device or a named pipe is written as it is; a symbolic link stays one.

    Raises:
        OSError: it cannot be written, a full disk among the reasons. Nothing is left behind.
        MissingDependencyError: to pack it as its name says takes a package that is not there.
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
    """A folder to write into, which appears under its name when all in it is complete. There is none, or an empty one.

    Raises:
        OSError: it cannot be written. Nothing is left behind.
    """
    target = path.resolve()
    unfinished = target.with_name(f".dedup-{secrets.token_hex(8)}.tmp")
    try:
        with _naming_file(path):
            unfinished.mkdir()
            yield unfinished
            if target.exists():
                target.rmdir()  # refuses where something has come into it
            unfinished.replace(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def _naming_file(path: Path) -> Iterator[None]:
    """Errors in writing say of which file, and that nothing of it is there."""
    try:
        yield
    except OSError as error:
        own = error.filename is None or Path(error.filename) == path.resolve() or ".dedup-" in str(error.filename)
        if not own:
            raise  # of a file that is read, say
        problem = f"{error.strerror or error}; nothing is written, what was there stays"
        raise OSError(error.errno, problem, str(path)) from error


@contextmanager
def _compressed(out: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """A stream that packs into another, as a name says; the same bytes for the same content at any time."""
    content_suffix = path.suffix.lower()
    with ExitStack() as stack:
        if content_suffix == ".gz":
            yield cast(IO[bytes], stack.enter_context(gzip.GzipFile("", "wb", fileobj=out, mtime=0)))
        elif content_suffix == ".bz2":
            yield cast(IO[bytes], stack.enter_context(bz2.BZ2File(out, "wb")))
        elif content_suffix == ".xz":
            yield cast(IO[bytes], stack.enter_context(lzma.LZMAFile(out, "wb")))
        elif content_suffix == ".zst":
            try:
                import zstandard
            except ImportError:
                raise MissingDependencyError("writing .zst", "zstandard", extra="zstd") from None
            yield cast(IO[bytes], stack.enter_context(zstandard.ZstdCompressor().stream_writer(out, closefd=False)))
        else:
            yield out
