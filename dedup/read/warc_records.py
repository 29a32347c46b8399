"""The records of a WARC file and the bodies in them, by warcio, held to bounds: and whatever is amiss is told.

warcio reads a line of a header, and a chunk of a body, whole, however long it is; it prints what it finds amiss to
standard error; and it passes a body that cannot be unpacked to its end as if that were all. Needs warcio.
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
"""Bytes of the headers of a record, its own and those of HTTP, and of what stands between two records."""

_PIECE = 1 << 16
"""Bytes that are unpacked at once, or not many more."""

_CUT = "it ends before its end"

logging.getLogger("warcio").addHandler(logging.NullHandler())  # else its warnings go to standard error, as they come


class WarcRecords(ArchiveIterator):  # type: ignore[misc] # warcio has no types
    """The records of a file that is unpacked already.

    Attributes:
        overrun: whether the record before the one that came last had more behind it than its length says.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self.reader = _BoundedLines(self.fh)
        self.overrun = False

    def _next_record(self, next_line: bytes | None) -> Any:
        self.reader.head = 0
        return super()._next_record(next_line)

    def _consume_blanklines(self) -> tuple[bytes | None, int]:
        """Reads on to the next record: its first line, and how many bytes there were before it."""
        self.reader.head = 0
        line = self.reader.readline()
        self.overrun = bool(line.strip())
        size = len(line)
        while (line := self.reader.readline()) and not line.strip():
            size += len(line)
        return line or None, size


class _BoundedLines(BufferedReader):  # type: ignore[misc] # warcio has no types
    """A stream whose lines have an end."""

    head = 0
    """Bytes of lines since the record, or what is behind it, began."""

    def readline(self, length: int | None = None) -> bytes:
        left = LONGEST_HEAD - self.head
        line: bytes = super().readline(left if length is None else min(left, length))
        self.head += len(line)
        if self.head >= LONGEST_HEAD:
            raise ArchiveLoadFailed(f"a header of more than {LONGEST_HEAD:,} bytes")
        return line


def read_body(record: Any) -> tuple[bytes, list[str]]:
    """What is in a record, as the server had it before it packed it, and what is amiss with it.

    Of a body that is too large for an article more than `LARGEST_RECORD` bytes come; of a damaged one what can be read.
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
    """A body unpacked as its header says, unless it is not packed at all; and what is amiss with it."""
    pieces, size = [], 0
    try:
        for piece in _decompressed(raw, encoding):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_RECORD:
                break
    except (OSError, EOFError, zlib.error) as error:
        if not pieces:
            return raw, ""  # servers say so of what they have not packed
        return b"".join(pieces), f"its content cannot be unpacked to its end ({error})"
    except (MissingDependencyError, TooLarge) as error:
        return b"", str(error)
    return b"".join(pieces), ""


def _decompressed(raw: bytes, encoding: str) -> Iterator[bytes]:
    """A body that is packed as a header says, some at a time; as it is where it is not."""
    kind = detect_compression(raw)
    if kind and encoding.removeprefix("x-") == kind:
        stream = cast(io.BufferedReader, decompress(io.BytesIO(raw), kind))
        return iter(partial(stream.read1, _PIECE), b"")
    if encoding == "deflate":
        return _inflate(raw)
    return _decompress_brotli(raw) if encoding == "br" else iter([raw])


def _inflate(raw: bytes) -> Iterator[bytes]:
    """By the standard with zlib's frame, in the field often without."""
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
