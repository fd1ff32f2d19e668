"""What happens under one seed: events of two sites of its own, and troubles in the middle of sending them.

Same seed, same plan. Seeds share running processes and nothing else: identities, sites and decisions carry
the seed in their names, so that any seed can also be run alone and a difference names its seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeVar

from tests.site_stories import SITES, CloudEventDict
from tests.system.server_mode import story

_T = TypeVar("_T")

EVENTS: Final = 40
DECIDES: Final = 5
"""Every so many seeds something is decided that reaches back, which queues work for every partition."""
ADDS_A_PARTITION: Final = 15
"""Seeds that are this modulo 50. Once a chain: a new partition has every decision queued again for it."""

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
    sites = rng.sample(sorted(SITES), 2)
    first, events = story(seed, EVENTS, now_ms, sites=sites, decisions=int(seed % DECIDES == 0))
    turns = [seed]
    if rng.random() < 0.3:
        turns.append(rng.randrange(1_000))
    after = sorted(rng.randint(0, len(events) * 3 // 4) for _ in turns)
    most = len(_KINDS)
    troubles = [_KINDS[turn % most](rng, turn // most, at) for turn, at in zip(turns, after, strict=True)]
    return Plan(seed, first, events, troubles, by_file=rng.random() < 0.1)


def _kill(rng: random.Random, turn: int, after: int) -> Trouble:
    return Trouble("kill", _of(PROCESSES, turn), after, delay_s=rng.random() * 0.4)


def _pause(rng: random.Random, turn: int, after: int) -> Trouble:
    """Now and then for longer than the group waits: a zombie."""
    seconds = 6.0 if rng.random() < 0.2 else rng.random()
    return Trouble("pause", _of(PROCESSES, turn), after, delay_s=rng.random() * 0.2, seconds=seconds)


def _leave(rng: random.Random, turn: int, after: int) -> Trouble:
    return Trouble("leave", _of(PROCESSES, turn), after, delay_s=rng.random() * 0.2)


def _broker(rng: random.Random, turn: int, after: int) -> Trouble:
    delay_s, seconds = rng.random() * 0.3, rng.random() * 2
    return Trouble(_of(("kill", "pause"), turn), "broker", after, delay_s=delay_s, seconds=seconds)


def _network(rng: random.Random, turn: int, after: int) -> Trouble:
    kind, link = _of(list(product(CUTS, LINKS)), turn)
    after_bytes = int(_MOST_BYTES[link] * rng.random() ** 2)
    return Trouble(kind, link, after, seconds=rng.random() * 2, after_bytes=after_bytes)


def _other_network(rng: random.Random, turn: int, after: int) -> Trouble:
    return _network(rng, turn + 5, after)


def _disk(rng: random.Random, turn: int, after: int) -> Trouble:
    return Trouble("disk", _of(DISKS, turn), after, seconds=0.3 + rng.random() * 1.5)


def _clock(rng: random.Random, turn: int, after: int) -> Trouble:
    """Wrong from a start on, and wrong the other way round while it runs; the door's never so far back that
    its events lie in the future."""
    whom = _of(CLOCKS, turn)
    most = 8 * 86_400 if whom == "door" else 40 * 86_400
    seconds = rng.choice((-1, 1)) * rng.choice((rng.randint(1, 90), rng.randint(600, 90_000), most))
    return Trouble("clock", whom, after, delay_s=1 + rng.random(), seconds=seconds)


def _join(rng: random.Random, turn: int, after: int) -> Trouble:
    """A third projector takes its share, and goes by SIGTERM or by SIGKILL."""
    return Trouble("join", "project3", after, delay_s=rng.random(), killed=turn % 2 == 0)


def _resend(rng: random.Random, turn: int, after: int) -> Trouble:
    return Trouble("resend", "emit", after, after_bytes=rng.randint(100, 20_000) if turn % 2 else 0)


def _of(choices: Sequence[_T], turn: int) -> _T:
    return choices[turn % len(choices)]


_MOST_BYTES: Final = {"door": 4_000, "relay": 30_000, "project": 40_000, "clickhouse": 200_000}
"""About what a link carries while a seed is played."""

_KINDS: Final[tuple[Callable[[random.Random, int, int], Trouble], ...]] = (
    _kill,
    _network,
    _pause,
    _broker,
    _disk,
    _join,
    _other_network,
    _clock,
    _leave,
    _resend,
)
"""The last digit of a seed says with which it begins, the others with whom: fifty seeds hold them all."""
