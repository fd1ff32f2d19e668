"""`/v1/schemas/{type}/{version}` and `/v1/errors`: the contract as data, for producers too (any key)."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from api.answers import Plain, json_answer
from api.auth import AnyKey
from api.problems import API_ERRORS, Problem
from domain.errors import ERRORS
from domain.events import EVENT_TYPES
from domain.events.wire import describe_custom

router = APIRouter(tags=["contract"])

PREFIX = "moments."


@router.get("/schemas", summary="Every event type and its versions")
async def list_schemas(_: AnyKey, __: Plain) -> Response:
    return json_answer(
        {
            "rows": [
                {"type": name, "version": version, "schema": f"/v1/schemas/{name}/{version}"}
                for name, kind in sorted(EVENT_TYPES.items())
                for version in sorted({kind.VERSION, *kind.FORMS})
            ]
        }
    )


@router.get("/schemas/{wire_type}/{version}", summary="JSON Schema of an event type's data")
async def read_schema(wire_type: str, version: int, _: AnyKey, __: Plain) -> Response:
    """The type with or without `moments.`"""
    name = wire_type if wire_type.startswith(PREFIX) else PREFIX + wire_type
    kind = EVENT_TYPES.get(name)
    if kind is None:
        raise Problem(404, "unknown_type", f"no event type {wire_type}", allowed=sorted(EVENT_TYPES))
    form = kind if version == kind.VERSION else kind.FORMS.get(version)
    if form is None:
        versions = sorted({kind.VERSION, *kind.FORMS})
        raise Problem(404, "unknown_version", f"{name} has no version {version}", allowed=versions)
    return json_answer(schema_of(name, version, form))


def schema_of(name: str, version: int, form: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema with its own address, self-contained."""
    schema = msgspec.json.schema(form, schema_hook=describe_custom)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/v1/schemas/{name}/{version}",
        "title": f"{name}, version {version}",
        **schema,
    }


@router.get("/errors", summary="Every error code with its cure")
async def list_errors(_: AnyKey, __: Plain) -> Response:
    return json_answer(
        {
            "rows": [
                {
                    "code": entry.code,
                    "title": entry.title,
                    "cure": entry.cure,
                    "waits": entry.waits,
                    "of": of,
                }
                for of, entries in (("event", ERRORS), ("request", API_ERRORS))
                for entry in entries.values()
            ]
        }
    )
