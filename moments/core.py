"""The core process put together: store, projector, structure in force, KPI API, and the jobs of the running
platform."""

import threading
from collections.abc import Hashable, Mapping

import structlog
from fastapi import FastAPI

from api.app import create_app
from api.services import Services
from ingest.assembly import clock_ms
from ingest.log.record import format_position, parse_position
from moments.in_force import InForce, stored_structure
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


def decisions_derived(feed: HeardFeed, projector: Projector) -> Hashable | None:
    """The mark of the decisions in the store: the place of the last one given out, once it is derived.

    The projector changes its own state while it flushes; the API never looks at that one.
    """
    decided = feed.last_decision
    derived = projector.position()
    if any(derived.get(part, 0) < row for part, row in decided.items()):
        return None
    return tuple(sorted(decided.items()))


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
    structure = InForce(
        lambda: stored_structure(store, generations.live), lambda: decisions_derived(feed, projector)
    )
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

