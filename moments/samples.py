"""Samples of the line's own state, for boards and alerts that read ClickHouse only (`moments.status`)."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from domain.times import Ms
from projections.public import record_status
from projections.store import Store

log = structlog.get_logger("moments.samples")

EVERY_S = 30.0
"""Half the shortest window of an alert rule, so that each evaluation finds a sample."""


_STOP_S = 10.0
"""A sample that waits for a store that is away does not hold the end of its process."""


class Status(Protocol):
    """What is sampled: figures of the whole installation and of each site."""

    def platform(self) -> Mapping[str, Any]: ...
    def sites(self) -> Mapping[str, Mapping[str, Any]]: ...


class Samples:
    """Writes a sample now and then until stopped. A sample that fails is left out: the next one tells."""

    def __init__(self, store: Store, status: Status, public: str, clock: Callable[[], Ms]) -> None:
        self._store = store
        self._status = status
        self._public = public
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(_STOP_S)

    def take(self) -> None:
        """One sample of everything that is a number."""
        figures = {("", name): value for name, value in self._status.platform().items()}
        for site, values in self._status.sites().items():
            figures |= {(site, name): value for name, value in values.items()}
        numbers = {key: float(value) for key, value in figures.items() if isinstance(value, int | float)}
        record_status(self._store, self._public, self._clock(), numbers)

    def _run(self) -> None:
        while True:
            try:
                self.take()
            except Exception as error:  # noqa: BLE001 - the store is away: the next sample tells
                log.warning("no sample of the line's state", error=str(error))
            if self._stop.wait(EVERY_S):
                return
