"""A site and a way to tell what happened there, for tests of derivation."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.derive import Facts, derive
from domain.event import Event
from domain.events import parse_data
from domain.structure import StructureState

NOON = 1_795_003_200_000
"""2026-11-18T12:00:00Z, a Wednesday; 15:00 at the site."""


@dataclass
class Story:
    """Events told in any order; `at` is seconds after noon, fractions are milliseconds."""

    site: str = "msk-04"
    events: list[Event] = field(default_factory=list)
    structure: StructureState = field(default_factory=StructureState)

    def tell(
        self,
        what: str,
        at: float,
        *,
        event_id: str | None = None,
        source: str = "till",
        site: str = "",
        **data: Any,
    ) -> Event:
        """Add an event; `from_` is written as `from`. Decisions go into the structure."""
        wire = {name.rstrip("_"): value for name, value in data.items()}
        ms = NOON + round(at * 1000)
        event = Event(
            id=event_id if event_id is not None else f"e{len(self.events)}",
            source=source,
            type=f"moments.{what}",
            ms=ms,
            siteid=(site or self.site) if site != "chain" else None,
            data=parse_data(f"moments.{what}", 1, json.dumps(wire).encode(), ms),
        )
        self.events.append(event)
        self.structure.apply(event)
        return event

    def promise(self, at: float = 0, window_s: int = 600, **data: Any) -> Event:
        """Make the promise `p`, of preparation time by the front of house unless told otherwise."""
        told = {"promise_id": "p", "kind": "preparation_time", "made_by": "front_of_house", **data}
        if "due_at" not in told:
            told["window_s"] = window_s
        return self.tell("promise.made", at, **told)

    def fulfil(self, at: float, promise_id: str = "p", **data: Any) -> Event:
        return self.tell("promise.fulfilled", at, promise_id=promise_id, **data)

    def moment(self, at: float, outcome: str = "met", visit_id: str | None = "v", **data: Any) -> Event:
        told = {"moment": "order_taking", "outcome": outcome, **data}
        if visit_id is not None:
            told["visit_id"] = visit_id
        return self.tell("moment.occurred", at, **told)

    def cause(self, at: float = 0, split: dict[str, Any] | None = None, **target: str) -> Event:
        return self.tell(
            "root_cause.assigned", at, sphere="process_or_team", split=split or {"hr": 1}, **target
        )

    def facts(self, as_of: float = 0) -> Facts:
        """As of so many seconds after noon."""
        return derive(self.events, self.structure, NOON + round(as_of * 1000))

    def the_promise(self, as_of: float = 0, promise_id: str = "p"):
        return self.facts(as_of).promises[self.site, promise_id]

    def visit(self, visit_id: str = "v"):
        return self.facts().visits[self.site, visit_id]


@pytest.fixture
def story() -> Story:
    told = Story()
    for site, zone, day_start in (("msk-04", "Europe/Moscow", "04:00"), ("del-1", "Asia/Kolkata", "04:30")):
        told.tell(
            "site.registered",
            -10_000_000,
            source="office",
            site=site,
            region="r",
            kind="restaurant",
            timezone=zone,
            business_day_start=day_start,
            currency="RUB",
        )
    return told
