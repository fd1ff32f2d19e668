"""Routes beside the door: keys, persons to forget, the audit trail."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from domain.times import format_rfc3339, parse_rfc3339
from ingest.dead_letters import DeadLetters
from ingest.keys import Act, AuditEntry, Key, Keys, Role
from ingest.problems import Problem, ProblemRoute
from ingest.requests import authenticate, json_response, only_admin, read_cursor, read_form
from ingest.vault import Vault


class NewKey(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/keys; `expires` is RFC 3339."""

    name: str
    role: Role
    sites: list[str] | None = None
    regions: list[str] | None = None
    expires: str | None = None


class ForgetPerson(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /v1/persons/forget: exactly one of these."""

    customer_ref: str | None = None
    employee_ref: str | None = None
    surrogate: str | None = None


def admin_routes(
    letters: DeadLetters, keys: Keys, vault: Vault, route_class: type[ProblemRoute]
) -> APIRouter:
    """The router; all of it is for admin keys without limits."""
    router = APIRouter(route_class=route_class)

    @router.get("/v1/keys", tags=["keys"])
    async def list_keys(request: Request) -> Response:
        """All keys without their tokens."""
        only_admin(authenticate(request, keys), unlimited=True)
        return json_response({"rows": [_key(key) for key in keys.list()]})

    @router.post("/v1/keys", tags=["keys"], status_code=201)
    async def create_key(request: Request) -> Response:
        """A new key; the answer is the only place where its token is ever shown."""
        scope = only_admin(authenticate(request, keys), unlimited=True)
        body = await read_form(request, NewKey)
        try:
            expires = None if body.expires is None else parse_rfc3339(body.expires)
        except (ValueError, OverflowError) as error:
            raise Problem(
                422, "expires is no RFC 3339 time with an offset", pointers={"/expires": str(error)}
            ) from error
        token = await asyncio.to_thread(
            lambda: keys.create(
                body.name, body.role, sites=body.sites, regions=body.regions, expires_ms=expires
            )
        )
        await asyncio.to_thread(keys.audit, scope.name, Act("key.created", body.name, {"role": body.role}))
        return json_response({"name": body.name, "role": body.role, "key": token}, 201)

    @router.delete("/v1/keys/{name:path}", tags=["keys"])
    async def revoke_key(request: Request, name: str) -> Response:
        """Ends a key at once."""
        scope = only_admin(authenticate(request, keys), unlimited=True)
        if not await asyncio.to_thread(keys.revoke, name):
            raise Problem(404, f"no key in force is named {name!r}")
        await asyncio.to_thread(keys.audit, scope.name, Act("key.revoked", name))
        return json_response({"name": name, "revoked": True})

    @router.post("/v1/persons/forget", tags=["persons"])
    async def forget_person(request: Request) -> Response:
        """Destroys a person's row in the vault and the dead letters that name them. Cannot be undone."""
        scope = only_admin(authenticate(request, keys), unlimited=True)
        body = await read_form(request, ForgetPerson)
        named = [(role, text) for role, text in _persons(body) if text]
        if len(named) != 1:
            raise Problem(422, "name exactly one of customer_ref, employee_ref, surrogate")
        role, text = named[0]
        forgotten, gone = await asyncio.to_thread(_forget, vault, letters, role, text)
        act = Act("person.forgotten", role, {"forgotten": forgotten, "letters": gone})
        await asyncio.to_thread(keys.audit, scope.name, act)
        return json_response({"forgotten": forgotten, "letters_deleted": gone})

    @router.get("/v1/audit", tags=["audit"])
    async def show_trail(
        request: Request,
        who: str | None = None,
        action: str | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Who decided, replayed, exported, created keys or forgot persons, newest first."""
        only_admin(authenticate(request, keys), unlimited=True)
        before = read_cursor(cursor)
        found = await asyncio.to_thread(
            lambda: keys.trail(before=before, limit=limit + 1, who=who, action=action)
        )
        rows = [{**entry._asdict(), "at": format_rfc3339(entry.at_ms)} for entry in found[:limit]]
        for row in rows:
            del row["at_ms"]
        following = str(found[limit - 1].entry) if len(found) > limit else None
        return json_response({"rows": rows, "next": following, "cursor": following})

    return router


def _persons(body: ForgetPerson) -> list[tuple[str, str | None]]:
    return [("customer", body.customer_ref), ("employee", body.employee_ref), ("surrogate", body.surrogate)]


def _forget(vault: Vault, letters: DeadLetters, role: str, text: str) -> tuple[bool, int]:
    """Letters first: one taken in between would bring the person back."""
    if role == "surrogate":
        return vault.forget_surrogate(text), 0
    spellings = {msgspec.json.encode(text)[1:-1], _ascii(text)}
    gone = letters.forget(lambda raw: any(spelling in raw for spelling in spellings))
    return vault.forget(role, text), gone


def _ascii(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


def _key(key: Key) -> dict[str, Any]:
    def when(ms: int | None) -> str | None:
        return None if ms is None else format_rfc3339(ms)

    return {
        "name": key.name,
        "role": key.role,
        "sites": None if key.sites is None else sorted(key.sites),
        "regions": None if key.regions is None else sorted(key.regions),
        "created": when(key.created_ms),
        "expires": when(key.expires_ms),
        "last_used": when(key.last_used_ms),
        "revoked": when(key.revoked_ms),
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "entry": entry.entry,
        "at": format_rfc3339(entry.at_ms),
        "who": entry.who,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    }
