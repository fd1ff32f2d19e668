"""The append-only log: the one place where a fact becomes true.

`port` says what a log promises, `writer` keeps the promises over any `LogStore`, `sqlite` is the first such
store (eventsourcing's SQLite recorder), `reader` follows the log from another process.
"""

from __future__ import annotations

from pathlib import Path

from ingest.log.lock import WriterLock
from ingest.log.port import Sealer
from ingest.log.writer import GIB, GroupCommitLog

EVENTS_FILE = "events.db"


def open_sqlite_log(
    folder: Path,
    *,
    sealer: Sealer | None = None,
    max_queued: int = 40_000,
    min_free_bytes: int = GIB,
) -> GroupCommitLog:
    """The one writer of the log in `folder`; `LogInUse` when another process is it."""
    from ingest.log.sqlite import SQLiteLogStore

    folder.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(folder / "writer.lock")
    try:
        store = SQLiteLogStore(folder / EVENTS_FILE)
        return GroupCommitLog(
            store,
            folder,
            sealer=sealer,
            max_queued=max_queued,
            min_free_bytes=min_free_bytes,
            on_close=[lock],
        )
    except BaseException:
        lock.release()
        raise
