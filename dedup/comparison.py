"""What is told about two articles: the passages both have, and what they name, alike and differently."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one text and its counterpart in another, in characters: `a[a_start:a_end]`, `b[b_start:b_end]`."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that two texts share, the way a reader would mark it, in characters of both.

    Attributes:
        a_start, a_end, b_start, b_end: where it stands.
        words: how many of its words are in both, a pair of characters of a script without spaces counting half.
        verbatim: whether every word is; if not, `pieces` tells what was changed.
        pieces: the stretches that are equal word by word, in order; what lies between two is changed, cut or added.
    """

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    words: float
    verbatim: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Mentions:
    """What two articles name, each in its own spelling, in the order in which it is first named.

    Attributes:
        both: in both.
        only_a, only_b: in one alone.
    """

    both: tuple[str, ...] = ()
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A step of the score: what it is called, what it adds (or takes off), and the score up to there."""

    name: str
    value: float
    total: float
