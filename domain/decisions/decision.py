"""One decision on its way into an aggregate, and what aggregates have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from eventsourcing.domain import Aggregate

from domain.cloudevents import CloudEvent
from domain.errors import DecisionRefused, Invalid
from domain.event import Event
from domain.events import EventData, parse_data, personal_fields, to_wire
from domain.structure import CHAIN, EVER, StructureState, utc_date
from domain.times import Ms

LATEST_DAY = date(2148, 12, 31)
"""The last `valid_from` accepted: what the analytics store's dates can hold."""

Fact = dict[str, Any]
"""A decision event as plain JSON: id, source, type, version, ms, siteid ('' for the chain), data (JSON text).
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision event with what its rules are judged by.

    data: decoded. today: the business date of the decision's own time. now: the clock, for the aggregate's
    record.
    admin: whether an admin decides.
    """

    event: CloudEvent
    data: EventData
    today: date
    now: Ms
    admin: bool

    @property
    def site(self) -> str:
        return self.event.siteid or CHAIN

    @property
    def decided(self) -> Event:
        """The decision as the state in force takes it."""
        event = self.event
        return Event(event.id, event.source, event.type, event.ms, event.siteid, self.data)

    def fact(self) -> Fact:
        """What the aggregate records. Personal fields stay out: only the vault may keep them."""
        personal = personal_fields(type(self.data))
        wire = {name: value for name, value in to_wire(self.data).items() if name not in personal}
        return {
            "id": self.event.id,
            "source": self.event.source,
            "type": self.data.TYPE,
            "version": self.data.VERSION,
            "ms": self.event.ms,
            "siteid": self.site,
            "data": msgspec.json.encode(wire).decode(),
        }

    def record(self, aggregate: Aggregate, event_class: Any) -> None:
        """Trigger the aggregate's event with this decision's fact, at the injected clock."""
        aggregate.trigger_event(event_class, fact=self.fact(), timestamp=timestamp(self.now))

    def check_valid_from(self) -> None:
        """Refuse a decision that holds from an earlier day than its own, unless an admin says retroactive."""
        data: Any = self.data
        valid_from: date | None = data.valid_from
        if valid_from is None:
            return
        if not EVER <= valid_from <= LATEST_DAY:
            raise DecisionRefused(f"valid_from lies between {EVER} and {LATEST_DAY}", "/data/valid_from")
        if valid_from >= self.today:
            return
        if not data.retroactive:
            raise DecisionRefused(
                f"valid_from {valid_from} is before the day of the decision, {self.today}; "
                "an admin may say retroactive",
                "/data/valid_from",
            )
        if not self.admin:
            raise Invalid("admin_required", "Only an admin decides retroactively", "/data/retroactive")


class Recording(Aggregate):
    """An aggregate that keeps the decision events it accepted, in the order in which it did."""

    KIND: ClassVar[str] = ""

    class Decided(Aggregate.Event):
        """A decision was accepted."""

        fact: Fact

        def apply(self, aggregate: Any) -> None:
            aggregate.facts.append(self.fact)

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    @classmethod
    def id_of(cls, code: str = "") -> UUID:
        """The aggregate's id is a function of its kind and code, so that it is found without any index."""
        return uuid5(NAMESPACE_URL, f"urn:moments:{cls.KIND}:{code}")


def timestamp(now: Ms) -> datetime:
    """The injected clock as eventsourcing wants it."""
    return datetime.fromtimestamp(now / 1000, UTC)


def decided_of(fact: Fact) -> Event:
    """The decision event an aggregate recorded."""
    data = parse_data(fact["type"], fact["version"], fact["data"].encode())
    return Event(fact["id"], fact["source"], fact["type"], fact["ms"], fact["siteid"] or None, data)


def day_of(event: CloudEvent, structure: StructureState) -> date:
    """The day of a decision's own time: the site's business date; for the chain the UTC or the written date.

    Of the two the earlier: whoever decides for today, in whatever zone, decides for no day of the past.
    """
    if event.siteid and structure.has_site(event.siteid):
        return structure.calendar(event.siteid).business_date(event.ms)
    return min(utc_date(event.ms), date.fromisoformat(event.time[:10]))
