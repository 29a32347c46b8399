"""Iterate the records of a WARC file with warcio, with limits on size, and report damage.

On its own, warcio reads header lines and body chunks of any length into memory, prints warnings to standard error, and
silently truncates a body that cannot be decompressed to its end. Importing this module needs warcio.
"""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Iterator
from functools import partial
from typing import IO, Any, cast

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import BufferedReader, ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed

from dedup.errors import MissingDependencyError
from dedup.read.compression import TooLarge, decompress, detect_compression
from dedup.read.source import LARGEST_RECORD

LONGEST_HEAD = 1 << 20
"""Maximum bytes of the headers of a record, WARC and HTTP together, and of the blank lines between records."""

_PIECE = 1 << 16
"""Approximate bytes decompressed at a time."""

_CUT = "it ends before its end"

logging.getLogger("warcio").addHandler(logging.NullHandler())  # otherwise its warnings go to standard error


class WarcRecords(ArchiveIterator):  # type: ignore[misc] # warcio has no types
    """Iterates the records of a decompressed WARC file.

    Attributes:
        overrun: whether the previous record was longer than its header says.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self.reader = _BoundedLines(self.fh)
        self.overrun = False

    def _next_record(self, next_line: bytes | None) -> Any:
        self.reader.head = 0
        return super()._next_record(next_line)

    def _consume_blanklines(self) -> tuple[bytes | None, int]:
        """Return the first line of the next record, and the number of bytes before it."""
        self.reader.head = 0
        line = self.reader.readline()
        self.overrun = bool(line.strip())
        size = len(line)
        while (line := self.reader.readline()) and not line.strip():
            size += len(line)
        return line or None, size


class _BoundedLines(BufferedReader):  # type: ignore[misc] # warcio has no types
    """A stream that limits the length of header lines."""

    head = 0
    """Bytes of lines since the start of the record or of the gap after it."""

    def readline(self, length: int | None = None) -> bytes:
        left = LONGEST_HEAD - self.head
        line: bytes = super().readline(left if length is None else min(left, length))
        self.head += len(line)
        if self.head >= LONGEST_HEAD:
            raise ArchiveLoadFailed(f"a header of more than {LONGEST_HEAD:,} bytes")
        return line


def read_body(record: Any) -> tuple[bytes, list[str]]:
    """Return the decompressed body of a record, and the problems with it.

    A damaged body is returned as far as it can be read. Reading stops once a body exceeds `LARGEST_RECORD` bytes.
    """
    raw: bytes = record.raw_stream.read(LARGEST_RECORD + 1)
    problems = []
    if len(raw) <= LARGEST_RECORD and getattr(record.raw_stream, "limit", None):
        problems.append("the file ends in the middle of it")
    headers = record.http_headers
    if not headers or len(raw) > LARGEST_RECORD:
        return raw, problems
    if (headers.get_header("Transfer-Encoding") or "").strip().lower() == "chunked":
        raw = ChunkedDataReader(io.BytesIO(raw)).read(LARGEST_RECORD + 1)
    content, problem = _decode_content(raw, (headers.get_header("Content-Encoding") or "").strip().lower())
    return content, [*problems, *([problem] if problem else [])]


def _decode_content(raw: bytes, encoding: str) -> tuple[bytes, str]:
    """Decompress a body by its `Content-Encoding`, and return it with a problem, "" for none."""
    pieces, size = [], 0
    try:
        for piece in _decompressed(raw, encoding):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_RECORD:
                break
    except (OSError, EOFError, zlib.error) as error:
        if not pieces:
            return raw, ""  # some servers declare an encoding that they did not apply
        return b"".join(pieces), f"its content cannot be unpacked to its end ({error})"
    except (MissingDependencyError, TooLarge) as error:
        return b"", str(error)
    return b"".join(pieces), ""


def _decompressed(raw: bytes, encoding: str) -> Iterator[bytes]:
    """Yield a body decompressed piece by piece, or as it is if it is not compressed as declared."""
    kind = detect_compression(raw)
    if kind and encoding.removeprefix("x-") == kind:
        stream = cast(io.BufferedReader, decompress(io.BytesIO(raw), kind))
        return iter(partial(stream.read1, _PIECE), b"")
    if encoding == "deflate":
        return _inflate(raw)
    return _decompress_brotli(raw) if encoding == "br" else iter([raw])


def _inflate(raw: bytes) -> Iterator[bytes]:
    """Decompress deflate. The standard requires the zlib header, but many servers omit it."""
    inflating = zlib.decompressobj()
    try:
        inflating.copy().decompress(raw, 1)
    except zlib.error:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    while piece := inflating.decompress(raw, _PIECE):
        yield piece
        raw = inflating.unconsumed_tail
    if not inflating.eof:
        raise EOFError(_CUT)


def _decompress_brotli(raw: bytes) -> Iterator[bytes]:
    try:
        import brotli
    except ImportError:
        raise MissingDependencyError("its content, packed with br,", "brotli", extra="warc") from None
    inflating = brotli.Decompressor()
    try:
        while piece := inflating.process(raw, output_buffer_limit=_PIECE):
            yield piece
            raw = b""
            if inflating.is_finished():
                return
    except brotli.error as error:
        raise OSError(str(error)) from None
    if not inflating.is_finished():
        raise EOFError(_CUT)
