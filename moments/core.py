"""The core process put together: store, projector, structure in force, KPI API, and the jobs of the running
platform."""

import threading
from collections.abc import Callable, Mapping

import structlog
from fastapi import FastAPI

from api.app import create_app
from api.directory import Directory, directory_of
from api.services import Services
from domain.structure import StructureState
from ingest.assembly import clock_ms
from ingest.log.record import format_position, parse_position
from moments.jobs import Jobs
from moments.layout import Layout
from moments.line_status import LineStatus
from moments.log_reader import projected
from moments.run_keys import keys_of
from moments.samples import Samples
from moments.settings import Settings
from projections.explain import Explainer
from projections.feed import Feed, LogFeed, Read
from projections.generations import PUBLIC, Generations
from projections.projector import Projector
from projections.store import Store
from projections.structure_tables import stored_decisions

log = structlog.get_logger("moments.core")


class Progress:
    """The API's port over the projector: positions as text, one log."""

    def __init__(self, projector: Projector, log_no: int) -> None:
        self._projector = projector
        self._log_no = log_no

    def position(self) -> str:
        return format_position(self._projector.position().get(self._log_no, 0), self._log_no)

    def wait(self, position: str, timeout: float) -> bool:
        part, row = parse_position(position)
        if part != self._log_no:
            raise ValueError(f"{position!r} is a position of another log")
        return self._projector.wait(part, row, timeout)


class HeardFeed:
    """A feed that remembers the position of the last decision it gave out."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.name = feed.name
        self.last_decision: Mapping[int, int] = {}

    def read(self, positions: Mapping[int, int], limit: int) -> Read:
        """What the feed reads."""
        read = self._feed.read(positions, limit)
        if any(told.event.data.DECISION for told in read.told):
            self.last_decision = dict(read.positions)
        return read

    def head(self) -> Mapping[int, int]:
        """The feed's head."""
        return self._feed.head()


class Structure:
    """The decisions in force as the API reads them: one picture, replaced whole when the projector has
    taken in more.

    The projector changes its own state while it flushes; readers in other threads never look at that one.
    """

    def __init__(self, load: Callable[[], StructureState], projector: Projector, feed: HeardFeed) -> None:
        self._load = load
        self._projector = projector
        self._feed = feed
        self._lock = threading.Lock()
        self._seen: Mapping[int, int] = {}
        self._state = load()
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
        decided = self._feed.last_decision
        if decided == self._seen:
            return
        derived = self._projector.position()
        if any(derived.get(part, 0) < row for part, row in decided.items()):
            return
        with self._lock:
            if decided != self._seen:
                self._state = self._load()
                self._directory = directory_of(self._state)
                self._seen = decided


def core_app(settings: Settings) -> FastAPI:
    """The application that listens on the core's socket; its projector starts and ends with it.

    Raises StoreError when the data folder's ClickHouse cannot be opened, CommandFailed when the log cannot.
    """
    layout = Layout(settings.data)
    layout.make()
    reader = projected(settings)
    store = Store(str(layout.clickhouse))
    feed = HeardFeed(LogFeed(reader))
    generations = Generations(store)
    projector = Projector(store, feed, generation=generations.open(), clock=clock_ms)
    projector.prepare()
    structure = Structure(lambda: _structure_of(store, generations.live), projector, feed)
    keys = keys_of(settings, layout.keys)
    status = LineStatus(store, projector, reader, layout, generation=lambda: generations.live, clock=clock_ms)
    reading = store.reader()
    services = Services(
        store=reading,
        directory=structure.directory,
        keys=keys,
        progress=Progress(projector, reader.log_no),
        explain=Explainer(
            reading,
            generation=lambda: generations.live,
            structure=structure.state,
            as_of=lambda: projector.as_of or clock_ms(),
        ),
        status=status,
        readiness=status.readiness,
        clock=clock_ms,
    )
    app = create_app(services)
    app.include_router(Jobs(store, generations, projector, settings).routes(keys))
    thread = threading.Thread(target=projector.run, name="projector", daemon=True)
    samples = Samples(store, status, PUBLIC, clock_ms)

    def stop() -> None:
        samples.stop()
        projector.stop()
        thread.join()
        keys.close()
        reader.close()
        reading.close()
        store.close()

    app.router.on_startup.append(thread.start)
    app.router.on_startup.append(samples.start)
    app.router.on_shutdown.append(stop)
    return app


def _structure_of(store: Store, generation: str) -> StructureState:
    return StructureState().apply_all(stored_decisions(store, generation))
