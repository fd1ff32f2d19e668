"""One producer's life: rows are sent from the place on and acknowledged in order, until it fails."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from domain.events import EVENT_TYPES
from domain.times import Ms, format_rfc3339
from ingest.log.reader import FollowedLog
from ingest.log.record import LogRecord
from ingest.relay import metrics
from ingest.relay.letters import LettersReader
from ingest.relay.place import Place
from ingest.relay.topics import Wanted, ensure
from ingest.relay.wire import MAX_MESSAGE_BYTES, Access, Headers, Stamp, Topics, headers_of, heartbeat

CHUNK_ROWS: Final = 1_000
CHUNK_BYTES: Final = 32 << 20
IDLE_S: Final = 0.005
KEEP_EVERY_S: Final = 0.2
LETTERS_EVERY_S: Final = 0.2
"""Looking for dead letters opens their file: nobody waits for them as for events."""
LOOK_AROUND_S: Final = 10.0
STUCK_S: Final = 60.0
SILENT_S: Final = 5.0
NEVER_MS: Final = 2**31 - 1
"""An expired batch would leave a gap in front of the batches behind it: none ever expires."""

PRODUCER: Final[dict[str, Any]] = {
    "enable_idempotence": True,
    "acks": "all",
    "compression_type": "zstd",
    "linger_ms": 5,
    "batch_size": 256 << 10,
    "max_request_size": MAX_MESSAGE_BYTES,
    "delivery_timeout_ms": NEVER_MS,
    "request_timeout_ms": 30_000,
    "max_block_ms": 10_000,
    "allow_auto_create_topics": False,
    "max_in_flight_requests_per_connection": 5,
}


@dataclass(frozen=True)
class Bounds:
    """Most messages and bytes outstanding; how often a quiet partition gets a heartbeat while others move."""

    most_messages: int = 50_000
    most_bytes: int = 64 << 20
    heartbeat_s: float = 0.5


@dataclass
class State:
    """What a relay tells of itself. `behind`: rows of the log; `waiting_s`: of the oldest message."""

    row: int = 0
    last: int = 0
    outstanding: int = 0
    waiting_s: float = 0.0
    failing: str = ""

    @property
    def behind(self) -> int:
        return max(0, self.last - self.row)


@dataclass(frozen=True)
class Line:
    """From one log to one Kafka cluster.

    source: the log. place: how far it is sent; this relay's alone. letters: the door's dead letters, when
    they go to Kafka too. clock: UTC milliseconds, for the time of heartbeats.
    """

    source: FollowedLog
    place: Place
    access: Access
    topics: Topics
    clock: Callable[[], Ms]
    wanted: Wanted = field(default_factory=Wanted)
    letters: LettersReader | None = None
    bounds: Bounds = field(default_factory=Bounds)
    state: State = field(default_factory=State)
    stop: threading.Event = field(default_factory=threading.Event)

    def measure(self) -> None:
        """Looks at the log's end and shows how far behind it the place is."""
        self.state.row = self.place.row
        self.state.last = self.source.last()
        metrics.place.set(self.state.row)
        metrics.lag.set(self.state.behind)


class Session:
    """From the place on, until the producer fails or the relay stops."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._source = line.source
        self._place = line.place
        self._topics = line.topics
        self._bounds = line.bounds
        self._window = _Window()
        self._letters_under_way: deque[tuple[int, Any]] = deque()
        self._decisions: deque[Any] = deque()
        self._decision_rows: deque[int] = deque()
        self._sent: Counter[str] = Counter()
        self._fault: BaseException | None = None
        self._cursor = self._place.row
        self._decided = self._place.decided
        self._letter = self._place.letter
        self._partitions = 0
        self._told: list[int] = []
        self._spoken_at: list[float] = []
        self._kept_at = self._looked_at = monotonic()
        self._letters_at = 0.0
        self._chunk = CHUNK_ROWS
        self._producer = KafkaProducer(**{**PRODUCER, **line.access.client()})

    def run(self) -> None:
        """Sends rows as they come."""
        try:
            self._look_around()
            while not self._line.stop.is_set():
                self._settle()
                if self._window.is_full(self._bounds):
                    self._line.stop.wait(0.001)
                elif not self._send_next():
                    self._idle()
            self._finish()
        finally:
            try:
                self._place.keep()
            finally:  # a full disk must not leave a producer behind that goes on sending
                self._producer.close(timeout=0 if self._fault else 2)

    # Sending

    def _send_next(self) -> bool:
        batch = self._source.read(self._cursor, self._chunk)
        if batch.upto == self._cursor:
            return False
        before = self._window.size
        for row, record in batch.records:
            self._send(row, record)
        self._cursor = batch.upto
        self._window.pass_over(batch.upto)
        if batch.records:  # few large events must not fill the memory with the next reading
            average = max(1, (self._window.size - before) // len(batch.records))
            self._chunk = max(1, min(CHUNK_ROWS, CHUNK_BYTES // average))
        return True

    def _send(self, row: int, record: LogRecord) -> None:
        stamp = Stamp(self._source.log_no, row, self._decided)
        value = bytes(record.data)
        key = record.site.encode() or None
        headers = headers_of(record, stamp)
        if _is_decision(record.type):
            future = self._hand_over(self._topics.decisions, 0, key, value, headers)
            self._decisions.append(future)
            self._decision_rows.append(row)
            self._decided = row
            partition = None
        else:
            self._await_decisions()
            partition = self._place.partition_of(record.site, self._partitions)
            future = self._hand_over(self._topics.events, partition, key, value, headers)
            self._told[partition] = row
            self._spoken_at[partition] = monotonic()
        self._window.add(row, future, len(value) + sum(len(text) for _, text in headers))

    def _hand_over(
        self, topic: str, partition: int, key: bytes | None, value: bytes, headers: Headers
    ) -> Any:
        if self._fault is not None:
            raise _as_kafka(self._fault)
        future = self._producer.send(topic, value, key=key, headers=headers, partition=partition)
        future.add_errback(self._abandon)
        self._sent[topic] += 1
        return future

    def _abandon(self, fault: BaseException) -> None:
        """Called in the sender's own thread: no batch behind the failed one leaves any more."""
        if self._fault is None:
            self._fault = fault
            self._producer._sender.force_close()  # noqa: SLF001 - close() would wait for what must not leave

    def _await_decisions(self) -> None:
        """Whoever reads the next event can read every decision before it already."""
        while self._decisions:
            if self._decisions[0].is_done:
                self._decisions.popleft()
                continue
            self._settle()
            if self._line.stop.wait(0.001):
                raise KafkaError("stopped while a decision waits for the broker")

    # Acknowledgements

    def _settle(self) -> None:
        """Moves the place over what is acknowledged. Raises KafkaError when the producer failed."""
        if self._fault is not None:
            raise _as_kafka(self._fault)
        row = self._window.settle()
        now = monotonic()
        if row > self._place.row:
            while self._decision_rows and self._decision_rows[0] <= row:
                self._place.decided = self._decision_rows.popleft()
            self._place.tell(row)
        while self._letters_under_way and self._letters_under_way[0][1].is_done:
            self._place.letter = self._letters_under_way.popleft()[0]
        if now - self._kept_at >= KEEP_EVERY_S:
            self._kept_at = now
            self._place.keep()
            self._measure(now)
        if now - self._looked_at >= LOOK_AROUND_S:
            self._look_around()

    def _measure(self, now: float) -> None:
        state = self._line.state
        state.outstanding = self._window.count
        state.waiting_s = now - self._window.oldest if self._window.count else 0.0
        for topic, count in self._sent.items():  # a labelled counter costs as much as a message
            metrics.sent.labels(topic).inc(count)
        self._sent.clear()
        metrics.outstanding.set(state.outstanding)
        metrics.outstanding_bytes.set(self._window.size)
        metrics.waiting_seconds.set(state.waiting_s)
        self._line.measure()
        stuck = state.waiting_s > SILENT_S
        state.failing = f"the broker has not answered for {state.waiting_s:.0f} s" if stuck else ""
        metrics.failing.set(int(stuck))

    def _look_around(self) -> None:
        """Partitions may have been added; topics may have gone with the cluster they were on."""
        now = monotonic()
        self._looked_at = now
        if self._window.count and now - self._window.oldest > STUCK_S:
            ensure(self._line.access, self._topics, self._line.wanted)
        self._partitions = len(self._producer.partitions_for(self._topics.events) or ())
        if not self._partitions:
            raise KafkaError(f"{self._topics.events} has no partitions")
        added = self._partitions - len(self._told)
        self._told += [0] * added
        self._spoken_at += [0.0] * added

    # Quiet moments

    def _idle(self) -> None:
        self._send_letters()
        self._beat()
        self._line.stop.wait(IDLE_S)

    def _beat(self) -> None:
        """A partition that has not been spoken to lately learns how far the log is."""
        while self._decisions and self._decisions[0].is_done:
            self._decisions.popleft()
        if self._decisions:  # like an event, a heartbeat says that the decisions before it can be read
            return
        now = monotonic()
        for partition, told in enumerate(self._told):
            if told < self._cursor and now - self._spoken_at[partition] >= self._bounds.heartbeat_s:
                time = format_rfc3339(self._line.clock())
                value, headers = heartbeat(self._source.log_no, self._cursor, time)
                future = self._hand_over(self._topics.events, partition, None, value, headers)
                self._window.add(self._cursor, future, len(value))
                self._told[partition] = self._cursor
                self._spoken_at[partition] = now
                metrics.heartbeats.inc()

    def _send_letters(self) -> None:
        letters, now = self._line.letters, monotonic()
        if letters is None or len(self._letters_under_way) > CHUNK_ROWS:
            return
        if now - self._letters_at < LETTERS_EVERY_S:
            return
        self._letters_at = now
        for sealed in letters.after(self._letter, CHUNK_ROWS):
            if sealed.value:  # taken in meanwhile: it is an event now
                key = sealed.site.encode() or None
                future = self._hand_over(self._topics.dead_letters, 0, key, sealed.value, sealed.headers)
                self._letters_under_way.append((sealed.letter, future))
            elif not self._letters_under_way:
                self._place.letter = sealed.letter
            self._letter = sealed.letter

    def _finish(self) -> None:
        """A clean end: what is under way gets a moment to be acknowledged."""
        deadline = monotonic() + 3.0
        while (self._window.count or self._letters_under_way) and monotonic() < deadline:
            self._settle()
            threading.Event().wait(0.005)


class _Window:
    """Messages under way in the order of their rows."""

    def __init__(self) -> None:
        self._under_way: deque[tuple[int, Any, int, float]] = deque()
        self._passed = 0
        self._settled = 0
        self.size = 0

    @property
    def count(self) -> int:
        return len(self._under_way)

    def is_full(self, bounds: Bounds) -> bool:
        """Whether reading has to wait for the broker."""
        return self.count >= bounds.most_messages or self.size >= bounds.most_bytes

    @property
    def oldest(self) -> float:
        """When the oldest message was handed over (monotonic seconds)."""
        return self._under_way[0][3] if self._under_way else monotonic()

    def add(self, row: int, future: Any, size: int) -> None:
        """One more message under way."""
        self._under_way.append((row, future, size, monotonic()))
        self.size += size

    def pass_over(self, row: int) -> None:
        """Rows up to this one have been looked at, facts or not."""
        self._passed = row

    def settle(self) -> int:
        """The last row of which it and all before it are acknowledged."""
        under_way = self._under_way
        while under_way and under_way[0][1].is_done:
            row, future, size, _ = under_way.popleft()
            if future.failed():
                raise _as_kafka(future.exception)
            self._settled = row
            self.size -= size
        if not under_way:
            return max(self._settled, self._passed)
        # A heartbeat names a row that may be settled already; one row less is always true.
        return max(self._settled, under_way[0][0] - 1)


def _is_decision(type_: str) -> bool:
    kind = EVENT_TYPES.get(type_)
    return kind is not None and kind.DECISION


def _as_kafka(fault: BaseException | None) -> KafkaError:
    return fault if isinstance(fault, KafkaError) else KafkaError(f"{type(fault).__name__}: {fault}")
