"""A log's claim to its number on one Kafka: two logs with one number would be taken for one.

A claim stands on the topic `<prefix>.logs` (one partition, kept for ever, one message a log ever): the first
one for a number counts, whatever comes behind it. So two relays that claim at once find the same answer, and
no message has to be replaced, which compaction would do in the wrong order.
"""

from __future__ import annotations

from contextlib import closing
from time import monotonic
from typing import Any, Final

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError

from domain.times import Ms, format_rfc3339
from ingest.log.number import LogIdentity
from ingest.relay.wire import Access, Headers, Topics

CLAIMED: Final = "moments.line.claimed"
_WAIT_S: Final = 20.0
_READING: Final[dict[str, Any]] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "fetch_max_wait_ms": 50,
}


class RelayRefused(Exception):
    """This relay must not send, now or later: the text is the one line that says why."""


class _Claim(msgspec.Struct):
    log: int
    uuid: str


def claim(access: Access, topics: Topics, identity: LogIdentity, now: Ms) -> None:
    """Returns when the number is this log's on this Kafka.

    Raises RelayRefused when it is another log's, KafkaError when the brokers do not answer.
    """
    owner = _owner(access, topics, identity.no)
    if owner is None:
        settings = {**access.client(), "acks": "all", "allow_auto_create_topics": False}
        with closing(KafkaProducer(**settings)) as producer:
            value, key = msgspec.json.encode(_Claim(*identity)), str(identity.no).encode()
            sent = producer.send(topics.logs, value, key=key, headers=_headers(identity, now), partition=0)
            sent.get(timeout=_WAIT_S)
        owner = _owner(access, topics, identity.no)
    if owner != identity.uuid:
        raise RelayRefused(
            f"the log number {identity.no} is another log's on this Kafka (topic {topics.logs}): "
            "give a log a number of its own, MOMENTS_LOG_NO, before its first event"
        )


def _owner(access: Access, topics: Topics, no: int) -> str | None:
    """Whose the number is: the first claim's."""
    partition = TopicPartition(topics.logs, 0)
    with closing(KafkaConsumer(**{**_READING, **access.client()})) as consumer:
        consumer.assign([partition])
        end = consumer.end_offsets([partition])[partition]
        deadline = monotonic() + _WAIT_S
        while consumer.position(partition) < end:
            for record in consumer.poll(timeout_ms=200).get(partition, []):
                try:
                    found = msgspec.json.decode(record.value or b"", type=_Claim)
                except msgspec.MsgspecError:
                    continue  # nobody's claim
                if found.log == no:
                    return found.uuid
            if monotonic() > deadline:
                raise KafkaTimeoutError(f"{topics.logs} cannot be read to its end")
    return None


def _headers(identity: LogIdentity, now: Ms) -> Headers:
    """Like everything on Kafka a well-formed CloudEvent."""
    named = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": identity.uuid,
        "ce_source": f"/logs/{identity.no}",
        "ce_type": CLAIMED,
        "ce_time": format_rfc3339(now),
    }
    return [(name, text.encode()) for name, text in named.items()]
