"""What every read takes: the key's limits, filters, the span and `min_position`, checked and made one
`Reading`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from time import monotonic
from typing import Annotated, ParamSpec, TypeVar

from fastapi import Depends, Query, Request
from fastapi.dependencies.utils import get_flat_params

from api.auth import App, ReadKey
from api.directory import Directory
from api.freshness import Freshness
from api.problems import Problem, forbidden_site, invalid
from api.services import KeyScope, Services
from api.threads import QueryThreads
from domain.times import parse_rfc3339
from projections.scope import Scope, Span

P = ParamSpec("P")
T = TypeVar("T")

FIRST_POLL_S, LONGEST_POLL_S = 0.002, 0.05

Repeated = Annotated[list[str] | None, Query()]


@dataclass(frozen=True, slots=True)
class Reading:
    """One read, allowed and understood. `scope.sites` never holds more than the key allows."""

    services: Services
    directory: Directory
    key: KeyScope
    scope: Scope
    position: str
    freshness: Freshness
    threads: QueryThreads

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a blocking query in one of the few query threads."""
        return await self.threads.run(partial(work, *args, **kwargs))

    def complete_until(self) -> str | None:
        """Blocking, like every query. Asked before the data, so that the data hold at least that much."""
        return self.freshness.complete_until(self.position, self.answer_sites())

    @property
    def whole_chain(self) -> bool:
        """Whether the key is limited to nothing."""
        return self.key.sites is None and self.key.regions is None

    def answer_sites(self) -> frozenset[str] | None:
        """Sites an answer is made of; a region counts every site that was ever in it."""
        allowed = self.scope.sites
        if not self.scope.regions:
            return None if allowed is None else frozenset(allowed)
        wanted = set(self.scope.regions)
        sites = {site for site, regions in self.directory.regions_of.items() if regions & wanted}
        return frozenset(sites if allowed is None else sites & set(allowed))


def allowed_sites(key: KeyScope, directory: Directory) -> frozenset[str] | None:
    """Sites the key may see, None for all. A key for a region sees the sites that are in it now, with their
    past.
    """
    if key.sites is None and key.regions is None:
        return None
    regions = key.regions or frozenset()
    return (key.sites or frozenset()) | {
        version.site for version in directory.sites.values() if version.region in regions
    }


async def known_parameters(request: Request) -> None:
    """A misspelt filter would otherwise answer for more than was asked."""
    declared = {param.alias for param in get_flat_params(request.scope["route"].dependant)}
    for name in request.query_params:
        if name not in declared:
            raise invalid(name, f"no parameter {name} here", "unknown_parameter", declared - {"id", "code"})


async def _reached(services: Services, min_position: str | None) -> str:
    """The position answers carry; waits until `min_position` is held, 504 after `longest_wait_s`."""
    if min_position:
        deadline, pause = monotonic() + services.longest_wait_s, FIRST_POLL_S
        try:
            while not services.progress.wait(min_position, 0.0):
                if monotonic() >= deadline:
                    raise Problem(
                        504,
                        "position_not_reached",
                        f"position {min_position} is not held after {services.longest_wait_s:g} s",
                        position=services.progress.position(),
                    )
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_POLL_S)
        except ValueError as error:
            raise invalid("min_position", str(error)) from error
    return services.progress.position()


async def _reading(
    request: Request,
    services: App,
    key: ReadKey,
    *,
    start: Annotated[str | None, Query(alias="from", description="Local date or RFC 3339, inclusive")] = None,
    end: Annotated[str | None, Query(alias="to", description="Local date or RFC 3339, exclusive")] = None,
    site: Repeated = None,
    region: Repeated = None,
    channel: Repeated = None,
    department: Repeated = None,
    tier: Repeated = None,
    min_position: Annotated[str | None, Query(description="Wait until the projections hold this")] = None,
) -> Reading:
    span = Span(_bound("from", start), _bound("to", end))
    if isinstance(span.start, date) and isinstance(span.end, date) and span.start > span.end:
        raise invalid("to", "to is before from")
    # Waited for before names are looked up: what is waited for may be their registration.
    position = await _reached(services, min_position)
    directory = services.directory()
    sites = _sites(key, directory, site or [])
    regions = _regions(key, directory, region or [])
    scope = Scope(
        sites=None if sites is None else tuple(sorted(sites)),
        span=span,
        regions=regions,
        channels=_known("channel", channel, directory.channels, "unknown_channel"),
        departments=_known("department", department, directory.departments, "unknown_department"),
        tiers=_known("tier", tier, directory.tiers, "unknown_tier"),
    )
    state = request.app.state
    return Reading(services, directory, key, scope, position, state.freshness, state.threads)


Read = Annotated[Reading, Depends(_reading)]
"""A read within the key's limits: every endpoint that shows a site's data takes one."""


def _sites(key: KeyScope, directory: Directory, asked: list[str]) -> frozenset[str] | None:
    allowed = allowed_sites(key, directory)
    if not asked:
        return allowed
    if allowed is not None:
        if not set(asked) <= allowed:
            raise forbidden_site()
    elif unknown := sorted(set(asked) - directory.sites.keys()):
        raise invalid("site", f"no site {unknown[0]}", "unknown_site", directory.sites)
    return frozenset(asked)


def _regions(key: KeyScope, directory: Directory, asked: list[str]) -> tuple[str, ...]:
    allowed = allowed_sites(key, directory)
    if allowed is not None:
        seen = {region for site in allowed for region in directory.regions_of.get(site, ())}
        if not set(asked) <= seen | (key.regions or frozenset()):
            raise Problem(
                403, "not_allowed_region", "the key is not for this region", [{"parameter": "region"}]
            )
        return tuple(sorted(set(asked)))
    return _known("region", asked, directory.regions, "unknown_region")


def _known(parameter: str, asked: list[str] | None, known: Collection[str], code: str) -> tuple[str, ...]:
    for value in asked or ():
        if value not in known:
            raise invalid(parameter, f"no {parameter} {value}", code, known)
    return tuple(sorted(set(asked or ())))


def _bound(parameter: str, text: str | None) -> date | int | None:
    if text is None or text == "":
        return None
    try:
        if len(text) == len("2026-11-02"):
            return date.fromisoformat(text)
        return parse_rfc3339(text)
    except ValueError as error:
        detail = f"{parameter} is a local date (2026-11-02) or an RFC 3339 time (2026-11-02T08:30:00+03:00)"
        raise invalid(parameter, detail) from error
