"""Add the articles of a Kafka topic to a story index, and publish their placements: at least once, none lost.

    python kafka_consumer.py localhost:9092 articles placements stories.db

Needs confluent-kafka, and `consumer_loop.py` beside it. Offsets are committed after the articles are on disk and their
placements are delivered; what is delivered again after a crash is `unchanged`. Messages that are no articles go to the
topic `TOPIC.dead` with the reason as a header. One process writes to a store: give the topic to one consumer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from consumer_loop import run

import dedup

WAIT = 1.0
"""Seconds to wait for a message, or for the end of a partition."""


class Messages:
    """The consumer of `consumer_loop` over one of confluent-kafka, whose offsets are committed by `commit` alone."""

    def __init__(self, servers: str, topic: str, group: str = "dedup") -> None:
        self.consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
            }
        )
        self.consumer.subscribe([topic])
        self.ended: set[int] = set()  # partitions that were read to their end

    def poll(self, most: int) -> Sequence[bytes]:
        """Return the next messages; none once all partitions that this consumer has were read to their end.

        Raises:
            KafkaException: the consumer cannot go on.
        """
        while True:
            found = []
            for message in self.consumer.consume(most, WAIT):
                error = message.error()
                if error is None:
                    self.ended.discard(message.partition())
                    found.append(message.value() or b"")
                elif error.code() == KafkaError._PARTITION_EOF:
                    self.ended.add(message.partition())
                elif error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    raise KafkaException(error)
            own = {one.partition for one in self.consumer.assignment()}
            if found or (own and own <= self.ended):
                return found

    def commit(self) -> None:
        """Commit all polled messages, and wait until the brokers have done so."""
        self.consumer.commit(asynchronous=False)

    def close(self) -> None:
        """Leave the group."""
        self.consumer.close()


class Placements:
    """Publishes placements, by the id of their article, and dead messages."""

    def __init__(self, servers: str, topic: str, dead: str) -> None:
        self.producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
        self.topic, self.dead_topic = topic, dead
        self.failed: list[Any] = []

    def publish(self, placements: Iterable[dict[str, Any]]) -> None:
        """Publish placements, and wait until all are delivered.

        Raises:
            RuntimeError: one was not; its articles are not committed and come again.
        """
        for placement in placements:
            self._send(self.topic, placement["id"].encode(), json.dumps(placement, ensure_ascii=False).encode())
        self.producer.flush()
        if self.failed:
            raise RuntimeError(f"a message was not delivered: {self.failed[0]}")

    def dead(self, message: bytes, reason: str) -> None:
        """Set a message aside that is no article."""
        self._send(self.dead_topic, None, message, {"reason": reason})

    def _send(self, topic: str, key: bytes | None, value: bytes, headers: dict[str, str] | None = None) -> None:
        while True:
            try:
                return self.producer.produce(topic, value, key, headers=headers, on_delivery=self._delivered)
            except BufferError:  # the queue of the producer is full
                self.producer.poll(WAIT)

    def _delivered(self, error: Any, message: Any) -> None:  # noqa: ARG002 - the producer passes it
        if error is not None:
            self.failed.append(error)


def follow(servers: str, topic: str, placements: str, store: str, *, until_empty: bool = False) -> None:
    """Add the articles of a topic to a store until the process ends, or until there are none."""
    messages, out = Messages(servers, topic), Placements(servers, placements, f"{topic}.dead")
    try:
        with dedup.StoryIndex.open(store, wait=600) as index:
            run(index, messages, out.publish, dead=out.dead, until_empty=until_empty)
    finally:
        messages.close()


if __name__ == "__main__":
    follow(*sys.argv[1:])
