"""Clusterings built by hand, so that the reports are tested without the method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dedup.article import Article, Notice
from dedup.results.clustering import Clustering, CopyGroup, Explanation, Link, Story
from dedup.results.origins import Origins
from dedup.settings import Settings


@dataclass(frozen=True)
class Known:
    """Evidence that knows its links and nothing else."""

    found: tuple[Link, ...]

    def links(self, clustering: Clustering) -> tuple[Link, ...]:  # noqa: ARG002 - the protocol's signature
        return self.found

    def link_probabilities(
        self, clustering: Clustering
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        places = [[clustering.place(name) for name in (link.a, link.b)] for link in self.found]
        one, other = np.array(places, np.int64).reshape(-1, 2).T
        return one, other, np.array([link.probability for link in self.found])

    def explain(self, clustering: Clustering, a: int, b: int) -> Explanation:
        raise NotImplementedError

    def rethreshold(self, clustering: Clustering, granularity: float) -> Clustering:
        raise NotImplementedError


def story(name: str, members: Sequence[Article], copies: Sequence[Sequence[int]] = ()) -> Story:
    days = sorted(article.published for article in members if article.published)
    texts = len(members) - sum(len(group) - 1 for group in copies)
    outlets = tuple(sorted({article.source for article in members if article.source}))
    return Story(
        id=name,
        articles=tuple(article.id for article in members),
        canonical=members[0].id,
        title=members[0].title,
        copy_groups=tuple(
            CopyGroup(f"{name}-{number}", tuple(members[place].id for place in group), members[group[0]].id)
            for number, group in enumerate(copies)
        ),
        start=days[0] if days else None,
        end=days[-1] if days else None,
        sources=outlets,
        origins=Origins(len(members), texts, len(outlets), len(outlets), (), texts),
    )


def clustering(
    stories: Sequence[tuple[Sequence[Article], Sequence[Sequence[int]]]],
    *,
    settings: Settings | None = None,
    links: tuple[Link, ...] = (),
    notices: tuple[Notice, ...] = (),
) -> Clustering:
    """Stories as (articles, copy groups by place), in the order given."""
    made = tuple(story(f"s{number}", members, copies) for number, (members, copies) in enumerate(stories))
    articles: list[Article] = []
    labels: list[int] = []
    copy_labels: list[int] = []
    groups = 0
    for number, (members, copies) in enumerate(stories):
        articles += members
        labels += [number] * len(members)
        of_place = {place: groups + at for at, group in enumerate(copies) for place in group}
        copy_labels += [of_place.get(place, -1) for place in range(len(members))]
        groups += len(copies)
    return Clustering(
        articles=tuple(articles),
        stories=made,
        settings=settings or Settings(),
        labels=tuple(labels),
        copy_labels=tuple(copy_labels),
        notices=notices,
        _evidence=Known(links),
    )


def example() -> Clustering:
    """Six articles: a story of three with two copies, a story of two, and one article alone."""
    harbour = [
        Article(id="a.txt", text="t", title="Harbour closed after spill", source="Coast", published=date(2024, 3, 30)),
        Article(
            id="b.txt", text="t", title="Oil in the harbour", source="Wire", published=date(2024, 4, 2), path="b.txt"
        ),
        Article(id="c.txt", text="t", title="Harbour closed", source="Coast", published=date(2024, 3, 31)),
    ]
    vote = [Article(id="d", text="t", title="Council votes"), Article(id="e", text="t", title="A vote, at last")]
    alone = [Article(id="f", text="t", title="Museum reopens")]
    return clustering(
        [(harbour, [(0, 2)]), (vote, []), (alone, [])],
        links=(
            Link("a.txt", "c.txt", "copy", 1.0, 0.9, 0.6, 0.75, 1.0, 0.98),
            Link("d", "e", "story", 0.25, 0.3, 0.0, 0.0, None, 0.83),
        ),
        notices=(Notice("feed.jsonl:7", "not valid JSON", "line skipped", skipped=True),),
    )
