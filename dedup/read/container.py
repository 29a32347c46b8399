"""Read the files in zip and tar archives, one at a time. Nothing is extracted into a folder.

A member is copied to memory, or to a temporary file that has no name. What it unpacks to is bounded, by itself and
together with the others; names cannot lead anywhere, as nothing is created under them.
"""

from __future__ import annotations

import io
import lzma
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.read.compression import LARGEST_RATIO, TooLarge, decompress, detect_compression
from dedup.read.paths import FoundFile, kind_of, of_another_kind, printable, reason
from dedup.read.source import EMPTY, Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

TAR_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst")
SUFFIXES = (".zip", *TAR_SUFFIXES)
"""Suffixes of archives. That of a compression may follow `.tar`."""

MOST_MEMBERS = 100_000
"""Maximum members of an archive."""
LARGEST_MEMBER = 1 << 32
"""Maximum bytes of a member: 4 GB."""

_ALLOWANCE = 1 << 26
"""Bytes any archive may unpack to, whatever its size."""
_IN_MEMORY = 1 << 24
"""Maximum bytes of a member that is kept in memory."""
_LARGEST_DIRECTORY, _LARGEST_HEADER = 1 << 25, 1 << 20
"""Maximum bytes of the list of members of a zip archive, and of a header in a tar archive. Both are read whole."""
_PIECE = 1 << 16

_DAMAGED = (
    *(EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
    *(ValueError, OverflowError, LookupError, struct.error, NotImplementedError, RuntimeError, TooLarge),
)
"""Errors of damaged archives and members. The libraries raise any of these for invalid headers."""


class _RefusedError(Exception):
    """Raised for a member that is not read, with the problem."""


class _Budget:
    """Counts what an archive unpacks to."""

    def __init__(self, size: int) -> None:
        self._left = max(_ALLOWANCE, LARGEST_RATIO * size)

    def take(self, count: int) -> None:
        self._left -= count

    @property
    def is_spent(self) -> bool:
        return self._left < 0


def read_members(
    found: FoundFile, source: Source, kinds: Collection[str]
) -> Iterator[Notice | tuple[FoundFile, Source]]:
    """Yield the files in an archive, each with a source that can be read until the next, and a notice for each problem.

    Hidden files and folders are skipped, as in folders.

    Args:
        found: the archive.
        source: the same, to read it.
        kinds: the kinds of files that are read.
    """
    hidden, resources, empty = 0, 0, True
    pages: set[str] = set()
    is_tar = found.kind in TAR_SUFFIXES
    try:
        with source.opened() as file:
            budget = _Budget(file.seek(0, io.SEEK_END))
        for name, problem, opened in (_tar_members if is_tar else _zip_members)(source):
            empty = False
            shown = printable(name)
            member = replace(
                found,
                shown=f"{found.shown}!{shown}",
                id=f"{found.id}!{shown}",
                kind=kind_of(PurePosixPath(name)),
                member=name,
            )
            if member.kind in {".htm", ".html"}:
                pages.add(name.rpartition(".")[0])
            if _is_hidden(name):
                hidden += member.kind in kinds
            elif _is_resource(name, pages):
                resources += 1
            elif problem:
                yield Notice(member.shown, problem, "skipped", skipped=True)
            elif member.kind in SUFFIXES:
                yield Notice(member.shown, "it is an archive in an archive", "skipped", skipped=True)
            elif member.kind not in kinds:
                yield of_another_kind(PurePosixPath(name), member.shown)
            else:
                yield from _member(member, opened, budget)
            if budget.is_spent:
                spent = f"it unpacks to more than {LARGEST_RATIO} times its size"
                yield Notice(found.shown, spent, "the rest is skipped", skipped=True)
                break
            yield from source.pop_notices()
    except (OSError, MissingDependencyError) as error:
        problem = f"it cannot be read ({reason(error)})" if isinstance(error, OSError) else str(error)
        yield Notice(found.shown, problem, "skipped", skipped=True)
        empty = False
    except _DAMAGED as error:
        problem = f"it is not a whole {'tar' if is_tar else 'zip'} archive ({_why(error)})"
        yield Notice(found.shown, problem, "skipped" if empty else "what was read up to there is kept", skipped=True)
        empty = False
    yield from source.pop_notices()
    if hidden:
        what = "file in it is hidden" if hidden == 1 else "files in it are hidden"
        yield Notice(found.shown, f"{hidden:,} {what} (the name begins with a dot)", "not read", skipped=False)
    if resources:
        what = "file in it belongs" if resources == 1 else "files in it belong"
        yield Notice(found.shown, f"{resources:,} {what} to saved pages beside", "not read", skipped=False)
    if empty:
        yield Notice(found.shown, EMPTY, "skipped", skipped=True)


def _is_resource(name: str, pages: Collection[str]) -> bool:
    """Return whether a file is in the folder `page_files` of a saved `page.html` that came before it."""
    folders = [str(folder) for folder in PurePosixPath(name).parents]
    return any(folder.endswith("_files") and folder.removesuffix("_files") in pages for folder in folders)


def _why(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") and part not in {".", ".."} for part in parts) or "__MACOSX" in parts


def _member(
    member: FoundFile, opened: Callable[[], IO[bytes]], budget: _Budget
) -> Iterator[Notice | tuple[FoundFile, Source]]:
    """Yield a member that has been copied; a notice if it cannot be read."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        held = cast(IO[bytes], file)
        problem = ""
        try:
            with opened() as stream:
                _copy(stream, held, budget)
        except (_RefusedError, MissingDependencyError) as error:
            yield Notice(member.shown, str(error), "skipped", skipped=True)
            return
        except (OSError, *_DAMAGED) as error:
            problem = f"it is damaged ({_why(error)})"
        size = held.tell()
        if problem or not size:
            action = f"what was read up to there is kept ({size} bytes)" if size else "skipped"
            yield Notice(member.shown, problem or EMPTY, action, skipped=True)
        if size and not budget.is_spent:
            yield member, Source(member.shown, lambda: cast(IO[bytes], io.BufferedReader(_View(held))))


def _copy(stream: IO[bytes], held: IO[bytes], budget: _Budget) -> None:
    """Copy a member, decompressed if it is a compressed file."""
    content: Any = io.BufferedReader(cast(io.RawIOBase, stream))
    if packed := detect_compression(content.peek(8)):
        content = decompress(content, packed)
        if detect_compression(content.peek(8)):
            raise _RefusedError("it is compressed twice")
    while not budget.is_spent and (piece := content.read1(_PIECE)):
        budget.take(len(piece))
        held.write(piece)
        if held.tell() > LARGEST_MEMBER:
            raise _RefusedError(f"it has more than {LARGEST_MEMBER:,} bytes")


class _View(io.RawIOBase):
    """A file opened again: it reads from the same file at a position of its own, and leaves it open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_CUR:
            offset, whence = offset + self._place, io.SEEK_SET
        self._place = self._file.seek(offset, whence)
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        self._file.seek(self._place)
        data = self._file.read(len(view))
        view[: len(data)] = data
        self._place += len(data)
        return len(data)


_Listed = tuple[str, str, Callable[[], Any]]
"""A member: its name, why it is not read, and a function that opens it."""


def _name_problem(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":"):
        return "its name leads out of the archive"
    return ""


def _zip_members(source: Source) -> Iterator[_Listed]:
    with source.seekable() as stream:
        size = stream.seek(0, io.SEEK_END)
        if _directory_size(stream, size) > _LARGEST_DIRECTORY:
            raise ValueError(f"its list of members has more than {_LARGEST_DIRECTORY:,} bytes")
        stream.seek(0)
        with zipfile.ZipFile(stream) as archive:
            for number, info in enumerate(archive.infolist()):
                if number == MOST_MEMBERS:
                    source.add_notice(f"it has more than {MOST_MEMBERS:,} members", "the rest is skipped")
                    return
                name = info.filename.replace("\\", "/")
                if not name.endswith("/"):
                    yield name, _zip_problem(info) or _name_problem(name), partial(archive.open, info)


def _directory_size(stream: IO[bytes], size: int) -> int:
    """Return the size of the list of members as stated at the end of a zip archive; 0 if there is no such statement.

    zipfile reads the complete list at once.
    """
    stream.seek(max(0, size - (1 << 16) - 98))
    end = stream.read()
    place, place_64 = end.rfind(b"PK\5\6"), end.rfind(b"PK\6\6")
    sizes = [int.from_bytes(end[place + 12 : place + 16], "little")] if place >= 0 else [0]
    if place_64 >= 0:
        sizes.append(int.from_bytes(end[place_64 + 40 : place_64 + 48], "little"))
    return max(one for one in sizes if one != 0xFFFFFFFF)


def _zip_problem(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    if stat.S_ISLNK(mode):
        return "it is a link"
    if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        return "it is no ordinary file"
    if info.flag_bits & 1:
        return "it is encrypted"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "it is compressed by another method than Deflate"
    return ""


def _tar_members(source: Source) -> Iterator[_Listed]:
    with source.binary() as stream:
        forward = _Forward(stream)
        archive = tarfile.TarFile(fileobj=cast(IO[bytes], forward), mode="r")
        for number in range(MOST_MEMBERS + 1):
            if (info := archive.next()) is None:
                if forward.last != bytes(tarfile.BLOCKSIZE):  # an archive ends with an empty header
                    source.add_notice("it is not a whole tar archive", "what was read up to there is kept")
                return
            if number == MOST_MEMBERS:
                source.add_notice(f"it has more than {MOST_MEMBERS:,} members", "the rest is skipped")
                return
            archive.members = []  # type: ignore[attr-defined] # it would keep them all
            if not info.isdir():
                yield info.name, _tar_problem(info) or _name_problem(info.name), partial(archive.extractfile, info)


def _tar_problem(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "it is a link"
    if info.issparse() or not info.isreg():
        return "it is no ordinary file"
    return ""


class _Forward:
    """A stream for tarfile, read forward only. Overlong headers are refused, as tarfile reads them whole."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._place = 0
        self.last = b""  # what was read last

    def tell(self) -> int:
        return self._place

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or place < self._place:
            raise tarfile.ReadError("a member begins before the end of the one before it")
        while self._place < place and (piece := self.read(min(_PIECE, place - self._place))):
            del piece
        return self._place

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError("a header is longer than any of a real member")
        data = self._stream.read(size)
        self._place += len(data)
        self.last = data
        return data
