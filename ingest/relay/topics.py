"""The topics: made with settings that keep what the line promises, checked when somebody else made them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError

from domain.times import DAY_MS
from ingest.dead_letters import KEPT_DAYS
from ingest.relay.wire import MAX_MESSAGE_BYTES, Access, Topics

FOR_EVER: Final = "-1"
_KEPT: Final = {
    "cleanup.policy": "delete",
    "retention.ms": FOR_EVER,
    "retention.bytes": FOR_EVER,
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    # the broker's own clock: it refuses messages whose clock is an hour ahead of it, and a relay with a wrong
    # clock would wait for ever; when things happened is in the events
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "producer",
}
_LETTERS: Final = {**_KEPT, "retention.ms": str(KEPT_DAYS * DAY_MS)}


class TopicsUnfit(Exception):
    """A topic that exists would lose events or their order; the text says which, why, and what is needed."""


@dataclass(frozen=True)
class Wanted:
    """How missing topics are made; `replication` -1 takes the broker's default."""

    partitions: int = 12
    replication: int = -1


def ensure(access: Access, topics: Topics, wanted: Wanted) -> None:
    """Makes what is missing and checks what is there.

    Raises TopicsUnfit, and KafkaError when the broker is away.
    """
    with closing(KafkaAdminClient(**access.client())) as admin:
        there = set(admin.list_topics())
        plan = {
            topics.events: (wanted.partitions, _KEPT),
            topics.decisions: (1, _KEPT),
            topics.logs: (1, _KEPT),
            topics.dead_letters: (1, _LETTERS),
        }
        for name, (partitions, config) in plan.items():
            if name not in there:
                make(admin, name, partitions, wanted.replication, config)
        _check(admin, topics)


def make(
    admin: KafkaAdminClient, name: str, partitions: int, replication: int, config: dict[str, str]
) -> None:
    """Makes one topic; another process that was faster is welcome."""
    given = dict(config)
    if replication >= 3:
        given["min.insync.replicas"] = str(replication - 1)  # an acknowledged event outlives one broker
    try:
        admin.create_topics([NewTopic(name, partitions, replication, topic_configs=given)])
    except TopicAlreadyExistsError:
        return
    admin.wait_for_topics([name])


def _check(admin: KafkaAdminClient, topics: Topics) -> None:
    names = [topics.events, topics.decisions, topics.logs]
    described = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all"
    )
    faults: list[str] = []
    for name in names:
        found = {key: _value(entry) for key, entry in described["topic"][name].items()}
        # compaction and retention lose events of what is the log of the server mode, and first claims
        for setting in ("cleanup.policy", "retention.ms", "retention.bytes"):
            if found.get(setting) != _KEPT[setting]:
                faults.append(f"{name} has {setting}={found.get(setting)}; set {_KEPT[setting]}")  # noqa: PERF401
        if int(found.get("max.message.bytes") or 0) < MAX_MESSAGE_BYTES:
            faults.append(
                f"{name} has max.message.bytes={found.get('max.message.bytes')}; set {MAX_MESSAGE_BYTES}"
            )
    (decisions,) = admin.describe_topics([topics.decisions])
    if (count := len(decisions["partitions"])) != 1:
        faults.append(
            f"{topics.decisions} has {count} partitions, and decisions one order; make it anew with 1"
        )
    if faults:
        raise TopicsUnfit("; ".join(faults))


def _value(entry: object) -> str | None:
    return entry.get("value") if isinstance(entry, dict) else getattr(entry, "value", None)
