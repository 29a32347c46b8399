"""Packed files: told by their first bytes whatever their name, unpacked as they are read, and never without end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, cast

from dedup.errors import MissingDependencyError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from zstandard import ZstdDecompressor

LARGEST_RATIO = 200
"""How many times its own size a file may unpack to. News packs to a quarter or a tenth, bombs to a thousandth."""

_ALLOWANCE = 1 << 26
"""Bytes that any file may unpack to."""

_MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))

_BINARY_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF-", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
)
"""What is no text but has a name, for those who look for why it was skipped."""


class TooLarge(Exception):  # noqa: N818 - caught where it is raised, never seen by a caller
    """A packed file gives more than it can rightly hold."""


def detect_compression(beginning: bytes) -> str:
    """What a file with these first bytes is packed with, "" for nothing known."""
    return next((kind for magic, kind in _MAGIC if beginning.startswith(magic)), "")


def detect_binary(beginning: bytes) -> str:
    """What a file with these first bytes is, if it is known and no text; else ""."""
    return next((kind for magic, kind in _BINARY_SIGNATURES if beginning.startswith(magic)), "")


def decompress(stream: IO[bytes], kind: str) -> IO[bytes]:
    """The content of a packed stream.

    It raises, as it is read: OSError, EOFError, zlib.error, lzma.LZMAError where the packing is damaged; TooLarge.

    Raises:
        MissingDependencyError: zstd needs a package, which is not there.
    """
    counted = _CountingStream(stream)
    return cast(IO[bytes], io.BufferedReader(_LimitedStream(_opener(kind)(cast(IO[bytes], counted)), counted), 1 << 16))


def _opener(kind: str) -> Callable[[IO[bytes]], IO[bytes]]:
    openers: dict[str, Callable[[IO[bytes]], object]] = {
        "bzip2": bz2.BZ2File,
        "gzip": lambda stream: gzip.GzipFile(fileobj=stream),
        "xz": lzma.LZMAFile,
        "zstd": _open_zstd,
    }
    return cast(Callable[[IO[bytes]], IO[bytes]], openers[kind])


def _open_zstd(stream: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard
    except ImportError:
        raise MissingDependencyError("reading .zst", "zstandard", extra="zstd") from None
    return cast(IO[bytes], _ZstdStream(stream, zstandard.ZstdDecompressor()))


class _ZstdStream:
    """zstd with the errors of the standard library, and one where it is cut: zstandard's own reader gives none."""

    _PIECE = 1024
    """Bytes unpacked at once: no more than 32 MB come of them, since four can stand for 128 kB."""

    def __init__(self, stream: IO[bytes], decompressor: ZstdDecompressor) -> None:
        self._stream = stream
        self._decompressor = decompressor
        self._frame = decompressor.decompressobj()
        self._begun = False
        self._waiting, self._place = b"", 0
        self._packed = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, none only at the end."""
        from zstandard import ZstdError

        try:
            while self._place == len(self._waiting) and self._fill():
                pass
        except ZstdError as error:
            raise OSError(str(error)) from None
        given = self._waiting[self._place : self._place + size]  # what is left stays where it is: it can be 32 MB
        self._place += len(given)
        return given

    def _fill(self) -> bool:
        """Unpacks one more piece; False where there is none."""
        piece = self._packed or self._stream.read(self._PIECE)
        if not piece:
            if self._begun:
                raise EOFError("the file ends before its end")
            return False
        self._waiting, self._place = self._frame.decompress(piece), 0
        self._begun, self._packed = True, b""
        if self._frame.eof:  # several frames, one behind the other, are one file
            self._packed = self._frame.unused_data
            self._frame, self._begun = self._decompressor.decompressobj(), False
        return True

    def close(self) -> None:
        self._stream.close()


class _CountingStream(io.RawIOBase):
    """A stream that counts what is read from it."""

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
    """An unpacked stream that ends with an error where it grows beyond all measure."""

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
        # A plain read would throw away what it has when the next piece fails.
        data: bytes = (getattr(self._stream, "read1", None) or self._stream.read)(len(view))
        view[: len(data)] = data
        self._count += len(data)
        return len(data)

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()
