"""Writes `normal.tsv`, what Unicode's normalisation form C does to code points: `python -m dedup.text.build_normal`.

With it a text that is in that form already, as nearly all are, is told without being normalised. No character changes
once it is in the standard, but new ones come: those this Unicode version does not know are listed as unknown.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

JAMO = {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
"""Hangul letters that join the syllable before them."""


def compositions() -> Iterator[tuple[int, int]]:
    """Every pair of code points that this form puts together, Hangul aside."""
    for point in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.is_normalized("NFC", chr(point)):
            yield int(parts[0], 16), int(parts[1], 16)


def kind(point: int, joining: set[int]) -> str:
    """What to mind about a code point, "" for nothing.

    X: not known, or never part of a normalised text. J: may join the character before it. C: is composed itself, so
    marks may have to move into it. P: none of these. The number is the canonical combining class.
    """
    char = chr(point)
    order = unicodedata.combining(char)
    if unicodedata.category(char) == "Cn" or not unicodedata.is_normalized("NFC", char):
        return "X0"
    if point in joining:
        return f"J{order}"
    if unicodedata.normalize("NFD", char) != char:
        return f"C{order}"
    return f"P{order}" if order else ""


def rows() -> list[str]:
    """The lines of the table, without its head."""
    pairs = sorted(compositions())
    joining = JAMO | {second for _, second in pairs}
    points = [(point, kind(point, joining)) for point in range(sys.maxunicode + 1)]
    found = []
    for name, run in groupby(points, lambda item: item[1]):
        if name:
            run_points = [point for point, _ in run]
            found.append(f"{run_points[0]:X}\t{run_points[-1]:X}\t{name}")
    return found + [f"{first:X}\t{second:X}\t+" for first, second in pairs]


def main() -> None:
    head = f"# Unicode {unicodedata.unidata_version}: first, last, kind; or the two that compose (build_normal.py)"
    target = Path(__file__).with_name("normal.tsv")
    target.write_text("\n".join([head, *rows()]) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
