"""`/v1/sites`, `/v1/departments`, `/v1/channels`, `/v1/moment-types`: what is in force at a date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import REAL, TEXT, Format, Table, Tabular, table_of
from api.languages import Language, titled
from api.reading import Read, Reading
from domain.structure import EVER

router = APIRouter(tags=["dictionaries"])

At = Annotated[date | None, Query(description="in force on this day; absent: the latest known")]

SITES: Mapping[str, pa.DataType] = dict.fromkeys(
    (
        "site", "region", "kind", "name", "timezone", "business_day_start", "currency", "valid_from",
        "opened", "closed",
    ),
    TEXT,
)  # fmt: skip
TITLED: Mapping[str, pa.DataType] = dict.fromkeys(("title_en", "title_uk", "title_ru"), TEXT)
DEPARTMENTS: Mapping[str, pa.DataType] = {"code": TEXT, "tier": TEXT, **TITLED}
CHANNELS: Mapping[str, pa.DataType] = {"code": TEXT, **TITLED}
MOMENT_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("code", "phase", "ring"), TEXT),
    "weight": REAL,
    **dict.fromkeys(("weight_exact", "split", "made_by", "site_kind", "promise"), TEXT),
    **TITLED,
}


@router.get("/sites", summary="Sites within the key's limits")
async def list_sites(reading: Read, format_: Tabular, at: At = None) -> Response:
    directory, scope = reading.directory, reading.scope
    rows = [
        {
            "site": version.site,
            "region": version.region,
            "kind": version.kind,
            "name": version.name,
            "timezone": version.timezone,
            "business_day_start": version.business_day_start,
            "currency": version.currency,
            "valid_from": None if version.valid_from == EVER else version.valid_from.isoformat(),
            "opened": version.opened and version.opened.isoformat(),
            "closed": version.closed and version.closed.isoformat(),
        }
        for version in directory.sites_on(at)
        if (scope.sites is None or version.site in scope.sites)
        and (not scope.regions or version.region in scope.regions)
    ]
    return format_.answer(await _head(reading, at), table_of(SITES, rows))


@router.get("/departments", summary="Departments and their tiers")
async def list_departments(reading: Read, format_: Tabular, language: Language, at: At = None) -> Response:
    scope = reading.scope
    rows = [
        {"code": entry.code, "tier": entry.tier.value, "titles": entry.titles}
        for entry in reading.directory.dictionary(at).departments.values()
        if (not scope.departments or entry.code in scope.departments)
        and (not scope.tiers or entry.tier.value in scope.tiers)
    ]
    return _answer(format_, await _head(reading, at), DEPARTMENTS, rows, language)


@router.get("/channels", summary="Channels")
async def list_channels(reading: Read, format_: Tabular, language: Language, at: At = None) -> Response:
    scope = reading.scope
    rows = [
        {"code": entry.code, "titles": entry.titles}
        for entry in reading.directory.dictionary(at).channels.values()
        if not scope.channels or entry.code in scope.channels
    ]
    return _answer(format_, await _head(reading, at), CHANNELS, rows, language)


@router.get("/moment-types", summary="Moment types with the chain's weight and default split")
async def list_moment_types(reading: Read, format_: Tabular, language: Language, at: At = None) -> Response:
    rows = [
        {
            "code": entry.code,
            "phase": entry.phase,
            "ring": entry.ring.value,
            "weight": float(entry.weight),
            "weight_exact": str(entry.weight),
            "split": {department: str(share) for department, share in sorted(entry.split.items())},
            "made_by": entry.made_by,
            "site_kind": entry.site_kind,
            "promise": entry.promise,
            "titles": entry.titles,
        }
        for entry in reading.directory.dictionary(at).moments.values()
    ]
    return _answer(format_, await _head(reading, at), MOMENT_TYPES, rows, language)


async def _head(reading: Reading, at: date | None) -> dict[str, Any]:
    until = await reading.run(reading.complete_until)
    return {"at": at and at.isoformat(), "complete_until": until, "position": reading.position}


def _answer(
    format_: Format,
    head: Mapping[str, Any],
    types: Mapping[str, pa.DataType],
    rows: Iterable[Mapping[str, Any]],
    language: str | None,
) -> Response:
    """JSON: one title in the reader's language, or all. Tables: a column a language, a split as JSON text."""
    held = list(rows)

    def body() -> Mapping[str, Any]:
        shown = []
        for row in held:
            cells = dict(row)
            cells["title"] = titled(cells.pop("titles"), language)
            shown.append(cells)
        return {**head, "rows": shown}

    return format_.answer(head, _flat(types, held), body)


def _flat(types: Mapping[str, pa.DataType], rows: list[Mapping[str, Any]]) -> Table:
    flat = []
    for row in rows:
        cells = {f"title_{code}": title for code, title in row["titles"].items()} | dict(row)
        if "split" in cells:
            cells["split"] = msgspec.json.encode(cells["split"]).decode()
        flat.append(cells)
    return table_of(types, flat)
