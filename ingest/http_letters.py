"""Routes of the dead letters: list, show, replay."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from domain.times import format_rfc3339
from ingest.answer import Rejected
from ingest.dead_letters import STATUSES, DeadLetters, Letter, LetterFilter, Opened
from ingest.door import Door
from ingest.keys import Act, Keys, KeyScope, Role
from ingest.problems import Problem, ProblemRoute
from ingest.register import Register
from ingest.requests import authenticate, is_true, json_response, only_admin, read_cursor


def letter_routes(door: Door, keys: Keys, route_class: type[ProblemRoute]) -> APIRouter:
    """The router; who may do what is said by the first line of each route."""
    router = APIRouter(route_class=route_class)
    letters = door.letters

    @router.get("/v1/dead-letters", tags=["dead letters"])
    async def list_letters(
        request: Request,
        code: str | None = None,
        status: str | None = None,
        site: str | None = None,
        source: str | None = None,
        id: str | None = None,  # noqa: A002 - the name in the query
        type: str | None = None,  # noqa: A002 - the name in the query
        key: str | None = None,
        waits_for: str | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Refused events, newest first, without their bytes; a limited key sees those of its sites only."""
        scope = _not_role(authenticate(request, keys), "ingest")
        if status is not None and status not in STATUSES:
            raise Problem(
                422, f"status is one of {', '.join(STATUSES)}", pointers={"/status": "unknown status"}
            )
        wanted = LetterFilter(
            code, status, site, source, id, type, key, waits_for, _sites_of(scope, door.register)
        )
        found = await asyncio.to_thread(letters.page, wanted, before=read_cursor(cursor), limit=limit + 1)
        more = len(found) > limit
        rows = [_letter(letter) for letter in found[:limit]]
        following = str(found[limit - 1].letter) if more else None
        return json_response({"rows": rows, "next": following, "cursor": following})

    @router.get("/v1/dead-letters/{letter}", tags=["dead letters"])
    async def show_letter(request: Request, letter: int) -> Response:
        """One refused event with its raw bytes. They may name a person: for admins, and audited."""
        scope = only_admin(authenticate(request, keys))
        opened = await _open(letters, letter, scope, door.register)
        await asyncio.to_thread(keys.audit, scope.name, Act("letter.shown", str(letter)))
        return json_response(_opened(opened))

    @router.post("/v1/dead-letters/{letter}/replay", tags=["dead letters"])
    async def replay_letter(request: Request, letter: int) -> Response:
        """Another try: 200 when the log holds the event now, 422 with the reason when it was refused."""
        scope = only_admin(authenticate(request, keys))
        opened = await _open(letters, letter, scope, door.register)
        if opened.letter.status == "taken":
            raise Problem(409, f"letter {letter} was taken in at {opened.letter.position}")
        import_ = is_true(request, "import")
        result = await door.replay(opened, scope, import_=import_)
        await asyncio.to_thread(
            keys.audit, scope.name, Act("letter.replayed", str(letter), {"result": result.status})
        )
        return json_response(
            {"letter": letter, **msgspec.to_builtins(result)}, 422 if isinstance(result, Rejected) else 200
        )

    return router


def _not_role(scope: KeyScope, role: Role) -> KeyScope:
    if scope.role == role:
        raise Problem(403, f"a key of role {role} may not do this")
    return scope


def _sites_of(scope: KeyScope, register: Register) -> frozenset[str] | None:
    if not scope.is_limited:
        return None
    reached = frozenset(site for site in register.codes("site") if scope.allows(site, register.region_of))
    return reached | (scope.sites or frozenset())


async def _open(letters: DeadLetters, letter: int, scope: KeyScope, register: Register) -> Opened:
    """A letter within the key's limits; one outside them is as absent as one that never was."""
    opened = await asyncio.to_thread(letters.open, letter) if letter < 1 << 63 else None
    if opened is None or not scope.allows(opened.letter.site, register.region_of):
        raise Problem(404, f"there is no dead letter {letter}")
    return opened


def _letter(letter: Letter) -> dict[str, Any]:
    return {
        "letter": letter.letter,
        "source": letter.source,
        "id": letter.event_id,
        "type": letter.type,
        "site": letter.site or None,
        "code": letter.code,
        "detail": letter.detail,
        "pointer": letter.pointer,
        "waits_for": letter.waits_for,
        "status": letter.status,
        "first_received": format_rfc3339(letter.first_ms),
        "last_received": format_rfc3339(letter.last_ms),
        "times": letter.times,
        "key": letter.key,
        "position": letter.position,
    }


def _opened(opened: Opened) -> dict[str, Any]:
    try:
        text: str | None = opened.raw.decode()
    except UnicodeDecodeError:
        text = None
    form = {"form": opened.letter.form, "raw": text, "raw_base64": b64encode(opened.raw).decode()}
    return _letter(opened.letter) | form
