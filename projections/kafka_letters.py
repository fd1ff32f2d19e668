"""Messages of Kafka that are no events: kept on `moments.dead-letters`, sealed, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kafka import KafkaProducer

from ingest.relay.wire import MAX_MESSAGE_BYTES, REASON, Access, Topics
from projections.kafka_feed import Buried

_WAIT_S: Final = 60.0
_CUT: Final = 1_000
"""Characters of a header taken over: they were written by whoever sent poison."""


class KafkaLetters:
    """Sends buried messages and waits for the broker.

    seal: encrypts the bytes, as the vault does a door's dead letters.
    """

    def __init__(self, access: Access, topics: Topics, seal: Callable[[bytes], bytes]) -> None:
        self._access = access
        self._topics = topics
        self._seal = seal
        self._producer: Any = None

    def __call__(self, buried: Sequence[Buried]) -> None:
        """Returns when all are acknowledged. Raises KafkaError: their place must not be passed."""
        if self._producer is None:
            self._producer = KafkaProducer(
                **self._access.client(),
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                max_request_size=MAX_MESSAGE_BYTES,
                allow_auto_create_topics=False,
            )
        futures = [
            self._producer.send(
                self._topics.dead_letters,
                self._seal(each.value),
                key=each.key,
                headers=_headers(each),
                partition=0,
            )
            for each in buried
        ]
        for future in futures:
            future.get(timeout=_WAIT_S)

    def close(self) -> None:
        """Closes the connection."""
        if self._producer is not None:
            self._producer.close(timeout=5)


def _headers(buried: Buried) -> list[tuple[str, bytes]]:
    named = {
        REASON: buried.reason.code,
        "moments_detail": buried.reason.detail,
        "moments_pointer": buried.reason.pointer,
        "moments_topic": buried.topic,
        "moments_partition": str(buried.partition),
        "moments_offset": str(buried.offset),
    }
    taken = [(name, (raw or b"")[:_CUT]) for name, raw in buried.headers if name.startswith("ce_")]
    return [*((name, text.encode()) for name, text in named.items()), *taken]
