"""Which id a story has when stories merge and split.

Of stories that become one the oldest id survives, and the others redirect to it; of one that splits the part with the
article that came first keeps the id. A settled story keeps its id whatever happens.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def assign(
    groups: Sequence[Sequence[int]], story_of: Mapping[int, int], settled: Collection[int] = ()
) -> tuple[list[int | None], dict[int, int]]:
    """The stories of new groups of articles.

    Args:
        groups: disjoint groups of article numbers. All the articles of a story are among them.
        story_of: the story that each article is in so far, by number; stories are numbered as they came. An article
            that is in none is left out.
        settled: the stories that keep their id; all the articles of one are in one group, and no two of them in the
            same.

    Returns:
        For each group the number of its story, None where it needs a new one; and for each story that is no more the
        place of the group that it became part of.
    """
    founder: dict[int, tuple[int, int]] = {}  # for each story its first article, and the group that this is in now
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
    """Groups of articles bent so that each settled story is in one of them, whole, and none has two.

    The other articles of a group stay together, with the settled story that most of the group's articles are in.
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
