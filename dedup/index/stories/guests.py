"""An article on its way into an index: what was taken from it, what it is judged by, and where it comes to stand."""

from __future__ import annotations

from dataclasses import dataclass

from dedup.index.features.sketch import Vector
from dedup.index.inputs import Placement
from dedup.index.stories.placement import Found, Newcomer, Weighed
from dedup.vectorize.features import HashedWords


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where an article is from now on.

    Attributes:
        story: the number of its story.
        copies: the number of the first article of its group of copies, None where it has none.
        stands: whether it counts when stories are compared.
    """

    story: int
    copies: int | None
    stands: bool


@dataclass(slots=True, eq=False)
class Admitted:
    """An article that is being taken in.

    Attributes:
        new: the article.
        slot: where it is in memory.
        twin: the number of the first article of the very same title and text, None for none.
        weighed: what it is judged by, None for one with a twin.
    """

    new: Newcomer
    slot: int
    twin: int | None
    weighed: Weighed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What was taken from one text: all its words, packed; those that count; and its vector."""

    packed: bytes
    judged: HashedWords
    vector: Vector


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that lacks what is looked up for many at a time.

    Attributes:
        answer: without links.
        found: what decided.
        story: the number of the story, None for none.
        copies: the number of the first of its copies, None where it has none.
    """

    answer: Placement
    found: tuple[Found, ...] = ()
    story: int | None = None
    copies: int | None = None
