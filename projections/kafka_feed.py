"""Kafka as a feed: `moments.events` by partitions, `moments.decisions` read to its end before what needs it.

Positions are the offsets of the next message to read and live in ClickHouse with the effect; Kafka's own
committed offsets are for display only. As a member of a group a feed shares the partitions with others; alone
(verify, rebuild) it reads them all. In `positions`, a partition's number stands for its own offset, and the
number with `DECIDED` added for the offset in the decisions up to which its facts have been brought.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, Final, NamedTuple

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    KafkaTimeoutError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from domain.errors import Invalid
from ingest.relay.wire import Access, Message, Stamp, Topics, message_of
from projections.evidence import Told
from projections.feed import Poison, Read, Reassigned, SharedFeed, told_of
from projections.share import DECIDED

GROUP: Final = "moments-projectors"
CONSUMER: Final[dict[str, Any]] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "fetch_min_bytes": 1,
    "fetch_max_wait_ms": 100,
    "max_partition_fetch_bytes": 4 << 20,
    "max_poll_records": 20_000,
    "max_poll_interval_ms": 120_000,
}
SESSION_S: Final = 15.0
BEATS: Final = 7
"""Heartbeats within a session: several may be late or lost."""
WAIT_MS: Final = 100
JOIN_S: Final = 60.0
CONFIRM_S: Final = 15.0
COMMIT_EVERY_S: Final = 10.0
MOST_BYTES: Final = 64 << 20
"""Of values in one reading: events may be large, and a reading is held in memory."""

_LOST: Final = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


class Buried(NamedTuple):
    """A message that is no event of a relay, with the reason: on its way to the dead letters."""

    topic: str
    partition: int
    offset: int
    reason: Invalid
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes | None]]


Bury = Callable[[Sequence[Buried]], None]
"""Keeps messages durably; returns when they are."""


class KafkaFeed(SharedFeed):
    """Partitions of `moments.events` as a member of a group of projectors.

    Args:
        access, topics: the brokers and the names.
        bury: keeps what cannot be read as an event, before its place is passed.
        group: the projectors that share one generation; another generation needs another group.
        session_s: how long this member may be silent before its partitions go to the others.
    """

    name = "kafka"

    def __init__(
        self, access: Access, topics: Topics, bury: Bury, *, group: str = GROUP, session_s: float = SESSION_S
    ) -> None:
        self._topics = topics
        self._events = _Events(topics.events, bury)
        self._decisions = _Decisions(access, topics.decisions, bury)
        self._changed = self._settled = 0
        self._assigned: frozenset[int] | None = None
        self._at: dict[int, int] = {}
        self._committed_at = 0.0
        self._lock = threading.Lock()
        member = {
            "group_id": group,
            "session_timeout_ms": round(session_s * 1000),
            "heartbeat_interval_ms": round(session_s * 1000 / BEATS),
        }
        self._consumer = KafkaConsumer(**{**CONSUMER, **access.client(), **member})
        self._consumer.subscribe([topics.events], listener=_Listener(self))
        # A group's leader that knows no partitions yet gives out none, and everybody begins again when it
        # does: so they are asked for before the group is.
        self._consumer.partitions_for_topic(topics.events)

    def join(self) -> frozenset[int]:
        """The partitions that are this member's now, each twice: its own number and its decisions' one."""
        deadline = monotonic() + JOIN_S
        with self._lock:
            self._at.clear()
            while True:
                self._consumer.poll(timeout_ms=WAIT_MS, max_records=1)
                if self._assigned is not None:
                    break
                if monotonic() > deadline:
                    raise KafkaTimeoutError("the group has given out no partitions")
                # kafka-python 3.0.12 forgets a joining under way when the leader's metadata changed and the
                # poll timed out between the group's two answers (`join_group_async` asks `need_rejoin` before
                # it looks at its own task): the member never hears of its partitions and sends no heartbeat.
                self._consumer._coordinator.request_rejoin()  # noqa: SLF001 - the flag has no public setter
            self._pause(self._assigned)
            self._settled = self._changed
            return self._assigned | {part | DECIDED for part in self._assigned}

    def confirm(self, positions: Mapping[int, int]) -> None:
        """Asks the group by committing, which nobody but the owner of this generation may."""
        offsets = self._offsets(positions)
        if not offsets:
            return
        deadline = monotonic() + CONFIRM_S
        with self._lock:
            future = self._consumer.commit_async(offsets)
            while not future.is_done:
                self._poll(1, WAIT_MS)
                if monotonic() > deadline:
                    raise KafkaTimeoutError("the group does not answer")
            self._check()
            if future.failed():
                if isinstance(future.exception, _LOST):
                    raise Reassigned from future.exception
                raise future.exception

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """Up to `limit` messages after these offsets, decisions first. Raises Reassigned.

        Behind the end of its partitions it waits for the next answer of the brokers: a flush costs about the
        same for few messages as for many.
        """
        with self._lock:
            self._check()
            self._seek(positions)
            reading = _Reading(positions)
            wait = WAIT_MS
            while reading.messages < limit and reading.size < MOST_BYTES:
                records = self._poll(limit - reading.messages, wait)
                if not records:
                    break
                for part, found in records.items():
                    self._at[part] = found[-1].offset + 1
                    self._events.take(found, reading)
                wait = WAIT_MS if self.behind(self._at) else 0
            reading.positions.update(self._at)
            self._decisions.take(reading)
            self._show(positions)
            return reading.read()

    def head(self) -> Mapping[int, int]:
        """The end of each partition owned."""
        with self._lock:
            assigned = self._consumer.assignment()
            return {each.partition: end for each, end in self._consumer.end_offsets(list(assigned)).items()}

    def every(self) -> frozenset[int]:
        """All partitions of the topic, whoever owns them."""
        with self._lock:
            return frozenset(self._consumer.partitions_for_topic(self._topics.events))

    def behind(self, positions: Mapping[int, int]) -> int:
        """Messages after these positions, as far as the last answers of the brokers tell; asks nobody."""
        ends = {part: self._consumer.highwater(each) for part in positions for each in self._named(part)}
        return sum(max(0, end - positions[part]) for part, end in ends.items() if end is not None)

    def close(self) -> None:
        """Leaves the group: others take over at once."""
        with self._lock:
            self._consumer.close(autocommit=False, timeout_ms=5_000)
            self._decisions.close()

    # The group

    def revoked(self) -> None:
        """Told by the consumer that everything is taken away, for now."""
        self._changed += 1
        self._assigned = None
        if self.on_revoke is not None:
            self.on_revoke()

    def assigned(self, parts: frozenset[int]) -> None:
        """Told by the consumer which partitions are this member's."""
        self._changed += 1
        self._assigned = parts

    def _check(self) -> None:
        if self._changed != self._settled:
            raise Reassigned

    def _poll(self, limit: int, wait_ms: int) -> dict[int, list[Any]]:
        records = self._consumer.poll(timeout_ms=wait_ms, max_records=limit)
        self._check()
        return {each.partition: found for each, found in records.items() if found}

    def _named(self, part: int) -> list[TopicPartition]:
        each = TopicPartition(self._topics.events, part)
        return [each] if each in self._consumer.assignment() else []

    def _pause(self, parts: Iterable[int]) -> None:
        """Nothing is fetched before it is known from where."""
        self._consumer.pause(*(TopicPartition(self._topics.events, part) for part in parts))

    def _seek(self, positions: Mapping[int, int]) -> None:
        for part, offset in positions.items():
            if not part & DECIDED and self._at.get(part) != offset:
                partition = TopicPartition(self._topics.events, part)
                self._consumer.seek(partition, offset)
                self._consumer.resume(partition)
                self._at[part] = offset

    def _offsets(self, positions: Mapping[int, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {
            TopicPartition(self._topics.events, part): OffsetAndMetadata(offset, "", -1)
            for part, offset in positions.items()
            if not part & DECIDED
        }

    def _show(self, positions: Mapping[int, int]) -> None:
        """Lets Kafka's own tools show the lag; nobody ever begins from what is committed."""
        now = monotonic()
        if now - self._committed_at >= COMMIT_EVERY_S and (offsets := self._offsets(positions)):
            self._committed_at = now
            with contextlib.suppress(KafkaError):
                self._consumer.commit_async(offsets)


class TopicFeed:
    """All partitions, by nobody's leave: for verify and rebuild. `until`: the offsets to stop at."""

    name = "kafka"

    def __init__(
        self, access: Access, topics: Topics, bury: Bury, until: Callable[[], Mapping[int, int]] | None = None
    ) -> None:
        self._topics = topics
        self._events = _Events(topics.events, bury)
        self._decisions = _Decisions(access, topics.decisions, bury)
        self._until = until
        self._at: dict[int, int] = {}
        self._consumer = KafkaConsumer(**{**CONSUMER, **access.client()})
        partitions = self._consumer.partitions_for_topic(topics.events)
        if not partitions:
            raise KafkaError(f"there is no topic {topics.events}")
        self._partitions = [TopicPartition(topics.events, part) for part in sorted(partitions)]
        self._consumer.assign(self._partitions)
        self._consumer.pause(*self._partitions)

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """As `KafkaFeed.read`, over all partitions."""
        until = self._until() if self._until is not None else None
        reading = _Reading({part.partition: 0 for part in self._partitions} | dict(positions))
        self._seek(reading.positions, until)
        wait = WAIT_MS
        deadline = monotonic() + CONFIRM_S
        while reading.messages < limit and reading.size < MOST_BYTES:
            records = self._consumer.poll(timeout_ms=wait, max_records=limit - reading.messages)
            if not records and not reading.messages and self._short(until) and monotonic() < deadline:
                wait = WAIT_MS  # what is known to stand there is waited for
                continue
            if not records:
                break
            for part, found in records.items():
                end = until.get(part.partition, 0) if until is not None else None
                within = found if end is None else [record for record in found if record.offset < end]
                if len(within) < len(found):
                    self._consumer.pause(part)
                self._at[part.partition] = found[-1].offset + 1
                if within:
                    reading.positions[part.partition] = within[-1].offset + 1
                    self._events.take(within, reading)
            wait = WAIT_MS if self._short(until) else 0
        self._decisions.take(reading, until)
        return reading.read()

    def head(self) -> Mapping[int, int]:
        """The end of each partition."""
        return {each.partition: end for each, end in self._consumer.end_offsets(self._partitions).items()}

    def close(self) -> None:
        """Closes the connections."""
        self._consumer.close()
        self._decisions.close()

    def _short(self, until: Mapping[int, int] | None) -> bool:
        return until is not None and any(
            self._at[each.partition] < until.get(each.partition, 0) for each in self._partitions
        )

    def _seek(self, positions: Mapping[int, int], until: Mapping[int, int] | None) -> None:
        for partition in self._partitions:
            part = partition.partition
            offset = positions[part]
            if self._at.get(part) != offset:
                self._consumer.seek(partition, offset)
                self._at[part] = offset
            if until is None or offset < until.get(part, 0):
                self._consumer.resume(partition)
            else:
                self._consumer.pause(partition)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, feed: KafkaFeed) -> None:
        self._feed = feed

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        del revoked  # all of them: assignments are eager
        self._feed.revoked()

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._feed.assigned(frozenset(each.partition for each in assigned))


class _Reading:
    """What one reading has gathered."""

    def __init__(self, positions: Mapping[int, int]) -> None:
        self.positions = dict(positions)
        self.told: list[Told] = []
        self.parts: list[int] = []
        self.decided: list[Told] = []
        self.poison: list[Poison] = []
        self.covered: dict[int, dict[int, int]] = {}
        self.messages = 0
        self.size = 0

    def read(self) -> Read:
        """Decisions first: they hold for the derivation of the whole batch."""
        told = [*self.decided, *self.told]
        parts = [min(self.positions, default=0)] * len(self.decided) + self.parts
        return Read(told, self.poison, self.positions, parts, self.covered)


class _Events:
    """Messages of `moments.events` as the projector takes them."""

    def __init__(self, topic: str, bury: Bury) -> None:
        self._topic = topic
        self._bury = bury

    def take(self, records: Sequence[Any], reading: _Reading) -> None:
        """Messages of one partition, in order."""
        part = records[0].partition
        covered = reading.covered.setdefault(part, {})
        buried: list[Buried] = []
        for record in records:
            reading.size += len(record.value or b"")
            taken = _taken(record)
            if isinstance(taken, Told):
                reading.told.append(taken)
                reading.parts.append(part)
                stamp = Stamp(taken.log_no, taken.position)
            elif isinstance(taken, Invalid):
                buried.append(_buried(record, taken))
                continue
            else:
                stamp = taken
            # A relay that starts again repeats older rows: what is covered never goes back.
            covered[stamp.log_no] = max(covered.get(stamp.log_no, 0), stamp.row)
        reading.messages += len(records)
        if buried:
            self._bury(buried)
            reading.poison += [_poison(each) for each in buried]


class _Decisions:
    """`moments.decisions`, followed from the least offset that a partition has been brought to."""

    def __init__(self, access: Access, topic: str, bury: Bury) -> None:
        self._partition = TopicPartition(topic, 0)
        self._bury = bury
        self._at: int | None = None
        self._consumer = KafkaConsumer(**{**CONSUMER, **access.client()})
        self._consumer.assign([self._partition])

    def take(self, reading: _Reading, until: Mapping[int, int] | None = None) -> None:
        """Adds what has been decided; to the end of the topic when the reading has events."""
        parts = [part for part in reading.positions if not part & DECIDED]
        if not parts:
            return
        begin = min(reading.positions.get(part | DECIDED, 0) for part in parts)
        if self._at != begin:
            self._consumer.seek(self._partition, begin)
            self._at = begin
        end = max(until.get(part | DECIDED, 0) for part in parts) if until is not None else None
        # Whatever event was read, the decisions before it stood on the topic before it was sent.
        goal = self._consumer.end_offsets([self._partition])[self._partition] if reading.told else begin
        goal = goal if end is None else end
        while True:
            found = self._consumer.poll(timeout_ms=WAIT_MS if self._at < goal else 0, max_records=1_000)
            records = [record for each in found.values() for record in each]
            if records:
                self._at = records[-1].offset + 1
                self._add([record for record in records if end is None or record.offset < end], reading)
            elif self._at >= goal or self._passed(goal):
                break
        upto = self._at if end is None else min(self._at, end)
        for part in parts:
            reading.positions[part | DECIDED] = max(upto, reading.positions.get(part | DECIDED, 0))

    def _passed(self, goal: int) -> bool:
        """Whether only marks of transactions are left before the goal."""
        position = self._consumer.position(self._partition)
        if position is not None and position >= goal:
            self._at = goal
            return True
        return False

    def _add(self, records: Sequence[Any], reading: _Reading) -> None:
        buried: list[Buried] = []
        for record in records:
            taken = _taken(record)
            if isinstance(taken, Told) and taken.event.data.DECISION:
                reading.decided.append(taken)
            elif not isinstance(taken, Stamp):
                fault = (
                    taken if isinstance(taken, Invalid) else Invalid("invalid_data", "no decision", "/type")
                )
                buried.append(_buried(record, fault))
        if buried:
            self._bury(buried)
            reading.poison += [_poison(each) for each in buried]

    def close(self) -> None:
        """Closes the connections."""
        self._consumer.close()


def _taken(record: Any) -> Told | Stamp | Invalid:
    """A message as an event, a heartbeat's stamp, or what is wrong with it."""
    try:
        message = message_of(record.headers, record.value)
    except Invalid as fault:
        return fault
    if not isinstance(message, Message):
        return message
    told = told_of(message.record, message.stamp.log_no, message.stamp.row)
    if isinstance(told, Told):
        if not told.event.siteid and not told.event.data.DECISION:
            return Invalid("missing_attribute", "siteid is required", "/siteid")
        return told
    code, _, detail = told.reason.partition(": ")
    return Invalid(code, detail)


def _buried(record: Any, reason: Invalid) -> Buried:
    return Buried(
        record.topic, record.partition, record.offset, reason, record.key, record.value or b"", record.headers
    )


def _poison(buried: Buried) -> Poison:
    """What the store shows of it: where it stands and why; the bytes are in the dead letters, sealed."""
    named = dict(buried.headers)
    source, event_id = ((named.get(name) or b"").decode(errors="replace") for name in ("ce_source", "ce_id"))
    reason = f"{buried.reason.code}: {buried.reason.detail} ({buried.topic} {buried.partition})"
    return Poison(buried.partition, buried.offset, source[:200], event_id[:200], reason, "")
