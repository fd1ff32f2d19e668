"""The register over the aggregates of `domain.decisions`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import StoredEvent

from domain.cloudevents import CloudEvent
from domain.decisions import Decisions
from domain.events import EventData
from domain.structure import StructureState
from domain.times import Ms
from ingest.errors import LogUnwritable

_ALONE = -1
_STALE = -2
"""No row: whatever the log says is newer."""


class DecidedRegister:
    """`Register` over the decisions in the log; what is in force is read once and follows every decision.

    last_decided: the last row of a decision in a log where other doors decide too; raises LogUnwritable.
    """

    def __init__(self, decisions: Decisions, last_decided: Callable[[], int] | None = None) -> None:
        self._decisions = decisions
        self._last_decided = last_decided
        self.is_shared = last_decided is not None
        # Asked before the aggregates are read: what comes in between is then read twice, never missed.
        self.at = _ALONE if last_decided is None else last_decided()
        self._codes: dict[str, Collection[str]] = {}
        self._read()
        self._stored = self._codes

    @property
    def structure(self) -> StructureState:
        """The whole state in force, for whoever needs more than codes."""
        return self._structure

    def codes(self, kind: str) -> Collection[str]:
        return self._codes[kind]

    def region_of(self, site: str) -> str | None:
        return self._structure.site(site).region if self._structure.has_site(site) else None

    def decide(self, event: CloudEvent, data: EventData, *, now_ms: Ms) -> Sequence[StoredEvent]:
        # Only admin keys come this far, and only they may say `retroactive`.
        self._decisions.decide(event, data, admin=True, now_ms=now_ms)
        self._read()
        return self._decisions.pending_stored_events()

    def settle(self, upto: int) -> None:
        """The aggregates in memory are what the log holds now."""
        self._stored = self._codes
        if upto and self.is_shared:
            self.at = upto

    def undo(self) -> None:
        self._decisions.forget_pending()
        if self.is_shared:
            # Read anew at the next look, in a thread: the database may be why there is something to undo.
            self._codes = self._stored
            self.at = _STALE
        else:
            self._read()

    def follow(self) -> bool:
        if self._last_decided is None:
            return False
        last = self._last_decided()
        if last == self.at:
            return False
        self._decisions.forget_pending()
        try:
            self._read()
        except EventSourcingError as error:
            raise LogUnwritable(f"the decisions cannot be read: {error}") from error
        self._stored = self._codes
        self.at = last
        return True

    def _read(self) -> None:
        self._structure = self._decisions.structure
        dictionary = self._structure.dictionary()
        self._codes = {
            "site": frozenset(self._structure.sites()),
            "department": dictionary.departments,
            "channel": dictionary.channels,
            "moment": dictionary.moments,
        }
