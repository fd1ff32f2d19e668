"""Events and a door for the tests of the way in: plain values, time given, nothing hidden."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from domain.times import parse_rfc3339
from ingest.assembly import DoorParts, open_door
from ingest.keys import KeyScope

T = TypeVar("T")

NOW = parse_rfc3339("2026-11-02T09:00:00Z")
TIME = "2026-11-02T08:30:00+03:00"
ADMIN = KeyScope("head-office", "admin")
TILL = KeyScope("till-2", "ingest")
SITE = "msk-04"


def event(event_id: str = "e-1", *, data: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    """A moment at msk-04; attributes set to None are left out."""
    whole = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/sites/msk-04/till-2",
        "type": "moments.moment.occurred",
        "time": TIME,
        "siteid": SITE,
        "data": {"moment": "seating", "outcome": "met", "visit_id": "v-1"} if data is None else data,
        **attributes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def registration(site: str = SITE, **data: Any) -> dict[str, Any]:
    """The decision that a site exists."""
    record = {
        "region": "north",
        "kind": "restaurant",
        "timezone": "Europe/Moscow",
        "business_day_start": "04:00",
        "currency": "RUB",
        **data,
    }
    return event(
        f"site-{site}", source="/head-office", type="moments.site.registered", siteid=site, data=record
    )


def raw(*events: dict[str, Any]) -> list[bytes]:
    """Events as a door takes them."""
    return [json.dumps(each).encode() for each in events]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def with_door(folder: Path, story: Callable[[DoorParts], Awaitable[T]], **settings: Any) -> T:
    """Opens a door in the folder, lets the story happen with its intake running, closes everything."""

    async def whole() -> T:
        parts = open_door(folder, **{"now_ms": Clock(), "min_free_bytes": 0, **settings})
        await parts.start()
        try:
            return await story(parts)
        finally:
            await parts.stop()

    return asyncio.run(whole())


async def until(holds: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Polls with a deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "it never came to hold"
        await asyncio.sleep(0.01)
