"""Pages: the articles under one address that are versions of each other, of which only the latest counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

WINDOW = 8
"""Articles before one under the same address that it is compared with, the nearest first: a version follows the last.
A site that serves all its articles under one address costs so much for each, and no more."""


class Holders(NamedTuple):
    """The articles that have one address.

    Attributes:
        articles: their numbers, the earliest first.
        specific: whether the address names an article, see `dedup.inputs.addresses.PageKey`.
    """

    articles: Sequence[int]
    specific: bool


def pages(
    held: Iterable[Holders], are_versions: Callable[[int, int, bool], bool], order: Callable[[int], Any]
) -> list[list[int]]:
    """Return the groups of two or more articles that are versions of one page, the latest version last.

    Versions are connected through others: the first state of a live page shares nothing with the last.

    Args:
        held: the articles of each address that several have.
        are_versions: whether two articles are versions of one text, given whether their address names an article.
        order: sort key of an article: the latest version is the greatest.
    """
    group: dict[int, list[int]] = {}
    for articles, specific in held:
        for place, article in enumerate(articles):
            own = group.setdefault(article, [article])
            for other in reversed(articles[max(0, place - WINDOW) : place]):
                if group[other] is not own and are_versions(other, article, specific):
                    own += group[other]
                    for joined in group[other]:
                        group[joined] = own
    found = {id(members): members for members in group.values() if len(members) > 1}
    return [sorted(members, key=order) for members in found.values()]
