"""Parts of an explanation of two articles: shared passages, mentions, and steps of the score."""

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
    """A passage that two texts share, with its character offsets in both.

    Attributes:
        a_start, a_end, b_start, b_end: its offsets.
        words: number of its words in both texts; a character pair of a script without spaces counts half.
        verbatim: whether all words are equal; if not, the gaps between `pieces` differ.
        pieces: the stretches of equal words, in order; text between them was changed, cut or added.
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
    """Names, numbers or dates in two articles, as spelled there, in order of first mention.

    Attributes:
        both: mentions in both articles.
        only_a, only_b: mentions in one article alone.
    """

    both: tuple[str, ...] = ()
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the score: its name, its signed value, and the running total."""

    name: str
    value: float
    total: float
