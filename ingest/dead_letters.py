"""Refused is kept: the store of dead letters.

A letter is the raw bytes of a refused event (encrypted), why it was refused, what registration it waits for
if any, when it first came and with whose scope. The same bytes from the same key are one letter with a
counter. Letters are deleted 90 days after they first came. A letter is durable before the answer that names
it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from domain.times import DAY_MS, Ms
from ingest import metrics
from ingest.errors import LogUnwritable
from ingest.keys import KeyScope
from ingest.vault import Vault

KEPT_DAYS = 90
STATUSES = ("waiting", "refused", "taken")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    letter INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    source TEXT, event_id TEXT, type TEXT, site TEXT NOT NULL,
    code TEXT NOT NULL, detail TEXT NOT NULL, pointer TEXT NOT NULL,
    waits_for TEXT,
    status TEXT NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, times INTEGER NOT NULL,
    key TEXT NOT NULL, scope BLOB NOT NULL, import INTEGER NOT NULL,
    form TEXT NOT NULL, sealed BLOB NOT NULL,
    position TEXT
);
CREATE INDEX IF NOT EXISTS letters_waiting ON letters (waits_for, letter) WHERE status = 'waiting';
CREATE INDEX IF NOT EXISTS letters_quota ON letters (key) WHERE status = 'waiting';
CREATE INDEX IF NOT EXISTS letters_age ON letters (first_ms);
"""
_COLUMNS = (
    "letter, source, event_id, type, site, code, detail, pointer, waits_for, status, "
    "first_ms, last_ms, times, key, import, form, position"
)
_KEEP = """
INSERT INTO letters (
    digest, source, event_id, type, site, code, detail, pointer, waits_for, status,
    first_ms, last_ms, times, key, scope, import, form, sealed
) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,1,?,?,?,?,?)
ON CONFLICT (digest) DO UPDATE SET
    times = times + 1, last_ms = excluded.last_ms, code = excluded.code, detail = excluded.detail,
    pointer = excluded.pointer, waits_for = excluded.waits_for, status = excluded.status
RETURNING letter
"""
_RETRIED = "UPDATE letters SET code=?, detail=?, pointer=?, waits_for=?, status=?, last_ms=? WHERE letter=?"
_TAKEN = "UPDATE letters SET status='taken', waits_for=NULL, position=?2, sealed=x'' WHERE letter=?1"


class Refusal(NamedTuple):
    """A refused event on its way to the store.

    `site` is '' when none could be read; `form` says how `raw` is to be read again.
    """

    raw: bytes
    form: str
    code: str
    detail: str
    pointer: str
    waits_for: str | None = None
    source: str | None = None
    event_id: str | None = None
    type: str | None = None
    site: str = ""


class Letter(NamedTuple):
    """A kept letter without its bytes; times are UTC milliseconds."""

    letter: int
    source: str | None
    event_id: str | None
    type: str | None
    site: str
    code: str
    detail: str
    pointer: str
    waits_for: str | None
    status: str
    first_ms: Ms
    last_ms: Ms
    times: int
    key: str
    import_: bool
    form: str
    position: str | None


class Opened(NamedTuple):
    """A letter with its bytes and the scope of the key that sent it, as the scope was then."""

    letter: Letter
    raw: bytes
    scope: KeyScope


class LetterFilter(NamedTuple):
    """Which letters a list shows; None means any. `sites` limits to letters that name one of these."""

    code: str | None = None
    status: str | None = None
    site: str | None = None
    source: str | None = None
    event_id: str | None = None
    type: str | None = None
    key: str | None = None
    waits_for: str | None = None
    sites: frozenset[str] | None = None


class DeadLetters:
    """The store in one SQLite file. Safe to share between threads."""

    def __init__(self, path: Path, vault: Vault) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._vault = vault
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        path.chmod(0o600)
        self._waiting: dict[str, int] = dict(
            self._rows("SELECT key, count(*) FROM letters WHERE status='waiting' GROUP BY key")
        )
        self._count_waiting()

    def keep(self, refusals: Sequence[Refusal], scope: KeyScope, *, import_: bool, now_ms: Ms) -> list[int]:
        """Stores refusals of one request durably; the number of each letter.

        What is kept already is counted once more.
        """
        scope_text = msgspec.json.encode(scope)
        letters: list[int] = []
        with self._transaction() as run:
            for refusal in refusals:
                row = run.execute(_KEEP, self._values(refusal, scope, scope_text, import_, now_ms)).fetchone()
                letters.append(row[0])
            self._recount(run, scope.name)
        for refusal in refusals:
            metrics.letters_kept.labels(refusal.code).inc()
        return letters

    def waiting(self, key: str) -> int:
        """Letters of this key that wait for a registration."""
        return self._waiting.get(key, 0)

    def waiting_total(self) -> int:
        """Letters of all keys that wait for a registration."""
        return sum(self._waiting.values())

    def not_kept_yet(self, refusals: Iterable[Refusal], scope: KeyScope) -> int:
        """How many of these are no letters yet: what they would add to the key's quota."""
        digests = {self._digest(refusal, scope) for refusal in refusals}
        kept = 0
        for digest in digests:
            kept += len(self._rows("SELECT 1 FROM letters WHERE digest=? AND status='waiting'", (digest,)))
        return len(digests) - kept

    def tokens(self) -> list[str]:
        """What the waiting letters wait for."""
        return [
            token for (token,) in self._rows("SELECT DISTINCT waits_for FROM letters WHERE status='waiting'")
        ]

    def waiting_for(self, token: str, after: int, limit: int) -> list[Opened]:
        """Letters that wait for this token, oldest first."""
        return self._open("status='waiting' AND waits_for=? AND letter>?", (token, after), limit)

    def open(self, letter: int) -> Opened | None:
        """One letter with its bytes."""
        found = self._open("letter=?", (letter,), 1)
        return found[0] if found else None

    def page(self, wanted: LetterFilter, *, before: int | None, limit: int) -> list[Letter]:
        """Letters, newest first, older than letter `before`."""
        clauses, params = ["1"], list[Any]()
        for column, value in zip(LetterFilter._fields, wanted, strict=True):
            if value is not None and column != "sites":
                clauses.append(f"{column}=?")
                params.append(value)
        if wanted.sites is not None:
            clauses.append("site IN (SELECT value FROM json_each(?))")
            params.append(msgspec.json.encode(sorted(wanted.sites - {""})).decode())
        if before is not None:
            clauses.append("letter<?")
            params.append(before)
        rows = self._rows(
            f"SELECT {_COLUMNS} FROM letters WHERE {' AND '.join(clauses)} ORDER BY letter DESC LIMIT ?",
            (*params, limit),
        )
        return [_letter(row) for row in rows]

    def settle(
        self, taken: Sequence[tuple[int, str]], refused: Sequence[tuple[int, Refusal]], now_ms: Ms
    ) -> None:
        """After another try: `taken` (letter, position) are in the log now, `refused` have a new reason.

        The bytes of what was taken are no longer needed and go.
        """
        with self._transaction() as run:
            run.executemany(_TAKEN, taken)
            run.executemany(
                _RETRIED,
                [
                    (why.code, why.detail, why.pointer, why.waits_for, _status(why), now_ms, letter)
                    for letter, why in refused
                ],
            )
            self._recount(run, None)
        metrics.letters_taken.inc(len(taken))

    def forget(self, names_person: Callable[[bytes], bool]) -> int:
        """Deletes the letters whose bytes name a person; how many. Reads them all: forgetting is rare."""
        gone: list[tuple[int]] = []
        after = 0
        while page := self._open("letter>? AND length(sealed) > 0", (after,), 500):
            gone += [(opened.letter.letter,) for opened in page if names_person(opened.raw)]
            after = page[-1].letter.letter
        if gone:
            with self._transaction() as run:
                run.executemany("DELETE FROM letters WHERE letter=?", gone)
                self._recount(run, None)
        return len(gone)

    def expire(self, now_ms: Ms) -> int:
        """Deletes letters that first came 90 days ago or earlier; how many."""
        with self._transaction() as run:
            gone = run.execute(
                "DELETE FROM letters WHERE first_ms <= ?", (now_ms - KEPT_DAYS * DAY_MS,)
            ).rowcount
            if gone:
                self._recount(run, None)
        metrics.letters_expired.inc(gone)
        return gone

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _values(
        self, refusal: Refusal, scope: KeyScope, scope_text: bytes, import_: bool, now_ms: Ms
    ) -> tuple[Any, ...]:
        return (
            self._digest(refusal, scope),
            refusal.source,
            refusal.event_id,
            refusal.type,
            refusal.site,
            refusal.code,
            refusal.detail,
            refusal.pointer,
            refusal.waits_for,
            _status(refusal),
            now_ms,
            now_ms,
            scope.name,
            scope_text,
            import_,
            refusal.form,
            self._vault.seal_letter(refusal.raw),
        )

    def _digest(self, refusal: Refusal, scope: KeyScope) -> bytes:
        return self._vault.digest(scope.name.encode(), refusal.form.encode(), refusal.raw)

    def _open(self, where: str, params: tuple[Any, ...], limit: int) -> list[Opened]:
        rows = self._rows(
            f"SELECT {_COLUMNS}, scope, sealed FROM letters WHERE {where} ORDER BY letter LIMIT ?",
            (*params, limit),
        )
        return [
            Opened(
                _letter(row[:-2]),
                self._vault.open_letter(row[-1]) if row[-1] else b"",
                msgspec.json.decode(row[-2], type=KeyScope),
            )
            for row in rows
        ]

    def _recount(self, run: sqlite3.Cursor, key: str | None) -> None:
        """Inside the transaction, so that the quota never counts what is not there."""
        if key is None:
            self._waiting = dict(
                run.execute("SELECT key, count(*) FROM letters WHERE status='waiting' GROUP BY key")
            )
        else:
            (count,) = run.execute(
                "SELECT count(*) FROM letters WHERE status='waiting' AND key=?", (key,)
            ).fetchone()
            self._waiting[key] = count
        self._count_waiting()

    def _count_waiting(self) -> None:
        metrics.letters_waiting.set(self.waiting_total())

    def _rows(self, statement: str, params: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            try:
                return self._db.execute(statement, params).fetchall()
            except sqlite3.Error as error:
                raise LogUnwritable(f"the dead letters cannot be read: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            try:
                cursor = self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield cursor
                    self._db.execute("COMMIT")
                except BaseException:
                    self._db.rollback()
                    raise
            except sqlite3.Error as error:
                raise LogUnwritable(f"the dead letters cannot be written: {error}") from error


def _letter(row: Sequence[Any]) -> Letter:
    values = list(row)
    values[14] = bool(values[14])
    return Letter(*values)


def _status(refusal: Refusal) -> str:
    return "waiting" if refusal.waits_for else "refused"
