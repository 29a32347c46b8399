"""Ids of stories when stories merge and split.

When stories merge the oldest id survives, and the others redirect to it. When one splits the part with the article that
was added first keeps the id. A settled story always keeps its id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def assign(
    groups: Sequence[Sequence[int]], story_of: Mapping[int, int], settled: Collection[int] = ()
) -> tuple[list[int | None], dict[int, int]]:
    """Assign stories to new groups of articles.

    Args:
        groups: disjoint groups of article numbers, with all articles of the stories concerned.
        story_of: story of each article so far, by number; articles without a story are left out. Stories are numbered
            in the order they started.
        settled: settled stories. All articles of one are in one group, and no group has two.

    Returns:
        The story of each group, None for a new one; and for each story that ended the index of the group that it
        became part of.
    """
    founder: dict[int, tuple[int, int]] = {}  # by story: its first article and the group that has it
    for place, group in enumerate(groups):
        for article in group:
            story = story_of.get(article)
            if story is not None:
                founder[story] = min(founder.get(story, (article, place)), (article, place))
    claims: list[list[int]] = [[] for _ in groups]
    for story, (_, place) in founder.items():
        claims[place].append(story)
    chosen: list[int | None] = []
    redirected: dict[int, int] = {}
    for place, stories in enumerate(claims):
        best = min(stories, key=lambda story: (story not in settled, story), default=None)
        chosen.append(best)
        redirected |= {story: place for story in stories if story != best}
    return chosen, redirected


def around_settled(groups: Sequence[Sequence[int]], story_of: Mapping[int, int], settled: set[int]) -> list[list[int]]:
    """Adapt groups of articles so that each settled story is in one group, and no group has two.

    The other articles of a group stay together, and join the settled story that most of the group's articles are in.
    """
    if not settled:
        return [list(group) for group in groups]
    blocks: dict[int, list[int]] = {}
    for number, story in story_of.items():
        if story in settled:
            blocks.setdefault(story, []).append(number)
    found: list[list[int]] = []
    for group in groups:
        free = [number for number in group if story_of[number] not in settled]
        counts: dict[int, int] = {}
        for number in group:
            if story_of[number] in settled:
                counts[story_of[number]] = counts.get(story_of[number], 0) + 1
        if counts:
            blocks[min(counts, key=lambda story: (-counts[story], story))] += free
        elif free:
            found.append(free)
    return [*found, *blocks.values()]
