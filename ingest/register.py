"""What is registered, and how decisions change it, as the door needs it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from eventsourcing.persistence import StoredEvent

from domain.cloudevents import CloudEvent
from domain.events import EventData
from domain.times import Ms


def token(kind: str, code: str) -> str:
    """What a letter waits for: `site:msk-99`, `department:bar`."""
    return f"{kind}:{code}"


def is_registered(register: Register, waits_for: str) -> bool:
    """Whether what a letter waits for has come."""
    kind, _, code = waits_for.partition(":")
    return code in register.codes(kind)


class Register(Protocol):
    """Sites and dictionary in force, and the aggregates behind them. Used from one thread, the door's."""

    is_shared: bool
    """Whether other doors decide in the same log."""

    at: int
    """The log's last row of a decision that this is the state after; -1 where nobody else decides."""

    def codes(self, kind: str) -> Collection[str]:
        """The sites, departments, channels or moments ever registered, by kind (singular)."""

    def region_of(self, site: str) -> str | None:
        """The site's region now, None for a site nobody registered."""

    def decide(self, event: CloudEvent, data: EventData, *, now_ms: Ms) -> Sequence[StoredEvent]:
        """Puts a decision in force for what comes after it and returns its aggregates' rows, to be stored
        with it.

        Raises DecisionRefused and changes nothing when it breaks a rule.
        """

    def settle(self, upto: int) -> None:
        """What was decided since the last settle or undo is durable, its rows up to `upto` (0: none)."""

    def undo(self) -> None:
        """What was decided since the last settle or undo could not be stored: it never was."""

    def follow(self) -> bool:
        """Takes over what other doors of the log have decided; whether there was anything.

        Asks the database, so it is called in a thread, and never between `decide` and `settle` or `undo`.
        Raises LogUnwritable when the database does not answer.
        """
