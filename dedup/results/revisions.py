"""A clustering without the earlier versions of pages."""

from __future__ import annotations

from dataclasses import replace

from dedup.results.clustering import Clustering
from dedup.results.evidence import StoredEvidence


def without_earlier_versions(clustering: Clustering) -> Clustering:
    """Return a clustering of the latest versions only, with its evidence."""
    _, latest = clustering.versions()
    if not latest:
        return clustering
    kept = [place for place, article in enumerate(clustering.articles) if article.id not in latest]
    place_of = {place: at for at, place in enumerate(kept)}
    articles = tuple(clustering.articles[place] for place in kept)
    datelines = {place_of[place]: day for place, day in clustering.datelines.items() if place in place_of}
    evidence = clustering.evidence
    if isinstance(evidence, StoredEvidence):
        members = tuple(tuple(place_of[place] for place in places) for places in evidence.collection.members)
        told = tuple(evidence.collection.told[place] for place in kept)
        collection = replace(
            evidence.collection, articles=articles, members=members, told=told, datelines=datelines, revisions={},
            index=None,
        )  # fmt: skip
        evidence = replace(evidence, collection=collection)
    return replace(
        clustering,
        articles=articles,
        stories=tuple(replace(story, revisions=()) for story in clustering.stories),
        labels=tuple(clustering.labels[place] for place in kept),
        copy_labels=tuple(clustering.copy_labels[place] for place in kept),
        kinds=tuple(clustering.kinds[place] for place in kept) if clustering.kinds else (),
        datelines=datelines,
        index=None,
        _evidence=evidence,
    )
