"""The relay: reads the log in order, sends to Kafka, remembers how far the broker has acknowledged.

What holds, and why:

1. nothing is lost       the place moves only over rows acknowledged (acks=all) with all rows before them
2. nothing is reordered  one idempotent producer sends rows in their order; a batch never expires, it is
                         retried until the broker takes it; should it fail for good, the producer is abandoned
                         before its next batch leaves, and a new one starts again from the place
3. decisions come first  an event is sent only when every decision before it is acknowledged
4. memory is bounded     at most so many messages and bytes are outstanding; then reading waits
5. repeats are possible  after a crash the rows between place and acknowledgement are sent again, in order

Two interrupted runs interleave without harm: each is in order and begins at or before the place of the other.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Final

import structlog
from kafka.errors import KafkaError

from ingest.errors import LogInUse, LogUnwritable
from ingest.relay import metrics
from ingest.relay.claim import RelayRefused, claim
from ingest.relay.place import RelayInUse
from ingest.relay.session import Line, Session, State
from ingest.relay.topics import TopicsUnfit, ensure

log = structlog.get_logger("ingest.relay")

_LONGEST_PAUSE_S: Final = 5.0
_FAULTS: Final = (KafkaError, LogUnwritable, LogInUse, TopicsUnfit, sqlite3.Error, OSError, ValueError)


class Relay:
    """Keeps a line going, whatever fails."""

    def __init__(self, line: Line) -> None:
        self._line = line
        line.state.row = line.place.row

    @property
    def state(self) -> State:
        """How far it is, and what is wrong."""
        return self._line.state

    def run(self) -> None:
        """Sends until `stop`. Whatever fails is told in `state.failing` and tried again from the place.

        Raises RelayRefused when this log must not be sent: its number is another's, or the place is.
        """
        line = self._line
        pause = 0.2
        while not line.stop.is_set():
            try:
                self._admit()
                session = Session(line)
                metrics.starts.inc()
                pause = 0.2
                session.run()
            except _FAULTS as error:
                line.state.failing = f"{type(error).__name__}: {error}"
                metrics.failing.set(1)
                log.warning("relay_waits", reason=line.state.failing, again_in_s=pause, row=line.place.row)
                line.stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
        with suppress(sqlite3.Error):  # an older place only means repeats
            line.place.keep()

    def _admit(self) -> None:
        line = self._line
        identity = line.source.identity()
        if identity is None:
            raise LogUnwritable("no door has opened this log yet")
        try:
            line.place.bind(identity.uuid)
        except RelayInUse as other:
            raise RelayRefused(str(other)) from other
        ensure(line.access, line.topics, line.wanted)
        claim(line.access, line.topics, identity, line.clock())

    def stop(self) -> None:
        """Ends `run`; what is under way gets a few seconds."""
        self._line.stop.set()
