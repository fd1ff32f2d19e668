"""`GET /v1/events`: accepted events by source and id, by subject, or by time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import COUNT, TEXT, Tabular, table_of
from api.listing import chosen, page
from api.paging import Cursor, Limit, after
from api.reading import Read, Reading
from domain.events import EVENT_TYPES
from projections.lists import EVENTS, DayStarts, ListQuery

router = APIRouter(tags=["rows"])

TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("site", "source", "id", "type"), TEXT),
    "version": COUNT,
    **dict.fromkeys(
        ("time", "received_at", "position", "subject_kind", "subject_id", "sequence", "data"), TEXT
    ),
}

PREFIX = "moments."


@router.get("/events", summary="Accepted events, newest first; one by its source and id")
async def list_events(
    reading: Read,
    format_: Tabular,
    source: Annotated[list[str] | None, Query()] = None,
    event_id: Annotated[list[str] | None, Query(alias="id")] = None,
    type_: Annotated[list[str] | None, Query(alias="type", description="promise.made, …")] = None,
    visit_id: Annotated[list[str] | None, Query()] = None,
    promise_id: Annotated[list[str] | None, Query()] = None,
    case_id: Annotated[list[str] | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """`department` picks events that name it; `from` and `to` as dates are business days of each site."""
    types = [name if name.startswith(PREFIX) else PREFIX + name for name in type_ or []]
    departments = _departments(reading)
    query = ListQuery(
        listing=EVENTS,
        scope=replace(reading.scope, departments=(), tiers=()),
        filters=chosen(
            source=(source, None),
            event_id=(event_id, None),
            type=(types, EVENT_TYPES),
            visit_id=(visit_id, None),
            promise_id=(promise_id, None),
            case_id=(case_id, None),
            department=(departments, None),
        ),
        after=after(EVENTS, cursor),
        rows=limit + 1,
        day_from=_day_starts(reading, reading.scope.span.start),
        day_to=_day_starts(reading, reading.scope.span.end),
    )
    found = await reading.run(page, reading, query, limit)
    rows = [_shown(row) for row in found.rows]

    def body() -> Mapping[str, Any]:
        return {**found.head, "rows": [row | {"data": msgspec.Raw(row["data"].encode())} for row in rows]}

    return format_.answer(found.head, table_of(TYPES, rows), body)


def _departments(reading: Reading) -> list[str]:
    """Departments asked for by name, and by tier those of the tier; both together must hold."""
    scope = reading.scope
    named = [
        department
        for department, tier in reading.directory.departments.items()
        if (not scope.departments or department in scope.departments)
        and (not scope.tiers or tier in scope.tiers)
    ]
    if not (scope.departments or scope.tiers):
        return []
    return named or [""]


def _day_starts(reading: Reading, bound: date | int | None) -> DayStarts | None:
    if not isinstance(bound, date):
        return None
    directory, sites = reading.directory, reading.scope.sites
    if sites is None:
        sites = tuple(sorted(directory.sites))
    else:
        sites = tuple(site for site in sites if site in directory.sites)
    starts = tuple(directory.day_start(site, bound) for site in sites)
    return DayStarts(sites, starts, int(datetime.combine(bound, time(), UTC).timestamp() * 1000))


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(row)
    shown["id"] = shown.pop("event_id")
    shown["site"] = shown["site"] or None
    shown["sequence"] = shown["sequence"] or None
    shown["position"] = f"{shown.pop('log_no')}-{shown['position']}"
    return {name: shown[name] for name in TYPES}
