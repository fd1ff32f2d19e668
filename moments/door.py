"""The door process put together: log, vault, dead letters, keys; everything else is passed on to the core."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.head import HeadAsGet
from ingest.assembly import DoorParts, open_door
from ingest.door import Door
from ingest.errors import LogUnwritable
from ingest.relay.acknowledge import BrokerWord
from ingest.relay.place import Acknowledged
from moments.errors import CommandFailed
from moments.layout import Layout
from moments.log_reader import log_url_of
from moments.passage import Passage
from moments.run_keys import keys_of
from moments.settings import Settings

if TYPE_CHECKING:  # kafka is imported only where it is used
    from ingest.inbox import InboxReader
    from ingest.owners import SiteOwners


def door_app(settings: Settings) -> FastAPI:
    """The application on the public address.

    Raises LogInUse when another process writes the log, LogMismatch when it is not the one it should be,
    LogUnwritable when its database does not answer.
    """
    layout = Layout(settings.data)
    layout.make()
    acknowledge = BrokerWord(Acknowledged(layout.relay)) if settings.ack == "kafka" else None
    owners = _owners(settings)
    parts = open_door(
        layout.data,
        keys=keys_of(settings, layout.keys),
        acknowledge=acknowledge,
        serves=None if owners is None else owners.serves,
        log_url=log_url_of(settings),
        log_no=settings.log_no,
        min_free_bytes=settings.free_disk_mib << 20,
    )
    inbox = _inbox(settings, layout, parts.door)
    passage = Passage(layout.core_socket)

    app = FastAPI(
        lifespan=lambda _: _running(parts, inbox, owners, passage),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(parts.routes())

    @app.get("/healthz")
    async def healthz() -> Response:
        """Alive: the process that takes events answers."""
        return _json({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        """Fit to take traffic: the log can be written and the core answers that it keeps up."""
        reasons = []
        try:
            parts.log.check_writable()
        except LogUnwritable as unwritable:
            reasons.append({"code": "log_unwritable", "detail": str(unwritable)})
        answer = await passage.fetch("/readyz")
        if answer is None and settings.kafka_bootstrap is not None and not layout.core_socket.exists():
            pass  # a door of the server mode on its own: the read side is another process elsewhere
        elif answer is None:
            reasons.append({"code": "core_restarting", "detail": "the read side is starting"})
        elif answer.status_code != httpx.codes.OK:
            reasons.extend(_faults(answer))
        if not reasons:
            return _json({"status": "ready"})
        detail = "; ".join(reason["detail"] for reason in reasons)
        return _unavailable(detail, reasons)

    @app.get("/metrics")
    async def metrics(_: Request) -> Response:
        """The door's figures, and the core's under the same names where it answers."""
        text = generate_latest().decode()
        answer = await passage.fetch("/metrics")
        if answer is not None and answer.status_code == httpx.codes.OK:
            text += _families_not_in(text, answer.text)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        """One document of both processes, as there is one address."""
        answer = await passage.fetch("/openapi.json")
        if answer is None or answer.status_code != httpx.codes.OK:
            return _unavailable("the read side is starting", [])
        return Response(json.dumps(_together(answer.json(), app.openapi())), media_type="application/json")

    app.mount("/", passage)
    app.add_middleware(HeadAsGet)
    return app


@asynccontextmanager
async def _running(
    parts: DoorParts, inbox: "InboxReader | None", owners: "SiteOwners | None", passage: Passage
) -> AsyncIterator[None]:
    await parts.start()
    if owners is not None:
        owners.start(parts.log.log_no)
    if inbox is not None:
        inbox.start()
    try:
        yield
    finally:
        if inbox is not None:
            await inbox.stop()
        if owners is not None:
            await asyncio.to_thread(owners.stop)
        await parts.stop()
        await passage.aclose()


def _owners(settings: Settings) -> "SiteOwners | None":
    """Who knows the sites of other logs: they meet on Kafka."""
    if settings.kafka_bootstrap is None:
        return None
    from ingest.owners import SiteOwners
    from moments.server import access_of, topics_of

    return SiteOwners(access_of(settings), topics_of(settings))


def _inbox(settings: Settings, layout: Layout, door: Door) -> "InboxReader | None":
    """What reads the inbox topics of the settings. Raises CommandFailed when they cannot be understood."""
    if settings.inbox is None:
        return None
    from ingest.inbox import InboxOffsets, InboxReader, parse_inboxes
    from moments.server import access_of, topics_of

    try:
        inboxes = parse_inboxes(settings.inbox)
    except ValueError as fault:
        raise CommandFailed(f"MOMENTS_INBOX: {fault}") from fault
    return InboxReader(door, access_of(settings), topics_of(settings), inboxes, InboxOffsets(layout.inbox))


def _together(core: dict[str, Any], door: dict[str, Any]) -> dict[str, Any]:
    """The core's description with the door's operations and schemas added."""
    for path, operations in door["paths"].items():
        core["paths"].setdefault(path, {}).update(operations)
    for kind, named in door.get("components", {}).items():
        core.setdefault("components", {}).setdefault(kind, {}).update(named)
    return core


def _json(body: dict[str, str]) -> Response:
    return Response(json.dumps(body), media_type="application/json")


def _unavailable(detail: str, faults: list[dict[str, str]]) -> Response:
    problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail}
    body = json.dumps({**problem, "errors": faults})
    return Response(body, 503, {"Retry-After": "1"}, "application/problem+json")


def _faults(answer: httpx.Response) -> list[dict[str, str]]:
    try:
        return [
            {"code": str(fault.get("code", "not_ready")), "detail": str(fault.get("detail", ""))}
            for fault in answer.json()["errors"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [{"code": "not_ready", "detail": f"the read side answers {answer.status_code}"}]


def _families_not_in(ours: str, theirs: str) -> str:
    """The metric families of the core that the door has not: one scrape must not name a family twice."""
    known = {line.split(" ", 3)[2] for line in ours.splitlines() if line.startswith("# TYPE ")}
    kept: list[str] = []
    family = ""
    for line in theirs.splitlines(keepends=True):
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
        if family not in known:
            kept.append(line)
    return "".join(kept)
