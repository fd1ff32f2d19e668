"""What a log promises, whatever stores it.

1. An answer means durable: the future of `submit` is done only after the store's commit returned.
2. One identity is stored once; a second one is a duplicate and shows whether it says something else.
3. A submission is taken whole or not at all; a failing store fails whole submissions and leaves nothing of
them.
4. Positions rise with every row and are never given twice.
5. The queue is bounded: beyond it `submit` raises `LogBusy` and takes nothing.
6. Where several processes write one log, all of this holds between them too, and a decision is stored only
when it was judged by the state that every decision before it has left.

`tests/engines/ingest/log_contract.py` holds every implementation to this.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import msgspec
from eventsourcing.persistence import ApplicationRecorder, StoredEvent

from ingest.log.number import LogIdentity
from ingest.log.record import LogRecord


class Entry(msgspec.Struct, gc=False):
    """One event on its way into the log.

    `state` is the row ready to store; None when personal fields must first go through the vault, which
    needs to know that the event is new, since a duplicate must not bring a forgotten person back. `refused`
    marks an event the door would not take: the log only tells whether its identity is known (then it is a
    duplicate, R1). `record` is None when such an event could not even be read that far. `decided` are the
    rows of aggregates that change with this event, stored in the same transaction or not at all; `after` is
    the last such row of the log that they were decided by (-1: nobody else decides). `personal` is the
    sealer's own note.
    """

    originator: str
    record: LogRecord | None
    state: bytes | None = None
    refused: bool = False
    decided: Sequence[StoredEvent] = ()
    after: int = -1
    personal: Any = None


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What became of one entry: its row (0 when refused), and for a duplicate whether it differs from the
    kept one.
    """

    row: int
    duplicate: bool = False
    conflict: bool = False


class Found(msgspec.Struct, frozen=True, gc=False):
    """A row of the log found by identity."""

    row: int
    state: bytes


class Sealer(Protocol):
    """Takes persons out of events before they are stored."""

    def seal(self, entries: Sequence[Entry]) -> None:
        """Sets `state` of every entry that has none; what it needs to keep is durable when this returns."""

    def differs(self, kept: LogRecord, again: Entry) -> bool:
        """R1 over personal fields too: `kept` is sealed, `again` is not yet."""


class LogStore(Protocol):
    """Rows of facts in a database: what `GroupCommitLog` needs of SQLite or PostgreSQL."""

    @property
    def recorder(self) -> ApplicationRecorder:
        """The recorder whose table this is, for reading aggregates; it stays the same through resets."""

    @property
    def identity(self) -> LogIdentity:
        """The log's number and identity, kept with its rows."""

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        """The rows that exist among these identities."""

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        """Stores all entries and their `decided` rows in one durable transaction; the row of each entry,
        ascending.

        Raises `DecisionOvertaken` when other decisions were stored than an entry's `after` says,
        `eventsourcing.persistence.IntegrityError` when an identity came in meanwhile, `PersistenceError`
        else; nothing is stored then. Whoever reads the rows in order finds none of them behind one that is
        there already.
        """

    def last(self) -> int:
        """The highest row, 0 when there is none."""

    def last_decided(self) -> int:
        """The last row of an aggregate; 0 when there is none, and where this process alone decides."""

    def check(self) -> None:
        """Raises `PersistenceError` when the database does not answer."""

    def reset(self) -> None:
        """Forgets connections in an unknown state after a failure."""

    def close(self) -> None: ...


class EventLog(Protocol):
    """The append-only log as the door sees it."""

    @property
    def log_no(self) -> int:
        """The log's number, with which its positions begin."""

    @property
    def identity(self) -> LogIdentity:
        """Number and identity, as they are kept with the log."""

    @property
    def recorder(self) -> ApplicationRecorder:
        """For reading the aggregates that decisions were stored with; writing goes through `submit` only."""

    def submit(self, entries: Sequence[Entry]) -> Future[list[Verdict]]:
        """Queues one submission.

        Raises `LogBusy` or `LogUnwritable` at once; the future raises `LogUnwritable`, or
        `DecisionOvertaken` when another door has decided meanwhile: nothing of the submission is stored.
        """

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        """What is stored under these identities now."""

    def last(self) -> int:
        """The highest durable row that this process knows of."""

    def last_decided(self) -> int:
        """As `LogStore.last_decided`. Raises `LogUnwritable` when the database does not answer."""

    def room(self) -> tuple[int, int]:
        """(events the queue may still take, events it may hold)."""

    def check_writable(self) -> None:
        """Raises `LogUnwritable` when the next append would fail."""

    def close(self) -> None:
        """Commits what is queued and ends the writer."""
