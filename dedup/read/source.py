"""Open a file or standard input as bytes or text, decompressed and decoded, with notices of problems."""

from __future__ import annotations

import errno
import io
import lzma
import os
import shutil
import stat
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, AnyStr, Literal, cast

from dedup.article import Notice
from dedup.errors import MissingDependencyError
from dedup.formats.atomic import COMPRESSED_SUFFIXES
from dedup.read.compression import TooLarge, decompress, detect_binary, detect_compression
from dedup.read.encoding import bom_encoding, declared_encoding, find_encoding, is_clean, legacy_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_RECORD = 1 << 24
"""Maximum characters or bytes of one article: 16 million, five times the longest novels."""

EMPTY = "there is no article in it"
"""The problem of a file or folder without articles."""
LINE_TOO_LONG = f"a line of more than {LARGEST_RECORD:,} characters, too many for an article"

LARGEST_DOCUMENT = 1 << 28
"""Maximum characters of a JSON object around many articles, which is held in memory."""

LARGEST_KEPT = 1 << 28
"""Maximum bytes in a packed file that are kept after the first pass: a larger one is unpacked twice."""

_BUFFER = 1 << 17
"""Bytes read from a stream at a time."""

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags for opening a folder to open what is in it; `O_PATH` needs no permission to list it."""

_BEGINNING = 8
"""Bytes needed to detect the compression."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the rows of a table share: the header line and the delimiter."""

    head: str
    delimiter: str


@dataclass(slots=True)  # not frozen: it is made for every article, and a frozen one takes twice the time
class Record:
    """The values of one article as read from a file, and its position.

    Attributes:
        values: every field, as it is in the file.
        number: number of the line, row or item, from 1; None if the file is one article.
        raw: the original text of a record in a text file of records, else "". Undecodable bytes are lone surrogates,
            so it encodes to the original bytes.
        form: what `raw` is: an object on a line, an item of a list, the only object of a file, a row of `table`.
        table: header line and delimiter of a row.
        names: all columns of a table, of which `values` need only have those that are read.
        is_plain: whether text and title are plain text, whatever they look like: the reader has parsed their HTML.
        about: fields that apply if the record has none: those of the list that it is in, or its key; None for none.
        part: its number among the records of one line or item, from 1; 0 if it is the only one.
    """

    values: Mapping[str, Any]
    number: int | None = None
    raw: str = ""
    form: Literal["", "line", "item", "object", "row"] = ""
    table: Table | None = None
    names: Sequence[str] = ()
    is_plain: bool = False
    about: Mapping[str, str] | None = None
    part: int = 0


def rename_fields(fields: Mapping[str, str], **values: Any) -> dict[str, Any]:
    """Rename the fields a reader sets to the names that `from_record` looks for under these `fields`."""
    return {fields.get(name, name): value for name, value in values.items()}


@dataclass(slots=True)
class Source:
    """A file, which can be opened repeatedly, or standard input, which can be opened once.

    Attributes:
        where: its name in notices.
        opened: opens the raw bytes, see `open_file`.
        live: whether it can be read only once, so that the encoding cannot be detected beforehand.
        named_compressed: whether its suffix is that of a compressed file.
        columns: names for the columns of a table without a header.
        path: the path of a file, None for anything else.
        notices: problems found so far; see `pop_notices`.
    """

    where: str
    opened: Callable[[], IO[bytes]]
    live: bool = False
    named_compressed: bool = False
    columns: Sequence[str] = ()
    path: Path | None = None
    notices: list[Notice] = field(default_factory=list)
    _encoding: str | None = None
    _looked: bool = False
    _is_whole: bool = False

    @classmethod
    def of_file(cls, path: Path, where: str, roots: Collection[str] = ()) -> Source:
        """Make a source of a file; see `open_file` for `roots`."""
        compressed = path.suffix.lower() in COMPRESSED_SUFFIXES
        return cls(where, lambda: open_file(path, roots), named_compressed=compressed, path=path)

    @classmethod
    def of_stream(cls, stream: IO[bytes], where: str) -> Source:
        """Make a source of a stream that is read once and left open."""
        return cls(where, lambda: stream, live=True)

    @classmethod
    def of_bytes(cls, content: bytes, where: str) -> Source:
        """Make a source of bytes in memory."""
        return cls(where, lambda: io.BytesIO(content))

    def text(self, *, newline: str | None = None, declared: bool = False, charset: str = "") -> IO[str]:
        """Open as text. Undecodable bytes become lone surrogates; the stream is empty if the file is not text.

        Args:
            newline: as for `open`.
            declared: whether the file may declare its encoding at the start, as XML and HTML do. The declaration is
                used if the bytes are not UTF-8.
            charset: the encoding named by a server, which takes precedence over the declaration.

        Raises:
            OSError: the file cannot be opened.
            MissingDependencyError: the package for its compression is not installed.
        """
        unpacked = None if self.live or self._looked else self._look()
        stream = self.binary() if unpacked is None else unpacked
        beginning = stream.peek(_BEGINNING)
        known = detect_binary(beginning)
        encoding = (bom_encoding(beginning) or "utf-8") if self.live else self._encoding
        named = (legacy_encoding(charset) or declared_encoding(beginning)) if declared and not self.live else None
        if named and (not (encoding or "").startswith("utf") or named == "iso2022_jp"):
            encoding = named
        if encoding is None or known:
            self.add_notice(f"it is {known}, no text" if known else "it is not text")
            stream.close()
            return io.StringIO()
        if encoding != named and (not encoding.startswith("utf") or encoding in {"utf-16-le", "utf-16-be"}):
            self.notices.append(Notice(self.where, f"it is not UTF-8, it looks like {encoding}", "read so", False))
        # Damaged bytes become lone surrogates, which `from_record` replaces, counts and reports.
        errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        return io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline=newline)

    def _look(self) -> io.BufferedReader[Any] | None:
        """Find the encoding, and whether a packed file is whole; return what is in a small one, to unpack it once."""
        # Until a fault is found: how much of a damaged file is read, the standard library decides.
        self._is_whole = True
        before, copy = self.pop_notices(), io.BytesIO()
        with self.binary(quiet=True) as stream:
            is_packed = isinstance(stream.raw, _TolerantStream) and stream.raw.is_unpacking
            clean = is_clean(stream, copy if is_packed else None, LARGEST_KEPT) and self._is_whole
        found, self.notices = self.notices, before
        if clean:
            self._encoding = "utf-8"
        else:
            with self.binary(quiet=True) as stream:
                self._encoding = find_encoding(stream)
            self.notices = before
        self._looked = True
        if not (clean and copy.tell()):
            return None
        self.notices += found
        copy.seek(0)
        return io.BufferedReader(cast(Any, copy), _BUFFER)

    def binary(self, *, quiet: bool = False) -> io.BufferedReader[Any]:
        """Open as decompressed bytes. The stream ends where reading fails.

        Args:
            quiet: add no notices but of a change of its size, for a first pass over the file.

        Raises:
            OSError, MissingDependencyError: see `text`.
        """
        opened = self.opened()
        size = None if self.live else _size(opened)
        ended = None if size is None else lambda count: self._check_size(opened, size, count)
        stream: io.BufferedReader[Any] = io.BufferedReader(
            _TolerantStream(opened, None if quiet else self._broke_off, ended, most=size, keep_open=self.live), _BUFFER
        )
        kind = detect_compression(stream.peek(_BEGINNING))
        if kind:
            broke_off = self._is_damaged if quiet else lambda error, count: self._broke_off(error, count, kind)
            try:
                unpacked = decompress(stream, kind, fast=self._is_whole)
                return io.BufferedReader(_TolerantStream(unpacked, broke_off, is_unpacking=True), _BUFFER)
            except MissingDependencyError:
                stream.close()
                raise
        if self.named_compressed and not quiet and stream.peek(1):
            self.notices.append(Notice(self.where, "its name says that it is packed, and it is not", "read so", False))
        return stream

    def seekable(self) -> IO[bytes]:
        """Open as a seekable file of decompressed bytes, a temporary copy if necessary.

        Raises:
            OSError: the file cannot be opened, or the copy does not fit on the disk.
            MissingDependencyError: see `text`.
        """
        if not self.live:
            stream = self.opened()
            if stream.seekable() and not detect_compression(stream.read(_BEGINNING)):
                stream.seek(0)
                return stream
            stream.close()
        copy = cast(IO[bytes], tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
        with self.binary() as packed:
            shutil.copyfileobj(packed, copy)
        copy.seek(0)
        return copy

    def read_text(self, *, declared: bool = False, charset: str = "") -> str:
        """Return the whole text; "" with a notice if it is not text or too long for an article."""
        with self.text(declared=declared, charset=charset) as stream:
            text = stream.read(LARGEST_RECORD + 1)
        return "" if self._is_too_large(len(text), "characters") else text

    def whole_bytes(self) -> bytes:
        """Return all bytes; none with a notice if they are too many for an article."""
        with self.binary() as stream:
            content = stream.read(LARGEST_RECORD + 1)
        return b"" if self._is_too_large(len(content), "bytes") else content

    def _is_too_large(self, size: int, unit: str) -> bool:
        if size > LARGEST_RECORD:
            self.add_notice(f"it has more than {LARGEST_RECORD:,} {unit}, too many for an article")
        return size > LARGEST_RECORD

    def add_notice(self, problem: str, action: str = "skipped") -> None:
        """Add a notice of something skipped."""
        self.notices.append(Notice(self.where, problem, action, skipped=True))

    def broken_behind(self, row: int, error: Exception) -> Notice:
        """Return the notice of a table that cannot be read any further, after `row` rows."""
        why = " ".join(str(error).split())[:200] or type(error).__name__
        problem = f"it cannot be read ({why})"
        if row:
            return Notice(self.where, f"behind row {row:,} {problem}", "the rest is skipped", skipped=True)
        return Notice(self.where, problem, "skipped", skipped=True)

    def pop_notices(self) -> list[Notice]:
        """Return the notices so far, and clear them."""
        taken, self.notices = self.notices, []
        return taken

    def _check_size(self, stream: IO[bytes], size: int, count: int) -> None:
        """Note a file that changed while it was read. Bytes added meanwhile are not read."""
        if count < size:
            self.add_notice("it became shorter while it was read", f"what was left is kept ({count} bytes)")
        elif os.fstat(stream.fileno()).st_size > size:
            self.add_notice("it grew while it was read", f"what it had at first is kept ({size} bytes)")

    def _is_damaged(self, error: Exception, count: int) -> None:  # noqa: ARG002 - as `_broke_off`
        self._is_whole = False

    def _broke_off(self, error: Exception, count: int, kind: str = "") -> None:
        action = f"what was read up to there is kept ({count} bytes)" if count else "skipped"
        if isinstance(error, TooLarge):
            self.add_notice(str(error), action)
        else:
            self.add_notice(
                f"it is not a whole {kind} file ({error})" if kind else f"it cannot be read ({error})", action
            )


def open_file(path: Path, roots: Collection[str] = ()) -> IO[bytes]:
    """Open a regular file for reading, never one outside `roots`, and never wait for a pipe.

    The file may be replaced by a link or a pipe between the check of its path and this call. Below a root, therefore,
    each folder is opened from the one above it without following links, and the type is checked of what was opened.

    Args:
        path: the file.
        roots: real paths of the files and folders that may be read; none for no restriction.

    Raises:
        OSError: the file cannot be opened, is not a regular file, or is not below a root.
    """
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"))
    opened = _open_below(path, roots, flags) if roots else os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        if hasattr(os, "set_blocking"):
            os.set_blocking(opened, True)
        return os.fdopen(opened, "rb")
    except BaseException:
        os.close(opened)
        raise


def _open_below(path: Path, roots: Collection[str], flags: int) -> int:
    real = Path(os.path.realpath(path))
    root = next((place for place in (real, *real.parents) if str(place) in roots), None)
    if root is None:
        raise OSError(errno.ELOOP, "it leads out of what was given")
    if os.open not in os.supports_dir_fd:  # Windows, where links need a privilege
        return os.open(real, flags)
    names = real.relative_to(root).parts or (root.name,)
    folder = os.open(root if real != root else root.parent, _FOLDER | (0 if real == root else os.O_NOFOLLOW))
    try:
        for name in names[:-1]:
            below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(names[-1], flags | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise OSError(error.errno, "it became a link while it was read") from None
        raise
    finally:
        os.close(folder)


def _size(stream: IO[bytes]) -> int | None:
    """Return the size of a regular file; None for anything else, and for system files of unknown size."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, AttributeError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) and status.st_size else None


def lines(stream: IO[AnyStr]) -> Iterator[AnyStr | None]:
    """Yield the lines of a stream with their ends; None for one that is too long for a record."""
    while line := stream.readline(LARGEST_RECORD):
        if len(line) < LARGEST_RECORD:
            yield line
            continue
        end: Any = b"\n" if isinstance(line, bytes) else "\n"
        if line.endswith(end):
            yield line
            continue
        while (rest := stream.readline(1 << 20)) and not rest.endswith(end):
            pass
        yield None


class _TolerantStream(io.RawIOBase):
    """A stream that ends where reading fails, so that the data before are not lost."""

    def __init__(
        self,
        stream: IO[bytes],
        broke_off: Callable[[Exception, int], None] | None = None,
        ended: Callable[[int], None] | None = None,
        *,
        most: int | None = None,
        keep_open: bool = False,
        is_unpacking: bool = False,
    ) -> None:
        self.is_unpacking = is_unpacking
        self._stream = stream
        self._broke_off = broke_off
        self._at_end = ended
        self._most = most
        self._keep_open = keep_open
        self._count = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        if self._ended:
            return 0
        try:
            # `read` would discard data if a later piece fails; `read1` does not.
            size = len(view) if self._most is None else min(len(view), self._most - self._count)
            data = (getattr(self._stream, "read1", None) or self._stream.read)(size) if size else b""
        except (OSError, EOFError, TooLarge, zlib.error, lzma.LZMAError) as error:
            self._ended = True
            if self._broke_off:
                self._broke_off(error, self._count)
            return 0
        view[: len(data)] = data
        self._count += len(data)
        if not data:
            self._ended = True
            if self._at_end:
                self._at_end(self._count)
        return len(data)

    def close(self) -> None:
        if not self._keep_open:
            self._stream.close()
        super().close()
