"""Small dense streams in which nearly everything collides, for comparing exact arithmetic with anything that
claims to equal it.

The streams of tests/streams.py are wide: a tie in them is rare. Here a handful of ids meets a handful of
instants, so that most of what happens hangs on a tie-break, an equality or an order of covering intervals.
Same seed, same events. Nearly all of them are ones the door accepts; those it refuses are for the caller to
leave out.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.colliding_stories import (
    KINDS,
    SPLITS,
    BlockedJoins,
    Collisions,
    cloud_event,
    declared_stages,
)
from tests.site_stories import DAY, SECOND, CloudEventDict

ZONES = (
    "Europe/Moscow",
    "America/New_York",
    "Australia/Lord_Howe",
    "Europe/London",
    "Asia/Kathmandu",
    "Pacific/Apia",
)
DAY_STARTS = ("00:00", "02:30", "04:00", "23:30", "01:59")
EDGES = (
    "2026-03-08T07:00:00Z",  # the United States go to summer time
    "2026-11-01T05:59:00Z",  # and back
    "2026-10-25T00:59:30Z",  # Europe goes back
    "2026-03-29T01:00:00Z",  # and to summer time
    "2026-04-04T15:00:00Z",  # Lord Howe goes back, by half an hour
    "2026-10-03T15:30:00Z",  # and forth
    "2026-06-01T01:00:00Z",  # 04:00 in Moscow, a day start
    "2026-05-31T20:59:50Z",  # just before midnight there
)
"""Instants about which a second more or less is another hour, another offset or another business day."""


class CollidingStream(NamedTuple):
    """Decisions in the order of their making, events in any order, and the clock to derive for (ms)."""

    decisions: list[CloudEventDict]
    events: list[CloudEventDict]
    as_of: int


def colliding_stream(seed: int) -> CollidingStream:
    """Up to four promises, three visits, two cases and three moment ids on a coarse grid of instants beside a
    change of the clock or of the day; every own and every common field comes at random.

    What collides: several promises made, fulfilments, cancellations, starts and completions of one id, in
    part at one instant (R4, R5, R13); stages declared one way and reported in another (R9, R13); causes that
    name a moment, its promise and its case at once (R17); cases that name several visits (R14); versions of
    one weight, split or budget made at one time for one day (R20); business days and hours (R15); dues on
    the very millisecond of a cancellation, and the clock on that of breaking (R7).
    """
    rng = random.Random(f"colliding {seed}")
    teller = Collisions(rng, _ms(rng.choice(EDGES)))
    teller.tell()
    decisions = _decisions(rng, teller.base_ms)
    rng.shuffle(teller.events)
    ahead = teller.span * teller.grid
    after = rng.choice(
        (ahead, ahead + DAY, DAY, DAY + 5 * teller.grid, 3 * DAY, 3 * DAY + teller.grid, 10 * DAY)
    )
    as_of = teller.base_ms + after + rng.choice((-1, 0, 0, 1))
    return CollidingStream(decisions, teller.events, as_of)


def blocked_joins_stream(seed: int) -> CollidingStream:
    """Two promises whose stages mostly run in joins and are blocked again and again, one case, two visits.

    What collides: blocked intervals that begin together, contain or overlap one another, reach over the ends
    of their stage or name no stage that reported (R10, R11); branches that finish last together and share
    credit and blocked seconds (R10, R12); causes of a case whose promises were broken or wholly unmeasured
    (R7, R17, R18).
    """
    rng = random.Random(f"blocked joins {seed}")
    teller = BlockedJoins(rng)
    teller.tell()
    rng.shuffle(teller.events)
    decisions = [_registration("s1", "Europe/Moscow", "04:00", teller.base_ms - 20 * DAY)]
    if rng.random() < 0.5:
        decisions.append(_joined_budget(teller.base_ms - 20 * DAY))
    return CollidingStream(decisions, teller.events, teller.base_ms + rng.choice((DAY, 2 * DAY, 5 * DAY)))


def as_own_sites(
    seed: int, decisions: list[CloudEventDict], events: list[CloudEventDict]
) -> tuple[list[CloudEventDict], list[CloudEventDict]]:
    """The stream at sites and of sources that are the seed's own, so that hundreds of seeds make one chain.

    Ids belong to their site (R22), hence seeds cannot meet. Only a decision for the chain could: it becomes
    one of the seed's first site. A common suffix leaves the order of sources as it was (R4).
    """
    first = next(decision["siteid"] for decision in decisions if "siteid" in decision)

    def own(event: CloudEventDict) -> CloudEventDict:
        site = event.get("siteid", first)
        return {**event, "siteid": f"{site}-{seed}", "source": f"{event['source']}/{seed}"}

    return [own(decision) for decision in decisions], [own(event) for event in events]


def _decisions(rng: random.Random, base_ms: int) -> list[CloudEventDict]:
    """Two sites in awkward zones, and versions of the standard about the days of the stream."""
    begin_ms = base_ms - 400 * DAY
    decisions = [
        _registration(site, rng.choice(ZONES), rng.choice(DAY_STARTS), begin_ms) for site in ("s1", "s2")
    ]
    for number in range(rng.choice((0, 0, 3, 8))):
        what, data = _standard(rng)
        if what != "site.changed" or rng.random() < 0.6:
            days = rng.choice((-300, -1, -1, 0, 0, 1))
            day = datetime.fromtimestamp(base_ms / SECOND, UTC).date() + timedelta(days=days)
            data |= {"valid_from": str(day), "retroactive": True}
        site = rng.choice(("s1", "s2") if what == "site.changed" else (None, "s1", "s1", "s2"))
        at_ms = begin_ms + rng.choice((5, 5, 6, 7)) * SECOND
        event_id, source = f"d{rng.randrange(10)}{number}", rng.choice(("hq", "HQ2"))
        decisions.append(cloud_event(what, event_id, source, at_ms, data, site))
    return decisions


def _standard(rng: random.Random) -> tuple[str, dict[str, Any]]:
    kinds = ("moment_weight.set", "split.set", "multipliers.set", "site.changed", "budget.set")
    what = rng.choices(kinds, (10, 10, 10, 3, 27))[0]
    if what == "moment_weight.set":
        return what, {"moment": rng.choice(KINDS[:3]), "weight": rng.choice(("1/3", 1, 2.5))}
    if what == "split.set":
        return what, {"moment": rng.choice(KINDS), "split": rng.choice(SPLITS)}
    if what == "multipliers.set":
        return what, {"first": rng.choice((1, "7/6")), "last": rng.choice((1, "3.5"))}
    if what == "site.changed":
        return what, {"timezone": rng.choice(ZONES), "business_day_start": rng.choice(DAY_STARTS)}
    return what, {"kind": rng.choice(KINDS), "stages": declared_stages(rng, least=1, smallest=1)}


def _joined_budget(at_ms: int) -> CloudEventDict:
    """Shares one stage with what is reported, and joins it with one nobody ever reports."""
    stages = [
        {"stage": "a", "department": "bar", "budget_s": 5, "group": "g"},
        {"stage": "unheard_of", "department": "hr", "budget_s": 7, "group": "g"},
        {"stage": "e", "department": "it", "budget_s": 3},
    ]
    data = {"kind": "billing", "stages": stages, "valid_from": "2020-01-01", "retroactive": True}
    return cloud_event("budget.set", "d1", "hq", at_ms, data, None)


def _registration(site: str, zone: str, day_start: str, at_ms: int) -> CloudEventDict:
    data = {"region": "r", "kind": "restaurant", "currency": "RUB"}
    data |= {"timezone": zone, "business_day_start": day_start}
    return cloud_event("site.registered", f"registered-{site}", "hq", at_ms, data, site)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND
