"""Following a PostgreSQL log from any process. Rows become visible in their order (see `postgres`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import tuple_row

from ingest.errors import LogInUse, LogUnwritable
from ingest.log.identity import originator_id
from ingest.log.number import LogIdentity
from ingest.log.postgres import RELAY, SCHEMA, TABLE, parameters, place_of, prepare, turn
from ingest.log.reader import Batch, facts_among
from ingest.log.record import LOG_NO, LogRecord, decode_record

_THERE = f"SELECT to_regclass('{SCHEMA}.{TABLE}'), to_regclass('{SCHEMA}.log_identity')"


class PostgresLogReader:
    """`FollowedLog` over one connection, made anew when it breaks. Safe to share between threads.

    number: the log's, as long as the log is not there to say itself. alone: the connection holds the relay's
    turn from its beginning, so that of all readers made so only one can read, whatever machine they are on;
    the others' calls raise LogInUse.
    """

    def __init__(self, url: str, *, number: int | None = None, alone: bool = False) -> None:
        """Raises LogMismatch when the address is none; nothing is connected yet."""
        self._parameters = parameters(url)
        self._place = place_of(url)
        self._number = number or LOG_NO
        self._alone = alone
        self._lock = threading.Lock()
        self._connection: Connection[tuple[Any, ...]] | None = None
        self._there = False
        self._identity: LogIdentity | None = None

    @property
    def log_no(self) -> int:
        identity = self.identity()
        return self._number if identity is None else identity.no

    def identity(self) -> LogIdentity | None:
        if self._identity is None:
            with self._cursor() as run:
                found = None
                if run is not None:
                    found = run.execute(f"SELECT no, uuid FROM {SCHEMA}.log_identity").fetchone()
            self._identity = None if found is None else LogIdentity(found[0], found[1])
        return self._identity

    def last(self) -> int:
        """The highest row, 0 for an empty log."""
        with self._cursor() as run:
            if run is None:
                return 0
            found = run.execute(f"SELECT max(notification_id) FROM {SCHEMA}.{TABLE}").fetchone()
        return 0 if found is None else found[0] or 0

    def read(self, after: int, limit: int) -> Batch:
        """Facts among the next `limit` rows after row `after`."""
        with self._cursor() as run:
            if run is None:
                return Batch([], after)
            rows = run.execute(
                f"SELECT notification_id, topic, state FROM {SCHEMA}.{TABLE}"
                " WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
                (after, limit),
            ).fetchall()
        return facts_among(rows, after)

    def get(self, source: str, event_id: str) -> tuple[int, LogRecord] | None:
        """The fact of this identity with its row."""
        with self._cursor() as run:
            if run is None:
                return None
            row = run.execute(
                f"SELECT notification_id, state FROM {SCHEMA}.{TABLE}"
                " WHERE originator_id = %s::uuid AND originator_version = 1",
                (originator_id(source, event_id),),
            ).fetchone()
        return None if row is None else (row[0], decode_record(row[1]))

    def close(self) -> None:
        with self._lock:
            self._drop()

    @contextmanager
    def _cursor(self) -> Iterator[Cursor[tuple[Any, ...]] | None]:
        with self._lock:
            try:
                connection = self._open()
                with connection.cursor(binary=True) as cursor:
                    yield cursor if self._is_there(cursor) else None
            except psycopg.Error as error:
                self._drop()
                raise LogUnwritable(f"the log in {self._place} cannot be read: {error}") from error

    def _open(self) -> Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._drop()
            connection = psycopg.connect(**self._parameters, row_factory=tuple_row)
            try:
                prepare(connection)
                connection.execute("SET default_transaction_read_only = on")
                if self._alone and not _take(connection):
                    raise LogInUse(f"another relay already sends the log in {self._place}")
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _is_there(self, run: Cursor[tuple[Any, ...]]) -> bool:
        """Whether a door has made the tables; asked until one has."""
        if not self._there:
            found = run.execute(_THERE).fetchone()
            self._there = found is not None and None not in found
        return self._there

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def _take(connection: Connection[tuple[Any, ...]]) -> bool:
    found = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", turn(RELAY)).fetchone()
    return found is not None and bool(found[0])
