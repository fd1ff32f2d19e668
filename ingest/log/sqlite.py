"""The log's rows in SQLite, through eventsourcing's recorder.

Table and guarantees are the recorder's (`stored_events`, primary key (originator_id, originator_version),
WAL); three things are set here. `synchronous=FULL`: a commit returns after its fsync. Pages of 8 KiB and a
checkpoint every 16 MiB: 200 k rows/s where 4 KiB and 4 MiB gave 130 k. And one statement stores or finds
many rows: Python's sqlite3 gives the interpreter lock back around every step, so a row-by-row insert beside
a busy event loop would wait for that lock once a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from eventsourcing.persistence import InterfaceError
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from ingest.log.number import LogIdentity, settle
from ingest.log.port import Entry, Found

PAGE_BYTES = 8192
CACHE_KIB = 65_536
CHECKPOINT_PAGES = 2048
_SIZES = (2000, 1500, 1000, 500, 250, 100, 50, 25, 10, 5, 2, 1)
"""Rows a statement: round numbers as batches are, and so few that all statements stay prepared.

2,000 rows are 6,000 parameters of SQLite's 32,766.
"""


IDENTITY_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS log_identity "
    "(only_row INTEGER PRIMARY KEY CHECK (only_row = 1), no INTEGER NOT NULL, uuid TEXT NOT NULL)"
)


class DurablePool(SQLiteConnectionPool):
    """Connections whose commit is durable when it returns."""

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        cursor = connection.cursor()
        for pragma in (
            "synchronous=FULL",
            f"cache_size=-{CACHE_KIB}",
            f"wal_autocheckpoint={CHECKPOINT_PAGES}",
            "journal_size_limit=67108864",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        return connection


class DurableDatastore(SQLiteDatastore):
    """The recorder's datastore over durable connections."""

    def __init__(self, db_name: str) -> None:
        super().__init__(db_name, pool_size=2, max_overflow=4)
        self.pool.close()
        self.pool = DurablePool(db_name=db_name, pool_size=2, max_overflow=4, pool_timeout=5.0)


class FactRecorder(SQLiteApplicationRecorder):
    """The application recorder with appends and look-ups of many facts a statement."""

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Stores facts (version 1) with their aggregates' rows in one transaction; the row of each fact."""
        rows: list[int] = []
        with self.datastore.transaction(commit=True) as c:
            run: list[Entry] = []
            for entry in entries:
                run.append(entry)
                if entry.decided:
                    rows += self._insert_facts(c, run)
                    run = []
                    self._insert_events(c, entry.decided)
            rows += self._insert_facts(c, run)
        return rows

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        """The facts that exist among these identities."""
        found: dict[str, Found] = {}
        # No transaction around it: one reading statement is one already, and each more is one more wait.
        with self.datastore.get_connection(commit=False) as connection, connection.cursor() as c:
            for start in range(0, len(originators), _SIZES[0]):
                part = originators[start : start + _SIZES[0]]
                size = min(size for size in _SIZES if size >= len(part))
                keys = [*part, *[part[-1]] * (size - len(part))]
                for row in c.execute(_find_statement(self.events_table_name, size), keys).fetchall():
                    found[row[0]] = Found(row[1], row[2])
        return found

    def _insert_facts(self, c: SQLiteCursor, entries: Sequence[Entry]) -> list[int]:
        rows: list[int] = []
        start = 0
        while start < len(entries):
            size = next(size for size in _SIZES if size <= len(entries) - start)
            params: list[Any] = []
            for entry in entries[start : start + size]:
                params += (entry.originator, cast("Any", entry.record).type, entry.state)
            c.execute(_insert_statement(self.events_table_name, size), params)
            # One INSERT gives consecutive rowids: each is the largest in the table plus one.
            rows += range(c.lastrowid - size + 1, c.lastrowid + 1)
            start += size
        return rows


class SQLiteLogStore:
    """`LogStore` on one SQLite file. Only the process that holds the writer's lock may make one."""

    def __init__(self, path: Path, *, number: int | None = None) -> None:
        """Raises LogMismatch when the log has rows under another number."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        _set_page_size(path)
        self._datastore = DurableDatastore(str(path))
        self._recorder = FactRecorder(self._datastore)
        self._recorder.create_table()
        try:
            self._identity = self._settle(number)
        except BaseException:
            self._datastore.close()
            raise

    @property
    def identity(self) -> LogIdentity:
        return self._identity

    @property
    def recorder(self) -> FactRecorder:
        return self._recorder

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        return self._recorder.find(originators)

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        return self._recorder.append(entries)

    def last(self) -> int:
        return cast("int | None", self._recorder.max_notification_id()) or 0

    def last_decided(self) -> int:
        """Nobody else decides in this log: whoever asks knows of every decision."""
        return 0

    def check(self) -> None:
        """A file is there or not; free disk is looked at by the writer."""

    def reset(self) -> None:
        """A failed commit leaves a connection nobody should trust: all are replaced, the recorder stays.

        The old ones close when the last reader in another thread has let them go.
        """
        self._datastore = DurableDatastore(str(self._path))
        self._recorder.datastore = self._datastore

    def close(self) -> None:
        self._datastore.close()

    def _settle(self, number: int | None) -> LogIdentity:
        with self._datastore.transaction(commit=True) as c:
            c.execute(IDENTITY_SCHEMA)
            c.execute("SELECT no, uuid FROM log_identity")
            found = c.fetchone()
            c.execute("SELECT 1 FROM stored_events LIMIT 1")
            rows = c.fetchone() is not None
            kept = None if found is None else LogIdentity(found[0], found[1])
            identity = settle(kept, number, fixed=rows, where=str(self._path.parent))
            c.execute("INSERT OR REPLACE INTO log_identity VALUES (1, ?, ?)", identity)
        return identity


def _set_page_size(path: Path) -> None:
    """Must come before WAL mode and the first table; on an existing file it changes nothing."""
    import sqlite3

    try:
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    except sqlite3.Error as error:
        raise InterfaceError(error) from error


@cache
def _insert_statement(table: str, rows: int) -> str:
    return f"INSERT INTO {table} VALUES " + ",".join(["(?,1,?,?)"] * rows)


@cache
def _find_statement(table: str, rows: int) -> str:
    places = ",".join("?" * rows)
    return (
        f"SELECT originator_id, rowid, state FROM {table} "
        f"WHERE originator_id IN ({places}) AND originator_version=1"
    )
