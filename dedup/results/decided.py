"""Decisions of editors laid over the stories of a run, as `index.stories.shown` lays them over those of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.group.decisions import Constraints, Decision
from dedup.results.clustering import Story
from dedup.results.story_ids import ARCHIVE_PREFIX

if TYPE_CHECKING:
    from dedup.results.findings import Findings


def constraints_of(findings: Findings, decisions: Sequence[Decision]) -> Constraints:
    """Return the decisions on the distinct articles of a run; articles of one text are one.

    An archived article is known by its id without `ARCHIVE_PREFIX`, unless a new one has it.
    """
    collection, distinct = findings.collection, findings.distinct
    number_of = {article.id: int(number) for article, number in zip(collection.articles, distinct, strict=True)}
    for id_, number in [*number_of.items()]:
        if id_.startswith(ARCHIVE_PREFIX):
            number_of.setdefault(id_.removeprefix(ARCHIVE_PREFIX), number)
    return Constraints(decisions, number_of)


def decided_labels(findings: Findings, label: NDArray[np.int64], constraints: Constraints) -> NDArray[np.int64]:
    """Return the story of each distinct article after the decisions.

    Args:
        findings: the findings of the run.
        label: the story of each, shape (distinct,).
        constraints: the decisions.
    """
    stories = {
        int(story): [int(one) for one in np.flatnonzero(label == story)]
        for story in np.unique([label[one] for one in constraints.decided() if one >= 0])
    }
    if not stories:
        return label
    unit = findings.units

    def nearest(some: Sequence[int], others: Sequence[int]) -> list[int]:
        matrix, pairs = findings.vectors.matrix, findings.pairs
        cosine = np.asarray((matrix[[*some]] @ matrix[[*others]].T).toarray())
        rows, columns = ({one: place for place, one in enumerate(each)} for each in (some, others))
        score = np.zeros(cosine.shape)
        for a, b in ((pairs.a, pairs.b), (pairs.b, pairs.a)):
            for place in np.flatnonzero(np.isin(a, [*some]) & np.isin(b, [*others])).tolist():
                score[rows[int(a[place])], columns[int(b[place])]] = pairs.score[place]
        return [int(np.lexsort((-cosine[row], -score[row]))[0]) for row in range(len(some))]

    found = label.copy()
    for number, group in enumerate(constraints.divide(stories, lambda one: int(unit[one]), nearest)):
        found[group] = int(label.max()) + 1 + number
    return found


def decided_story(findings: Findings, story: Story, constraints: Constraints, articles: Sequence[int]) -> Story:
    """Return a story of some distinct articles with the title and the article to show that were decided."""
    title, shown = constraints.title_of(articles), constraints.shown_of(articles)
    if title:
        story = replace(story, title=title)
    if shown is None:
        return story
    named = {one.articles[0] for one in findings.decisions if one.kind == "canonical"}
    named |= {f"{ARCHIVE_PREFIX}{id_}" for id_ in named}
    same = [findings.collection.articles[place].id for place in findings.collection.members[shown]]
    chosen = next((id_ for id_ in same if id_ in named), findings.shown(shown).id)
    return story if chosen in findings.withdrawn else replace(story, canonical=chosen)
