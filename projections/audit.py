"""Verify and rebuild: a fresh generation derived from the whole log beside the live one, held against it and
against the exact domain.

Both build the same way, while the live generation goes on; only the last stretch and the comparison hold it
still, since two generations can only be compared at the same position and the same clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.derive import derive
from domain.event import Event
from domain.times import Ms
from projections.compare import compare
from projections.derivation import Derivation, Key
from projections.difference import differences
from projections.feed import Feed, Read
from projections.generations import Generations
from projections.projector import Projector
from projections.store import Store
from projections.stored_events import COLUMNS, stored_events

BATCH: Final = 60_000
NEAR: Final = 20_000
"""Events behind the live generation at which a fresh one asks it to wait."""
SLICE: Final = 10_000
"""Subjects whose exact facts are computed at a time."""

Told = Callable[[str, int, int], None]
"""(what is being done, how much of it is done, how much there is)."""


@dataclass
class Report:
    """What an audit found: `events` of the log derived afresh, `exact` subjects computed exactly."""

    events: int = 0
    exact: int = 0
    found: list[str] = field(default_factory=list)
    switched_to: str = ""

    @property
    def holds(self) -> bool:
        """No difference anywhere."""
        return not self.found


class UpToLive:
    """A feed that ends where the live generation is: two generations compare only when none is ahead."""

    def __init__(self, feed: Feed, live: Projector) -> None:
        self.name = feed.name
        self._feed = feed
        self._live = live

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """What the feed has, but nothing the live generation has not derived yet."""
        left = sum(max(0, at - positions.get(part, 0)) for part, at in self._live.position().items())
        return self._feed.read(positions, min(limit, left)) if left else Read((), (), dict(positions))

    def head(self) -> Mapping[int, int]:
        """The live generation's place."""
        return self._live.position()


@dataclass
class Audit:
    """Builds a fresh generation and compares.

    Args:
        store: the ClickHouse store.
        generations: its register.
        live: the projector of the live generation, running or not.
        feed: a feed of the same log, of this audit's own.
        clock: UTC milliseconds.
        told: told about progress.
    """

    store: Store
    generations: Generations
    live: Projector
    feed: Feed
    clock: Callable[[], Ms]
    told: Told | None = None

    def verify(self, *, exact: bool = True) -> Report:
        """Compares every derived table with a fresh derivation, and that one with the exact domain; changes
        nothing.
        """
        report = Report()
        fresh = self._build()
        try:
            report.found += self._compared(fresh)
            if exact:
                report.found += self._exactly(fresh, report)
        finally:
            report.events = fresh.progress.events
            self.generations.drop(fresh.generation)
            self._forget_scratch(fresh)
        return report

    def rebuild(self) -> Report:
        """Builds a fresh generation, names what differs, and makes it the live one."""
        report = Report()
        fresh = self._build()
        with self.live.lock:
            self._level(fresh)
            old = self.live.generation
            report.found += differences(self.store, old, fresh.generation)
            self.generations.switch(fresh.generation)
            self.live.adopt(fresh.generation)
        self.generations.drop(old)
        self._forget_scratch(fresh)
        report.events = fresh.progress.events
        report.switched_to = fresh.generation
        return report

    def _build(self) -> Projector:
        database = self.generations.begin()
        feed = UpToLive(self.feed, self.live)
        fresh = Projector(
            self.store,
            feed,
            generation=database,
            clock=self.clock,
            batch=BATCH,
            scratch=f"scratch_{database}",
        )
        fresh.prepare()

        def near() -> bool:
            behind, whole = _distance(fresh, self.live), sum(self.live.position().values())
            self._tell("derived", whole - behind, whole)
            return behind <= NEAR

        fresh.follow(near)
        fresh.drain_held()
        return fresh

    def _level(self, fresh: Projector) -> None:
        """Brings both to the same position and clock; the live projector is held."""
        self.live.drain_held()
        while _distance(fresh, self.live) > 0 or fresh.rederivations.open:
            if not fresh.step():
                break
        as_of = max(self.clock(), self.live.as_of, fresh.as_of)
        self.live.sweep_to(as_of)
        fresh.sweep_to(as_of)

    def _compared(self, fresh: Projector) -> list[str]:
        """What differs while both stand at the same position and clock."""
        with self.live.lock:
            self._level(fresh)
            return list(differences(self.store, self.live.generation, fresh.generation))

    def _tell(self, what: str, done: int, whole: int) -> None:
        if self.told is not None:
            self.told(what, done, whole)

    def _forget_scratch(self, fresh: Projector) -> None:
        self.store.command("DROP DATABASE IF EXISTS $scratch SYNC", scratch=f"scratch_{fresh.generation}")

    def _exactly(self, fresh: Projector, report: Report) -> Iterator[str]:
        """Slices of whole components, derived exactly from their events and compared with the fresh
        generation's facts.
        """
        derivation = Derivation(self.store, fresh.generation, f"scratch_{fresh.generation}")
        state = fresh.structure.state
        cursor: Key = (-1, "", "", "")
        ((whole,),) = self.store.rows(
            f"SELECT uniq(hour, site_id, kind, id) FROM $gen.events WHERE {_DERIVED}", gen=fresh.generation
        )
        while keys := self._subjects(fresh.generation, cursor):
            cursor = max(keys)
            derivation.clear_keys()
            derivation.add_keys(keys)
            derivation.add_subjects_of_moments()
            derivation.close_over_links()
            derivation.stage()
            facts = derive(self._events(fresh.generation, derivation.scratch), state, fresh.as_of)
            yield from compare(self.store, fresh.generation, facts, keys=f"{derivation.scratch}.keys")
            report.exact += len(keys)
            self._tell("computed exactly", report.exact, int(whole))

    def _subjects(self, generation: str, after: Key) -> set[Key]:
        rows = self.store.rows(
            f"""SELECT DISTINCT toInt64(toUnixTimestamp(hour)) AS place, site_id, kind, id FROM $gen.events
            WHERE {_DERIVED} AND (place, site_id, kind, id)
                > ({{place:Int64}}, {{site:String}}, {{kind:String}}, {{id:String}})
            ORDER BY place, site_id, kind, id LIMIT {SLICE}""",
            dict(zip(("place", "site", "kind", "id"), after, strict=True)),
            gen=generation,
        )
        return {(int(place), site, kind, id_) for place, site, kind, id_ in rows}

    def _events(self, generation: str, scratch: str) -> list[Event]:
        return stored_events(
            self.store,
            f"""SELECT DISTINCT {COLUMNS} FROM $gen.events FINAL
            WHERE (source, event_id) IN (SELECT source, event_id FROM $scratch.work)""",
            gen=generation,
            scratch=scratch,
        )


_DERIVED: Final = "kind NOT IN ('structure', 'other', 'moment')"


def _distance(one: Projector, other: Projector) -> int:
    ahead = other.position()
    return sum(max(0, position - one.position().get(part, 0)) for part, position in ahead.items())
