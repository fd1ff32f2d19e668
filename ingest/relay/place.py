"""How far the relay is: a small SQLite file of its own, and a word beside it for doors that wait.

`row` is the last row of the log of which it and every row before it are acknowledged by the broker. It is
written after the acknowledgement, so a crash between the two makes the relay send some rows twice, and none
never. `partition_of` remembers where each site was put: partitions that are added later take new sites only,
so the events of one site stay on one partition in order.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS place (name TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS belongs (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), log TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sites (site TEXT PRIMARY KEY, partition INTEGER NOT NULL) WITHOUT ROWID;
"""
_NAMES = ("log", "decided", "letter")
_WORD = 8


class RelayInUse(Exception):
    """One relay sends a log; this one is not it."""


class Place:
    """The relay's own file; one process writes it."""

    def __init__(self, folder: Path) -> None:
        """Raises RelayInUse when another relay sends this log."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._word = os.open(folder / "acknowledged", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._word, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            os.close(self._word)
            raise RelayInUse(f"another relay already sends from {folder}") from taken
        self._db = sqlite3.connect(
            folder / "place.db", isolation_level=None, check_same_thread=False, timeout=5.0
        )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        named = dict(self._db.execute("SELECT name, row FROM place"))
        self.row: int = named.get("log", 0)
        self.decided: int = named.get("decided", 0)
        self.letter: int = named.get("letter", 0)
        self._sites: dict[str, int] = dict(self._db.execute("SELECT site, partition FROM sites"))
        self._kept = (self.row, self.decided, self.letter)
        self.tell(self.row)

    def bind(self, log: str) -> None:
        """Keeps the place with its log (a UUID). Raises RelayInUse when it is another log's place."""
        self._db.execute("INSERT OR IGNORE INTO belongs VALUES (1, ?)", (log,))
        ((kept,),) = self._db.execute("SELECT log FROM belongs").fetchall()
        if kept != log:
            raise RelayInUse(f"{self._folder} is the place of another log; remove it to send this one whole")

    def tell(self, row: int) -> None:
        """Lets waiting doors go. Not durable, which harms nobody: only what the broker has is ever told."""
        self.row = row
        os.pwrite(self._word, row.to_bytes(_WORD, "big"), 0)

    def keep(self) -> None:
        """Makes the place durable."""
        now = (self.row, self.decided, self.letter)
        if now == self._kept:
            return
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO place VALUES (?, ?)", list(zip(_NAMES, now, strict=True))
        )
        self._db.execute("COMMIT")
        self._kept = now

    def partition_of(self, site: str, partitions: int) -> int:
        """Where a site's events stand: where they always stood, else by Kafka's own hash of the key."""
        from kafka.partitioner.default import murmur2  # doors read the word and need no client

        known = self._sites.get(site)
        if known is not None and known < partitions:
            return known
        chosen = (murmur2(site.encode()) & 0x7FFFFFFF) % partitions
        self._db.execute("INSERT OR REPLACE INTO sites VALUES (?, ?)", (site, chosen))
        self._sites[site] = chosen
        return int(chosen)

    def close(self) -> None:
        """Keeps the place and closes the file."""
        self.keep()
        self._db.close()
        os.close(self._word)


class Acknowledged:
    """A door's view of the relay's word."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "acknowledged"
        self._fd: int | None = None

    def row(self) -> int:
        """The last row the broker has acknowledged with all before it; 0 before a relay has ever run."""
        if self._fd is None:
            with contextlib.suppress(FileNotFoundError):
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        if self._fd is None:
            return 0
        return int.from_bytes(os.pread(self._fd, _WORD, 0), "big")

    def close(self) -> None:
        """Closes the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
