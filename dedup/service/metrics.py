"""Metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Metrics:
    """The metrics of one service."""

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
        self.running = Gauge("dedup_requests_running", "Requests being answered.", registry=registry)

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge whose value is computed at each scrape."""
        Gauge(name, text, registry=self._registry).set_function(value)

    def wrote(self, seconds: float, articles: int) -> None:
        """Count a write."""
        self.writes.observe(seconds)
        self.written.inc(articles)

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)
