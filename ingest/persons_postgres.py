"""Persons that the doors of one log share: a table beside the log, so that a customer has one surrogate
whichever door hears of them, and is forgotten at all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eventsourcing.persistence import PersistenceError
from psycopg import Cursor

from ingest.errors import LogUnwritable
from ingest.log.postgres import SCHEMA, DurableDatastore, made_once
from ingest.persons import PersonRow

_SCHEMA = (
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.persons (
        tag bytea PRIMARY KEY, surrogate text NOT NULL UNIQUE, sealing_key bytea NOT NULL
    )""",
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.vault_key (
        only_row int PRIMARY KEY CHECK (only_row = 1), print bytea NOT NULL
    )""",
)
_COLUMNS = "tag, surrogate, sealing_key"


class PostgresPersons:
    """`PersonStore` in the log's database. Safe to share between threads and doors.

    datastore: the log's; whoever opened it closes it.
    """

    is_shared = True

    def __init__(self, datastore: DurableDatastore) -> None:
        self._datastore = datastore
        with self._rows() as c:
            made_once(c, _SCHEMA)

    def key_print(self) -> bytes | None:
        with self._rows() as c:
            found = c.execute(f"SELECT print FROM {SCHEMA}.vault_key").fetchone()
        return None if found is None else bytes(found[0])

    def agree(self, key_print: bytes) -> bytes:
        with self._rows() as c:
            c.execute(f"INSERT INTO {SCHEMA}.vault_key VALUES (1, %s) ON CONFLICT DO NOTHING", (key_print,))
        return self.key_print() or b""

    def find(self, tags: Sequence[bytes]) -> list[PersonRow]:
        with self._rows() as c:
            rows = c.execute(
                f"SELECT {_COLUMNS} FROM {SCHEMA}.persons WHERE tag = ANY (%b::bytea[])", (list(tags),)
            ).fetchall()
        return [PersonRow._make(row) for row in rows]

    def keep(self, rows: Sequence[PersonRow]) -> list[PersonRow]:
        if not rows:
            return []
        # In one order at every door: two that make the same persons must not wait for each other.
        tags, surrogates, keys = (list(column) for column in zip(*sorted(rows), strict=True))
        with self._rows() as c:
            new = c.execute(
                f"INSERT INTO {SCHEMA}.persons"
                " SELECT * FROM unnest(%b::bytea[], %b::text[], %b::bytea[]) ON CONFLICT (tag) DO NOTHING"
                " RETURNING tag",
                (tags, surrogates, keys),
            ).fetchall()
        others = {row.tag for row in rows} - {tag for (tag,) in new}
        if not others:
            return []
        found = self.find(sorted(others))
        if len(found) < len(others):
            raise LogUnwritable("a person was forgotten in that moment; send the event again", retry_after=1)
        return found

    def by_surrogate(self, surrogate: str) -> PersonRow | None:
        with self._rows() as c:
            row = c.execute(
                f"SELECT {_COLUMNS} FROM {SCHEMA}.persons WHERE surrogate = %s", (surrogate,)
            ).fetchone()
        return None if row is None else PersonRow._make(row)

    def destroy(self, *, tag: bytes | None = None, surrogate: str | None = None) -> list[bytes]:
        with self._rows() as c:
            gone = c.execute(
                f"DELETE FROM {SCHEMA}.persons WHERE tag = %s OR surrogate = %s RETURNING tag",
                (tag, surrogate),
            ).fetchall()
            # A deleted row stays in its page until the table is written anew. Also when there was none: the
            # attempt before may have come no further than the deletion.
            c.execute(f"VACUUM (FULL) {SCHEMA}.persons")
        return [row[0] for row in gone]

    def close(self) -> None:
        """The connections are the log's."""

    @contextmanager
    def _rows(self) -> Iterator[Cursor[tuple[Any, ...]]]:
        try:
            with self._datastore.rows() as c:
                yield c
        except PersistenceError as error:
            raise LogUnwritable(f"the vault does not answer: {error}") from error
