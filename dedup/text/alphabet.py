"""The kind and the folded form of every code point, from the table that `build_alphabet.py` makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The table as the tokenizer uses it.

    Attributes:
        pattern: matches a run of an unsegmented script (group 1), a word (group 2), a sign that ends a sentence
            (group 3) or another separator of segments (group 4).
        stack: matches a run of marks longer than `LONGEST_STACK`, whose beginning is group 1.
        folding: for `str.translate`: the folded form of each code point that has one, None for ignorable ones.
        capitals: the capital letters.
    """

    pattern: re.Pattern[str]
    stack: re.Pattern[str]
    folding: dict[int, int | None]
    capitals: frozenset[str]


LONGEST_STACK = 30
"""Number of marks that may follow each other, as in the stream-safe text format of Unicode Standard Annex 15."""
UNSEGMENTED_MARKS = (
    "\u0e38-\u0e3a\u0e48-\u0e4b\u0eb8-\u0eba\u0ec8-\u0ecb\u1037\u1039\u103a\u108d\u17d2\u17dd\u3099\u309a"
)
"""The marks of unsegmented scripts that normalisation may reorder, as a character class of `re`."""
SENTENCE_ENDS = '.!?:;…"“”„«»¿¡•\n\r\u2028\u2029'
SEPARATORS = ":|()[]{}\\•»›►▶｜：【】\n\r\u2028\u2029"
"""Signs between the segments of a headline, as in "Live: …" and "… | The Outlet"."""
SPACED_SEPARATORS = "-–—―·"
"""Signs that separate segments where a space is on both sides; a second hyphen may follow the first."""


@cache
def alphabet() -> Alphabet:
    """The table, loaded when it is first needed."""
    kinds: dict[str, list[range]] = {kind: [] for kind in "CLDMUI"}
    folding: dict[int, int | None] = {}
    table = files("dedup.text").joinpath("alphabet.tsv").read_text(encoding="ascii")
    for line in table.splitlines()[1:]:
        first, last, kind, shift = line.split("\t")
        points = range(int(first, 16), int(last, 16) + 1)
        kinds[kind].append(points)
        if kind == "I":
            folding.update(dict.fromkeys(points))
        elif shift != "0":
            folding.update((point, point + int(shift)) for point in points)

    def characters(names: str, planes: range) -> str:
        ranges = [points for name in names for points in kinds[name] if points[0] >> 16 in planes]
        return "".join(f"{re.escape(chr(points[0]))}-{re.escape(chr(points[-1]))}" for points in ranges)

    def run(first: str, rest: str) -> str:
        # `re` has a table for characters of the first plane but tries ranges beyond it one by one, so the latter are
        # tried only for characters that lie there. Quantifiers are possessive to prevent backtracking.
        def low(names: str) -> str:
            return f"[{characters(names, range(1))}]"

        def high(names: str) -> str:
            return f"(?=[\U00010000-\U0010ffff])[{characters(names, range(1, 17))}]"

        return f"(?:{low(first)}|{high(first)})(?:{low(rest)}++|{high(rest)}++)*+"

    ends, others = (f"[{re.escape(signs)}]" for signs in (SENTENCE_ENDS, SEPARATORS))
    spaced = f"(?<= )(?:-(?=[ -])|[{re.escape(SPACED_SEPARATORS)}](?= ))"
    pattern = re.compile(f"({run('U', 'UI')})|({run('CLD', 'CLDMI')})|({ends})|({others}|{spaced})")
    mark = f"[{characters('MI', range(17))}{UNSEGMENTED_MARKS}]"
    stack = re.compile(f"(?=[^\\x00-\\xac])({mark}{{{LONGEST_STACK}}}){mark}+")
    capitals = frozenset(chr(point) for points in kinds["C"] for point in points)
    return Alphabet(pattern, stack, folding, capitals)
