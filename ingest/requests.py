"""What the door's routes read of a request, and how they answer."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from fastapi import Request, Response

from ingest.keys import Keys, KeyScope
from ingest.problems import Problem

T = TypeVar("T")
MAX_FORM_BYTES = 65_536


def only_admin(scope: KeyScope, *, unlimited: bool = False) -> KeyScope:
    """The scope if it is an admin's (`unlimited`: without limits to sites or regions). Problem 403."""
    if not scope.is_admin:
        raise Problem(403, "this needs an admin key")
    if unlimited and scope.is_limited:
        raise Problem(403, "this needs an admin key without limits to sites or regions")
    return scope


def read_cursor(text: str | None) -> int | None:
    """A cursor that an answer gave out. Problem 422 for any other text."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem(422, "the cursor is not one of ours", pointers={"/cursor": "unknown cursor"})
    return int(text)


def json_response(document: Any, status: int = 200) -> Response:
    """A document as JSON."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


async def read_form(request: Request, kind: type[T]) -> T:
    """A small JSON body as a typed value. Problem 400, 413 or 422."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_FORM_BYTES:
            raise Problem(413, f"the body is larger than {MAX_FORM_BYTES} bytes")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Problem(422, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "the body is not well-formed JSON") from error


def authenticate(request: Request, keys: Keys) -> KeyScope:
    """The scope of the request's key. Problem 401 without a valid one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    scope = keys.check(token) if scheme.lower() == "bearer" and token else None
    if scope is None:
        challenge = 'Bearer realm="moments"' + (', error="invalid_token"' if token else "")
        raise Problem(
            401, "a valid key is needed: Authorization: Bearer KEY", headers={"WWW-Authenticate": challenge}
        )
    return scope


def is_true(request: Request, name: str) -> bool:
    """Whether a query parameter says yes."""
    return request.query_params.get(name, "").lower() in {"true", "1"}
