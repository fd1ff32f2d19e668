"""The append-only log: the one place where a fact becomes true.

`port` says what a log promises, `writer` keeps the promises over any `LogStore`, `sqlite` and `postgres` are
such stores (over eventsourcing's recorders), `reader` and `postgres_reader` follow the log from other
processes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import LogMismatch
from ingest.log.lock import WriterLock
from ingest.log.number import LogIdentity
from ingest.log.port import Sealer
from ingest.log.reader import FollowedLog, LogReader
from ingest.log.writer import GIB, GroupCommitLog

if TYPE_CHECKING:  # psycopg is imported only where a log is in PostgreSQL
    from ingest.log.postgres import DurableDatastore

EVENTS_FILE = "events.db"
BELONGS_FILE = "belongs-to"


def open_sqlite_log(
    folder: Path,
    *,
    sealer: Sealer | None = None,
    max_queued: int = 40_000,
    min_free_bytes: int = GIB,
    number: int | None = None,
) -> GroupCommitLog:
    """The one writer of the log in `folder`; `LogInUse` when another process is it.

    number: the log's, as the settings want it; `LogMismatch` when it has rows under another one.
    """
    from ingest.log.sqlite import SQLiteLogStore

    folder.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(folder / "writer.lock")
    try:
        store = SQLiteLogStore(folder / EVENTS_FILE, number=number)
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


def open_postgres_log(
    folder: Path,
    url: str,
    *,
    sealer: Callable[[DurableDatastore], Sealer] | None = None,
    max_queued: int = 40_000,
    min_free_bytes: int = GIB,
    number: int | None = None,
) -> GroupCommitLog:
    """A writer of the log in a database; the only one with this folder, where its dead letters and keys are.

    sealer: made over the log's database, where the persons lie that its doors share. Raises `LogInUse`,
    `LogMismatch`, and `LogUnwritable` when the database does not answer.
    """
    from ingest.log.postgres import open_store, place_of

    folder.mkdir(parents=True, exist_ok=True)
    lock = WriterLock(folder / "writer.lock")
    try:
        store = open_store(url, number=number)
        try:
            bind(folder, store.identity, place_of(url))
            return GroupCommitLog(
                store,
                folder,
                sealer=None if sealer is None else sealer(store.datastore),
                max_queued=max_queued,
                min_free_bytes=min_free_bytes,
                on_close=[lock],
            )
        except BaseException:
            store.close()
            raise
    except BaseException:
        lock.release()
        raise


def open_reader(
    folder: Path, url: str | None, *, number: int | None = None, alone: bool = False
) -> FollowedLog:
    """The log of a door's log folder for following: the database at `url`, or without one its own file.

    number: the log's, until it is there to say itself. alone: as the only relay of a log in a database.
    """
    if url is None:
        return LogReader(folder / EVENTS_FILE, number=number)
    from ingest.log.postgres_reader import PostgresLogReader

    return PostgresLogReader(url, number=number, alone=alone)


def bind(folder: Path, identity: LogIdentity, where: str) -> None:
    """Keeps a folder with its log: places, letters and tables in it speak of this log's rows and of no other.

    Raises LogMismatch when the folder has served another log.
    """
    own = LogReader(folder / EVENTS_FILE)
    try:
        if own.last():
            raise LogMismatch(
                f"{folder / EVENTS_FILE} has events: with MOMENTS_LOG_URL they would be left behind; "
                "use another data folder"
            )
    finally:
        own.close()
    note = folder / BELONGS_FILE
    with suppress(FileExistsError), note.open("x") as file:
        file.write(identity.uuid + "\n")
    if note.read_text().strip() not in {identity.uuid, ""}:
        raise LogMismatch(f"{folder} has served another log than {where}; use another data folder")
