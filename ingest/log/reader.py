"""Following the log from any process: the projector's feed, the relay's source, look-ups of single events."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from ingest.errors import LogUnwritable
from ingest.log.identity import originator_id
from ingest.log.number import LogIdentity
from ingest.log.record import LOG_NO, LogRecord, decode_record

FACT_PREFIX = "moments."
"""Topics of facts begin so; aggregates' own rows have a Python path, which contains a colon."""


class Batch(NamedTuple):
    """`records` are facts with their rows, ascending; `upto` is the last row looked at, facts or not."""

    records: list[tuple[int, LogRecord]]
    upto: int


class FollowedLog(Protocol):
    """A log as whoever follows it reads it. A log that does not exist yet reads as empty.

    Everything raises LogUnwritable when the log cannot be read now.
    """

    @property
    def log_no(self) -> int:
        """The log's number."""

    def identity(self) -> LogIdentity | None:
        """Number and identity; None while nobody has opened the log for writing."""

    def last(self) -> int:
        """The highest row, 0 for an empty log."""

    def read(self, after: int, limit: int) -> Batch:
        """Facts among the next `limit` rows after row `after`. No row ever comes in behind one read."""

    def get(self, source: str, event_id: str) -> tuple[int, LogRecord] | None:
        """The fact of this identity with its row."""

    def close(self) -> None:
        """Closes the connection."""


def facts_among(rows: Sequence[tuple[int, str, bytes]], after: int) -> Batch:
    """The facts among rows (row, topic, state) that were read after row `after`; aggregates' own rows are
    passed over.
    """
    facts = [(row, decode_record(state)) for row, topic, state in rows if topic.startswith(FACT_PREFIX)]
    return Batch(facts, rows[-1][0] if rows else after)


class LogReader:
    """`FollowedLog` over a SQLite log that another process may be writing. Safe to share between threads.

    number: the log's, as long as the log is not there to say itself.
    """

    def __init__(self, path: Path, *, number: int | None = None) -> None:
        self._path = path
        self._number = number or LOG_NO
        self._identity: LogIdentity | None = None
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @property
    def log_no(self) -> int:
        identity = self.identity()
        return self._number if identity is None else identity.no

    def identity(self) -> LogIdentity | None:
        if self._identity is None:
            with self._cursor() as run:
                if run is None:
                    return None
                if run.execute("SELECT 1 FROM sqlite_master WHERE name='log_identity'").fetchone() is None:
                    return None  # a log from before logs had numbers, until its door opens it
                found = run.execute("SELECT no, uuid FROM log_identity").fetchone()
            self._identity = None if found is None else LogIdentity(found[0], found[1])
        return self._identity

    def last(self) -> int:
        """The highest row, 0 for an empty log; a few microseconds."""
        with self._cursor() as run:
            return (
                0 if run is None else run.execute("SELECT MAX(rowid) FROM stored_events").fetchone()[0] or 0
            )

    def read(self, after: int, limit: int) -> Batch:
        """Facts among the next `limit` rows after row `after`."""
        with self._cursor() as run:
            if run is None:
                return Batch([], after)
            rows = run.execute(
                "SELECT rowid, topic, state FROM stored_events WHERE rowid > ? ORDER BY rowid LIMIT ?",
                (after, limit),
            ).fetchall()
        return facts_among(rows, after)

    def get(self, source: str, event_id: str) -> tuple[int, LogRecord] | None:
        """The fact of this identity with its row."""
        with self._cursor() as run:
            if run is None:
                return None
            row = run.execute(
                "SELECT rowid, state FROM stored_events WHERE originator_id=? AND originator_version=1",
                (originator_id(source, event_id),),
            ).fetchone()
        return None if row is None else (row[0], decode_record(row[1]))

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor | None]:
        with self._lock:
            try:
                cursor = self._open()
                if cursor is None:
                    yield None
                    return
                try:
                    yield cursor
                finally:
                    cursor.close()
            except sqlite3.Error as error:
                raise LogUnwritable(f"the log cannot be read: {error}") from error

    def _open(self) -> sqlite3.Cursor | None:
        if self._connection is None:
            if not self._path.exists():
                return None
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=5.0
            )
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA cache_size=-16384")
            if (
                connection.execute("SELECT 1 FROM sqlite_master WHERE name='stored_events'").fetchone()
                is None
            ):
                connection.close()  # the writer has made the file and not yet its table
                return None
            self._connection = connection
        return self._connection.cursor()
