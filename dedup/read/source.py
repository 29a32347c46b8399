"""One file, or standard input, as text: unpacked and decoded, with a notice of whatever went wrong on the way."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from dedup.article import Notice
from dedup.read.encoding import find_encoding, marked_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True, slots=True)
class Record:
    """What a reader finds: the values of one article by name, and its number in a file of many.

    The number is a line or the place in a list, from 1; None where the file is one article.
    """

    values: Mapping[str, Any]
    number: int | None = None


@dataclass(slots=True)
class Source:
    """A file that can be opened as often as needed, or standard input, which can be opened once.

    Attributes:
        where: its name in notices.
        opened: gives its bytes, unpacked.
        packed: whether they were packed.
        live: whether they come once only, so that the encoding cannot be looked for before they are read.
        notices: what went wrong while it was read. Whoever reads takes them out.
    """

    where: str
    opened: Callable[[], IO[bytes]]
    packed: bool = False
    live: bool = False
    notices: list[Notice] = field(default_factory=list)
    _encoding: str | None = None
    _looked: bool = False

    @classmethod
    def of_file(cls, path: Path, where: str) -> Source:
        if path.suffix.lower() == ".gz":
            return cls(where, lambda: cast(IO[bytes], gzip.open(path)), packed=True)
        return cls(where, lambda: path.open("rb"))

    @classmethod
    def of_stream(cls, stream: IO[bytes], where: str) -> Source:
        """Bytes that come once. The stream is left open."""
        return cls(where, lambda: stream, live=True)

    def text(self, *, newline: str | None = None) -> IO[str]:
        """Its text as a stream, empty where it is none; bytes that fit no character arrive as lone surrogates.

        Raises:
            OSError: it cannot be opened.
        """
        if self.live:
            stream = io.BufferedReader(_Patient(self.opened(), self._broke_off, keep_open=True))
            encoding: str | None = marked_encoding(stream.peek(4)) or "utf-8"
        else:
            if not self._looked:
                with io.BufferedReader(_Patient(self.opened())) as stream:
                    self._encoding = find_encoding(stream)
                self._looked = True
            encoding = self._encoding
            stream = io.BufferedReader(_Patient(self.opened(), self._broke_off))
        if encoding is None:
            self.notices.append(Notice(self.where, "it is not text", "skipped", skipped=True))
            stream.close()
            return io.StringIO()
        if not encoding.startswith("utf"):
            self.notices.append(Notice(self.where, f"it is not UTF-8, it looks like {encoding}", "read so", False))
        # Either way what is damaged arrives as lone surrogates, which `from_record` replaces, counts and tells.
        errors = "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        return io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline=newline)

    def taken_notices(self) -> list[Notice]:
        """The notices so far, which it then forgets."""
        taken, self.notices = self.notices, []
        return taken

    def _broke_off(self, error: Exception, count: int) -> None:
        action = f"what was read up to there is kept ({count} bytes)" if count else "skipped"
        broken = "it is not a whole gzip file" if self.packed else "it cannot be read"
        self.notices.append(Notice(self.where, f"{broken} ({error})", action, skipped=True))


class _Patient(io.RawIOBase):
    """A stream that ends where reading fails, so that what came before is not lost."""

    def __init__(
        self,
        stream: IO[bytes],
        broke_off: Callable[[Exception, int], None] | None = None,
        *,
        keep_open: bool = False,
    ) -> None:
        self._stream = stream
        self._broke_off = broke_off
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
            # A plain read would throw away what it has when the next piece fails.
            data = (getattr(self._stream, "read1", None) or self._stream.read)(len(view))
        except (OSError, EOFError, zlib.error) as error:
            self._ended = True
            if self._broke_off:
                self._broke_off(error, self._count)
            return 0
        view[: len(data)] = data
        self._count += len(data)
        return len(data)

    def close(self) -> None:
        if not self._keep_open:
            self._stream.close()
        super().close()
