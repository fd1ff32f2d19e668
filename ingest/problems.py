"""RFC 9457 problem documents, and the one place where the way in's errors become HTTP statuses."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from ingest import metrics
from ingest.bodies import ENCODINGS, BodyFault
from ingest.errors import LogUnwritable, NotAllowed, Overloaded
from ingest.keys import KeyRefused

log = structlog.get_logger("ingest.http")

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request with this status and document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        pointers: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.pointers = pointers or {}
        self.headers = headers or {}


def problem_response(problem: Problem) -> Response:
    """The document: `about:blank` has the status as its title (RFC 9457 section 4.2.1)."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.pointers:
        document["errors"] = [
            {"pointer": pointer, "detail": detail} for pointer, detail in problem.pointers.items()
        ]
    return Response(msgspec.json.encode(document), problem.status, dict(problem.headers), MEDIA_TYPE)


def as_problem(error: Exception) -> Problem | None:
    """What an error of the way in means over HTTP; None for one that nobody foresaw."""
    match error:
        case Problem():
            return error
        case BodyFault():
            accept = {"Accept-Encoding": ", ".join(ENCODINGS)} if error.status == 415 else {}
            return Problem(error.status, error.detail, headers=accept)
        case NotAllowed():
            return Problem(403, str(error), pointers=dict.fromkeys(error.pointers, str(error)))
        case Overloaded():
            return Problem(429, str(error), headers={"Retry-After": str(error.retry_after)})
        case LogUnwritable():
            return Problem(503, str(error), headers={"Retry-After": str(error.retry_after)})
        case KeyRefused():
            return Problem(422, str(error))
        case RequestValidationError():
            return _malformed(error)
    return None


def _malformed(error: RequestValidationError) -> Problem:
    """A path or query parameter of the wrong form."""
    faults = {"/" + "/".join(map(str, fault["loc"][1:])): str(fault["msg"]) for fault in error.errors()}
    return Problem(422, "; ".join(f"{at[1:]}: {why}" for at, why in faults.items()), pointers=faults)


class ProblemRoute(APIRoute):
    """A route whose errors leave as problem documents; every answer carries what `extra_headers` says."""

    extra_headers: Callable[[], Mapping[str, str]] = dict

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except Exception as error:
                problem = as_problem(error)
                if problem is None:
                    raise
                if problem.status >= 500:
                    log.warning("unavailable", path=request.url.path, detail=problem.detail)
                response = problem_response(problem)
            response.headers.update(type(self).extra_headers())
            metrics.requests.labels(str(response.status_code)).inc()
            return response

        return answer
