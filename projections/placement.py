"""Where a subject's rows lie: an hour that is fixed when the subject is first heard of and never changes.

Most ids tell it themselves (UUIDv7, ULID: the time they were minted); subjects that are one event take that
event's hour; the others take the hour of the first event that mentions them, remembered in `subjects`.
Placement is physical only: business day and hour are columns of the facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from projections.evidence import Subject
from projections.store import Store

HOUR_S: Final = 3600
_EARLIEST_MS: Final = 946_684_800_000  # 2000-01-01: an id that claims to be older is no clock
_LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01
_CROCKFORD: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_OF_EVENT: Final = frozenset({"outcome", "loose", "other"})
_ROOT: Final = frozenset({"moment", "structure"})
"""Few and without a time of their own: causes by the moment they name, and decisions, lie together at hour 0.
"""

_LOOKUP_SCHEMA: Final = pa.schema([("site_id", pa.string()), ("kind", pa.string()), ("id", pa.string())])
_SUBJECTS_SCHEMA: Final = pa.schema(
    [("site_id", pa.string()), ("kind", pa.string()), ("id", pa.string()), ("hour", pa.uint32())]
)


def minted_ms(id_: str) -> int | None:
    """The time inside a UUIDv7 or ULID, UTC milliseconds; None for any other id or a time no such id can
    honestly hold.
    """
    if len(id_) == 36 and id_[14] == "7" and id_[8] == "-" and id_[13] == "-":
        try:
            ms = int(id_[:8] + id_[9:13], 16)
        except ValueError:
            return None
    elif len(id_) == 26:
        ms = 0
        for character in id_[:10]:
            value = _CROCKFORD.get(character)
            if value is None:
                return None
            ms = ms << 5 | value
    else:
        return None
    return ms if _EARLIEST_MS <= ms < _LATEST_MS else None


def hour_of(ms: int) -> int:
    """The UTC hour of a time, in seconds, within what a DateTime holds."""
    return min(max(ms // 1000 // HOUR_S * HOUR_S, 0), 4_294_965_600)


class Placement:
    """Placement hours of one generation, with a bounded memory of the subjects heard of lately.

    Args:
        store: the ClickHouse store.
        generation: its `subjects` are read and written.
        scratch: a database for the look-up's own table.
        remember: subjects kept in memory (two halves of this size; about 150 bytes each).
    """

    def __init__(self, store: Store, generation: str, scratch: str, *, remember: int = 200_000) -> None:
        self._store = store
        self._generation = generation
        self._scratch = scratch
        self._remember = remember
        self._young: dict[Subject, int] = {}
        self._old: dict[Subject, int] = {}

    def prepare(self) -> None:
        """Creates the look-up's table."""
        self._store.command(
            "CREATE TABLE IF NOT EXISTS $scratch.lookup (site_id String, kind String, id String)"
            " ENGINE = Memory",
            scratch=self._scratch,
        )

    def hours(self, subjects: Mapping[Subject, int]) -> dict[Subject, int]:
        """The placement hour of each subject.

        New ones are made durable before this returns (step 1 of a flush), so that a replay finds the same
        place.

        Args:
            subjects: subject → time (UTC ms) of the first event of the batch that mentions it, in log order.
        """
        found: dict[Subject, int] = {}
        unknown: list[Subject] = []
        for subject, ms in subjects.items():
            kind = subject[1]
            if kind in _OF_EVENT:
                found[subject] = hour_of(ms)
                continue
            if kind in _ROOT:
                found[subject] = 0
                continue
            minted = minted_ms(subject[2])
            if minted is not None:
                found[subject] = hour_of(minted)
                continue
            hour = self._recall(subject)
            if hour is None:
                unknown.append(subject)
            else:
                found[subject] = hour
        if unknown:
            found.update(self._look_up(unknown, subjects))
        return found

    def _recall(self, subject: Subject) -> int | None:
        hour = self._young.get(subject)
        if hour is None and (hour := self._old.get(subject)) is not None:
            self._keep(subject, hour)
        return hour

    def _keep(self, subject: Subject, hour: int) -> None:
        if len(self._young) >= self._remember:
            self._old, self._young = self._young, {}
        self._young[subject] = hour

    def _look_up(self, unknown: list[Subject], subjects: Mapping[Subject, int]) -> dict[Subject, int]:
        self._store.command("TRUNCATE TABLE $scratch.lookup", scratch=self._scratch)
        self._store.insert_rows(f"{self._scratch}.lookup", _LOOKUP_SCHEMA, unknown)
        rows = self._store.rows(
            """SELECT site_id, kind, id, toUnixTimestamp(min(hour)) FROM $gen.subjects
            WHERE id IN (SELECT id FROM $scratch.lookup) AND (site_id, kind, id) IN (SELECT site_id, kind, id
            FROM $scratch.lookup) GROUP BY site_id, kind, id""",
            gen=self._generation,
            scratch=self._scratch,
        )
        hours = {(site, kind, id_): int(hour) for site, kind, id_, hour in rows}
        new = {subject: hour_of(subjects[subject]) for subject in unknown if subject not in hours}
        self._store.insert_rows(
            f"{self._generation}.subjects",
            _SUBJECTS_SCHEMA,
            [(*subject, hour) for subject, hour in new.items()],
        )
        hours.update(new)
        for subject, hour in hours.items():
            self._keep(subject, hour)
        return hours
