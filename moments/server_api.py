"""The read side of the server mode: the KPI API over a ClickHouse server, with no projector of its own."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.services import Services
from domain.times import SECOND_MS
from ingest.assembly import clock_ms
from moments.in_force import InForce, stored_structure
from moments.layout import Layout
from moments.line_status import stored_by_site, stored_in_all
from moments.run_keys import keys_of
from moments.server import insist, on_signals, server_store
from moments.settings import Settings
from projections.explain import Explainer
from projections.generations import Generations
from projections.progress import StoredProgress
from projections.store import Store, StoreError

_LOOK_S = 1.0


class StoredMark:
    """Which decisions projectors have stored; looked at once a second."""

    def __init__(self, store: Store, generations: Generations) -> None:
        self._store = store
        self._generations = generations
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._mark: tuple[str, int] | None = None

    def __call__(self) -> tuple[str, int] | None:
        """(generation, number of decisions)."""
        with self._lock:
            if time.monotonic() - self._looked_at >= _LOOK_S:
                generation = self._generations.refresh()
                ((known,),) = self._store.rows(
                    """SELECT uniqExact(source, event_id) FROM $gen.events
                    WHERE hour = toDateTime(0, 'UTC') AND kind = 'structure'""",
                    gen=generation,
                )
                self._mark = (generation, int(known))
                self._looked_at = time.monotonic()
            return self._mark

    def generation(self) -> str:
        """The live generation's database: a rebuild elsewhere makes another one live."""
        self()
        return self._generations.live

    def look_again(self) -> None:
        """The next question is answered by what is stored then: somebody has waited for it to be there."""
        with self._lock:
            self._looked_at = float("-inf")


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
        return {
            "derived_to": self._progress.position(),
            "as_of": as_of,
            "behind_s": round(max(0, clock_ms() - as_of) / SECOND_MS, 1) if as_of else None,
            **stored_in_all(self._store, self._generations.live),
        }

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        """Figures by site: promises that were never made, and how far its clock seems off."""
        return stored_by_site(self._store, self._generations.live, clock_ms())


def server_api(settings: Settings) -> FastAPI:
    """The application; waits until ClickHouse answers and projectors have made a generation for it.

    It only reads, so a ClickHouse user without any other right serves it. Ends the process when it is
    stopped meanwhile. Raises CommandFailed without a ClickHouse server.
    """
    layout = Layout(settings.data)
    layout.make()
    store = server_store(settings).reader()
    generations = Generations(store)
    stopping = threading.Event()
    on_signals(stopping.set)
    if insist(stopping, lambda: _followed(generations)) is None:
        raise SystemExit(0)
    keys = keys_of(settings, layout.keys)
    mark = StoredMark(store, generations)
    progress = StoredProgress(store, mark.generation, reached=mark.look_again)
    structure = InForce(lambda: stored_structure(store, generations.live), mark)
    status = StoredStatus(store, generations, progress)
    app = create_app(
        Services(
            store=store,
            directory=structure.directory,
            keys=keys,
            progress=progress,
            explain=Explainer(
                store,
                generation=lambda: generations.live,
                structure=structure.state,
                as_of=lambda: progress.as_of() or clock_ms(),
            ),
            status=status,
            readiness=status.readiness,
            clock=clock_ms,
        )
    )

    def stop() -> None:
        keys.close()
        store.close()

    app.router.on_shutdown.append(stop)
    return app


def _followed(generations: Generations) -> str:
    generation = generations.refresh()
    if not generation:
        raise StoreError("no projector of this version has made its tables yet")
    return generation
