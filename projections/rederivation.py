"""Decisions that reach back: facts that a new weight, split, multiplier, budget or site record dates or
weighs anew.

Each such decision queues one (site, from day); the queue is worked off in slices between flushes, so that
live events are never kept waiting, and shows in the status until it is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple

import pyarrow as pa

from domain.event import Event
from domain.events.structure import (
    BudgetSet,
    MomentWeightSet,
    MultipliersSet,
    SiteChanged,
    SplitSet,
)
from projections.derivation import Key
from projections.share import Share
from projections.store import Store

SLICE: Final = 20_000
EPOCH: Final = date(1970, 1, 1)
MARGIN: Final = timedelta(days=2)  # a business day differs from the UTC day of an instant by less than that

_SCHEMA: Final = pa.schema(
    [
        ("decided_at", pa.timestamp("ms", "UTC")),
        ("id", pa.string()),
        ("site_id", pa.string()),
        ("from_day", pa.int32()),
        ("cursor", pa.string()),
        ("done", pa.uint8()),
        ("version", pa.uint64()),
        ("part", pa.uint32()),
    ]
)


class Rederivation(NamedTuple):
    """One open entry of the queue; `cursor` is the last key of the last slice done, as JSON."""

    decided_ms: int
    id: str
    site: str
    from_day: int
    cursor: str
    part: int = 0


def reaching_back(event: Event) -> Rederivation | None:
    """The entry a decision queues; None for one that changes no fact."""
    data = event.data
    if isinstance(data, SiteChanged):
        day = data.valid_from or EPOCH  # absent: it corrects the past
    elif isinstance(data, MomentWeightSet | SplitSet | MultipliersSet | BudgetSet):
        day = data.valid_from
    else:
        return None
    return Rederivation(event.ms, f"{event.source} {event.id}", event.siteid or "", (day - EPOCH).days, "")


class Rederivations:
    """The queues of one generation that belong to one projector: one a partition owned."""

    def __init__(self, store: Store, generation: str, share: Share) -> None:
        self._store = store
        self._generation = generation
        self._share = share
        self._version = 0
        self.open: list[Rederivation] = []

    def load(self, epoch: int = 0) -> None:
        """Reads what is still open. What an owner of an earlier epoch still writes loses."""
        rows = self._store.rows(
            """SELECT toUnixTimestamp64Milli(decided_at), id, site_id, from_day, cursor, part
            FROM $gen.rederivations FINAL WHERE done = 0 ORDER BY decided_at, id""",
            gen=self._generation,
        )
        queues = set(self._share.queues)
        self.open = [Rederivation(*row) for row in rows if row[5] in queues]
        latest = self._store.rows("SELECT max(version) FROM $gen.rederivations", gen=self._generation)
        self._version = max(int(latest[0][0]), epoch << 32)

    def add(self, entries: Iterable[Rederivation]) -> None:
        """Queues durably those that concern facts already derived; one queued before (a replay) starts again
        from the beginning.
        """
        mine = [entry._replace(part=part) for entry in entries for part in self._share.queues]
        latest = self._latest() if mine else {}
        new = [entry for entry in mine if _earliest(entry) <= latest.get(entry.site, EPOCH - MARGIN)]
        if new:
            self._write(new, done=False)
            known = {(entry.part, entry.id) for entry in new}
            self.open = [entry for entry in self.open if (entry.part, entry.id) not in known] + new

    def next_slice(self) -> set[Key]:
        """The keys to derive next for the first open entry; empty when that entry has none left."""
        return self._after(self.open[0], limit=SLICE)

    def _latest(self) -> dict[str, date]:
        """The UTC day of each site's latest fact, and under '' the chain's: one query for all decisions."""
        selects = [
            f"SELECT site_id, toDate(max({moment})) AS day FROM $gen.{table} FINAL WHERE alive"
            " GROUP BY site_id"
            for table, _, _, moment in _WHAT
        ]
        rows = self._store.rows(
            f"SELECT site_id, max(day) FROM ({' UNION ALL '.join(selects)}) GROUP BY site_id",
            gen=self._generation,
        )
        days = dict(rows)
        return {**days, "": max(days.values())} if days else {}

    def _after(self, entry: Rederivation, *, limit: int) -> set[Key]:
        after = json.loads(entry.cursor) if entry.cursor else [-1, "", "", ""]
        selects = [
            f"""SELECT toInt64(toUnixTimestamp(placed)) AS place, site_id AS site, '{kind}' AS kind,
                {identity} AS id
            FROM $gen.{table} FINAL
            WHERE alive AND ({{site:String}} = '' OR site_id = {{site:String}})
                AND {moment} >= {{earliest:Date}} AND {self._share.of(entry.part)}"""
            for table, kind, identity, moment in _WHAT
        ]
        rows = self._store.rows(
            f"""SELECT place, site, kind, id FROM ({" UNION ALL ".join(selects)})
            WHERE (place, site, kind, id)
                > ({{place:Int64}}, {{at_site:String}}, {{kind:String}}, {{id:String}})
            ORDER BY place, site, kind, id LIMIT {limit}""",
            {
                "site": entry.site,
                "earliest": _earliest(entry),
                "place": after[0],
                "at_site": after[1],
                "kind": after[2],
                "id": after[3],
            },
            gen=self._generation,
        )
        return {(int(place), site, kind, id_) for place, site, kind, id_ in rows}

    def done(self, keys: set[Key]) -> None:
        """The slice is derived: moves on, or closes the entry when the slice was empty."""
        entry = self.open[0]
        if keys:
            entry = entry._replace(cursor=json.dumps(max(keys), ensure_ascii=False))
            self.open[0] = entry
            self._write([entry], done=False)
        else:
            self._write([entry], done=True)
            self.open.pop(0)

    def _write(self, entries: list[Rederivation], *, done: bool) -> None:
        self._version += 1
        rows = [(*entry[:-1], int(done), self._version, entry.part) for entry in entries]
        self._store.insert_rows(f"{self._generation}.rederivations", _SCHEMA, rows)


def _earliest(entry: Rederivation) -> date:
    """The first UTC day of facts that the decision could weigh."""
    return EPOCH + timedelta(days=entry.from_day) - MARGIN if entry.from_day > MARGIN.days else EPOCH


_WHAT: Final = (
    ("visits", "visit", "visit_id", "last_at"),
    (
        "promises",
        "promise",
        "promise_id",
        "ifNull(greatest(made_at, ifNull(closed_at, made_at)), toDateTime64(0, 3, 'UTC'))",
    ),
    ("outcomes", "outcome", "concat(event_id, '\\x1f', source)", "at"),
    ("loose_moments", "loose", "concat(event_id, '\\x1f', source)", "at"),
)
"""Facts with the subject they are of and the latest instant that a decision could weigh."""
