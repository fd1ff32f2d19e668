"""Seeded streams of nasty but acceptable events, for comparing exact arithmetic with anything that claims to
equal it.

`site_decisions` registers the chain (sites in awkward zones, versions of weights, splits, multipliers and
budgets); `random_stream` tells what happened there, out of order, in part twice, in part contradicting
itself. Same arguments, same events. Every event is one that the door accepts (unless an identity it
contradicts came first).
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.cloudevents import from_structured, parse_event
from domain.derive import Facts, derive
from domain.event import Event
from domain.structure import StructureState
from tests.site_stories import (
    DAY,
    KINDS,
    SECOND,
    SITES,
    SPLITS,
    WEIGHTS,
    CloudEventDict,
    SiteTeller,
    plan,
    rfc3339,
)


def random_stream(
    seed: int,
    size: int,
    now_ms: int,
    *,
    days: int = 30,
    sites: Iterable[str] = tuple(SITES),
    repeats: bool = True,
) -> list[CloudEventDict]:
    """About `size` events of the last `days` days in an order of arrival that says nothing about their times.

    With `repeats` some identities come several times, also with other contents: the first of each in the list
    counts.
    """
    rng = random.Random(f"stream {seed}")
    tellers = [SiteTeller(random.Random(f"{seed} {site}"), site, now_ms, days) for site in sites]
    while sum(len(teller.events) for teller in tellers) < size:
        rng.choice(tellers).tell_something()
    events = [event for teller in tellers for event in teller.events]
    if repeats:
        events += _repeats(rng, events)
    rng.shuffle(events)
    return events


def distinct(events: Iterable[CloudEventDict]) -> list[CloudEventDict]:
    """The events that count when they are accepted in this order (R1)."""
    first: dict[tuple[str, str], CloudEventDict] = {}
    for event in events:
        first.setdefault((event["source"], event["id"]), event)
    return list(first.values())


def to_event(event: CloudEventDict) -> Event:
    """The event as the domain sees it, through the checks of the door. Raises Invalid."""
    parsed = from_structured(json.dumps(event, ensure_ascii=False).encode())
    return Event(
        id=parsed.id,
        source=parsed.source,
        type=parsed.type,
        ms=parsed.ms,
        siteid=parsed.siteid,
        data=parse_event(parsed),
        sequence=parsed.extensions.get("sequence"),
    )


def structure_of(decisions: Iterable[CloudEventDict]) -> StructureState:
    """The state that decisions make."""
    return StructureState().apply_all(map(to_event, decisions))


def facts_of(events: Iterable[CloudEventDict], decisions: Iterable[CloudEventDict], as_of: int) -> Facts:
    """The exact facts of events accepted in this order."""
    return derive(map(to_event, distinct(events)), structure_of(decisions), as_of)


def site_decisions(
    seed: int, now_ms: int, *, days: int = 30, sites: Iterable[str] = tuple(SITES)
) -> list[CloudEventDict]:
    """Decisions that hold during the stream, in an order in which a door with an admin key accepts each."""
    rng = random.Random(f"decisions {seed}")
    sites = tuple(sites)
    decisions = _Decisions(rng, now_ms, days)
    for site in sites:
        decisions.register(site)
    decisions.dictionary()
    for _ in range(4):
        for scope in (None, *sites):
            if rng.random() < 0.6:
                decisions.standard(scope)
    for site in sites:
        if rng.random() < 0.4:
            decisions.move(site)
    return decisions.events


@dataclass
class _Decisions:
    rng: random.Random
    now_ms: int
    days: int
    events: list[CloudEventDict] = field(default_factory=list)

    def register(self, site: str) -> None:
        kind, region, zone, day_start, currency = SITES[site]
        data = {"region": region, "kind": kind, "name": f"Site {site}", "timezone": zone,
                "business_day_start": day_start, "currency": currency}  # fmt: skip
        self._add("site.registered", site, data)

    def dictionary(self) -> None:
        title = {"en": "Night shift", "ru": "Ночная смена", "uk": "Нічна зміна"}
        self._add("department.registered", None,
                  {"department": "ночная_смена", "tier": "support", "title": title})  # fmt: skip
        self._add("channel.registered", None, {"code": "окно", "title": "Window"})
        self._add("moment.registered", None, {
            "code": "чаепитие", "title": "Tea", "phase": "deliver", "ring": "experience", "weight": 0.75,
            "split": {"bar": "1/3", "front_of_house": "2/3"},
        })  # fmt: skip

    def standard(self, site: str | None) -> None:
        """A weight, split, pair of multipliers or budget from some day of the stream or before it."""
        rng, data = self.rng, {"retroactive": True, "valid_from": self._day()}
        what = rng.choice(("moment_weight.set", "split.set", "multipliers.set", "budget.set", "budget.set"))
        moment = rng.choice([kind for kind in KINDS if kind not in {"recovery", "order_taking"}])
        if what == "moment_weight.set":
            data |= {"moment": moment, "weight": rng.choice(WEIGHTS)}
        elif what == "split.set":
            data |= {"moment": moment, "split": rng.choice(SPLITS)}
        elif what == "multipliers.set":
            data |= {"first": rng.choice((1, "1.25", "7/6")), "last": rng.choice((1, 2, "3.5"))}
        else:
            data |= {"kind": rng.choice(KINDS), "stages": plan(rng, least=1, smallest=1)}
        self._add(what, site, data)

    def move(self, site: str) -> None:
        """The zone or day start was entered wrongly (no valid_from), or changes on a day."""
        data: dict[str, Any] = {}
        if self.rng.random() < 0.5:
            data["timezone"] = self.rng.choice(("Asia/Kathmandu", "America/St_Johns", "Europe/London"))
        else:
            data["business_day_start"] = self.rng.choice(("02:00", "06:30"))
        if self.rng.random() < 0.6:
            data |= {"valid_from": self._day(), "retroactive": True}
        self._add("site.changed", site, data)

    def _day(self) -> str:
        days_ago = self.rng.choice((self.days * 2, self.days, self.days // 2, self.rng.randint(0, self.days)))
        return str(datetime.fromtimestamp(self.now_ms / 1000, UTC).date() - timedelta(days=days_ago))

    def _add(self, what: str, site: str | None, data: dict[str, Any]) -> None:
        event = {
            "specversion": "1.0",
            "id": f"decision-{len(self.events)}",
            "source": "/head-office",
            "type": f"moments.{what}",
            "time": rfc3339(self.rng, self.now_ms - DAY + len(self.events) * SECOND),
            "data": data,
        }
        self.events.append(event if site is None else {**event, "siteid": site})


def _repeats(rng: random.Random, events: list[CloudEventDict]) -> Iterator[CloudEventDict]:
    """Duplicates, and conflicts: the same identity with another time, or with other contents."""
    for event in events:
        chance = rng.random()
        if chance < 0.05:
            yield dict(event)
        elif chance < 0.07:
            yield {**event, "data": {**event["data"], "note": "sent again", "guests_said": [1, {"ü": None}]}}
        elif chance < 0.09 and "due_at" not in event["data"]:
            at = datetime.fromisoformat(event["time"]) - timedelta(seconds=rng.randint(1, 5000))
            yield {**event, "time": at.isoformat()}
