"""How far the projections are, read from the store: for processes that are not the projector themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from domain.times import Ms
from ingest.log.record import format_position, parse_position
from projections.share import DECIDED
from projections.store import Store

POLL_S: Final = 0.05
LONGEST_S: Final = 0.25


class StoredProgress:
    """Rows of the logs that all partitions of a feed are derived to.

    Args:
        store: the ClickHouse store.
        generation: names the live generation's database.
        feed: the feed's name.
        reached: called when a position that somebody waited for is derived, before they read.
    """

    def __init__(
        self,
        store: Store,
        generation: Callable[[], str],
        feed: str = "kafka",
        *,
        reached: Callable[[], None] | None = None,
    ) -> None:
        self._reached = reached
        self._store = store
        self._generation = generation
        self._feed = feed
        self._read_at = -1.0
        self._covered: dict[int, int] = {}

    def covered(self) -> dict[int, int]:
        """Per log the row that every partition is derived to; asked of the store at most once in `POLL_S`."""
        now = time.monotonic()
        if now - self._read_at >= POLL_S:
            rows = self._store.rows(
                """SELECT log_no, if(count() < (SELECT uniqExact(part) FROM $gen.positions
                    WHERE feed = {feed:String} AND part < {decided:UInt32}), 0, min(upto))
                FROM $gen.covered FINAL WHERE feed = {feed:String} GROUP BY log_no ORDER BY log_no""",
                {"feed": self._feed, "decided": DECIDED},
                gen=self._generation(),
            )
            self._covered = {int(log_no): int(upto) for log_no, upto in rows}
            self._read_at = now
        return self._covered

    def position(self) -> str:
        """`1-18342`; of several logs, one after the other with commas."""
        covered = self.covered() or {1: 0}
        return ",".join(format_position(row, log_no) for log_no, row in covered.items())

    def wait(self, position: str, timeout: float) -> bool:
        """Waits until all of a position is derived. Raises ValueError when it is no position."""
        wanted = [parse_position(part) for part in position.split(",")]
        begun = time.monotonic()
        deadline = begun + timeout
        while True:
            covered = self.covered()
            if all(covered.get(log_no, 0) >= row for log_no, row in wanted):
                if self._reached is not None:
                    self._reached()
                return True
            now = time.monotonic()
            if now >= deadline:
                return False
            # Whoever has waited long waits a little longer: many who do must not slow the projectors down.
            time.sleep(min(max(POLL_S / 2, (now - begun) / 8), LONGEST_S))

    def as_of(self) -> Ms:
        """The latest clock a partition was derived by; 0 before the first."""
        rows = self._store.rows(
            "SELECT toUnixTimestamp64Milli(max(as_of)) FROM $gen.positions WHERE feed = {feed:String}",
            {"feed": self._feed},
            gen=self._generation(),
        )
        return int(rows[0][0]) if rows else 0
