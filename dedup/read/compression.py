"""Detect compressed files by their first bytes, and decompress them as streams with a limit on the ratio."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, cast

from dedup.errors import MissingDependencyError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from zstandard import ZstdDecompressor

LARGEST_RATIO = 200
"""Maximum ratio of decompressed to compressed size. News has 4 to 10, decompression bombs about 1,000."""

_ALLOWANCE = 1 << 26
"""Bytes any file may decompress to, whatever its ratio."""

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))

_BINARY_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF-", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
)
"""Signatures of binary formats, named in the notice of a skipped file."""


class TooLarge(Exception):  # noqa: N818 - internal, never reaches a caller
    """Raised when a compressed file exceeds the maximum ratio."""


def detect_compression(beginning: bytes) -> str:
    """Return the compression of a file with these first bytes, "" for none."""
    return next((kind for magic, kind in _MAGIC if beginning.startswith(magic)), "")


def detect_binary(beginning: bytes) -> str:
    """Return the binary format of a file with these first bytes, as in "a PDF"; "" if none is known."""
    return next((kind for magic, kind in _BINARY_SIGNATURES if beginning.startswith(magic)), "")


def decompress(stream: IO[bytes], kind: str, *, fast: bool = False) -> IO[bytes]:
    """Return a stream of the decompressed content.

    Reading it raises OSError, EOFError, zlib.error or lzma.LZMAError for damaged data, and TooLarge.

    Args:
        stream: the compressed bytes.
        kind: see `detect_compression`.
        fast: whether gzip may be read by isal, which reads it three times as fast, but has other errors.

    Raises:
        MissingDependencyError: the package for zstd is not installed.
    """
    counted = _CountingStream(stream)
    return cast(
        IO[bytes], io.BufferedReader(_LimitedStream(_opener(kind, fast)(cast(IO[bytes], counted)), counted), 1 << 16)
    )


def _opener(kind: str, fast: bool) -> Callable[[IO[bytes]], IO[bytes]]:
    openers: dict[str, Callable[[IO[bytes]], object]] = {
        "bzip2": bz2.BZ2File,
        "gzip": lambda stream: _gzip_file(fast)(fileobj=stream),
        "xz": lzma.LZMAFile,
        "zstd": _open_zstd,
    }
    return cast(Callable[[IO[bytes]], IO[bytes]], openers[kind])


def _gzip_file(fast: bool) -> type[gzip.GzipFile]:
    try:
        from isal.igzip import IGzipFile
        from isal.igzip_lib import IsalError
    except ImportError:  # it is not built for every platform
        fast = False
    if not fast:
        return gzip.GzipFile

    class FastFile(IGzipFile):  # type: ignore[misc] # it has no types
        def read1(self, size: int = -1) -> bytes:
            try:
                data: bytes = super().read1(size)
            except IsalError as error:
                raise zlib.error(str(error)) from None
            return data

    return FastFile


def _open_zstd(stream: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        raise MissingDependencyError("reading .zst", "zstandard", extra="zstd") from None
    return cast(IO[bytes], _ZstdStream(stream, zstandard.ZstdDecompressor()))


class _ZstdStream:
    """A zstd reader with the exceptions of the standard library. Unlike zstandard's, it detects truncated files."""

    _PIECE = 1024
    """Compressed bytes per step. They give at most 32 MB, since four bytes can stand for 128 kB."""

    def __init__(self, stream: IO[bytes], decompressor: ZstdDecompressor) -> None:
        self._stream = stream
        self._decompressor = decompressor
        self._frame = decompressor.decompressobj()
        self._begun = False
        self._waiting, self._place = b"", 0
        self._packed = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none only at the end."""
        from zstandard import ZstdError

        try:
            while self._place == len(self._waiting) and self._fill():
                pass
        except ZstdError as error:
            raise OSError(str(error)) from None
        given = self._waiting[self._place : self._place + size]  # the rest, up to 32 MB, is not copied
        self._place += len(given)
        return given

    def _fill(self) -> bool:
        """Decompress the next piece; False at the end."""
        piece = self._packed or self._stream.read(self._PIECE)
        if not piece:
            if self._begun:
                raise EOFError("the file ends before its end")
            return False
        self._waiting, self._place = self._frame.decompress(piece), 0
        self._begun, self._packed = True, b""
        if self._frame.eof:  # a file may consist of several frames
            self._packed = self._frame.unused_data
            self._frame, self._begun = self._decompressor.decompressobj(), False
        return True

    def close(self) -> None:
        self._stream.close()


class _CountingStream(io.RawIOBase):
    """A stream that counts the bytes read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _LimitedStream(io.RawIOBase):
    """A decompressed stream that raises `TooLarge` beyond the maximum ratio."""

    def __init__(self, stream: IO[bytes], packed: _CountingStream) -> None:
        self._stream = stream
        self._packed = packed
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer)
        if self._count > max(_ALLOWANCE, LARGEST_RATIO * self._packed.count):
            raise TooLarge(f"it unpacks to more than {LARGEST_RATIO} times its size")
        # `read` would discard decompressed data if a later piece fails; `read1` does not.
        data: bytes = (getattr(self._stream, "read1", None) or self._stream.read)(len(view))
        view[: len(data)] = data
        self._count += len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()
