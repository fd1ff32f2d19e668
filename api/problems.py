"""Errors as RFC 9457 problem documents, each with a code whose cure `GET /v1/errors` tells.

* Exception
  * Problem              status, code, detail, faults
    - (made by the functions below, one for each thing that can be wrong)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import structlog
from clickhouse_connect.driver.exceptions import OperationalError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.errors import ERRORS, ErrorCode
from projections.store import StoreError

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger(__name__)

API_ERRORS: dict[str, ErrorCode] = {
    entry.code: entry
    for entry in (
        ErrorCode("no_key", "No API key", "Send `Authorization: Bearer KEY` (`moments keys create`)."),
        ErrorCode("unknown_key", "The API key is wrong, revoked or expired", "Ask for a new key."),
        ErrorCode("role_required", "The key's role does not allow this", "Use a key of role read or admin."),
        ErrorCode("not_allowed_region", "The key is not for this region", "Use a key for this region."),
        ErrorCode("not_found", "Nothing here under this name", "Check the path, the id and the site."),
        ErrorCode("method_not_allowed", "The path does not take this method", "See /openapi.json."),
        ErrorCode(
            "not_acceptable",
            "No format in Accept is offered",
            "Ask for application/json; tables also come as text/csv, Arrow stream and Parquet.",
        ),
        ErrorCode("ambiguous_id", "Several sites have this id", "Add `site=` with one of those listed."),
        ErrorCode("invalid_parameter", "A parameter is malformed", "Correct the parameter named."),
        ErrorCode("unknown_parameter", "The path has no such parameter", "Use one of those listed."),
        ErrorCode("unknown_measure", "No measure has this code", "Use a code of GET /v1/kpis."),
        ErrorCode("unknown_outcome", "No outcome has this code", "Use one of those listed."),
        ErrorCode("unknown_region", "No site is in such a region", "Use a region of GET /v1/sites."),
        ErrorCode("unknown_tier", "There is no such tier", "Use one of those listed."),
        ErrorCode("no_such_dimension", "The measure has no such dimension", "Use one of those listed."),
        ErrorCode("too_many_rows", "Too many rows", "Narrow it, or ask for Arrow, Parquet or CSV."),
        ErrorCode("position_not_reached", "The projections do not hold the position yet", "Ask again."),
        ErrorCode("store_unavailable", "The analytics store does not answer", "Ask again a little later."),
        ErrorCode("not_ready", "The platform cannot take traffic now", "Ask again; /readyz says why."),
        ErrorCode("internal", "A fault of the platform", "Report it with the time of the request."),
    )
}


class Problem(Exception):
    """An answer that is not the one asked for. `faults` name a `parameter` or a JSON `pointer` each."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        faults: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = list(faults)
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        known = API_ERRORS.get(self.code) or ERRORS.get(self.code)
        body: dict[str, Any] = {
            "type": f"/v1/errors#{self.code}",
            "title": known.title if known else self.code,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.faults:
            body["errors"] = [_pointed(fault) for fault in self.faults]
        return Response(
            msgspec.json.encode(body | self.more), self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def invalid(
    parameter: str, detail: str, code: str = "invalid_parameter", allowed: Iterable[str] = ()
) -> Problem:
    """422 for one query parameter, with the values that would do when they can be listed."""
    fault: dict[str, Any] = {"parameter": parameter, "code": code, "detail": detail}
    if choices := sorted(allowed):
        fault["allowed"] = choices
    return Problem(422, code, detail, [fault])


def forbidden_site() -> Problem:
    """One text for a site outside the key and for one that does not exist: no hint which it is."""
    return Problem(403, "not_allowed_site", "the key is not for this site", [{"parameter": "site"}])


def not_found(what: str) -> Problem:
    return Problem(404, "not_found", f"no such {what}, or not within this key's sites")


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem document, those of the framework too."""

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "internal")
        return Problem(error.status_code, code, str(error.detail), headers=error.headers).response()

    async def validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [_fault(item) for item in error.errors()]
        return Problem(422, "invalid_parameter", faults[0]["detail"], faults).response()

    async def unavailable(request: Request, error: Exception) -> Response:
        _log.warning("the store does not answer", path=request.url.path, error=str(error))
        detail = "the analytics store does not answer"
        return Problem(503, "store_unavailable", detail, headers={"Retry-After": "1"}).response()

    async def unexpected(request: Request, error: Exception) -> Response:
        _log.error("request failed", path=request.url.path, exc_info=error)
        return Problem(500, "internal", "the platform failed to answer; its log says why").response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(StoreError, unavailable)
    app.add_exception_handler(OperationalError, unavailable)
    app.add_exception_handler(Exception, unexpected)


def _pointed(fault: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every fault has a pointer, as at the door: one for a parameter of the query names it."""
    if "parameter" not in fault:
        return fault
    return {"pointer": f"/{fault['parameter']}", **fault}


def _fault(item: Mapping[str, Any]) -> dict[str, Any]:
    place, *path = item["loc"]
    name = str(path[0]) if path else ""
    detail = f"{name}: {item['msg']}" if name else str(item["msg"])
    if place == "body":
        return {"pointer": "/" + "/".join(str(part) for part in path), "detail": detail}
    return {"parameter": name, "code": "invalid_parameter", "detail": detail}
