"""The ids of stories and copy groups: made from content hashes, or inherited from an archive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ARCHIVE_PREFIX = "archive:"
"""Prefix of the ids of archived articles when they are clustered together with new ones."""


STORY_PREFIX, STORYLINE_PREFIX, COPY_GROUP_PREFIX, DIGITS = "s", "l", "c", 12
"""An id is a prefix and the first hexadecimal digits of a content hash."""
_FOREIGN_PREFIX = "storyline:"
"""Prefix of the storylines that begin with a story whose id is of another system; no storyline of our own has it."""


def content_digits(content: bytes) -> str:
    """Return the hexadecimal digits of a content hash that ids are made of."""
    return content.hex()[:DIGITS]


def story_id(content: bytes) -> str:
    """Return the id of a story, given the content hash of its first article."""
    return STORY_PREFIX + content_digits(content)


def storyline_id(content: bytes) -> str:
    """Return the id of a storyline, given the content hash of its first article."""
    return STORYLINE_PREFIX + content_digits(content)


def story_of_storyline(storyline: str) -> str:
    """Return the id of the story that a storyline begins with, given the storyline's id."""
    if storyline.startswith(_FOREIGN_PREFIX):
        return storyline.removeprefix(_FOREIGN_PREFIX)
    return STORY_PREFIX + storyline.removeprefix(STORYLINE_PREFIX)


def storyline_of_story(story: str) -> str:
    """Return the id of the storyline that begins with a story, given the story's id."""
    if not story.startswith(STORY_PREFIX):
        return _FOREIGN_PREFIX + story
    return STORYLINE_PREFIX + story.removeprefix(STORY_PREFIX)


def copy_group_id(content: bytes) -> str:
    """Return the id of a copy group, given the content hash of its first article."""
    return COPY_GROUP_PREFIX + content_digits(content)


def inherit_ids(own: Sequence[str], claims: Iterable[tuple[int, str, int]]) -> list[str]:
    """Assign to each story the id of the archived story it shares most articles with; no id is assigned twice.

    Args:
        own: the ids made from content, the most important story first.
        claims: triples of the position of a story in `own`, the id of an archived story, and how many articles the two
            share.

    Returns:
        The ids, in the order of `own`. A story without an archived id keeps its own, with `+` appended where taken.
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
