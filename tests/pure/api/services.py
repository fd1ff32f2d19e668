"""The API's ports by hand: a small chain, its keys, and nothing behind them that a test has not put there."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pyarrow as pa

from api.app import create_app
from api.directory import directory_of
from api.services import Services
from domain.derive import Facts, derive
from domain.event import Event
from domain.events import EventData
from domain.events.structure import SiteChanged, SiteRegistered
from domain.structure import StructureState
from domain.times import Ms, parse_rfc3339
from ingest.keys import KeyScope

NOW: Ms = parse_rfc3339("2026-11-20T12:00:00Z")

KEYS = {
    "admin": KeyScope("head office", "admin"),
    "chain": KeyScope("reader of all", "read"),
    "till": KeyScope("a till", "ingest"),
    "msk-01": KeyScope("one site", "read", sites=frozenset({"msk-01"})),
    "north": KeyScope("a region", "read", regions=frozenset({"north"})),
    "nowhere": KeyScope("a region without sites", "read", regions=frozenset({"south"})),
}


def decided(number: int, site: str, data: EventData) -> Event:
    at = parse_rfc3339("2026-01-01T00:00:00Z") + number
    return Event(f"d-{number}", "/head-office", data.TYPE, at, site, data)


def structure() -> StructureState:
    """North: msk-01 and msk-02; west: lon-01; spb-01 was west before it became north on 10 November."""
    north = {"region": "north", "kind": "restaurant", "timezone": "Europe/Moscow", "currency": "RUB"}
    west = {"region": "west", "kind": "store", "timezone": "Europe/London", "currency": "GBP"}
    spb = north | {"region": "west", "timezone": "Europe/Moscow"}
    return StructureState().apply_all(
        [
            decided(1, "msk-01", SiteRegistered(**north, business_day_start="04:00", name="Tverskaya")),
            decided(2, "msk-02", SiteRegistered(**north, business_day_start="04:00")),
            decided(3, "lon-01", SiteRegistered(**west, business_day_start="00:00")),
            decided(4, "spb-01", SiteRegistered(**spb, business_day_start="00:00")),
            decided(5, "spb-01", SiteChanged(region="north", valid_from=date(2026, 11, 10))),
        ]
    )


@dataclass
class HeldKeys:
    scopes: Mapping[str, KeyScope] = field(default_factory=lambda: KEYS)

    def check(self, token: str) -> KeyScope | None:
        return self.scopes.get(token)


@dataclass
class HeldProgress:
    """Position '1-42'; what `later` names is held after that many questions."""

    held: int = 42
    asked: int = 0
    arrives_after: int | None = None

    def position(self) -> str:
        return f"1-{self.held}"

    def wait(self, position: str, timeout: float) -> bool:
        log, _, number = position.partition("-")
        if log != "1" or not number.isdigit():
            raise ValueError(f"{position!r} is no position of this log")
        self.asked += 1
        if self.arrives_after is not None and self.asked > self.arrives_after:
            self.held = max(self.held, int(number))
        return int(number) <= self.held


@dataclass
class Canned:
    """A store that answers with rows put there by the fragment of SQL they answer to; else with nothing."""

    answers: Mapping[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        self.seen.append((sql, dict(parameters or {})))
        return next((rows for fragment, rows in self.answers.items() if fragment in sql), [])

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        self.seen.append((sql, dict(parameters or {})))
        names = ("period", "site", "region", "channel", "department", "tier")
        sums = ("numerator", "denominator", "n", "squares")
        columns = {name: pa.array([], pa.string()) for name in names}
        return pa.table(columns | {name: pa.array([], pa.float64()) for name in sums})


@dataclass
class Explained:
    """The exact domain over events at hand."""

    events: list[Event] = field(default_factory=list)
    state: StructureState = field(default_factory=structure)

    def facts(self, site: str, kind: str, id_: str, /) -> Facts:
        return derive((event for event in self.events if event.siteid == site), self.state, NOW)


class NoReport:
    def platform(self) -> Mapping[str, Any]:
        return {"lag": 0, "dead_letters": 0}

    def sites(self) -> Mapping[str, Mapping[str, Any]]:
        return {"msk-01": {"waiting_promises": 0}, "lon-01": {"waiting_promises": 2}}


def services(
    store: Any = None,
    *,
    events: Iterable[Event] = (),
    progress: HeldProgress | None = None,
    readiness: Callable[[], Mapping[str, str]] = dict,
    longest_wait_s: float = 0.05,
) -> Services:
    directory = directory_of(structure())
    return Services(
        store=store or Canned(),
        directory=lambda: directory,
        keys=HeldKeys(),
        progress=progress or HeldProgress(),
        explain=Explained(list(events)),
        status=NoReport(),
        readiness=readiness,
        clock=lambda: NOW,
        longest_wait_s=longest_wait_s,
    )


LOOP = asyncio.Runner()
atexit.register(LOOP.close)


class Api:
    """A client that asks with a key and gives answers back as they are, faults of the platform included."""

    def __init__(self, with_services: Services) -> None:
        self.app = create_app(with_services)
        self._transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], params: Mapping[str, Any]
    ) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://api") as client:
                return await client.request(method, path, params=dict(params), headers=dict(headers))

        return LOOP.run(asked())

    def get(
        self,
        path: str,
        key: str | None = "chain",
        accept: str | None = None,
        language: str | None = None,
        **params: Any,
    ) -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        if accept:
            headers["Accept"] = accept
        if language:
            headers["Accept-Language"] = language
        return self.ask("GET", path, headers, {name.rstrip("_"): value for name, value in params.items()})

    def rows(self, path: str, key: str | None = "chain", **params: Any) -> list[dict[str, Any]]:
        answer = self.get(path, key, **params)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows
