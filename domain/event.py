"""An accepted event as the pure domain sees it."""

import msgspec

from domain.events import EventData
from domain.times import Ms


class Event(msgspec.Struct, frozen=True, gc=False):
    """`ms` is the instant it happened, `siteid` the site whose customer is concerned (None: the chain's
    decision).

    `sequence` is the source's own count, as sent.
    """

    id: str
    source: str
    type: str
    ms: Ms
    siteid: str | None
    data: EventData
    sequence: str | None = None

    @property
    def order(self) -> tuple[Ms, str, str]:
        """What "earliest", "latest" and every tie go by: time, id, source, by code point (R4)."""
        return (self.ms, self.id, self.source)
