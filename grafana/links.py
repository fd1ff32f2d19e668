"""Where a click leads: always downwards, keeping the time range, the data source and the variables that both
boards have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "moments"
LONGEST_UID = 40
"""Grafana refuses longer ones."""


def uid_of(slug: str, language: str) -> str:
    """The fixed uid of a board in a language; every link and alert names it."""
    uid = f"{PREFIX}-{slug}-{language}"
    if len(uid) > LONGEST_UID:
        raise ValueError(f"uid {uid} is longer than {LONGEST_UID}")
    return uid


@dataclass(frozen=True)
class Target:
    """A board to go to. `values` are variables set from the row (`${__data.fields.site_id}`), `keep` are
    carried over."""

    slug: str
    title: str
    values: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()


def url_of(language: str, target: Target) -> str:
    """The address, with Grafana's own places for time and variables."""
    parts = ["${__url_time_range}", "var-datasource=${datasource}"]
    parts += [f"var-{name}={value}" for name, value in target.values.items()]
    parts += [f"${{{name}:queryparam}}" for name in target.keep]
    return f"/d/{uid_of(target.slug, language)}?{'&'.join(parts)}"


def row(column: str) -> str:
    """The value of a column of the clicked row."""
    return f"${{__data.fields.{column}}}"


def to_region(*, keep: tuple[str, ...] = ()) -> Target:
    return Target("region", "link.region", {"region": row("region")}, keep)


def to_site(*, keep: tuple[str, ...] = ()) -> Target:
    return Target("site", "link.site", {"site": row("site_id")}, keep)


def to_promise() -> Target:
    return Target("promise", "link.promise", {"site": row("site_id"), "promise": row("promise_id")})


def to_visit() -> Target:
    return Target("visit", "link.visit", {"site": row("site_id"), "visit": row("visit_id")})


def to_support(*, keep: tuple[str, ...] = ()) -> Target:
    return Target("support", "link.department", {"department": row("department")}, keep)
