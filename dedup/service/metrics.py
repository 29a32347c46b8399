"""Metrics for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from dedup.index import Change, Placement
from dedup.index.store.records import Kind
from dedup.service.workers import COUNTERS

CONTENT_TYPE = CONTENT_TYPE_LATEST
DECISIONS = ("new", "continued", "copy", "suspected", "revision", "unchanged")
"""What was decided about an article: it began a story; it joined one; it is a copy; it may be one; it is a version of a
page; it was known."""
_STORE = {
    "articles": ("dedup_store_articles", "Articles in the store."),
    "stories": ("dedup_store_stories", "Stories in the store."),
    "bytes": ("dedup_store_bytes", "Bytes of the store on disk."),
    "memory": ("dedup_index_memory_bytes", "Bytes of memory that the articles of the index take."),
    "learned": ("dedup_learned_passages", "Boilerplate passages and misplaced bodies that it has learned."),
}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Metrics:
    """The metrics of one service, or of several processes of it: these share counters, gauges are of this one."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        labels = ("method", "route", "status")
        self.requests = Counter("dedup_requests", "Requests answered.", labels, registry=registry)
        self.seconds = Histogram(
            "dedup_request_seconds",
            "Seconds to the end of an answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.refused = Counter("dedup_problems", "Requests answered by a problem.", ("kind",), registry=registry)
        self.written = Counter("dedup_articles_written", "Articles put on disk, unchanged ones too.", registry=registry)
        self.writes = Histogram("dedup_write_seconds", "Seconds of a transaction.", buckets=_SECONDS, registry=registry)
        self.placed = Counter("dedup_placements", "Articles placed.", ("decision",), registry=registry)
        self.changes = Counter("dedup_changes", "Entries of the log of changes.", ("kind",), registry=registry)
        for counter, labels in ((self.placed, DECISIONS), (self.changes, get_args(Kind))):
            for label in labels:  # at 0 from the start, so that the first one is an increase
                counter.labels(label)
        self._store = {key: Gauge(name, text, registry=registry) for key, (name, text) in _STORE.items()}
        self.running = Gauge("dedup_requests_running", "Requests being answered.", registry=registry)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge whose value is computed at each scrape."""
        Gauge(name, text, registry=self._registry).set_function(value)

    def wrote(self, seconds: float, articles: int) -> None:
        """Count a write."""
        self.writes.observe(seconds)
        self.written.inc(articles)

    def decided(self, placements: Iterable[Placement]) -> None:
        """Count what was decided about articles."""
        for placement in placements:
            self.placed.labels(decision_of(placement)).inc()

    def changed(self, changes: Iterable[Change]) -> None:
        """Count entries of the log of changes."""
        for change in changes:
            self.changes.labels(change.kind).inc()

    def measured(self, stats: Mapping[str, Any]) -> None:
        """Set the sizes of the store, from `StoryIndex.stats`."""
        for key, gauge in self._store.items():
            gauge.set(stats[key] or 0)

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        if COUNTERS not in os.environ:
            return generate_latest(self._registry)
        every: Any = MultiProcessCollector  # it is not typed
        of_all: list[Metric] = [one for one in every(None).collect() if one.type != "gauge"]
        counted = {one.name for one in of_all}
        own = [one for one in self._registry.collect() if one.name not in counted]
        return generate_latest(_Collected([*of_all, *own]))


class _Collected(CollectorRegistry):
    """Metrics that were collected already."""

    def __init__(self, metrics: list[Metric]) -> None:
        super().__init__()
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def decision_of(placement: Placement) -> str:
    """Return which of `DECISIONS` a placement is."""
    if placement.status == "unchanged":
        return "unchanged"
    if placement.revision_of is not None or placement.revised_by is not None:
        return "revision"
    if placement.copy_of is not None:
        return "copy"
    if placement.suspected_copy_of is not None:
        return "suspected"
    return "new" if placement.new_story else "continued"
