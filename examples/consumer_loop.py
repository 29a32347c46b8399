"""A consumer of a queue with at-least-once delivery, such as Kafka's: nothing is lost, nothing is counted twice.

The order is what matters: first the articles are on disk, then the offset is committed. Whatever is delivered again
after a crash in between is `unchanged`, for the index knows it by its id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import dedup


class Consumer(Protocol):
    """What is needed of a client: of confluent-kafka's, these are `consume`, `commit` and a message's `value`."""

    def poll(self, most: int) -> Sequence[bytes]:
        """The next messages, none where there are none yet."""
        ...

    def commit(self) -> None:
        """Says that everything that was polled is done with."""
        ...


def run(
    index: dedup.StoryIndex,
    consumer: Consumer,
    publish: Callable[[Iterable[dict[str, Any]]], None],
    *,
    dead: Callable[[bytes, str], None],
    until_empty: bool = False,
) -> None:
    """Takes articles from a queue and passes on where they belong, batch by batch.

    Args:
        index: where they are kept.
        consumer: where they come from, each a JSON object with an `id`.
        publish: takes placements; it has to bear being given the same ones again.
        dead: takes messages that are no articles, and why.
        until_empty: whether to end when there are none left.
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
