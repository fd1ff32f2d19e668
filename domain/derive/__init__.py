"""The exact reference: facts from whole streams of events, written from docs/domain.md alone.

The figures of the product come from SQL; this derivation checks that SQL and explains single promises and
visits. Pure: the clock is `as_of`, decisions are given.
"""

from collections.abc import Iterable
from dataclasses import replace

from domain.derive.facts import (
    Facts,
    LooseMoment,
    MomentFact,
    OutcomeFact,
    PromiseFact,
    VisitFact,
    allocate,
)
from domain.derive.inforce import InForce, SiteClock
from domain.derive.outcomes import Outcomes
from domain.derive.promises import Promises
from domain.derive.stream import SiteStream, streams_by_site
from domain.derive.visits import Visits
from domain.event import Event
from domain.times import Ms

__all__ = [
    "Event",
    "Facts",
    "InForce",
    "LooseMoment",
    "MomentFact",
    "OutcomeFact",
    "PromiseFact",
    "SiteClock",
    "VisitFact",
    "allocate",
    "derive",
]


def derive(events: Iterable[Event], structure: InForce, as_of: Ms) -> Facts:
    """All facts of the events, in whatever order they are given.

    events: accepted events, each identity once (R1); decisions among them are passed over.
    structure: the decisions in force; it knows every site of the events.
    as_of: the clock by which open promises break; events are never judged by it.
    """
    facts = Facts()
    for site, stream in streams_by_site(events).items():
        _derive_site(facts, site, stream, structure, as_of)
    return facts


def _derive_site(facts: Facts, site: str, stream: SiteStream, structure: InForce, as_of: Ms) -> None:
    promises = Promises(site, stream, structure, as_of).derive()
    of_site = Visits(site, stream, structure, promises)
    visits = of_site.derive()
    for promise_id, promise in promises.items():
        facts.promises[site, promise_id] = _with_channel(promise, visits)
    for visit_id, visit in visits.items():
        facts.visits[site, visit_id] = visit
    for moment in of_site.loose():
        facts.loose_moments[site, moment.source, moment.event_id] = moment
    for outcome in Outcomes(site, stream, structure, visits).derive():
        facts.outcomes[site, outcome.source, outcome.event_id] = outcome
    facts.waiting.update((site, promise_id) for promise_id in stream.named - stream.made.keys())


def _with_channel(promise: PromiseFact, visits: dict[str, VisitFact]) -> PromiseFact:
    """A promise that names no channel has its visit's (R15)."""
    if promise.channel is not None or promise.visit_id not in visits:
        return promise
    return replace(promise, channel=visits[promise.visit_id].channel)
