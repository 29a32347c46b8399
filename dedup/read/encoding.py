"""Detect the encoding of a file, and whether it is text at all."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from typing import IO

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_LEGACY = (
    *("cp1252", "cp1251", "cp1250", "cp1256", "cp1254", "cp1253", "cp1255", "cp1257", "cp1258", "cp874", "koi8_r"),
    *("gb18030", "cp932", "big5", "cp949", "euc_jp"),
)
"""Encodings of news before UTF-8, most common first: of two that fit equally well the first is chosen."""

_DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)|<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""",
    re.IGNORECASE,
)

_MEANT = {
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis", "sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), "cp949"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620"), "cp874"),
}
"""Declared encoding -> the one browsers use for it (WHATWG Encoding Standard)."""

_DECLARABLE = re.compile(r"cp(125\d|866|874|932|949)|iso8859.*|iso2022_jp|koi8.*|mac.*|gb18030|big5.*|euc_jp")

_FEWEST_WIDE = 8
"""Minimum bytes to detect UTF-16 without a byte order mark."""

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_ASCII = bytes(range(128))
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b")) + b"\x7f"


def bom_encoding(beginning: bytes) -> str | None:
    """Return the encoding of a byte order mark, None without one."""
    return next((name for mark, name in _BYTE_ORDER_MARKS if beginning.startswith(mark)), None)


def declared_encoding(beginning: bytes) -> str | None:
    """Return the legacy encoding that the start of XML or HTML declares; None for none and for UTF-8."""
    found = _DECLARATION.search(beginning)
    return legacy_encoding((found[1] or found[2]).decode("ascii", "ignore")) if found else None


def legacy_encoding(name: str) -> str | None:
    """Return the codec of a legacy encoding named by a page or server; None for UTF-8 and unknown names."""
    try:
        codec = codecs.lookup(_MEANT.get(name.strip().lower(), name.strip())).name
    except (LookupError, ValueError):  # ValueError: a null byte in it
        return None
    return codec if _DECLARABLE.fullmatch(codec) else None


def is_clean(stream: IO[bytes], copy: IO[bytes] | None = None, most: int = 0) -> bool:
    """Return whether a stream, read to its end, is UTF-8 without a fault, null bytes and a byte order mark.

    `find_encoding` says "utf-8" of each of these, in twice the time.

    Args:
        stream: the bytes.
        copy: what is read is written there; truncated to nothing if it is more than `most` bytes.
        most: see `copy`.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_first = True
    try:
        while block := stream.read(_BLOCK):
            if 0 in block or (is_first and bom_encoding(block)):
                return False
            decoder.decode(block)
            is_first = False
            if copy is not None:
                copy.write(block)
                if copy.tell() > most:
                    copy.seek(0)
                    copy.truncate()
                    copy = None
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def find_encoding(stream: IO[bytes]) -> str | None:
    """Detect the encoding of a stream, read to its end in blocks; None if it is not text.

    A byte order mark decides. Otherwise the encoding is UTF-8 if most bytes beyond ASCII are valid UTF-8, so that a few
    damaged bytes do not change the encoding of a whole file; else charset-normalizer decides. A stream with over 10 %
    null bytes is UTF-16 if they alternate with others, else not text. A stream that is not UTF-8 and has over 1 %
    control characters is not text.
    """
    size = nulls = controls = fitting = unfitting = 0
    first = sample = b""
    while block := stream.read(_BLOCK):
        if not size and (marked := bom_encoding(block)):
            return marked
        first = first or block[:_SAMPLE]
        size += len(block)
        nulls += block.count(0)
        controls += len(block) - len(block.translate(None, _CONTROLS))
        if block.isascii():
            continue
        fits = len(block.decode("utf-8", "ignore").encode())
        fitting += fits - (len(block) - len(block.translate(None, _ASCII)))
        unfitting += len(block) - fits
        if fits < len(block) and not sample:
            sample = _around_misfit(block)
    if nulls * 10 > size:
        return _guess_utf16(first)
    if unfitting <= fitting:
        return "utf-8"
    return _guess(sample) if controls * 100 <= size else None


def _guess_utf16(sample: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark by the positions of null bytes; None if it is not text."""
    for name, high, low in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if len(sample) >= _FEWEST_WIDE and low.count(0) * 50 < high.count(0) and high.count(0) * 5 > len(high):
            try:
                codecs.getincrementaldecoder(name)().decode(sample)  # the last character may be incomplete
            except UnicodeDecodeError:
                continue
            return name
    return None


def _around_misfit(block: bytes) -> bytes:
    """Return whole lines from the first that is not UTF-8, at most `_SAMPLE` bytes."""
    try:
        block.decode()
    except UnicodeDecodeError as error:
        block = block[block.rfind(b"\n", 0, error.start) + 1 :]
    end = block.rfind(b"\n", 0, _SAMPLE) if len(block) > _SAMPLE else len(block)
    return block[: end if end > 0 else _SAMPLE]


def _guess(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    found = [
        (match.chaos, _oddities(str(match)), -match.coherence, _LEGACY.index(name), name)
        for match in from_bytes(sample, cp_isolation=list(_LEGACY))
        for name in match.could_be_from_charset
        if name in _LEGACY
    ]
    return min(found)[-1] if found else None


def _oddities(text: str) -> int:
    """Count characters beyond ASCII that are neither letters nor punctuation: signs of a wrong encoding."""
    kinds = Counter(unicodedata.category(character) for character in text if not character.isascii())
    return sum(count for kind, count in kinds.items() if kind[0] not in "LMPZ" and kind != "Sc")
