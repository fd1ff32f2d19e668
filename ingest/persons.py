"""Where the vault keeps persons: rows of (tag, surrogate, wrapped key), of which nothing can be read without
the vault's secret file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ingest.errors import LogUnwritable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS persons (
    tag BLOB PRIMARY KEY,           -- HMAC of role and reference; random for a verbatim without a person
    surrogate TEXT NOT NULL UNIQUE,
    sealing_key BLOB NOT NULL       -- of this person's verbatims, wrapped under the secret file
) WITHOUT ROWID
"""
_AT_ONCE = 500


class PersonRow(NamedTuple):
    """One person as stored."""

    tag: bytes
    surrogate: str
    sealing_key: bytes


class PersonStore(Protocol):
    """Rows of persons. Everything raises LogUnwritable when the store does not answer."""

    is_shared: bool
    """Whether other doors keep and forget persons in it too."""

    def key_print(self) -> bytes | None:
        """The print of the secret that shared rows are kept under; None while there is none."""

    def agree(self, key_print: bytes) -> bytes:
        """The print that counts: this one when there was none."""

    def find(self, tags: Sequence[bytes]) -> list[PersonRow]:
        """The rows that exist among these tags."""

    def keep(self, rows: Sequence[PersonRow]) -> list[PersonRow]:
        """Stores rows durably, whole or not at all; of those whose tag was there already, the row that is."""

    def by_surrogate(self, surrogate: str) -> PersonRow | None:
        """The row of a surrogate."""

    def destroy(self, *, tag: bytes | None = None, surrogate: str | None = None) -> list[bytes]:
        """Removes the row, durably and from the store's files; the tags of what is gone."""

    def close(self) -> None:
        """Closes what is open."""


class SQLitePersons:
    """`PersonStore` in a file of its own (mode 0600), beside the secret of the only door that has it.

    Not safe to share between threads; the vault has a lock.
    """

    is_shared = False

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-16384"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(_SCHEMA)
        path.chmod(0o600)

    def key_print(self) -> bytes | None:
        return None

    def agree(self, key_print: bytes) -> bytes:
        """The secret beside the file is the only one there is."""
        return key_print

    def find(self, tags: Sequence[bytes]) -> list[PersonRow]:
        found: list[PersonRow] = []
        for start in range(0, len(tags), _AT_ONCE):
            part = tags[start : start + _AT_ONCE]
            places = ",".join("?" * len(part))
            found += self._rows(f"tag IN ({places})", part)
        return found

    def keep(self, rows: Sequence[PersonRow]) -> list[PersonRow]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO persons VALUES (?,?,?)", rows)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                self._db.rollback()
                raise
        except sqlite3.Error as error:
            raise LogUnwritable(f"the vault cannot be written: {error}") from error
        return []

    def by_surrogate(self, surrogate: str) -> PersonRow | None:
        found = self._rows("surrogate=?", [surrogate])
        return found[0] if found else None

    def destroy(self, *, tag: bytes | None = None, surrogate: str | None = None) -> list[bytes]:
        try:
            gone = self._db.execute(
                "DELETE FROM persons WHERE tag=? OR surrogate=? RETURNING tag", (tag, surrogate)
            ).fetchall()
            # The old pages must leave the write-ahead log too; secure_delete has overwritten them in the
            # file.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise LogUnwritable(f"the vault cannot be written: {error}") from error
        return [row[0] for row in gone]

    def close(self) -> None:
        self._db.close()

    def _rows(self, where: str, params: Sequence[Any]) -> list[PersonRow]:
        try:
            rows = self._db.execute(
                f"SELECT tag, surrogate, sealing_key FROM persons WHERE {where}", params
            ).fetchall()
        except sqlite3.Error as error:
            raise LogUnwritable(f"the vault cannot be read: {error}") from error
        return [PersonRow._make(row) for row in rows]
