"""What a projector reads: facts in order, from one or several partitions, each with a position of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.errors import Invalid
from domain.event import Event
from domain.events import parse_data
from ingest.log.reader import FollowedLog
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
    """What one reading gave: events in order, what was poison, and how far each partition is read by it.

    `parts` are the partitions of `told` one by one (empty: all of the only one); `covered` says per partition
    and log up to which row of the log its events have been read.
    """

    told: Sequence[Told]
    poison: Sequence[Poison]
    positions: Mapping[int, int]
    parts: Sequence[int] = ()
    covered: Mapping[int, Mapping[int, int]] = {}


class Feed(Protocol):
    """A source of facts whose positions the projector keeps (with the effect, written last)."""

    name: str

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """Up to about `limit` facts after these positions; empty when there are none now."""

    def head(self) -> Mapping[int, int]:
        """The last position of each partition."""


class Reassigned(Exception):
    """Other partitions belong to this feed now: ask `join` which, and begin from their stored places."""


class SharedFeed(ABC):
    """A feed whose partitions several projectors share: which are whose is decided by others and changes.

    A projector that takes partitions asks `join` for them, reads their stored places, makes a new epoch of
    its own durable and only then asks `confirm`: one that has lost them meanwhile learns it there, before
    it has written anything. So the epochs of those who do write rise in the order in which partitions change
    hands.
    """

    name: str
    on_revoke: Callable[[], None] | None = None
    """Called (in any thread) before partitions are taken away; returns when nothing is being written."""

    @abstractmethod
    def join(self) -> frozenset[int]:
        """The partitions that are this feed's now, as numbers of `positions`; waits until all agree."""

    @abstractmethod
    def confirm(self, positions: Mapping[int, int]) -> None:
        """Returns when the partitions are still this feed's. Raises Reassigned when not."""

    @abstractmethod
    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """As `Feed.read`. Raises Reassigned."""

    @abstractmethod
    def head(self) -> Mapping[int, int]:
        """As `Feed.head`, of the partitions that are this feed's."""

    @abstractmethod
    def every(self) -> frozenset[int]:
        """All partitions there are, whoever owns them."""


class LogFeed:
    """The log of the embedded mode: one partition."""

    name = "log"

    def __init__(self, reader: FollowedLog) -> None:
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
