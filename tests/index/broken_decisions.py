"""Which decisions of editors an index breaks: none."""

from __future__ import annotations

from dedup import StoryIndex


def broken_decisions(index: StoryIndex) -> list[str]:
    """Return a message for each decision in force that the stories do not follow."""
    decisions = [decision for decision in index.decisions()[0] if decision.in_force]
    story: dict[str, str] = {}
    page: dict[str, str] = {}
    for id_ in {id_ for decision in decisions for id_ in decision.mentioned if id_ in index}:
        found = index.article(id_)
        story[id_], page[id_] = found.story, found.revised_by or id_
    broken = []
    for decision in decisions:
        one, other = ([id_ for id_ in ids if id_ in story] for ids in (decision.articles, decision.apart_from))
        if decision.kind == "together" and len({story[id_] for id_ in one}) > 1:
            broken.append(f"not together: {decision}")
        if decision.kind == "apart" and {story[id_] for id_ in one} & {story[id_] for id_ in other}:
            broken.append(f"not apart: {decision}")
        if decision.kind == "canonical" and one and not index.article(page[one[0]]).withdrawn:
            others = [each for each in decisions if each.kind == "canonical" and each.articles[0] in story]
            last = [each for each in others if story[each.articles[0]] == story[one[0]]][-1]
            if last is decision and index.story(story[one[0]]).canonical != page[one[0]]:
                broken.append(f"not shown: {decision}")
        if decision.kind == "title" and one:
            others = [each for each in decisions if each.kind == "title" and each.articles[0] in story]
            last = [each for each in others if story[each.articles[0]] == story[one[0]]][-1]
            if index.story(story[one[0]]).title != last.title:
                broken.append(f"not titled: {decision}")
    return broken
