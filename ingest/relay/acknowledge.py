"""`ack = "kafka"`: a door's answer waits for the broker's word, which comes by way of the relay."""

from __future__ import annotations

import asyncio
from time import monotonic

from ingest.errors import LogUnwritable
from ingest.relay.place import Acknowledged

POLL_S = 0.002
TIMEOUT_S = 10.0


class BrokerWord:
    """The `acknowledge` of a door. All waiting requests share one poll of eight bytes.

    After `timeout_s` the answer is 503: the events are in the log and will reach the broker, but nobody
    promised it yet; a resend meets its own events as duplicates and waits for the same word.
    """

    def __init__(self, word: Acknowledged, *, timeout_s: float = TIMEOUT_S, poll_s: float = POLL_S) -> None:
        self._word = word
        self._timeout_s = timeout_s
        self._poll_s = poll_s

    async def __call__(self, row: int) -> None:
        """Returns once the broker has this row of the log and all before it. LogUnwritable after the time."""
        deadline = monotonic() + self._timeout_s
        while self._word.row() < row:
            if monotonic() >= deadline:
                raise LogUnwritable(
                    f"Kafka has not acknowledged within {self._timeout_s:.0f} s; the events are kept",
                    retry_after=5,
                )
            await asyncio.sleep(self._poll_s)
