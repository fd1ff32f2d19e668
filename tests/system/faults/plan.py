"""What happens under one seed: events of two sites of its own, and troubles in the middle of sending them.

Same seed, same plan. Seeds share running processes and nothing else: identities, sites and decisions carry
the seed in their names, so that any seed can also be run alone and a difference names its seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.site_stories import SITES, CloudEventDict
from tests.system.server_mode import story

EVENTS: Final = 60
DECISIONS: Final = 1
"""Of a seed's own sites, beside their registration: each queues work for every partition."""
EXTRA_PARTITIONS: Final = (15, 35)
"""Partitions are added by the seeds that are these modulo 50, one to each."""

CUTS: Final = ("cut", "half", "stall")
LINKS: Final = ("relay", "project", "clickhouse", "door")
DISKS: Final = ("door", "broker", "clickhouse")
PROCESSES: Final = ("relay", "project1", "project2", "door")
CLOCKS: Final = ("door", "relay", "project1", "project2", "api")


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong: what, with which part, after how many events, and how exactly.

    delay_s: from then to the blow. seconds: how long it lasts, or by how much a clock goes wrong.
    after_bytes: carried by a link before it fails. killed: whoever joined goes by SIGKILL.
    """

    kind: str
    whom: str
    after: int
    delay_s: float = 0.0
    seconds: float = 0.0
    after_bytes: int = 0
    killed: bool = False


@dataclass(frozen=True)
class Plan:
    """A seed's events in the order of sending (registrations first), and its troubles in order."""

    seed: int
    first: list[CloudEventDict]
    events: list[CloudEventDict]
    troubles: list[Trouble]
    by_file: bool

    def __repr__(self) -> str:
        how = "file" if self.by_file else "batches"
        return f"seed {self.seed}: {len(self.events)} events in {how}, {self.troubles}"


def plan_of(seed: int, now_ms: int) -> Plan:
    """The plan of a seed; `now_ms` moves its times as a whole."""
    rng = random.Random(f"plan {seed}")
    first, events = story(
        seed, EVENTS, now_ms, sites=rng.sample(sorted(SITES), 2), decisions=DECISIONS
    )
    kinds = [_KINDS[seed % len(_KINDS)]]
    if rng.random() < 0.5:
        kinds.append(rng.choice(_KINDS))
    after = sorted(rng.randint(0, len(events) * 3 // 4) for _ in kinds)
    troubles = [make(rng, at) for make, at in zip(kinds, after, strict=True)]
    return Plan(seed, first, events, troubles, by_file=rng.random() < 0.15)


def _process(rng: random.Random) -> str:
    return rng.choice(PROCESSES)


def _kill(rng: random.Random, after: int) -> Trouble:
    return Trouble("kill", _process(rng), after, delay_s=rng.random() * 0.4)


def _pause(rng: random.Random, after: int) -> Trouble:
    """Now and then for longer than the group waits: a zombie."""
    seconds = rng.choice((rng.random(), rng.random(), 6.0))
    return Trouble("pause", _process(rng), after, delay_s=rng.random() * 0.2, seconds=round(seconds, 2))


def _leave(rng: random.Random, after: int) -> Trouble:
    return Trouble("leave", _process(rng), after, delay_s=rng.random() * 0.2)


def _broker(rng: random.Random, after: int) -> Trouble:
    if rng.random() < 0.5:
        return Trouble("kill", "broker", after, delay_s=rng.random() * 0.3)
    return Trouble("pause", "broker", after, delay_s=rng.random() * 0.2, seconds=round(rng.random() * 2, 2))


def _network(rng: random.Random, after: int) -> Trouble:
    kind, link = rng.choice(CUTS), rng.choice(LINKS)
    most = {"door": 4_000, "relay": 30_000, "project": 40_000, "clickhouse": 200_000}[link]
    return Trouble(
        kind, link, after, seconds=round(rng.random() * 2, 2), after_bytes=int(most * rng.random() ** 2)
    )


def _disk(rng: random.Random, after: int) -> Trouble:
    return Trouble("disk", rng.choice(DISKS), after, seconds=round(0.3 + rng.random() * 1.5, 2))


def _clock(rng: random.Random, after: int) -> Trouble:
    """Wrong from a start on, and wrong the other way round while it runs; the door's never so far back that
    its events lie in the future."""
    whom = rng.choice(CLOCKS)
    most = 8 * 86_400 if whom == "door" else 40 * 86_400
    seconds = rng.choice((-1, 1)) * rng.choice((rng.randint(1, 90), rng.randint(600, 90_000), most))
    return Trouble("clock", whom, after, delay_s=1 + rng.random() * 3, seconds=seconds)


def _rebalance(rng: random.Random, after: int) -> Trouble:
    """A third projector joins, and goes by SIGTERM or by SIGKILL."""
    return Trouble("join", "project3", after, delay_s=rng.random(), killed=rng.random() < 0.5)


def _resend(rng: random.Random, after: int) -> Trouble:
    return Trouble("resend", "emit", after, after_bytes=rng.choice((0, rng.randint(100, 20_000))))


_KINDS: Final[tuple[Callable[[random.Random, int], Trouble], ...]] = (
    _kill,
    _network,
    _pause,
    _broker,
    _disk,
    _rebalance,
    _network,
    _clock,
    _leave,
    _resend,
)
"""Every tenth seed begins with the same kind, so that fifty seeds hold them all several times."""


