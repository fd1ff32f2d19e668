"""verify and rebuild in the server mode: a fresh generation derived from the topic, by a process of its own.

Nobody is held still meanwhile. A comparison counts when the live generation has not moved during it; when it
has, the fresh one catches up and both are compared again. After a rebuild the projectors find the new
generation by themselves.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, cast

from domain.times import Ms
from ingest.assembly import clock_ms
from moments.errors import CommandFailed
from moments.server import access_of, server_store, topics_of
from moments.settings import Settings
from projections.audit import Audit, Report
from projections.difference import differences
from projections.generations import Generations
from projections.kafka_feed import Buried, TopicFeed
from projections.projector import Projector
from projections.store import Store

_ATTEMPTS = 60
_PAUSE_S = 2.0


class StoredLive:
    """The live generation as its projectors have stored it: stands where Audit has a projector."""

    def __init__(self, store: Store, generation: str) -> None:
        self.generation = generation
        self.as_of: Ms = 0
        self.lock: AbstractContextManager[Any] = nullcontext()
        self._store = store

    def position(self) -> Mapping[int, int]:
        """The stored places."""
        return {part: position for part, position, _ in self._places()}

    def moved(self) -> list[tuple[int, int, int]]:
        """What changes whenever anything is derived."""
        return self._places()

    def drain_held(self) -> None:
        """Waits until nothing is left that decisions reach back to."""
        deadline = time.monotonic() + _ATTEMPTS * _PAUSE_S
        while time.monotonic() < deadline:
            ((open_,),) = self._store.rows(
                "SELECT count() FROM $gen.rederivations FINAL WHERE done = 0", gen=self.generation
            )
            if not open_:
                return
            time.sleep(_PAUSE_S / 4)

    def sweep_to(self, as_of: Ms) -> None:
        """Its projectors sweep by themselves."""

    def _places(self) -> list[tuple[int, int, int]]:
        rows = self._store.rows(
            """SELECT part, position, version FROM $gen.positions FINAL WHERE feed = 'kafka' ORDER BY part""",
            gen=self.generation,
        )
        return [(int(part), int(position), int(version)) for part, position, version in rows]


@dataclass
class ServerAudit(Audit):
    """An audit beside projectors that go on."""

    def rebuild(self) -> Report:
        """As Audit.rebuild; the generation before stays until the next one: projectors may still write it."""
        report = Report()
        fresh = self._build()
        if self.generations.of_this_shape():
            report.found += self._compared(fresh)
        else:
            self._level(fresh)  # an upgrade: tables of two versions have no common measure
        self.generations.switch(fresh.generation)
        self.generations.drop_older(self.live.generation)
        self._forget_scratch(fresh)
        report.events = fresh.progress.events
        report.switched_to = fresh.generation
        return report

    def _compared(self, fresh: Projector) -> list[str]:
        live = cast("StoredLive", self.live)
        found: list[str] = []
        for _ in range(_ATTEMPTS):
            self._level(fresh)
            before = live.moved()
            found = list(differences(self.store, live.generation, fresh.generation))
            if not found or (live.moved() == before and self._standing(live, before)):
                return found
        return found

    def _standing(self, live: StoredLive, before: list[tuple[int, int, int]]) -> bool:
        """Differences may be what the live clocks have yet to break: that sweep comes within seconds."""
        time.sleep(6.0)
        return live.moved() == before


def do_on_server(settings: Settings, job: str, told: Callable[[str, int, int], None]) -> Report:
    """The job. Raises CommandFailed when no projector has made a generation yet."""
    store = server_store(settings)
    generations = Generations(store)
    try:
        generation = generations.refresh(any_shape=True)
        if not generation:
            raise CommandFailed("there is nothing derived yet: start `moments project` first")
        if job == "verify" and not generations.of_this_shape():
            raise CommandFailed(
                f"{generation} has tables of another version of moments: only that one can judge it;"
                " `moments rebuild` makes a generation of this version beside it"
            )
        live = StoredLive(store, generation)
        feed = TopicFeed(access_of(settings), topics_of(settings), _passed_over, until=live.position)
        try:
            audit = ServerAudit(store, generations, cast("Projector", live), feed, clock_ms, told)
            return audit.verify() if job == "verify" else audit.rebuild()
        finally:
            feed.close()
    finally:
        store.close()


def _passed_over(_: list[Buried] | object) -> None:
    """Poison was buried by the projectors that met it first."""
