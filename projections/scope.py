"""What a read may see and asks for, as SQL conditions.

`sites` is the key's allowance and the reader's filter already intersected: an empty tuple means nothing,
None means the whole chain. A query built without a Scope does not exist, so a limit of a key cannot be
forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """From (inclusive) to (exclusive), each a local business date, an instant (UTC ms), or open (None).

    A fact is in a span of instants by the instant that dates it, `dated_at` of the public views.
    """

    start: date | int | None = None
    end: date | int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Filters of one read; an empty tuple of regions, channels, departments or tiers filters nothing."""

    sites: tuple[str, ...] | None
    span: Span = Span()
    regions: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()


def conditions(scope: Scope, alias: str, *, departments: bool) -> tuple[list[str], Params]:
    """Conditions on columns of `alias`; region is left to the join with `sites`, whose regions have dates.

    `departments` says that the source has department rows, which the filters by department and tier pick
    from.
    """
    where: list[str] = []
    params: Params = {}
    if scope.sites is not None:
        where.append(f"{alias}.site_id IN {{sites:Array(String)}}")
        params["sites"] = list(scope.sites)
    for name, bound, sign in (("from", scope.span.start, ">="), ("to", scope.span.end, "<")):
        if isinstance(bound, date):
            where.append(f"{alias}.business_date {sign} {{{name}:Date}}")
            params[name] = bound.isoformat()
        elif bound is not None:
            where.append(f"{alias}.dated_at {sign} fromUnixTimestamp64Milli({{{name}:Int64}}, 'UTC')")
            params[name] = bound
    if scope.channels:
        where.append(f"{alias}.channel IN {{channels:Array(String)}}")
        params["channels"] = list(scope.channels)
    if departments and scope.departments:
        where.append(f"{alias}.department IN {{departments:Array(String)}}")
        params["departments"] = list(scope.departments)
    if departments and scope.tiers:
        where.append(
            f"{alias}.department IN "
            "(SELECT department FROM moments.departments WHERE tier IN {tiers:Array(String)})"
        )
        params["tiers"] = list(scope.tiers)
    return where, params


def merged(*several: Mapping[str, Any]) -> Params:
    """Parameters of parts put together; one name with two values is a programming error."""
    out: Params = {}
    for params in several:
        for name, value in params.items():
            if out.setdefault(name, value) != value:
                raise ValueError(f"parameter {name} bound twice")
    return out
