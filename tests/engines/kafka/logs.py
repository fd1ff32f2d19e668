"""A log to relay, written as a door would, and what stands on a topic afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition

from ingest.log import open_sqlite_log
from ingest.log.identity import originator_id
from ingest.log.port import Entry
from ingest.log.reader import LogReader
from ingest.log.record import LogRecord
from ingest.log.writer import GroupCommitLog
from ingest.relay.letters import LettersReader
from ingest.relay.place import Place
from ingest.relay.relay import Relay
from ingest.relay.session import Bounds, Line
from ingest.relay.topics import Wanted
from ingest.relay.wire import Access, Topics

NOW = 1_793_608_260_000
DECISION = "moments.standard.set"


def fact(
    name: str, site: str = "msk-04", *, type_: str = "moments.moment.occurred", size: int = 0
) -> LogRecord:
    """A moment at a site; `size` bytes of unknown field on top."""
    data: dict[str, Any] = {"moment": "seating", "outcome": "met", "visit_id": f"v-{name}"}
    if size:
        data["filling"] = "x" * size
    raw = msgspec.Raw(msgspec.json.encode(data))
    return LogRecord(
        name,
        "/till",
        type_,
        1,
        "2026-11-02T08:30:00Z",
        NOW - 60_000,
        site,
        raw,
        {"sequence": "7"},
        NOW,
        "till-2",
    )


def decision(name: str, site: str = "") -> LogRecord:
    """Some decision; what it says does not matter to a relay."""
    return msgspec.structs.replace(fact(name, site), type=DECISION)


class WrittenLog:
    """A log in a folder with its writer."""

    def __init__(self, folder: Path, number: int | None = None) -> None:
        self.folder = folder
        self.log: GroupCommitLog = open_sqlite_log(folder / "log", min_free_bytes=0, number=number)
        self.reader = LogReader(folder / "log" / "events.db")

    def append(self, *records: LogRecord) -> int:
        """Stores records durably; the row of the last."""
        entries = [Entry(originator_id(record.source, record.id), record) for record in records]
        return self.log.submit(entries).result(timeout=30)[-1].row

    def close(self) -> None:
        self.reader.close()
        self.log.close()


@contextmanager
def written_log(folder: Path, number: int | None = None) -> Iterator[WrittenLog]:
    """A log that is closed at the end."""
    log = WrittenLog(folder, number)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def relaying(
    log: WrittenLog,
    bootstrap: str,
    topics: Topics,
    *,
    partitions: int = 4,
    letters: Path | None = None,
    start: bool = True,
    **bounds: float,
) -> Iterator[Relay]:
    """A relay at work in a thread (or for the test to start), stopped at the end."""
    place = Place(log.folder / "relay")
    line = Line(
        log.reader,
        place,
        Access(bootstrap),
        topics,
        lambda: NOW,
        wanted=Wanted(partitions),
        letters=LettersReader(letters) if letters else None,
        bounds=Bounds(**bounds),  # type: ignore[arg-type]
    )
    relay = Relay(line)
    thread = threading.Thread(target=relay.run, daemon=True)
    if start:
        thread.start()
    try:
        yield relay
    finally:
        relay.stop()
        if start:
            thread.join(timeout=30)
        assert not thread.is_alive()
        place.close()


def until(holds: Callable[[], bool], seconds: float = 30.0, what: str = "it never came to hold") -> None:
    """Polls with a deadline."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def messages(bootstrap: str, topic: str) -> list[Any]:
    """All that stands on a topic now, partition by partition in order."""
    with closing(
        KafkaConsumer(
            bootstrap_servers=bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=20_000,
            allow_auto_create_topics=False,
        )
    ) as consumer:
        partitions = [
            TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))
        ]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        found: list[Any] = []
        deadline = time.monotonic() + 60
        while any(consumer.position(part) < ends[part] for part in partitions):
            assert time.monotonic() < deadline, "the topic cannot be read to its end"
            for records in consumer.poll(timeout_ms=200).values():
                found += records
    return sorted(found, key=lambda record: (record.partition, record.offset))


def headers(record: Any) -> dict[str, str]:
    """Headers as text."""
    return {name: value.decode(errors="replace") for name, value in record.headers}
