"""A site: a restaurant or store of the chain."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from eventsourcing.domain import Aggregate

from domain.decisions.decision import Decision, Fact, Recording, decided_of
from domain.errors import DecisionRefused
from domain.events.structure import SiteChanged, SiteRegistered
from domain.events.wire import zone_exists


class Site(Recording):
    """Registered once, changed as often as needed, closed once."""

    KIND: ClassVar[str] = "site"

    class Registered(Aggregate.Created):
        """The site joined the chain."""

        code: str
        fact: Fact

    class Changed(Recording.Decided):
        """The site's record changed."""

    class Confirmed(Recording.Decided):
        """The registration was sent again, saying the same."""

    class Closed(Recording.Decided):
        """The site closed for good."""

        def apply(self, aggregate: Any) -> None:
            super().apply(aggregate)
            aggregate.closed = True

    def __init__(self, code: str, fact: Fact) -> None:
        super().__init__()
        self.code = code
        self.closed = False
        self.facts.append(fact)

    def register_again(self, decision: Decision) -> None:
        """Accept a repeated registration that says the same; refuse any other."""
        registered = decided_of(self.facts[0]).data
        if decision.data != registered:
            raise DecisionRefused(f"The site {self.code!r} is registered; send site.changed", "/siteid")
        decision.record(self, Site.Confirmed)

    def change(self, decision: Decision) -> None:
        """Change the record; refuse a change of nothing and one that reaches back unannounced."""
        data = decision.data
        assert isinstance(data, SiteChanged)
        if all(getattr(data, name) is None for name in _RECORD):
            raise DecisionRefused("The change names nothing to change", "/data")
        _check_zone(data.timezone)
        decision.check_valid_from()
        decision.record(self, Site.Changed)

    def close(self, decision: Decision) -> None:
        """Close the site; refuse to close it twice."""
        if self.closed:
            raise DecisionRefused(f"The site {self.code!r} is closed", "/siteid")
        decision.record(self, Site.Closed)


def check_registration(decision: Decision) -> None:
    """The rules of a new site: its zone exists, and it does not reach back unannounced."""
    data = decision.data
    assert isinstance(data, SiteRegistered)
    _check_zone(data.timezone)
    decision.check_valid_from()


def zone_of(name: str) -> ZoneInfo:
    """The zone of that IANA name. DecisionRefused when there is none."""
    _check_zone(name)
    return ZoneInfo(name)


def _check_zone(name: str | None) -> None:
    if name is not None and not zone_exists(name):
        raise DecisionRefused(f"There is no time zone {name!r}", "/data/timezone")


_RECORD = ("region", "kind", "name", "timezone", "business_day_start", "currency", "opened")
