"""The chain's events in order: its decisions, its history up to an instant, and what comes after it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from heapq import merge

from moments.simulate.aftermath import live_on
from moments.simulate.chain import SimulatedSite
from moments.simulate.day import Day
from moments.simulate.journeys import RESTAURANT, STORE
from moments.uuid7 import uuid7_of

DAY_MS = 86_400_000
OPENED_MS = 1_704_067_200_000  # 2024-01-01: a fixed day, so that a later start repeats the same decisions
_ECHO_DAYS = 2  # a visit's last echoes (a refund at the end of the month) come within two days


def site_day(site: SimulatedSite, on: date, seed: int, visits: int) -> list[tuple[int, str]]:
    """All events of the visits that began there on that local date: (UTC ms, line), in order of time."""
    day = Day(site, on, seed)
    journeys = RESTAURANT if site.kind == "restaurant" else STORE
    weekend = 1.25 if on.weekday() >= 5 else 1.0
    for _ in range(int(visits * site.pace * weekend)):
        draw = day.random.random()
        visit = next(journey for journey, bound in journeys if draw < bound)(day)
        live_on(visit)
    day.lines.sort()
    return day.lines


def history(
    chain: list[SimulatedSite], *, days: int, until_ms: int, seed: int, visits: int
) -> Iterator[tuple[int, str]]:
    """The last `days` days before `until_ms`, day by day and site by site (visits stay together).

    `visits` is a day's number at an average site. What had not happened at `until_ms` is left to `upcoming`.
    """
    begin = until_ms - days * DAY_MS
    for on in _dates(begin - _ECHO_DAYS * DAY_MS, until_ms + DAY_MS):
        for site in chain:
            yield from (each for each in site_day(site, on, seed, visits) if begin <= each[0] < until_ms)


def upcoming(
    chain: list[SimulatedSite], *, from_ms: int, seed: int, visits: int
) -> Iterator[tuple[int, str]]:
    """Everything from `from_ms` on, without end, strictly in order of time over the whole chain."""
    yield from merge(*(_site_from(site, from_ms, seed, visits) for site in chain))


def _site_from(site: SimulatedSite, from_ms: int, seed: int, visits: int) -> Iterator[tuple[int, str]]:
    """One site's events from an instant on: a day is given out only when no earlier event can still come."""
    held: list[tuple[int, str]] = []
    on = _date(from_ms) - timedelta(days=_ECHO_DAYS + 1)
    while True:
        held.extend(each for each in site_day(site, on, seed, visits) if each[0] >= from_ms)
        held.sort()
        on += timedelta(days=1)
        # No event of date `on` or later is earlier than its midnight in the zone furthest east.
        safe = int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp() * 1000) - 14 * 3_600_000
        ready = [each for each in held if each[0] < safe]
        held = held[len(ready) :]
        yield from ready


def decisions(chain: list[SimulatedSite], *, seed: int, at_ms: int = OPENED_MS) -> list[str]:
    """The chain's own decisions as lines: its sites, the stages of a collection, one weight and one split."""
    lines = [
        _decision(
            "site.registered",
            at_ms,
            seed,
            {
                "region": site.region,
                "kind": site.kind,
                "name": site.name,
                "timezone": site.timezone,
                "business_day_start": site.day_start,
                "currency": site.currency,
            },
            site.code,
        )
        for site in chain
    ]
    valid_from = _date(at_ms).isoformat()
    stages = [
        {"stage": "confirm", "department": "it", "budget_s": 120},
        {"stage": "pick", "department": "warehouse", "budget_s": 1800},
        {"stage": "pack", "department": "logistics", "budget_s": 900},
        {"stage": "lay_out", "department": "checkout", "budget_s": 600},
    ]
    split = {"checkout": "0.5", "hr": "0.3", "site_management": "0.2"}
    lines.append(
        _decision(
            "budget.set", at_ms, seed, {"kind": "picking_time", "stages": stages, "valid_from": valid_from}
        )
    )
    lines.append(
        _decision(
            "moment_weight.set", at_ms, seed, {"moment": "queue_wait", "weight": 2, "valid_from": valid_from}
        )
    )
    lines.append(
        _decision(
            "split.set", at_ms, seed, {"moment": "queue_wait", "split": split, "valid_from": valid_from}
        )
    )
    return lines


def _decision(type_: str, at_ms: int, seed: int, data: dict[str, object], site: str = "") -> str:
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": uuid7_of(at_ms, seed, type_, site, json.dumps(data, sort_keys=True)),
        "source": "/head-office",
        "type": f"moments.{type_}",
        "time": datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": data,
    }
    if site:
        event["siteid"] = site
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"


def _date(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()


def _dates(from_ms: int, to_ms: int) -> Iterator[date]:
    on, last = _date(from_ms), _date(to_ms)
    while on <= last:
        yield on
        on += timedelta(days=1)
