"""Writes `alphabet.tsv`, the kind and the folded form of every code point: `python -m dedup.text.build_alphabet`.

The table is made from one Unicode version and shipped: with the tables of the running Python, an upgrade of Python
could change which articles belong together.
"""

from __future__ import annotations

import sys
import unicodedata
from itertools import groupby
from pathlib import Path

from dedup.text.tokens import APOSTROPHES

# Scripts written without spaces between words (and Hangul, whose words carry their particles with them).
UNSEGMENTED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # Han iteration mark and zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3130, 0x318F),  # Hangul compatibility letters
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA960, 0xA97F),  # Hangul letters
    (0xAA60, 0xAA7F),  # Burmese
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),  # Han
    (0xFF66, 0xFFDC),  # half-width Katakana and Hangul
    (0x1AFF0, 0x1B16F),  # Kana extensions
    (0x20000, 0x3FFFF),  # Han
)

# Optional signs that do not change the word: vowel points, the Arabic stretch sign, variation selectors.
IGNORED = (
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic signs
    (0x0640, 0x0640),  # Arabic tatweel
    (0x064B, 0x065F),  # Arabic vowels
    (0x0670, 0x0670),  # Arabic superscript alef
    (0x06D6, 0x06DC),  # Quranic signs
    (0xFE00, 0xFE0F),  # variation selectors
    (0xE0100, 0xE01EF),  # variation selectors
)

# Spelling variants within one language. The Arabic and Persian ones are those of Lucene's ArabicNormalizer and
# PersianNormalizer.
SPELLINGS = {"ς": "σ", "ё": "е", "أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه"}


def _within(point: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= point <= high for low, high in ranges)


def kind(point: int) -> str:
    """C capital, L other letter, D digit, M mark, U letter or mark of an unsegmented script, I ignorable, "" other."""
    category = unicodedata.category(chr(point))
    if chr(point) in APOSTROPHES:
        return ""
    if category == "Cf" or _within(point, IGNORED):
        return "I"
    if category == "Nd":
        return "D"
    if _within(point, UNSEGMENTED):
        return "U" if category[0] in "LM" or point == 0x3007 else ""
    if category in ("Lu", "Lt"):
        return "C"
    return category[0] if category[0] in "LM" else ""


def fold(point: int) -> int:
    """The folded form of a code point: lower case, ASCII digits, one spelling."""
    char = chr(point)
    if unicodedata.category(char) == "Nd":
        return ord("0") + unicodedata.digit(char)
    if 0xFF21 <= point <= 0xFF5A:  # full-width Latin letters
        char = unicodedata.normalize("NFKC", char)
    lower = char.lower()
    char = lower if len(lower) == 1 else lower[0]  # only U+0130 has two: i and a dot
    return ord(SPELLINGS.get(char, char))


def main() -> None:
    rows = []
    points = [(point, kind(point)) for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF]
    words = [(point, name, fold(point) - point) for point, name in points if name]
    # A row is a run of code points with one kind and one distance to the folded form; alphabets in which capital and
    # small letters alternate have a row for every letter.
    for (name, shift, _), run in groupby(enumerate(words), lambda item: (*item[1][1:], item[1][0] - item[0])):
        run_points = [point for _, (point, _, _) in run]
        rows.append(f"{run_points[0]:X}\t{run_points[-1]:X}\t{name}\t{shift}")
    head = (
        f"# Unicode {unicodedata.unidata_version}: first, last, kind, distance to the folded form (build_alphabet.py)"
    )
    target = Path(__file__).with_name("alphabet.tsv")
    target.write_text("\n".join([head, *rows]) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
