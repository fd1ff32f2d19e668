"""The register over the aggregates of `domain.decisions`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from eventsourcing.persistence import StoredEvent

from domain.cloudevents import CloudEvent
from domain.decisions import Decisions
from domain.events import EventData
from domain.structure import StructureState
from domain.times import Ms


class DecidedRegister:
    """`Register` over the decisions in the log; what is in force is read once and follows every decision."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._read()

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

    def settle(self) -> None:
        """The aggregates in memory are what the log holds now."""

    def undo(self) -> None:
        self._decisions.forget_pending()
        self._read()

    def _read(self) -> None:
        self._structure = self._decisions.structure
        dictionary = self._structure.dictionary()
        self._codes: dict[str, Collection[str]] = {
            "site": frozenset(self._structure.sites()),
            "department": dictionary.departments,
            "channel": dictionary.channels,
            "moment": dictionary.moments,
        }
