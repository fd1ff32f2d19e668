"""Reading ahead: the next batch is read and prepared in a second thread while one is flushed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from projections.feed import Feed, Read, SharedFeed
from projections.flush import Batch

IDLE_S: Final = 0.02
"""Pause before a feed that had nothing is asked again."""

Prepared = tuple[Read, Batch]


class ReadAhead:
    """At most one prepared batch waits; more would only hold memory.

    Args:
        feed: where facts come from.
        positions: places to read on from.
        batch: most events of a batch.
    """

    def __init__(self, feed: Feed | SharedFeed, positions: Mapping[int, int], batch: int) -> None:
        self._feed = feed
        self._positions = dict(positions)
        self._batch = batch
        self._queue: queue.Queue[Prepared | Exception] = queue.Queue(maxsize=1)
        self._halt = threading.Event()
        self._level = threading.Event()
        self._thread = threading.Thread(target=self._read, name="projector-reads", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._halt.set()
        self._thread.join()

    def next(self, timeout_s: float) -> Prepared | None:
        """The next batch; None when there is none within the time.

        Raises whatever the feed raised.
        """
        try:
            item = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return item

    @property
    def level(self) -> bool:
        """Whether the feed had nothing more when it was last asked, and nothing waits."""
        return self._level.is_set() and self._queue.empty()

    def _read(self) -> None:
        try:
            while not self._halt.is_set():
                read = self._feed.read(self._positions, self._batch)
                if not read.told and not read.poison and dict(read.positions) == self._positions:
                    self._level.set()
                    self._halt.wait(IDLE_S)
                    continue
                self._level.clear()
                self._positions = dict(read.positions)
                self._offer((read, Batch.of(read.told)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the flushing thread raises it
            self._offer(error)

    def _offer(self, item: Prepared | Exception) -> None:
        while not self._halt.is_set():
            try:
                self._queue.put(item, timeout=0.25)
                return
            except queue.Full:
                continue
