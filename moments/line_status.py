"""What /v1/status and /readyz say of the line itself: lag, dead letters, waiting promises, queued
re-derivations."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

from domain.times import HOUR_MS, Ms
from ingest.errors import LogUnwritable
from ingest.log.reader import FollowedLog
from moments.layout import Layout
from projections.generations import PUBLIC
from projections.projector import Projector
from projections.store import Store

BEHIND_LIMIT_S = 60.0
"""A projector that has been behind the log for longer is not ready: its answers are too old."""

CLOCKS_SQL = """SELECT site_id, min(received_ms - ms) / 1000 FROM $gen.events
WHERE ms > {since:Int64} AND main = 1 AND site_id != '' GROUP BY site_id"""

WAITING_SQL = """SELECT site_id, count() FROM $gen.promises FINAL
WHERE alive = 1 AND state = 'waiting' GROUP BY site_id"""


_UNTIL_SQL = f"""SELECT toUnixTimestamp64Milli(min(complete_until)) / 1000 FROM {PUBLIC}.sources
WHERE source IN (SELECT source FROM {PUBLIC}.sources GROUP BY source
    HAVING max(last_at) >= (SELECT max(last_at) FROM {PUBLIC}.sources) - INTERVAL 7 DAY)"""

Sites = dict[str, dict[str, Any]]
"""Figures by site."""


def stored_in_all(store: Store, generation: str) -> dict[str, float]:
    """What a generation tells of the whole line; `complete_until_s` is its watermark, Unix time."""
    ((queued,),) = store.rows("SELECT count() FROM $gen.rederivations FINAL WHERE done = 0", gen=generation)
    ((poison,),) = store.rows("SELECT count() FROM $gen.poison FINAL", gen=generation)
    ((until,),) = store.rows(_UNTIL_SQL)
    figures = {"queued_rederivations": int(queued), "poison": int(poison)}
    return figures | ({"complete_until_s": float(until)} if until else {})


def stored_by_site(store: Store, generation: str, now: Ms, rows: Sites | None = None) -> Sites:
    """What a generation tells of each site, added to `rows`: promises that were never made, and how far its
    clock seems off.
    """
    rows = {} if rows is None else rows
    for site, number in store.rows(WAITING_SQL, gen=generation):
        rows.setdefault(site, {})["waiting_promises"] = int(number)
    for site, seconds in store.rows(CLOCKS_SQL, {"since": now - HOUR_MS}, gen=generation):
        # The quickest event tells the clock: it cannot have come before it happened.
        rows.setdefault(site, {})["least_delay_s"] = round(float(seconds), 3)
    return rows


class LineStatus:
    """The API's status port."""

    def __init__(
        self,
        store: Store,
        projector: Projector,
        reader: FollowedLog,
        layout: Layout,
        *,
        generation: Callable[[], str],
        clock: Callable[[], Ms],
    ) -> None:
        self._store = store
        self._projector = projector
        self._reader = reader
        self._lag = 0
        self._layout = layout
        self._generation = generation
        self._clock = clock
        self._level_at = time.monotonic()

    def readiness(self) -> Mapping[str, str]:
        """Reasons not to send traffic here."""
        reasons: dict[str, str] = {}
        try:
            self._store.rows("SELECT 1")
        except Exception as error:  # noqa: BLE001 - whatever the engine raises, it does not answer
            reasons["store_away"] = f"ClickHouse does not answer: {error}"
        if self._projector.progress.failing:
            reasons["projector_failing"] = f"the projector is stopped: {self._projector.progress.failing}"
        behind_s = self._behind_s()
        if behind_s > BEHIND_LIMIT_S:
            reasons["projector_behind"] = (
                f"the projector is {self.lag():,} events behind, for {behind_s:.0f} s"
            )
        return reasons

    def lag(self) -> int:
        """Rows of the log that are not derived yet; as they were, while the log cannot be read: then the
        projector itself says so.
        """
        with suppress(LogUnwritable):
            derived = self._projector.position().get(self._reader.log_no, 0)
            self._lag = max(0, self._reader.last() - derived)
        return self._lag

    def platform(self) -> Mapping[str, Any]:
        """Figures of the whole installation."""
        progress = self._projector.progress
        return {
            "lag_events": self.lag(),
            "behind_s": round(self._behind_s(), 1),
            "as_of": self._projector.as_of,
            "flushes": progress.flushes,
            "last_flush_s": round(progress.last_flush_s, 4),
            "poison": progress.poison,
            "failing": progress.failing or None,
            "queued_rederivations": len(self._projector.rederivations.open),
            **letters_in_all(letters_of(self._layout)),
        }

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        """Figures by site: what was refused, which promises were never made, how far its clock seems off."""
        rows = letters_by_site(letters_of(self._layout))
        return stored_by_site(self._store, self._generation(), self._clock(), rows)

    def _behind_s(self) -> float:
        """Since when the projector has not been level with the log."""
        if not self.lag():
            self._level_at = time.monotonic()
        return time.monotonic() - self._level_at


Letters = list[tuple[str, str, int]]
"""(site, status, number) of dead letters."""


def letters_of(layout: Layout) -> Letters:
    """The dead letters of a data folder; read beside the door that writes them."""
    path = layout.dead_letters
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2.0)) as db:
            return db.execute(
                "SELECT site, status, count(*) FROM letters WHERE status != 'taken' GROUP BY site, status"
            ).fetchall()
    except sqlite3.Error:
        return []


def letters_in_all(letters: Letters) -> dict[str, int]:
    """How many lie there, and how many of them wait for a decision."""
    return {
        "dead_letters": sum(number for *_, number in letters),
        "waiting_letters": sum(number for _, status, number in letters if status == "waiting"),
    }


def letters_by_site(letters: Letters) -> dict[str, dict[str, Any]]:
    """The same by the site that they name."""
    rows: dict[str, dict[str, Any]] = {}
    for site, status, number in letters:
        rows.setdefault(site, {})["waiting_letters" if status == "waiting" else "dead_letters"] = number
    return rows
