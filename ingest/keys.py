"""API keys and the audit trail, in one SQLite file that door and API processes share.

Of a key only the SHA-256 is kept: tokens are 256 random bits, so a slow hash would protect nothing and cost
every request. A key has a name, a role, an expiry, a last use, and may be limited to sites or regions.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import time_ns
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from domain.times import Ms
from ingest.errors import IngestError

Role = Literal["ingest", "read", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
TOKEN_PREFIX = "moments_"  # noqa: S105 - only its beginning, by which leaked keys are found
ADMIN_KEY_LENGTH = 32
ENVIRONMENT_KEY = "environment"
LAST_USE_STEP_MS = 60_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    sites TEXT, regions TEXT,
    created_ms INTEGER NOT NULL, expires_ms INTEGER, last_used_ms INTEGER, revoked_ms INTEGER
);
CREATE TABLE IF NOT EXISTS audit (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
"""


class KeyRefused(IngestError):
    """A key cannot be made or changed as asked; the message says why."""


class KeyScope(msgspec.Struct, frozen=True):
    """What a key may do. `sites` and `regions` None: everywhere; given both, either is enough."""

    name: str
    role: Role
    sites: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"

    @property
    def is_limited(self) -> bool:
        return self.sites is not None or self.regions is not None

    def allows(self, site: str, region_of: Callable[[str], str | None]) -> bool:
        """Whether the site is within the key's limits; '' (the whole chain) only for a key without limits."""
        if not self.is_limited:
            return True
        if self.sites is not None and site in self.sites:
            return True
        return self.regions is not None and bool(site) and region_of(site) in self.regions


class Key(NamedTuple):
    """A key as lists show it; times are UTC milliseconds."""

    name: str
    role: Role
    sites: frozenset[str] | None
    regions: frozenset[str] | None
    created_ms: Ms
    expires_ms: Ms | None
    last_used_ms: Ms | None
    revoked_ms: Ms | None


class Act(NamedTuple):
    """Something worth a line of the trail: `key.created`, `letter.replayed`, a decision's type."""

    action: str
    subject: str
    detail: dict[str, Any] = {}  # noqa: RUF012 - never changed


class AuditEntry(NamedTuple):
    """Who did what to what, when (UTC milliseconds)."""

    entry: int
    at_ms: Ms
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


class Keys:
    """The key store.

    Safe to share between threads; what another process changes is seen at the next check.
    """

    def __init__(
        self, path: Path, *, admin_key: str | None = None, now_ms: Callable[[], Ms] | None = None
    ) -> None:
        """`admin_key` is MOMENTS_ADMIN_KEY: an unlimited admin beside the stored keys.

        ValueError when it is short.
        """
        if admin_key is not None and len(admin_key) < ADMIN_KEY_LENGTH:
            raise ValueError(f"MOMENTS_ADMIN_KEY must have {ADMIN_KEY_LENGTH} characters or more")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._now_ms = now_ms or (lambda: time_ns() // 1_000_000)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        path.chmod(0o600)
        self._environment = None if admin_key is None else _digest(admin_key)
        self._cache: dict[bytes, Key] = {}
        self._version = -1

    def create(
        self,
        name: str,
        role: Role,
        *,
        sites: Iterable[str] | None = None,
        regions: Iterable[str] | None = None,
        expires_ms: Ms | None = None,
    ) -> str:
        """A new key; its token is returned once and never stored.

        `KeyRefused` for a bad role or a name in use.
        """
        if role not in ROLES:
            raise KeyRefused(f"{role!r} is no role; roles are {', '.join(ROLES)}")
        if not name or len(name) > 100 or not name.isprintable():
            raise KeyRefused("a key's name has 1 to 100 printable characters")
        if name == ENVIRONMENT_KEY:
            raise KeyRefused(f"{ENVIRONMENT_KEY!r} is the name of MOMENTS_ADMIN_KEY")
        now = self._now_ms()
        if expires_ms is not None and expires_ms <= now:
            raise KeyRefused("the key would have expired already")
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._lock:
            try:
                self._db.execute(
                    "INSERT INTO keys VALUES (?,?,?,?,?,?,?,NULL,NULL)",
                    (name, _digest(token), role, _names(sites), _names(regions), now, expires_ms),
                )
            except sqlite3.IntegrityError as taken:
                # Names stay taken after a revocation: the audit trail speaks of one key only.
                raise KeyRefused(f"there is a key named {name!r} already") from taken
            self._version = -1
        return token

    def check(self, token: str) -> KeyScope | None:
        """The scope behind a token; None when it is unknown, expired or revoked."""
        digest = _digest(token)
        now = self._now_ms()
        with self._lock:
            if self._environment is not None and secrets.compare_digest(digest, self._environment):
                return KeyScope(ENVIRONMENT_KEY, "admin")
            self._refresh()
            # Looking up the digest of a 256-bit secret tells nothing by its timing.
            key = self._cache.get(digest)
            if (
                key is None
                or key.revoked_ms is not None
                or (key.expires_ms is not None and key.expires_ms <= now)
            ):
                return None
            if key.last_used_ms is None or now - key.last_used_ms >= LAST_USE_STEP_MS:
                self._cache[digest] = key._replace(last_used_ms=now)
                self._note_use(key.name, now)
        return KeyScope(key.name, key.role, key.sites, key.regions)

    def revoke(self, name: str) -> bool:
        """Ends a key at once, in every process; False when there is none of this name in force."""
        with self._lock:
            changed = self._db.execute(
                "UPDATE keys SET revoked_ms=? WHERE name=? AND revoked_ms IS NULL", (self._now_ms(), name)
            ).rowcount
            self._version = -1
        return changed > 0

    def list(self) -> Sequence[Key]:
        """All keys ever made, by name."""
        with self._lock:
            return [key for _, key in self._read()]

    def any(self) -> bool:
        """Whether some key could be let in: MOMENTS_ADMIN_KEY or a stored key in force."""
        now = self._now_ms()
        return self._environment is not None or any(
            key.revoked_ms is None and (key.expires_ms is None or key.expires_ms > now) for key in self.list()
        )

    def audit(self, who: str, *acts: Act) -> None:
        """Appends to the trail, durably; it is never changed and never shortened."""
        now = self._now_ms()
        rows = [(now, who, act.action, act.subject, msgspec.json.encode(act.detail).decode()) for act in acts]
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(
                    "INSERT INTO audit (at_ms, who, action, subject, detail) VALUES (?,?,?,?,?)", rows
                )
                self._db.execute("COMMIT")
            except sqlite3.Error:
                self._db.rollback()
                raise

    def trail(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        who: str | None = None,
        action: str | None = None,
    ) -> Sequence[AuditEntry]:
        """The trail, newest first, older than entry `before`."""
        clauses, params = ["1"], list[Any]()
        for clause, value in (("entry<?", before), ("who=?", who), ("action=?", action)):
            if value is not None:
                clauses.append(clause)
                params.append(value)
        with self._lock:
            rows = self._db.execute(
                f"SELECT entry, at_ms, who, action, subject, detail FROM audit WHERE {' AND '.join(clauses)} "
                "ORDER BY entry DESC LIMIT ?",
                (*params, limit),
            ).fetchall()
        return [AuditEntry._make((*row[:-1], msgspec.json.decode(row[-1]))) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _refresh(self) -> None:
        """data_version changes when another connection has committed: one cheap question a check."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._cache = dict(self._read())
            self._version = version

    def _note_use(self, name: str, now: Ms) -> None:
        """To the minute, and never a reason to turn a request away: another process may hold the file, the
        disk may be full.
        """
        try:
            self._db.execute("UPDATE keys SET last_used_ms=? WHERE name=?", (now, name))
        except sqlite3.OperationalError:
            return

    def _read(self) -> Sequence[tuple[bytes, Key]]:
        rows = self._db.execute(
            "SELECT digest, name, role, sites, regions, created_ms, expires_ms, last_used_ms, revoked_ms "
            "FROM keys ORDER BY name"
        ).fetchall()
        return [
            (row[0], Key(row[1], row[2], _limits(row[3]), _limits(row[4]), row[5], row[6], row[7], row[8]))
            for row in rows
        ]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _names(names: Iterable[str] | None) -> str | None:
    return None if names is None else msgspec.json.encode(sorted(set(names))).decode()


def _limits(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(msgspec.json.decode(text, type=list[str]))
