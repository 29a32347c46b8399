"""Stories under the names that they had: each gets that of the archived story it has most articles of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MARK = "archive:"
"""What stands before the ids of archived articles, where they are clustered together with new ones."""


def named_as_before(own: Sequence[str], claims: Iterable[tuple[int, str, int]]) -> list[str]:
    """The names of stories; no name goes to two.

    Args:
        own: the names that they have by themselves, the most important story first.
        claims: by its place the story, the name of an archived one, and how many articles of that it has.
    """
    named: dict[int, str] = {}
    taken: set[str] = set()
    for *_, name, place in sorted((-held, own[place] != name, name, place) for place, name, held in claims):
        if place not in named and name not in taken:
            named[place] = name
            taken.add(name)
    for place, name in enumerate(own):
        if place not in named:
            free = name
            while free in taken:
                free += "+"
            taken.add(free)
            named[place] = free
    return [named[place] for place in range(len(own))]
