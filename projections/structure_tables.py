"""Decisions as tables: what weights, splits, multipliers, budgets and calendars hold from which business day
on.

`domain.structure` decides what is in force (R20); here its answers are laid out so that SQL finds them by one
ASOF look-up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import pyarrow as pa

from domain.calendar import Calendar
from domain.dictionary import LANGUAGES, Titles
from domain.event import Event
from domain.events.structure import BudgetSet, MomentWeightSet, MultipliersSet, SplitSet
from domain.structure import CHAIN, StructureState
from domain.times import SECOND_MS
from projections.store import Store
from projections.stored_events import COLUMNS, stored_events

EPOCH: Final = date(1970, 1, 1)
FOR_EVER: Final = date(2200, 1, 1)
SINCE_EVER: Final = -100_000  # days: before any event
_FIRST_MS: Final = 0
_LAST_MS: Final = 2_208_988_800_000  # 2040-01-01: laid out anew at every start long before

Pieces = list[tuple[str, str, int, Any]]
"""(scope, code, from day, value)."""


class StructureTables:
    """The decisions known to one projector, and their tables in its scratch database.

    Args:
        store: the ClickHouse store.
        generation: its `events` hold the decisions; `sites`, `departments`, `channels` and `moment_types` are
            written for the views.
        scratch: where the look-up tables are.
    """

    def __init__(self, store: Store, generation: str, scratch: str) -> None:
        self._store = store
        self._generation = generation
        self._scratch = scratch
        self._dates: dict[type, dict[str, dict[str, set[date]]]] = {}
        self.state = StructureState()

    def load(self) -> None:
        """Reads all decisions from `events` and lays them out."""
        self.state = StructureState()
        self._dates = {}
        for event in stored_decisions(self._store, self._generation):
            self._take(event)
        self._lay_out()

    def apply(self, decisions: Iterable[Event], version: int) -> None:
        """Takes in new decisions, lays them out, and shows sites and dictionaries as they are now."""
        for event in decisions:
            self._take(event)
        self._lay_out()
        self.show(version)

    def _take(self, event: Event) -> None:
        self.state.apply(event)
        data = event.data
        if isinstance(data, MomentWeightSet | SplitSet):
            code = data.moment
        elif isinstance(data, BudgetSet):
            code = data.kind
        elif isinstance(data, MultipliersSet):
            code = ""
        else:
            return
        by_scope = self._dates.setdefault(type(data), defaultdict(lambda: defaultdict(set)))
        by_scope[event.siteid or ""][code].add(data.valid_from)

    def _lay_out(self) -> None:
        state = self.state
        moments = state.dictionary().moments
        weights = self._pieces(MomentWeightSet, moments, state.weight)
        self._fill("weights", [(*place, float(weight)) for *place, weight in weights])
        splits = self._pieces(SplitSet, moments, state.split)
        self._fill(
            "splits",
            [(*place, list(split), [float(share) for share in split.values()]) for *place, split in splits],
        )
        multipliers = self._pieces(MultipliersSet, [""], lambda _, site, day: state.multipliers(site, day))
        self._fill(
            "multipliers", [(*place, float(both.first), float(both.last)) for *place, both in multipliers]
        )
        budgets = self._pieces(BudgetSet, self._codes(BudgetSet), state.budget)
        self._fill(
            "budgets",
            [
                (
                    *place,
                    [stage.stage for stage in stages or ()],
                    [stage.department for stage in stages or ()],
                    [stage.group or "" for stage in stages or ()],
                    [stage.budget_s for stage in stages or ()],
                )
                for *place, stages in budgets
            ],
        )
        self._fill(
            "calendar", [row for site in state.sites() for row in _calendar_rows(site, state.calendar(site))]
        )

    def _codes(self, kind: type) -> set[str]:
        return {code for by_code in self._dates.get(kind, {}).values() for code in by_code}

    def _pieces(self, kind: type, codes: Iterable[str], in_force: Callable[[str, str, date], Any]) -> Pieces:
        """What is in force of each code: for the chain, and whole for each site with decisions of its own."""
        dates: Mapping[str, Mapping[str, set[date]]] = self._dates.get(kind, {})
        pieces: Pieces = []
        for code in codes:
            chain = dates.get(CHAIN, {}).get(code, set())
            own = {
                site: by_code[code] for site, by_code in dates.items() if site != CHAIN and code in by_code
            }
            for scope, days in ((CHAIN, chain), *own.items()):
                first = (scope, code, SINCE_EVER, in_force(code, scope, date.min))
                later = sorted(chain | days)
                pieces += [
                    first,
                    *((scope, code, (day - EPOCH).days, in_force(code, scope, day)) for day in later),
                ]
        return pieces

    def _fill(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        self._store.command(f"TRUNCATE TABLE $scratch.{table}", scratch=self._scratch)
        self._store.insert_rows(f"{self._scratch}.{table}", _TABLES[table], rows)

    def show(self, version: int) -> None:
        """Writes what the views `sites`, `departments`, `channels` and `moment_types` show: a whole new
        snapshot, the greatest version counts.
        """
        sites = [
            (
                site,
                piece.valid_from,
                piece.valid_to or FOR_EVER,
                piece.region,
                piece.kind,
                piece.name,
                piece.timezone,
                piece.business_day_start,
                piece.currency,
                version,
            )
            for site in self.state.sites()
            for piece in self.state.site_versions(site)
        ]
        dictionary = self.state.dictionary()
        departments = [
            (entry.code, entry.tier.value, *_in_three(entry.titles), version)
            for entry in dictionary.departments.values()
        ]
        channels = [
            (entry.code, *_in_three(entry.titles), version) for entry in dictionary.channels.values()
        ]
        moments = [
            (entry.code, entry.ring.value, entry.phase, *_in_three(entry.titles), version)
            for entry in dictionary.moments.values()
        ]
        self._store.insert_rows(f"{self._generation}.sites", _SITES, sites)
        self._store.insert_rows(f"{self._generation}.departments", _DEPARTMENTS, departments)
        self._store.insert_rows(f"{self._generation}.channels", _CHANNELS, channels)
        self._store.insert_rows(f"{self._generation}.moment_types", _MOMENT_TYPES, moments)


def stored_decisions(store: Store, generation: str) -> list[Event]:
    """Every decision a generation holds, in the order of the log."""
    return stored_events(
        store,
        f"""SELECT {COLUMNS} FROM $gen.events FINAL
        WHERE hour = toDateTime(0, 'UTC') AND kind = 'structure' ORDER BY log_no, position""",
        gen=generation,
    )


def _in_three(titles: Titles) -> Iterator[str]:
    return (titles[language] for language in LANGUAGES)


def _calendar_rows(site: str, calendar: Calendar) -> list[tuple[str, int, int, int]]:
    pieces = calendar.pieces(_FIRST_MS, _LAST_MS)
    rows = [(site, piece.from_ms // SECOND_MS, piece.offset_s, piece.day_start_s) for piece in pieces]
    rows[0] = (site, -(1 << 62), *rows[0][2:])
    return rows


_SCOPED: Final = [("scope", pa.string()), ("code", pa.string()), ("from_day", pa.int32())]
_TEXTS: Final = pa.list_(pa.string())
_TABLES: Final[Mapping[str, pa.Schema]] = {
    "weights": pa.schema([*_SCOPED, ("weight", pa.float64())]),
    "splits": pa.schema([*_SCOPED, ("department", _TEXTS), ("share", pa.list_(pa.float64()))]),
    "multipliers": pa.schema([*_SCOPED, ("first", pa.float64()), ("last", pa.float64())]),
    "budgets": pa.schema(
        [
            *_SCOPED,
            ("stage", _TEXTS),
            ("department", _TEXTS),
            ("group_name", _TEXTS),
            ("budget", pa.list_(pa.int64())),
        ]
    ),
    "calendar": pa.schema(
        [
            ("site_id", pa.string()),
            ("from_s", pa.int64()),
            ("offset_s", pa.int32()),
            ("day_start_s", pa.int32()),
        ]
    ),
}
_SITES: Final = pa.schema(
    [
        ("site_id", pa.string()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
        ("region", pa.string()),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("timezone", pa.string()),
        ("business_day_start", pa.string()),
        ("currency", pa.string()),
        ("version", pa.uint64()),
    ]
)
_TITLED: Final = [(f"title_{language}", pa.string()) for language in LANGUAGES]
_DEPARTMENTS: Final = pa.schema(
    [("department", pa.string()), ("tier", pa.string()), *_TITLED, ("version", pa.uint64())]
)
_CHANNELS: Final = pa.schema([("channel", pa.string()), *_TITLED, ("version", pa.uint64())])
_MOMENT_TYPES: Final = pa.schema(
    [
        ("moment", pa.string()),
        ("ring", pa.string()),
        ("phase", pa.string()),
        *_TITLED,
        ("version", pa.uint64()),
    ]
)
