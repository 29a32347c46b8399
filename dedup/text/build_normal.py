"""Writes `normal.tsv`, what Unicode's normalisation form C does to code points: `python -m dedup.text.build_normal`.

With it kernels check whether a text is in that form, as nearly all are, without normalising it. Unicode guarantees that
normalisation of assigned characters never changes; those that this Unicode version does not assign are unknown.
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
    """Every pair of code points that the form composes, except for Hangul."""
    for point in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.is_normalized("NFC", chr(point)):
            yield int(parts[0], 16), int(parts[1], 16)


def kind(point: int, joining: set[int]) -> str:
    """The kind of a code point followed by its canonical combining class; "" if normalisation never involves it.

    X: unassigned, or never in a normalised text. J: may compose with the character before it. C: composed, and may
    compose further with marks. P: none of these.
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
    """The lines of the table, without its header."""
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
