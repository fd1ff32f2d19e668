"""The read side of the server mode: the KPI API over a ClickHouse server, with no projector of its own."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.directory import Directory, directory_of
from api.services import Services
from domain.structure import StructureState
from domain.times import SECOND_MS
from ingest.assembly import clock_ms
from moments.layout import Layout
from moments.line_status import CLOCKS_SQL, WAITING_SQL, since
from moments.run_keys import keys_of
from moments.samples import Samples
from moments.server import server_store
from moments.settings import Settings
from projections.explain import Explainer
from projections.generations import PUBLIC, Generations
from projections.progress import StoredProgress
from projections.store import Store
from projections.structure_tables import stored_decisions

_LOOK_S = 1.0


class StoredStructure:
    """The decisions in force as projectors have stored them; looked at once a second."""

    def __init__(self, store: Store, generations: Generations) -> None:
        self._store = store
        self._generations = generations
        self._lock = threading.Lock()
        self._looked_at = -_LOOK_S
        self._known = -1
        self._state = StructureState()
        self._directory = directory_of(self._state)

    def state(self) -> StructureState:
        """The state in force."""
        self._follow()
        return self._state

    def directory(self) -> Directory:
        """The same as the API's directory."""
        self._follow()
        return self._directory

    def _follow(self) -> None:
        with self._lock:
            if time.monotonic() - self._looked_at < _LOOK_S:
                return
            self._generations.refresh()
            known = self._store.rows(
                """SELECT uniqExact(source, event_id) FROM $gen.events
                WHERE hour = toDateTime(0, 'UTC') AND kind = 'structure'""",
                gen=self._generations.live,
            )[0][0]
            if known != self._known:
                self._state = StructureState().apply_all(
                    stored_decisions(self._store, self._generations.live)
                )
                self._directory = directory_of(self._state)
                self._known = known
            self._looked_at = time.monotonic()


class StoredStatus:
    """The API's status port over what projectors have stored."""

    def __init__(self, store: Store, generations: Generations, progress: StoredProgress) -> None:
        self._store = store
        self._generations = generations
        self._progress = progress

    def readiness(self) -> Mapping[str, str]:
        """Reasons not to send traffic here."""
        try:
            self._store.rows("SELECT 1")
        except Exception as error:  # noqa: BLE001 - whatever the client raises, the server does not answer
            return {"store_away": f"ClickHouse does not answer: {error}"}
        return {}

    def platform(self) -> Mapping[str, Any]:
        """Figures of the whole installation; lag in messages is in the projectors' own /metrics."""
        as_of = self._progress.as_of()
        generation = self._generations.live
        ((queued,),) = self._store.rows(
            "SELECT count() FROM $gen.rederivations FINAL WHERE done = 0", gen=generation
        )
        ((poison,),) = self._store.rows("SELECT count() FROM $gen.poison FINAL", gen=generation)
        return {
            "derived_to": self._progress.position(),
            "as_of": as_of,
            "behind_s": round(max(0, clock_ms() - as_of) / SECOND_MS, 1) if as_of else None,
            "queued_rederivations": int(queued),
            "poison": int(poison),
        }

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        """Figures by site: promises that were never made, and how far its clock seems off."""
        rows: dict[str, dict[str, Any]] = {}
        for site, number in self._store.rows(WAITING_SQL, gen=self._generations.live):
            rows.setdefault(site, {})["waiting_promises"] = int(number)
        for site, seconds in self._store.rows(
            CLOCKS_SQL, {"since": since(clock_ms())}, gen=self._generations.live
        ):
            rows.setdefault(site, {})["least_delay_s"] = round(float(seconds), 3)
        return rows


def server_api(settings: Settings) -> FastAPI:
    """The application. Raises CommandFailed without a ClickHouse server, StoreError when it is away."""
    layout = Layout(settings.data)
    layout.make()
    store = server_store(settings)
    generations = Generations(store)
    generations.open(alone=False)
    store.create(generations.live, "generation", gen=generations.live)
    keys = keys_of(settings, layout.keys)
    reading = store.reader()
    progress = StoredProgress(store, lambda: generations.live)
    structure = StoredStructure(store, generations)
    status = StoredStatus(store, generations, progress)
    app = create_app(
        Services(
            store=reading,
            directory=structure.directory,
            keys=keys,
            progress=progress,
            explain=Explainer(
                reading,
                generation=lambda: generations.live,
                structure=structure.state,
                as_of=lambda: progress.as_of() or clock_ms(),
            ),
            status=status,
            readiness=status.readiness,
            clock=clock_ms,
        )
    )

    # A quiet line has an old clock and is not behind: only projectors know that, and sample it themselves.
    samples = Samples(store, status, PUBLIC, clock_ms, without=frozenset({"behind_s"}))

    def stop() -> None:
        samples.stop()
        keys.close()
        reading.close()
        store.close()

    app.router.on_startup.append(samples.start)
    app.router.on_shutdown.append(stop)
    return app
