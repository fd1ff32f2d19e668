"""A copy of what cannot be derived again, taken while the platform runs, and its way back.

The parts are copied one after the other while a door writes, so their order decides what the copy is worth:
whatever points into the log is copied before the log (an older place of the relay, an older dead letter or
inbox offset only means repeats, a newer one would leave events out), and the vault after it, so that it holds
every person of the events in the copy. ClickHouse is not copied: it is derived from the log or the topic.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from moments.errors import CommandFailed
from moments.layout import Layout


class Copied(NamedTuple):
    """What a copy holds: files by their place in the data folder, and the log's rows."""

    files: list[str]
    rows: int


def back_up(layout: Layout, folder: Path) -> Copied:
    """Copies log, vault, keys, dead letters and places into a new folder, durable when this returns.

    Raises CommandFailed when there is no log, when the folder is in use, or when a file cannot be copied.
    """
    if not layout.events.is_file() or not (layout.vault_folder / "vault.key").is_file():
        raise CommandFailed(f"{layout.data} holds no log and vault: there is nothing to back up")
    if folder.exists() and any(folder.iterdir()):
        raise CommandFailed(f"{folder} is not empty: a backup is a folder of its own")
    copied = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in _parts(layout):
            if path.is_file():
                name = path.relative_to(layout.data)
                _copy(path, folder / name)
                copied.append(str(name))
        _sync(folder)
    except (OSError, sqlite3.Error) as fault:
        raise CommandFailed(f"the backup in {folder} is not whole: {fault}") from fault
    return Copied(copied, _rows(Layout(folder).events))


def restore(layout: Layout, folder: Path) -> Copied:
    """Puts a copy into a data folder that has no log yet, every file checked before the first is written.

    Raises CommandFailed when the folder is no backup, a file of it is damaged, or there is a log already.
    """
    away = Layout(folder)
    if not away.events.is_file() or not (away.vault_folder / "vault.key").is_file():
        raise CommandFailed(f"{folder} is no backup: it has no log, or no vault")
    left = [path for path in (layout.events, layout.clickhouse) if path.exists()]
    if left:
        raise CommandFailed(f"{layout.data} is in use ({left[0].name}): restore into an empty data folder")
    present = [path for path in _parts(away) if path.is_file()]
    for path in present:
        if path.suffix == ".db":
            _check(path)
    layout.make()
    names = [path.relative_to(folder) for path in present]
    try:
        for path, name in zip(present, names, strict=True):
            # The log comes last: a restore that was cut off can be done again.
            if path != away.events:
                (layout.data / name).unlink(missing_ok=True)
                _copy(path, layout.data / name)
        _copy(away.events, layout.events)
        _sync(layout.data)
    except (OSError, sqlite3.Error) as fault:
        raise CommandFailed(f"{layout.data} is not restored: {fault}") from fault
    return Copied([str(name) for name in names], _rows(layout.events))


def _parts(layout: Layout) -> list[Path]:
    """In the order in which they are copied."""
    return [
        layout.inbox,
        layout.relay / "place.db",
        layout.dead_letters,
        layout.keys,
        layout.events,
        layout.vault_folder / "vault.key",
        layout.vault_folder / "vault.db",
    ]


def _copy(path: Path, into: Path) -> None:
    """A file as it was at one moment, readable by its owner only."""
    into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if path.suffix == ".db":
        # All pages in one step: one snapshot, and writers are not held up (WAL).
        with (
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as source,
            closing(sqlite3.connect(into)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
    else:
        into.write_bytes(path.read_bytes())


def _check(path: Path) -> None:
    """Raises CommandFailed when a database is not whole."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as db:
            ((verdict,),) = db.execute("PRAGMA quick_check(1)")
    except sqlite3.Error as fault:
        raise CommandFailed(f"{path} is damaged: {fault}") from fault
    if verdict != "ok":
        raise CommandFailed(f"{path} is damaged: {verdict}")


def _rows(log: Path) -> int:
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True, timeout=30)) as db:
        return int(db.execute("SELECT count(*) FROM stored_events").fetchone()[0])


def _sync(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
