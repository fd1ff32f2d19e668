"""The door's dead letters on their way to `moments.dead-letters`: reasons in headers, bytes sealed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ingest.relay.wire import KEY, REASON, Headers


class Sealed(NamedTuple):
    """One letter: its number, its site as key, headers, and the bytes as the vault sealed them."""

    letter: int
    site: str
    headers: Headers
    value: bytes


class LettersReader:
    """Follows the dead letters of a door by their numbers, which rise in the order of their commits."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def after(self, letter: int, limit: int) -> list[Sealed]:
        """The next letters; none while there is no such file. One taken in meanwhile has no bytes left."""
        if not self._path.exists():
            return []
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=5.0)) as db:
            try:
                rows = db.execute(
                    "SELECT letter, site, code, detail, pointer, source, event_id, type, first_ms, key, form,"
                    " sealed FROM letters WHERE letter > ? ORDER BY letter LIMIT ?",
                    (letter, limit),
                ).fetchall()
            except sqlite3.OperationalError:  # the door has made the file and not yet its table
                return []
        return [_sealed(*row) for row in rows]


def _sealed(
    letter: int,
    site: str,
    code: str,
    detail: str,
    pointer: str,
    source: str | None,
    event_id: str | None,
    type_: str | None,
    first_ms: int,
    key: str,
    form: str,
    value: bytes,
) -> Sealed:
    named = {
        REASON: code,
        "moments_detail": detail,
        "moments_pointer": pointer,
        "moments_source": source or "",
        "moments_id": event_id or "",
        "moments_type": type_ or "",
        "moments_received": str(first_ms),
        KEY: key,
        "moments_form": form,
        "moments_letter": str(letter),
    }
    return Sealed(letter, site, [(name, text.encode()) for name, text in named.items()], value)
