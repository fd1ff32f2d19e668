"""Who asks: bearer keys and their roles, as types, so that an endpoint's permission is visible in its
signature.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.problems import Problem
from api.services import KeyScope, Services

READERS = frozenset({"read", "admin"})


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(
            401, "no_key", "send `Authorization: Bearer KEY`", headers={"WWW-Authenticate": "Bearer"}
        )
    return token.strip()


async def _any_key(request: Request) -> KeyScope:
    key = services_of(request).keys.check(_bearer(request))
    if key is None:
        raise Problem(
            401,
            "unknown_key",
            "the key is wrong, revoked or expired",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return key


AnyKey = Annotated[KeyScope, Depends(_any_key)]
"""A valid key of any role: producers need schemas and error codes too."""


async def _read_key(key: AnyKey) -> KeyScope:
    if key.role not in READERS:
        raise Problem(403, "role_required", f"a key of role {key.role} may not read")
    return key


ReadKey = Annotated[KeyScope, Depends(_read_key)]
"""A key that may read, within its sites or regions."""

App = Annotated[Services, Depends(services_of)]
