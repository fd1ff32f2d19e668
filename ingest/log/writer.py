"""Group commit: many submissions, one thread, one transaction.

A group in numbered steps, with what holds when the process dies after each:

1. identities are looked up                 nothing has changed
2. new events are sealed                    the vault may know persons no event names yet: harmless
3. one insert and commit                    durable, though not answered: a resend is a duplicate
4. futures are answered                     guarantee 1
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from time import monotonic, perf_counter

import structlog
from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import ApplicationRecorder, IntegrityError

from ingest import metrics
from ingest.errors import DecisionOvertaken, LogBusy, LogUnwritable
from ingest.log.conflict import differs
from ingest.log.number import LogIdentity
from ingest.log.port import Entry, Found, LogStore, Sealer, Verdict
from ingest.log.record import LogRecord, decode_record, encode_record

log = structlog.get_logger("ingest.log")

GIB = 1 << 30
_REFUSED = Verdict(0)
COLLISION = Verdict(0, conflict=True)
"""The one way in which an entry that is not marked as refused can be refused."""
_RACES = 10
"""How often in a row other doors may store an identity between this one's look and its insert. Each time
their rows are known afterwards, so what is left to lose gets less."""
_LOOK_S = 0.5
"""How often a database that does not answer is asked again. Meanwhile requests are refused at once."""

Submission = tuple[Sequence[Entry], "Future[list[Verdict]]"]


class PlainSealer:
    """For logs without persons (tests, tools): events are stored as they are."""

    def seal(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.state is None:
                assert entry.record is not None
                entry.state = encode_record(entry.record)

    def differs(self, kept: LogRecord, again: Entry) -> bool:
        return again.record is None or differs(kept, again.record)


class GroupCommitLog:
    """`EventLog` over any `LogStore`.

    `max_queued` events may wait (a submission larger than that is taken when the queue is empty); a group
    closes at `group_size` events, or `linger_s` after its first one when it is small. Below
    `min_free_bytes` of free disk nothing is taken.
    """

    def __init__(
        self,
        store: LogStore,
        folder: Path,
        *,
        sealer: Sealer | None = None,
        max_queued: int = 40_000,
        group_size: int = 4_000,
        linger_s: float = 0.002,
        min_free_bytes: int = GIB,
        on_close: Sequence[object] = (),
    ) -> None:
        self._store = store
        self._folder = folder
        self._sealer: Sealer = sealer or PlainSealer()
        self._max_queued = max_queued
        self._group_size = group_size
        self._linger_s = linger_s
        self._min_free = min_free_bytes
        self._queue: deque[Submission] = deque()
        self._queued = 0
        self._taken = 0
        self._changed = threading.Condition()
        self._closing = False
        self._disk_checked = -1.0
        self._away = ""
        self._last = store.last()
        self._on_close = on_close
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    # Callers' side: any thread.

    def submit(self, entries: Sequence[Entry]) -> Future[list[Verdict]]:
        self.check_writable()
        future: Future[list[Verdict]] = Future()
        with self._changed:
            if self._closing:
                raise LogUnwritable("the log is closing")
            held = self._queued + self._taken
            if held and held + len(entries) > self._max_queued:
                raise LogBusy(f"{held} events wait for the log; it holds {self._max_queued}", retry_after=1)
            self._queue.append((entries, future))
            self._queued += len(entries)
            metrics.queued.set(self._queued + self._taken)
            self._changed.notify()
        return future

    @property
    def log_no(self) -> int:
        return self._store.identity.no

    @property
    def identity(self) -> LogIdentity:
        return self._store.identity

    @property
    def recorder(self) -> ApplicationRecorder:
        return self._store.recorder

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        try:
            return self._store.find(originators)
        except EventSourcingError as error:
            raise LogUnwritable(f"the log cannot be read: {error}") from error

    def last(self) -> int:
        return self._last

    def last_decided(self) -> int:
        try:
            return self._store.last_decided()
        except EventSourcingError as error:
            raise LogUnwritable(f"the log cannot be read: {error}") from error

    def room(self) -> tuple[int, int]:
        return max(0, self._max_queued - self._queued - self._taken), self._max_queued

    def check_writable(self) -> None:
        """Free disk is looked at no more than five times a second."""
        if self._away:
            raise LogUnwritable(f"the log's database does not answer: {self._away}", retry_after=1)
        now = monotonic()
        if now - self._disk_checked < 0.2:
            return
        if not self._thread.is_alive():
            raise LogUnwritable("the log's writer has ended")
        try:
            disk = os.statvfs(self._folder)
        except OSError as error:
            raise LogUnwritable(f"the log's disk cannot be read: {error.strerror}") from error
        free = disk.f_bavail * disk.f_frsize
        metrics.disk_free.set(free)
        if free < self._min_free:
            raise LogUnwritable(
                f"{free // (1 << 20)} MiB of disk are free, {self._min_free // (1 << 20)} MiB must stay",
                retry_after=30,
            )
        self._disk_checked = now

    def close(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._store.close()
        for item in self._on_close:
            item.release()  # type: ignore[attr-defined]

    # The writer's side: one thread.

    def _run(self) -> None:
        while (group := self._take()) is not None:
            if not group:
                self._look()
                continue
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 - every failure is answered, none ends the writer
                self._fail(group, error)
            finally:
                with self._changed:
                    self._taken = 0
                    metrics.queued.set(self._queued)

    def _take(self) -> list[Submission] | None:
        """The next group; empty when it is time to look whether the database is back, None when the log
        closes and nothing is left.
        """
        with self._changed:
            while not self._queue:
                if self._closing:
                    return None
                if not self._changed.wait(_LOOK_S if self._away else None):
                    return []
            if self._linger_s and self._queued < 100 and not self._closing:
                deadline = monotonic() + self._linger_s
                while self._queued < 100 and (left := deadline - monotonic()) > 0:
                    self._changed.wait(left)
            group = [self._queue.popleft()]
            size = len(group[0][0])
            while self._queue and size + len(self._queue[0][0]) <= self._group_size:
                group.append(self._queue.popleft())
                size += len(group[-1][0])
            self._queued -= size
            self._taken = size
            return group

    def _commit(self, group: list[Submission]) -> None:
        started = perf_counter()
        entries = [entry for submission, _ in group for entry in submission]
        for race in range(_RACES):
            try:
                verdicts = self._append(entries)
                break
            except IntegrityError:
                # Another door of the same database was faster; the second look finds its rows.
                if race == _RACES - 1:
                    raise
            except DecisionOvertaken as overtaken:
                self._set_aside(group, overtaken)
                return
        metrics.append_seconds.observe(perf_counter() - started)
        metrics.group_size.observe(len(entries))
        at = 0
        for submission, future in group:
            future.set_result(verdicts[at : at + len(submission)])
            at += len(submission)

    def _set_aside(self, group: list[Submission], overtaken: DecisionOvertaken) -> None:
        """The submissions that decide are to be decided again; what else is in the group goes on."""
        rest: list[Submission] = []
        for entries, future in group:
            if any(entry.decided for entry in entries):
                future.set_exception(overtaken)
            else:
                rest.append((entries, future))
        if rest:
            self._commit(rest)

    def _append(self, entries: Sequence[Entry]) -> list[Verdict]:
        known = self._store.find([entry.originator for entry in entries])
        fresh: dict[str, Entry] = {}
        verdicts: list[Verdict | None] = []
        for entry in entries:
            if (kept := known.get(entry.originator)) is not None:
                verdicts.append(self._judge(kept, entry))
            elif (first := fresh.get(entry.originator)) is not None:
                verdicts.append(_judge_beside(first, entry))
            elif entry.refused:
                verdicts.append(_REFUSED)
            else:
                fresh[entry.originator] = entry
                verdicts.append(None)
        if not fresh:
            return [verdict or _REFUSED for verdict in verdicts]
        new = list(fresh.values())
        self._sealer.seal(new)
        rows = dict(zip(fresh, self._store.insert(new), strict=True))
        self._last = (
            self._store.last() if any(entry.decided for entry in new) else max(self._last, *rows.values())
        )
        return [_place(verdict, rows, entry) for verdict, entry in zip(verdicts, entries, strict=True)]

    def _judge(self, kept: Found, entry: Entry) -> Verdict:
        record = decode_record(kept.state)
        if _collides(record, entry):
            return COLLISION
        return Verdict(kept.row, duplicate=True, conflict=self._sealer.differs(record, entry))

    def _fail(self, group: list[Submission], error: Exception) -> None:
        metrics.append_failures.inc()
        reset = ""
        try:
            self._store.reset()
            self._look()
        except Exception as fault:  # noqa: BLE001 - the next group tries anew; the writer outlives its store
            reset = f"{type(fault).__name__}: {fault}"
        unwritable = (
            error
            if isinstance(error, LogUnwritable)
            else LogUnwritable(f"the log cannot be written: {error}")
        )
        for _, future in group:
            if not future.done():
                future.set_exception(unwritable)
        # Last, and whatever becomes of it: a stderr that nobody takes any more must not end the writer.
        with suppress(ValueError, OSError):
            events = sum(len(part) for part, _ in group)
            kind = type(error).__name__
            log.error("append_failed", error=str(unwritable), kind=kind, events=events, reset=reset or None)

    def _look(self) -> None:
        """Whether the database answers: while it does not, nobody has to wait to be told so."""
        try:
            self._store.check()
        except EventSourcingError as error:
            self._away = str(error) or type(error).__name__
        else:
            self._away = ""


def _judge_beside(first: Entry, entry: Entry) -> Verdict:
    """An identity that came twice in one group; its row is known once the first is stored."""
    assert first.record is not None
    if _collides(first.record, entry):
        return COLLISION
    return Verdict(0, duplicate=True, conflict=entry.record is None or differs(first.record, entry.record))


def _collides(kept: LogRecord, entry: Entry) -> bool:
    """Two pairs with one 80-bit hash: nobody meets it by chance, and whoever searched for it gets nothing
    stored.
    """
    record = entry.record
    return record is not None and (record.id != kept.id or record.source != kept.source)


def _place(verdict: Verdict | None, rows: dict[str, int], entry: Entry) -> Verdict:
    if verdict is None:
        return Verdict(rows[entry.originator])
    if verdict.duplicate and not verdict.row:
        return Verdict(rows[entry.originator], duplicate=True, conflict=verdict.conflict)
    return verdict
