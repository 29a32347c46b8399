"""Builds the stories at one granularity from the findings of a run."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dedup.article import Article
from dedup.group.canonical import canonical_of_group, canonical_of_story
from dedup.group.copies import first_of_group
from dedup.inputs.collection import Collection, Seniority, published_seconds
from dedup.match.scores import SECONDS_A_DAY
from dedup.results.clustering import Clustering, CopyGroup, Story
from dedup.results.decided import constraints_of, decided_labels, decided_story
from dedup.results.origins import Told, count_origins, origins_of_one, read_publishers
from dedup.results.story_ids import copy_group_id, story_id, storyline_id

if TYPE_CHECKING:
    from dedup.match.stories import Pairs
    from dedup.results.findings import Findings
    from dedup.settings import Settings

REPOSTED = 30
"""Days after which the copy of a text is no news: an evergreen that is published again."""
_REPOSTED = REPOSTED * SECONDS_A_DAY
TITLE_LENGTH = 80
"""Maximum length of a title taken from the text, in characters; see also `collection.LEAD`."""


def assemble(findings: Findings, settings: Settings) -> Clustering:
    """Return the clustering of a merge tree cut at the granularity of the settings."""
    collection = findings.collection
    label = findings.cut(findings.tree, settings.granularity)
    constraints = constraints_of(findings, findings.decisions) if findings.decisions else None
    if constraints is not None:
        label = decided_labels(findings, label, constraints)
    unit = findings.units
    totals = mean_scores(findings.pairs, label, unit).tolist()
    seniority = collection.seniorities()
    storyline = _storyline_ids(findings, seniority)
    members: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for article in sorted(range(len(collection)), key=seniority.__getitem__):
        members[int(label[article])][int(unit[article])].append(article)
    publishers = read_publishers()
    stories = [
        _story(findings, list(units.values()), totals, seniority, storyline, publishers) for units in members.values()
    ]
    if constraints is not None:
        parts = ([one for unit in units.values() for one in unit] for units in members.values())
        stories = [decided_story(findings, *both) for both in zip(stories, repeat(constraints), parts)]
    stories.sort(key=rank)
    labels, copy_labels = labels_of(stories, [article.id for article in collection.articles])
    return Clustering(
        articles=collection.articles,
        stories=tuple(stories),
        settings=settings,
        labels=labels,
        copy_labels=copy_labels,
        notices=findings.notices,
        kinds=tuple(told.kind for told in collection.told),
        datelines=collection.datelines,
        has_texts=collection.has_texts,
        integer_ids=collection.integer_ids,
        index=collection.index,
    )


def mean_scores(pairs: Pairs, label: NDArray[np.int64], unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each distinct article the sum of its mean scores to the other texts of its story.

    Copies count as one text.

    Args:
        pairs: the same-story pairs.
        label: the story of each article, shape (articles,).
        unit: the first article of the copy group of each, shape (articles,).
    """
    size = np.bincount(unit, minlength=len(unit))
    inside = pairs.where((label[pairs.a] == label[pairs.b]) & (unit[pairs.a] != unit[pairs.b]))
    ends = np.stack([inside.a, inside.b], axis=1).ravel()  # in the order of the pairs: so are the sums rounded
    others = np.stack([inside.b, inside.a], axis=1).ravel()
    totals = np.zeros(len(unit))
    np.add.at(totals, ends, np.repeat(inside.score, 2) / size[unit[others]])
    return totals


def _story(
    findings: Findings,
    units: Sequence[Sequence[int]],
    totals: Sequence[float],
    seniority: Sequence[Seniority],
    storyline: Sequence[str],
    publishers: Mapping[str, str],
) -> Story:
    """Return the story of some copy groups of distinct articles, each and all ordered by seniority."""
    collection, versions = findings.collection, findings.versions
    if len(units) == len(units[0]) == len(collection.members[units[0][0]]) == 1:  # by far the most stories
        return _story_of_one(collection, units[0][0], storyline[units[0][0]])
    groups = [group for unit in units if (group := _copy_group(findings, unit, seniority))]
    places = _by_publication(collection, (article for unit in units for article in unit), seniority)
    articles = [collection.articles[place] for place in places]
    unit_of = {place: number for number, unit in enumerate(units) for one in unit for place in collection.members[one]}
    told = [Told(collection.articles[place].source, collection.told[place], unit_of[place]) for place in places]
    first = min((article for unit in units for article in unit), key=seniority.__getitem__)
    canonical = findings.shown(canonical_of_story(units, totals, versions))
    dates = [(unit_of[place], article.published) for place, article in zip(places, articles, strict=True)]
    return Story(
        id=story_id(collection.content_hashes[first]),
        articles=tuple(article.id for article in articles),
        canonical=canonical.id,
        title=headline(canonical),
        copy_groups=tuple(groups),
        start=next((day for _, day in dates if day is not None), None),
        end=last_news(dates),
        sources=tuple(sorted({article.source for article in articles if article.source})),
        storyline=storyline[first],
        origins=count_origins(told, publishers),
        revisions=_revisions(collection, units) if collection.revisions else (),
    )


def _story_of_one(collection: Collection, distinct: int, storyline: str) -> Story:
    """Return the story of one article."""
    (place,) = collection.members[distinct]
    article = collection.articles[place]
    return Story(
        id=story_id(collection.content_hashes[distinct]),
        articles=(article.id,),
        canonical=article.id,
        title=headline(article),
        copy_groups=(),
        start=article.published,
        end=article.published,
        sources=(article.source,) if article.source else (),
        storyline=storyline,
        origins=origins_of_one(bool(article.source), collection.told[place].credit),
        revisions=_revisions(collection, ((distinct,),)) if collection.revisions else (),
    )


def _revisions(collection: Collection, units: Iterable[Iterable[int]]) -> tuple[tuple[str, ...], ...]:
    """Return the ids of the versions of each page of some distinct articles, the oldest first."""
    latest = (place for unit in units for distinct in unit for place in collection.members[distinct])
    found = ((*collection.revisions[place], place) for place in latest if place in collection.revisions)
    return tuple(sorted(tuple(collection.articles[place].id for place in versions) for versions in found))


def _storyline_ids(findings: Findings, seniority: Sequence[Seniority]) -> list[str]:
    """Return the id of the storyline of each distinct article."""
    first: dict[int, int] = {}
    for article in sorted(range(len(seniority)), key=seniority.__getitem__):
        first.setdefault(int(findings.storylines[article]), article)
    name = {label: storyline_id(findings.collection.content_hashes[article]) for label, article in first.items()}
    return [name[label] for label in findings.storylines.tolist()]


def _copy_group(findings: Findings, unit: Sequence[int], seniority: Sequence[Seniority]) -> CopyGroup | None:
    collection = findings.collection
    names = [collection.articles[place].id for place in _by_publication(collection, unit, seniority)]
    if len(names) < 2:
        return None
    named_after, canonical = first_of_group(unit, seniority), canonical_of_group(unit, findings.versions)
    return CopyGroup(copy_group_id(collection.content_hashes[named_after]), tuple(names), findings.shown(canonical).id)


def _by_publication(collection: Collection, distinct: Iterable[int], seniority: Sequence[Seniority]) -> list[int]:
    """Return the positions of all articles of some distinct ones, ordered by publication, then by seniority.

    An undated article takes the first date of its text.
    """
    distinct = list(distinct)
    if len(distinct) == len(collection.members[distinct[0]]) == 1:
        return [collection.members[distinct[0]][0]]
    keyed = [
        (time, seniority[number], repetition, place)
        for number in distinct
        for time, repetition, place in collection.times(number)
    ]
    return [place for *_, place in sorted(keyed)]


def last_news(dates: Sequence[tuple[int, date | None]]) -> date | None:
    """Return the last known date of some articles but for reposts: copies `REPOSTED` days or more after the first.

    Args:
        dates: the copy group and the date of each, in the order of publication.
    """
    first: dict[int, float] = {}
    last = None
    for unit, day in dates:
        if day is not None and published_seconds(day) < first.setdefault(unit, published_seconds(day)) + _REPOSTED:
            last = day
    return last


def headline(article: Article) -> str:
    """Return the title of an article on one line, or the first line of its text, cut to `TITLE_LENGTH`.

    Only the first line: a headline at the head of the text would otherwise run into the text.
    """
    if article.title:
        return " ".join(article.title.split())
    lines = article.text[: 4 * TITLE_LENGTH].strip().splitlines()
    title = " ".join(lines[0].split()) if lines else ""
    return title if len(title) <= TITLE_LENGTH else title[: TITLE_LENGTH - 1].rstrip() + "…"


def labels_of(stories: Iterable[Story], ids: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return for each article the number of its story, and of its copy group (-1 without a copy)."""
    place = {name: number for number, name in enumerate(ids)}
    labels, copy_labels, groups = [-1] * len(place), [-1] * len(place), 0
    for number, story in enumerate(stories):
        for name in chain(story.articles, *story.revisions):
            labels[place[name]] = number
        for copies in story.copy_groups:
            for name in copies.articles:
                copy_labels[place[name]] = groups
            groups += 1
    return tuple(labels), tuple(copy_labels)


def rank(story: Story) -> tuple[int, float, str]:
    """Return the sort key of a story: largest first, then earliest, then by id."""
    return -len(story.articles), math.inf if story.start is None else published_seconds(story.start), story.id
