"""The log's rows in PostgreSQL, through eventsourcing's recorder: one log that several doors share.

Table and types are the recorder's (`stored_events`, primary key (originator_id, originator_version),
`notification_id` from a sequence). What is set here:

- a commit returns after its flush (`synchronous_commit` of the session, whatever role or database say), and
  a server with `fsync = off` is refused;
- rows become visible in the order of their numbers. A sequence gives numbers before commits, so two open
  transactions could show 8 before 7, and a reader that is past 8 would never look for 7. So one transaction
  at a time takes numbers: each holds an advisory lock from before its first number until it is visible
  (PostgreSQL lets locks go after that). The recorder's own way, an EXCLUSIVE lock on the table, orders just
  as well, but has to wait for every autovacuum and autoanalyze of the table, or a second until one is
  cancelled. Both ways exclude each other: an INSERT waits for the table's lock, and that for the INSERT's;
- a door that stands still with the lock is thrown out by the server, and waiting for it has an end;
- one statement stores or finds many rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

import psycopg
from eventsourcing.persistence import OperationalError, PersistenceError, StoredEvent
from eventsourcing.postgres import ConnectionPool, PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection, Cursor
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row

from ingest.errors import DecisionOvertaken, LogMismatch, LogUnwritable
from ingest.log.number import LogIdentity, settle
from ingest.log.port import Entry, Found

SCHEMA = "public"
TABLE = "stored_events"
WAIT_S = 3.0
"""How long a connection is waited for; after that the log cannot be written."""
STANDING_S = 10
"""A door that holds the log's turn and says nothing for so long loses it."""
TURN_S = 20
"""How long a door waits for its turn."""
STATEMENT_S = 60
_MOST = 2**63 - 1
_SEPARATE = 0x6D6F6D65
"""The first half of advisory locks' keys: other applications of the database take others."""
WRITER, RELAY, MAKER = 1, 2, 3

_DECIDED = "topic NOT LIKE 'moments.%'"
"""Rows of aggregates; topics of facts begin with `moments.`, aggregates' are Python paths."""
_EXTRA_SCHEMA = (
    f"CREATE INDEX IF NOT EXISTS {TABLE}_decided_idx ON {SCHEMA}.{TABLE} (notification_id) WHERE {_DECIDED}",
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.log_identity (
        only_row int PRIMARY KEY CHECK (only_row = 1), no int NOT NULL, uuid text NOT NULL
    )""",
)
_LAST_DECIDED = f"SELECT coalesce(max(notification_id), 0) FROM {SCHEMA}.{TABLE} WHERE {_DECIDED}"
_INSERT = f"""
INSERT INTO {SCHEMA}.{TABLE} (originator_id, originator_version, topic, state)
SELECT id, version, topic, state
FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[]) WITH ORDINALITY
    AS given (id, version, topic, state, place)
ORDER BY place RETURNING notification_id
"""
_FIND = f"""
SELECT originator_id, notification_id, state FROM {SCHEMA}.{TABLE}
WHERE originator_id = ANY (%b::uuid[]) AND originator_version = 1
"""


def made_once(
    c: Cursor[tuple[Any, ...]], statements: Sequence[str], before: Callable[[], None] | None = None
) -> None:
    """Runs `before` and CREATE … IF NOT EXISTS statements; those of two doors at once would meet in the
    catalogue.
    """
    c.execute("SELECT pg_advisory_lock(%s, %s)", turn(MAKER))
    try:
        if before is not None:
            before()
        for statement in statements:
            c.execute(cast("Any", statement))
    finally:
        c.execute("SELECT pg_advisory_unlock(%s, %s)", turn(MAKER))


def turn(what: int) -> tuple[int, int]:
    """The key of an advisory lock of ours; `what` is WRITER, RELAY or MAKER."""
    return _SEPARATE, what


def parameters(url: str) -> dict[str, Any]:
    """Connection parameters of `postgresql://user:password@host:port/database?…`, with what a door needs.

    Raises LogMismatch when it is no such address: the password is never in the message.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise LogMismatch("MOMENTS_LOG_URL: must be postgresql://user:password@host:port/database")
    try:
        given = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError:
        given = {}
    if not given or not str(given.get("port", "5432")).replace(",", "").isdigit():
        raise LogMismatch(
            "MOMENTS_LOG_URL: is not postgresql://user:password@host:port/database; "
            "characters such as @ and / in a password are written %40 and %2F"
        )
    if "dbname" not in given:
        raise LogMismatch("MOMENTS_LOG_URL: names no database; it is postgresql://user:password@host/database")
    # A server that vanished without a word is noticed within seconds, not after the kernel's two hours.
    patient = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
    patient |= {"tcp_user_timeout": 15_000, "connect_timeout": 3}
    return {"application_name": "moments", **patient, **given}


def place_of(url: str) -> str:
    """The database as errors name it: without user and password."""
    given = parameters(url)
    return f"postgresql://{given.get('host', '')}:{given.get('port', 5432)}/{given['dbname']}"


def prepare(connection: Connection[Any]) -> None:
    """Makes a fresh connection one whose commits are durable and whose silence has an end."""
    connection.autocommit = True
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')"
    )
    # Of a door or relay that vanished without a word the server lets the turn go within seconds, too.
    for name, value in (
        ("tcp_keepalives_idle", "5"),
        ("tcp_keepalives_interval", "2"),
        ("tcp_keepalives_count", "3"),
        ("idle_in_transaction_session_timeout", f"{STANDING_S}s"),
        ("lock_timeout", f"{TURN_S}s"),
        ("statement_timeout", f"{STATEMENT_S}s"),
    ):
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


class DurableDatastore(PostgresDatastore):
    """The recorder's datastore over durable connections. Each is asked for a sign of life before it is used,
    and a server that is back is found at once: the pool's own pauses grow to minutes.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given["dbname"], "", "", "", "", schema=SCHEMA)
        self.pool.close()
        self.pool = ConnectionPool(
            connection_class=Connection,
            kwargs={**given, "row_factory": dict_row},
            min_size=1,
            max_size=6,
            open=False,
            configure=prepare,
            check=ConnectionPool.check_connection,
            timeout=WAIT_S,
            reconnect_timeout=0.5,
        )

    @contextmanager
    def rows(self) -> Iterator[Cursor[tuple[Any, ...]]]:
        """A cursor of tuples in binary form, each statement a transaction of its own."""
        with self.get_connection() as connection:
            yield connection.cursor(binary=True, row_factory=tuple_row)

    @contextmanager
    def writing(self) -> Iterator[Cursor[tuple[Any, ...]]]:
        """The same in one transaction."""
        with self.get_connection() as connection, connection.transaction():
            yield connection.cursor(binary=True, row_factory=tuple_row)


class FactRecorder(PostgresApplicationRecorder):
    """The application recorder with appends and look-ups of many facts a statement."""

    datastore: DurableDatastore

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Stores facts (version 1) with their aggregates' rows in one transaction; the row of each fact."""
        ids: list[UUID] = []
        versions: list[int] = []
        topics: list[str] = []
        states: list[bytes] = []
        places: list[int] = []
        for entry in entries:
            places.append(len(ids))
            ids.append(UUID(entry.originator))
            versions.append(1)
            topics.append(cast("Any", entry.record).type)
            states.append(cast("bytes", entry.state))
            for row in entry.decided:
                ids.append(cast("UUID", row.originator_id))
                versions.append(row.originator_version)
                topics.append(row.topic)
                states.append(row.state)
        with self.datastore.writing() as c:
            c.execute("SELECT pg_advisory_xact_lock(%s, %s)", turn(WRITER))
            self._check_not_overtaken(c, entries)
            rows = c.execute(_INSERT, (ids, versions, topics, states)).fetchall()
        return [rows[place][0] for place in places]

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        """The facts that exist among these identities."""
        with self.datastore.rows() as c:
            rows = c.execute(_FIND, ([UUID(each) for each in originators],)).fetchall()
        return {originator.hex: Found(row, state) for originator, row, state in rows}

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The rows of one aggregate. The recorder's own way tries ten times when the database is away, and a
        door has no half minute to stand still for it.
        """
        with self.datastore.rows() as c:
            rows = c.execute(
                f"SELECT originator_id, originator_version, topic, state FROM {SCHEMA}.{TABLE}"
                " WHERE originator_id = %b::uuid AND originator_version > %s AND originator_version <= %s"
                f" ORDER BY originator_version {'DESC' if desc else 'ASC'} LIMIT %s",
                (originator_id, gt if gt is not None else -1, lte if lte is not None else _MOST, limit),
            ).fetchall()
        return [StoredEvent(*row) for row in rows]

    def last_decided(self) -> int:
        """The last row of an aggregate, 0 when there is none: the end of a small index."""
        with self.datastore.rows() as c:
            return _number(c.execute(_LAST_DECIDED).fetchone())

    def _check_not_overtaken(self, c: Cursor[tuple[Any, ...]], entries: Sequence[Entry]) -> None:
        """Nobody can decide between this look and the insert: decisions are written in the same turn."""
        judged_by = {entry.after for entry in entries if entry.decided and entry.after >= 0}
        if judged_by and judged_by != {last := _number(c.execute(_LAST_DECIDED).fetchone())}:
            raise DecisionOvertaken(f"judged by row {min(judged_by)}, but row {last} is the last decision")


class PostgresLogStore:
    """`LogStore` on a PostgreSQL database; any number of processes may have one on the same database.

    Raises LogMismatch when the server would lose commits, or the log has rows under another number.
    """

    def __init__(self, url: str, *, number: int | None = None) -> None:
        self._place = place_of(url)
        self._parameters = parameters(url)
        self._datastore = DurableDatastore(self._parameters)
        try:
            self._recorder = FactRecorder(self._datastore)
            self._identity = self._make(number)
        except BaseException:
            self._datastore.close()
            raise

    @property
    def recorder(self) -> FactRecorder:
        return self._recorder

    @property
    def identity(self) -> LogIdentity:
        return self._identity

    @property
    def datastore(self) -> DurableDatastore:
        """For what lies beside the log: the persons that its surrogates stand for."""
        return self._datastore

    def find(self, originators: Sequence[str]) -> dict[str, Found]:
        return self._recorder.find(originators)

    def insert(self, entries: Sequence[Entry]) -> list[int]:
        return self._recorder.append(entries)

    def last(self) -> int:
        with self._datastore.rows() as c:
            return _number(c.execute(f"SELECT max(notification_id) FROM {SCHEMA}.{TABLE}").fetchone())

    def last_decided(self) -> int:
        return self._recorder.last_decided()

    def check(self) -> None:
        """By a connection of its own: the pool would wait for one before it said that there is none."""
        try:
            psycopg.connect(**self._parameters).close()
        except psycopg.Error as error:
            raise OperationalError(str(error)) from error

    def reset(self) -> None:
        """Nothing to forget: a broken connection is dropped, and every other is tried before it is used."""

    def close(self) -> None:
        self._datastore.close()

    def _make(self, number: int | None) -> LogIdentity:
        with self._datastore.rows() as c:
            if c.execute("SHOW fsync").fetchone() == ("off",):
                raise LogMismatch(
                    f"{self._place} runs with fsync = off: what a door answers for would not be durable"
                )
            made_once(c, _EXTRA_SCHEMA, self._recorder.create_table)
            return self._settle(c, number)

    def _settle(self, c: Cursor[tuple[Any, ...]], number: int | None) -> LogIdentity:
        with c.connection.transaction():
            # In turn with the doors that write: what has no rows now has none until this is stored.
            c.execute("SELECT pg_advisory_xact_lock(%s, %s)", turn(WRITER))
            found = c.execute(f"SELECT no, uuid FROM {SCHEMA}.log_identity").fetchone()
            rows = c.execute(f"SELECT 1 FROM {SCHEMA}.{TABLE} LIMIT 1").fetchone() is not None
            kept = None if found is None else LogIdentity(found[0], found[1])
            # Another door may have it open already: from the first one on the number stands.
            identity = settle(kept, number, fixed=rows or kept is not None, where=self._place)
            if kept is None:
                c.execute(f"INSERT INTO {SCHEMA}.log_identity VALUES (1, %s, %s)", identity)
        return identity


def open_store(url: str, *, number: int | None = None) -> PostgresLogStore:
    """The store; LogUnwritable in one line when the server does not answer or does not let us in."""
    try:
        # Not by the pool, which would only know that it got no connection in time.
        psycopg.connect(**parameters(url)).close()
        return PostgresLogStore(url, number=number)
    except (psycopg.Error, PersistenceError) as fault:
        raise LogUnwritable(f"{place_of(url)}: {fault}") from fault


def _number(row: tuple[Any, ...] | None) -> int:
    return 0 if row is None or row[0] is None else int(row[0])
