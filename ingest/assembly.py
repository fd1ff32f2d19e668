"""A door with everything behind it: what `moments` starts and what tests start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING

from fastapi import APIRouter

from domain.decisions import Decisions
from domain.times import Ms
from ingest.dead_letters import DeadLetters
from ingest.decided import DecidedRegister
from ingest.door import WAITING_QUOTA, Acknowledge, Door
from ingest.http import door_routes
from ingest.intake import Intake
from ingest.keys import Keys
from ingest.log import open_postgres_log, open_sqlite_log
from ingest.log.port import EventLog
from ingest.log.writer import GIB
from ingest.sealing import VaultSealer
from ingest.vault import Vault

if TYPE_CHECKING:  # psycopg is imported only where a log is in PostgreSQL
    from ingest.log.postgres import DurableDatastore

SWITCH_INTERVAL_S = 0.001


def clock_ms() -> Ms:
    """The system's clock, UTC milliseconds."""
    return time_ns() // 1_000_000


@dataclass(frozen=True)
class DoorParts:
    """The parts of one door process. `start` and `stop` run on its event loop."""

    log: EventLog
    vault: Vault
    letters: DeadLetters
    keys: Keys
    register: DecidedRegister
    door: Door
    intake: Intake

    def routes(self) -> APIRouter:
        """The router to mount."""
        return door_routes(self.door, self.keys, self.vault)

    async def start(self) -> None:
        """Begins the automatic intake; requests may come before. Sets the interpreter's switch interval."""
        # The log's writer leaves the interpreter lock around every statement and waits a whole interval to
        # get it back from a busy event loop: at Python's 5 ms a group spent up to 40 ms waiting.
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.intake.start()

    async def stop(self) -> None:
        """Ends the intake, commits what is queued and closes every file. No request may be running."""
        await self.intake.stop()
        self.log.close()
        self.letters.close()
        self.keys.close()
        self.vault.close()


def open_door(
    data: Path,
    *,
    now_ms: Callable[[], Ms] = clock_ms,
    admin_key: str | None = None,
    min_free_bytes: int = GIB,
    max_queued: int = 40_000,
    waiting_quota: int = WAITING_QUOTA,
    acknowledge: Acknowledge | None = None,
    serves: Callable[[str], bool] | None = None,
    keys: Keys | None = None,
    log_url: str | None = None,
    log_no: int | None = None,
) -> DoorParts:
    """Opens log, vault, dead letters and keys in the data folder.

    log_url: the database of a log that several doors share, and the persons with it. log_no: the number the
    log should have. keys: a key store opened already, instead of the folder's own; the parts close it all the
    same. Raises LogInUse when another process has the folder, LogMismatch when the log is not the one it
    should be, LogUnwritable when its database does not answer.
    """
    log, vault = _log_and_vault(data, log_url, log_no, max_queued, min_free_bytes)
    letters = DeadLetters(data / "log" / "dead-letters.db", vault)
    keys = keys or Keys(data / "log" / "keys.db", admin_key=admin_key, now_ms=now_ms)
    shared = log_url is not None
    register = DecidedRegister(Decisions(recorder=log.recorder), log.last_decided if shared else None)
    door = Door(
        log,
        letters,
        register,
        now_ms=now_ms,
        acknowledge=acknowledge,
        serves=serves,
        audit=keys.audit,
        waiting_quota=waiting_quota,
    )
    return DoorParts(log, vault, letters, keys, register, door, Intake(door))


def _log_and_vault(
    data: Path, url: str | None, number: int | None, max_queued: int, min_free_bytes: int
) -> tuple[EventLog, Vault]:
    limits: dict[str, int] = {"max_queued": max_queued, "min_free_bytes": min_free_bytes}
    if url is None:
        vault = Vault(data / "vault")
        return open_sqlite_log(data / "log", sealer=VaultSealer(vault), number=number, **limits), vault
    from ingest.persons_postgres import PostgresPersons

    made: list[Vault] = []

    def sealer(database: DurableDatastore) -> VaultSealer:
        made.append(Vault(data / "vault", store=lambda: PostgresPersons(database)))
        return VaultSealer(made[0])

    return open_postgres_log(data / "log", url, sealer=sealer, number=number, **limits), made[0]
