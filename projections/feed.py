"""What a projector reads: facts in order, from one or several partitions, each with a position of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.event import Event
from domain.errors import Invalid
from domain.events import parse_data
from ingest.log.reader import LogReader
from ingest.log.record import LogRecord
from projections.evidence import Told


class Poison(NamedTuple):
    """A row of the feed that cannot be read as an event: kept with its reason, never a reason to stop."""

    log_no: int
    position: int
    source: str
    event_id: str
    reason: str
    raw: str


class Read(NamedTuple):
    """What one reading gave: events in order, what was poison, and how far each partition is read by it."""

    told: Sequence[Told]
    poison: Sequence[Poison]
    positions: Mapping[int, int]


class Feed(Protocol):
    """A source of facts whose positions the projector keeps (with the effect, written last)."""

    name: str

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """Up to about `limit` facts after these positions; empty when there are none now."""

    def head(self) -> Mapping[int, int]:
        """The last position of each partition."""


class LogFeed:
    """The log of the embedded mode: one partition."""

    name = "log"

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """Facts after the position; rows that are aggregates' own are passed over."""
        part = self._reader.log_no
        batch = self._reader.read(positions.get(part, 0), limit)
        told: list[Told] = []
        poison: list[Poison] = []
        for position, record in batch.records:
            item = told_of(record, part, position)
            if isinstance(item, Told):
                told.append(item)
            else:
                poison.append(item)
        return Read(told, poison, {part: batch.upto})

    def head(self) -> Mapping[int, int]:
        """The last row of the log."""
        return {self._reader.log_no: self._reader.last()}


def told_of(record: LogRecord, log_no: int, position: int) -> Told | Poison:
    """A record of the log as the projector takes it."""
    text = bytes(record.data).decode()
    try:
        data = parse_data(record.type, record.version, record.data)
    except Invalid as fault:
        return Poison(log_no, position, record.source, record.id, f"{fault.code}: {fault.detail}", text)
    event = Event(
        id=record.id,
        source=record.source,
        type=record.type,
        ms=record.ms,
        siteid=record.site or None,
        data=data,
        sequence=record.ext.get("sequence"),
    )
    extensions = msgspec.json.encode(record.ext).decode() if record.ext else ""
    return Told(event, record.version, record.received, log_no, position, text, extensions)
