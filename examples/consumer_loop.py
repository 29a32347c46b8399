"""Add articles from a queue with at-least-once delivery, such as Kafka: none is lost or counted twice.

Articles are written to disk before the offset is committed. An article that is delivered again after a crash in between
is `unchanged`, since the index knows its id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import dedup


class Consumer(Protocol):
    """The required client methods; with confluent-kafka `consume`, `commit` and the `value` of messages."""

    def poll(self, most: int) -> Sequence[bytes]:
        """Return the next messages, at most `most`; none if there are none yet."""
        ...

    def commit(self) -> None:
        """Commit all polled messages."""
        ...


def run(
    index: dedup.StoryIndex,
    consumer: Consumer,
    publish: Callable[[Iterable[dict[str, Any]]], None],
    *,
    dead: Callable[[bytes, str], None],
    until_empty: bool = False,
) -> None:
    """Add articles from a queue to an index and publish their placements, batch by batch.

    Args:
        index: the index.
        consumer: the source of messages, JSON objects with an `id`.
        publish: called with placements; it may get a placement more than once.
        dead: called with each invalid message and the reason.
        until_empty: whether to return when the queue is empty.
    """
    while True:
        messages = consumer.poll(500)
        if not messages:
            if until_empty:
                return
            continue
        articles = []
        for message in messages:
            try:
                article, notices = dedup.from_record(json.loads(message), where="queue", default_id="")
            except (ValueError, TypeError, AttributeError) as error:
                dead(message, str(error))
                continue
            if article is None or not article.id:
                dead(message, "; ".join(map(str, notices)) or "it has no id")
            else:
                articles.append(article)
        publish([placement.to_record() for placement in index.add_many(articles)])
        consumer.commit()
