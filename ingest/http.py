"""`/v1/events` over HTTP, and all the routes of the door process in one router.

A route reads the request, calls the use case, and renders what it said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from fastapi import APIRouter, Request, Response

from ingest.answer import Rejected, Summary
from ingest.bodies import (
    ENCODINGS,
    MAX_BODY_BYTES,
    MEDIA_TYPES,
    BodyFault,
    decoder_of,
    expand,
    shape_of,
    split,
)
from ingest.door import Door
from ingest.errors import Overloaded
from ingest.http_admin import admin_routes
from ingest.http_letters import letter_routes
from ingest.keys import Keys
from ingest.problems import ProblemRoute
from ingest.requests import authenticate, is_true
from ingest.vault import Vault

MAX_BYTES_IN_FLIGHT = 128 << 20
"""Bodies read and not yet answered, all requests together: what bounds the memory of the door."""

log = structlog.get_logger("ingest.http")

_encode = msgspec.json.Encoder().encode

_REQUEST_BODY = {
    "required": True,
    "content": {
        "application/cloudevents+json": {"schema": {"type": "object", "description": "One CloudEvent."}},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
        "application/json": {
            "schema": {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
        },
        "application/x-ndjson": {"schema": {"type": "string", "description": "One CloudEvent a line."}},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"description": "Every event is durable or was already known."},
    207: {"description": "Some events were refused; the others are durable."},
    422: {"description": "Every event was refused; each is kept as a dead letter."},
    400: {"description": "The body cannot be cut into events."},
    401: {"description": "No valid key."},
    403: {"description": "The key may not send, or for none of these sites."},
    413: {"description": "Over 10 MiB or 10,000 events."},
    415: {"description": "A media type or content encoding nobody speaks here."},
    429: {"description": "The log is behind, or this key has too much waiting; Retry-After says when."},
    503: {"description": "The log cannot be written; Retry-After says when to try again."},
}


def door_routes(door: Door, keys: Keys, vault: Vault) -> APIRouter:
    """The router of a door process: events, dead letters, keys, persons, audit trail."""

    def rate_limits() -> Mapping[str, str]:
        """What the log's queue can hold and what still fits; it empties within a second (RateLimit drafts 3
        and 8).
        """
        free, limit = door.log.room()
        return {
            "RateLimit-Limit": str(limit),
            "RateLimit-Remaining": str(free),
            "RateLimit-Reset": "1",
            "RateLimit-Policy": f'"events";q={limit};w=1',
            "RateLimit": f'"events";r={free};t=1',
        }

    class DoorRoute(ProblemRoute):
        extra_headers = staticmethod(rate_limits)

    router = APIRouter(route_class=DoorRoute)
    bodies = _Bodies()

    @router.post(
        "/v1/events", tags=["door"], responses=_RESPONSES, openapi_extra={"requestBody": _REQUEST_BODY}
    )
    async def take_events(request: Request) -> Response:
        """Takes CloudEvents in. The answer comes when every accepted event is durable.

        `?results=all` lists accepted events too; `?import=true` lets an admin key bring events older than
        35 days.
        """
        scope = authenticate(request, keys)
        shape = shape_of(request.headers.get("content-type"), request.headers.keys())
        encoding = decoder_of(request.headers.get("content-encoding"))
        async with bodies.read(request) as raw:
            items = split(expand(raw, encoding), shape, request.headers.items())
            summary = await door.submit(
                items,
                scope,
                import_=is_true(request, "import"),
                all_results=request.query_params.get("results") == "all",
            )
        if summary.rejected:
            log.info(
                "refused",
                key=scope.name,
                rejected=summary.rejected,
                codes=sorted({result.code for result in summary.results if isinstance(result, Rejected)}),
                accepted=summary.accepted,
                position=summary.position,
            )
        return Response(_encode(summary), status_of(summary), media_type="application/json")

    @router.options("/v1/events", tags=["door"])
    async def shake_hands(request: Request) -> Response:
        """The CloudEvents webhook handshake; a key is still needed to send."""
        headers = {
            "Allow": "POST, OPTIONS",
            "Accept-Post": ", ".join(MEDIA_TYPES),
            "Accept-Encoding": ", ".join(ENCODINGS),
        }
        origin = request.headers.get("webhook-request-origin")
        if origin is not None:
            headers["WebHook-Allowed-Origin"] = origin
            headers["WebHook-Allowed-Rate"] = "*"
        return Response(status_code=200, headers=headers)

    router.include_router(letter_routes(door, keys, DoorRoute))
    router.include_router(admin_routes(door.letters, keys, vault, DoorRoute))
    return router


def status_of(summary: Summary) -> int:
    """202 when nothing was rejected, 422 when all was, 207 in between."""
    if not summary.rejected:
        return 202
    return 207 if summary.accepted or summary.duplicate else 422


class _Bodies:
    """Reads bodies within two bounds: one request's, and all requests' together."""

    def __init__(self) -> None:
        self.in_flight = 0

    def read(self, request: Request) -> _Body:
        return _Body(self, request)


class _Body:
    """One body; its bytes count until the request is answered."""

    def __init__(self, bodies: _Bodies, request: Request) -> None:
        self._bodies = bodies
        self._request = request
        self._size = 0

    async def __aenter__(self) -> bytes:
        announced = self._request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            raise BodyFault(413, f"the body is larger than {MAX_BODY_BYTES >> 20} MiB")
        parts: list[bytes] = []
        try:
            async for part in self._request.stream():
                parts.append(part)
                self._size += len(part)
                self._bodies.in_flight += len(part)
                if self._size > MAX_BODY_BYTES:
                    raise BodyFault(413, f"the body is larger than {MAX_BODY_BYTES >> 20} MiB")
                if self._bodies.in_flight > MAX_BYTES_IN_FLIGHT:
                    raise Overloaded("too many bytes are on their way in", retry_after=1)
        except BaseException:
            await self.__aexit__()
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def __aexit__(self, *failure: object) -> None:
        self._bodies.in_flight -= self._size
        self._size = 0
