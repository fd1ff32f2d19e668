"""Producers that speak Kafka: their inbox topics pass the same door as everybody's requests.

A topic belongs to one producer (the broker's write ACL says who may write), so the settings that map topics
to sites are its key. The offset of a topic's partition is kept after its events are in the log or among the
dead letters: a crash between the two means that some are offered to the door again, and it knows them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from domain.cloudevents import parse_batch
from domain.errors import Invalid
from ingest.bodies import Binary
from ingest.door import Door
from ingest.errors import LogUnwritable, NotAllowed, Overloaded
from ingest.judge import Candidate, Item, read, refusal
from ingest.keys import KeyScope
from ingest.relay.wire import Access, Topics

log = structlog.get_logger("ingest.inbox")

MOST_MESSAGES: Final = 500
WAIT_MS: Final = 200
LOOK_AROUND_S: Final = 15.0
_CONSUMER: Final[dict[str, Any]] = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "max_partition_fetch_bytes": 4 << 20,
    "fetch_max_wait_ms": 100,
}
_SCHEMA: Final = """CREATE TABLE IF NOT EXISTS offsets (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)
) WITHOUT ROWID"""


@dataclass(frozen=True)
class Inbox:
    """One inbox: the producer's name ('' for the plain topic) and its sites (None: all)."""

    name: str
    sites: frozenset[str] | None

    def topic(self, topics: Topics) -> str:
        """The topic its producer writes."""
        return f"{topics.inbox}.{self.name}" if self.name else topics.inbox

    @property
    def scope(self) -> KeyScope:
        """What it may send: events, no decisions."""
        return KeyScope(f"inbox.{self.name}" if self.name else "inbox", "ingest", self.sites)


def parse_inboxes(text: str) -> list[Inbox]:
    """`till-vendor=msk-04+msk-05,bi=*,*=*`: names with their sites; the name `*` is the plain topic.

    Raises ValueError.
    """
    inboxes: list[Inbox] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, sites = part.partition("=")
        if not equals or not sites or not name:
            raise ValueError(f"{part!r} is not NAME=SITE+SITE or NAME=*")
        allowed = None if sites == "*" else frozenset(sites.split("+"))
        inboxes.append(Inbox("" if name == "*" else name, allowed))
    return inboxes


class InboxOffsets:
    """Where each inbox partition is to be read on: a small SQLite file beside the log."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(_SCHEMA)

    def next(self, topic: str, partition: int) -> int:
        """The offset to read next; 0 for a partition never read."""
        row = self._db.execute(
            "SELECT next FROM offsets WHERE topic=? AND partition=?", (topic, partition)
        ).fetchone()
        return int(row[0]) if row else 0

    def keep(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Makes offsets durable."""
        rows = [(each.topic, each.partition, offset) for each, offset in offsets.items()]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


class InboxReader:
    """The background task beside a door that reads all its inboxes."""

    def __init__(
        self, door: Door, access: Access, topics: Topics, inboxes: Sequence[Inbox], offsets: InboxOffsets
    ) -> None:
        self._door = door
        self._access = access
        self._inboxes = {inbox.topic(topics): inbox for inbox in inboxes}
        self._offsets = offsets
        self._consumer: Any = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins on the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends after the messages under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._close()
        self._offsets.close()

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._open)
                loop = asyncio.get_running_loop()
                looked = loop.time()
                while loop.time() - looked < LOOK_AROUND_S or not await asyncio.to_thread(self._outgrown):
                    if loop.time() - looked >= LOOK_AROUND_S:
                        looked = loop.time()
                    found = await asyncio.to_thread(
                        self._consumer.poll, timeout_ms=WAIT_MS, max_records=MOST_MESSAGES
                    )
                    for partition, records in found.items():
                        # A stop must not cut a message's way into the log from the keeping of its offset.
                        await asyncio.shield(self._take(partition, records))
            except (KafkaError, OSError, ValueError, sqlite3.Error) as away:
                log.warning("inbox_waits", reason=f"{type(away).__name__}: {away}")
                await asyncio.sleep(1)
            finally:
                self._close()

    def _open(self) -> None:
        """Reads on from the kept offsets; topics that do not exist yet are looked for again later."""
        self._consumer = KafkaConsumer(**{**_CONSUMER, **self._access.client()})
        partitions = self._partitions()
        if not partitions:
            raise KafkaError(f"none of the topics exists yet: {', '.join(sorted(self._inboxes))}")
        self._consumer.assign(partitions)
        for each in partitions:
            self._consumer.seek(each, self._offsets.next(each.topic, each.partition))

    def _partitions(self) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number)
            for topic in sorted(self._inboxes)
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]

    def _outgrown(self) -> bool:
        """Whether topics or partitions have come since."""
        return set(self._partitions()) != set(self._consumer.assignment())

    def _close(self) -> None:
        if self._consumer is not None:
            self._consumer.close(autocommit=False)
            self._consumer = None

    async def _take(self, partition: TopicPartition, records: Sequence[Any]) -> None:
        inbox = self._inboxes[partition.topic]
        items = [item for record in records for item in items_of(record.headers, record.value or b"")]
        for start in range(0, len(items), MOST_MESSAGES):
            await self._submit(items[start : start + MOST_MESSAGES], inbox)
        await asyncio.to_thread(self._offsets.keep, {partition: records[-1].offset + 1})

    async def _submit(self, items: Sequence[Item], inbox: Inbox) -> None:
        """Offers events until the door has taken or refused them: Kafka holds what has to wait."""
        while True:
            try:
                await self._door.submit(items, inbox.scope)
                return
            except (Overloaded, LogUnwritable) as later:
                log.warning("inbox_waits", inbox=inbox.scope.name, reason=str(later))
                await asyncio.sleep(later.retry_after)
            except NotAllowed:
                await self._keep_foreign(items, inbox)
                return

    async def _keep_foreign(self, items: Sequence[Item], inbox: Inbox) -> None:
        """A request for nothing but other people's sites is turned away whole; a topic cannot be."""
        now = self._door.now_ms()
        cases = [read(Candidate(item, inbox.scope, now)) for item in items]
        for case in cases:
            case.fault = case.fault or Invalid(
                "not_allowed_site", "the inbox is not for this site", "/siteid"
            )
        letters = [refusal(case) for case in cases]
        await asyncio.to_thread(self._door.letters.keep, letters, inbox.scope, import_=False, now_ms=now)


def items_of(headers: Sequence[tuple[str, bytes | None]], value: bytes) -> list[Item]:
    """The events of one message: binary mode when it has `ce_` attributes, else JSON of one or several."""
    # A header without value is an attribute that is not there (some clients write null for it).
    named = [(name.lower(), raw.decode(errors="replace")) for name, raw in headers if raw is not None]
    if any(name in {"ce_specversion", "ce_id"} for name, _ in named):
        # The door reads binary mode as HTTP has it, where values are percent-encoded.
        as_http = [
            ("ce-" + name[3:], quote(text)) if name.startswith("ce_") else (name, text)
            for name, text in named
        ]
        return [Binary(as_http, value)]
    try:
        return list(parse_batch(value))
    except Invalid:
        return [value]
