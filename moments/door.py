"""The door process put together: log, vault, dead letters, keys; everything else is passed on to the core."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import structlog
from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from domain.decisions import Decisions
from ingest.dead_letters import DeadLetters
from ingest.decided import DecidedRegister
from ingest.door import Door
from ingest.errors import LogUnwritable
from ingest.http import door_routes
from ingest.intake import Intake
from ingest.log import open_sqlite_log
from ingest.log.sqlite import DurableDatastore, FactRecorder
from ingest.sealing import VaultSealer
from ingest.vault import Vault
from moments.layout import Layout
from moments.passage import Passage
from moments.run_keys import keys_of
from moments.settings import Settings

log = structlog.get_logger("moments.door")


def now_ms() -> int:
    """The clock of the platform, UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def door_app(settings: Settings) -> FastAPI:
    """The application that listens on the public address. Raises LogInUse when another process writes the
    log."""
    layout = Layout(settings.data)
    layout.make()
    vault = Vault(layout.vault_folder)
    event_log = open_sqlite_log(layout.log_folder, sealer=VaultSealer(vault))
    # Aggregates are read through connections of their own: the writer replaces its own after a failed commit.
    register = DecidedRegister(Decisions(recorder=FactRecorder(DurableDatastore(str(layout.events)))))
    letters = DeadLetters(layout.dead_letters, vault)
    keys = keys_of(settings, layout.keys)
    door = Door(event_log, letters, register, now_ms=now_ms)
    passage = Passage(layout.core_socket)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as closing:
            for close in (vault.close, keys.close, letters.close, event_log.close):
                closing.push_async_callback(asyncio.to_thread, close)
            closing.push_async_callback(passage.aclose)
            intake = Intake(door)
            intake.start()
            closing.push_async_callback(intake.stop)
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(door_routes(door, keys, vault))

    @app.get("/healthz")
    async def healthz() -> Response:
        """Alive: the process that takes events answers."""
        return _json({"status": "ok"})

    @app.get("/readyz")
    async def readyz() -> Response:
        """Fit to take traffic: the log can be written and the core answers that it keeps up."""
        reasons = []
        try:
            event_log.check_writable()
        except LogUnwritable as unwritable:
            reasons.append({"code": "log_unwritable", "detail": str(unwritable)})
        answer = await passage.fetch("/readyz")
        if answer is None:
            reasons.append({"code": "core_restarting", "detail": "the read side is starting"})
        elif answer.status_code != httpx.codes.OK:
            reasons.extend(_faults(answer))
        if not reasons:
            return _json({"status": "ready"})
        detail = "; ".join(reason["detail"] for reason in reasons)
        problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": detail}
        return Response(
            json.dumps({**problem, "errors": reasons}),
            503,
            {"Retry-After": "1"},
            "application/problem+json",
        )

    @app.get("/metrics")
    async def metrics(_: Request) -> Response:
        """The door's figures, and the core's under the same names where it answers."""
        text = generate_latest().decode()
        answer = await passage.fetch("/metrics")
        if answer is not None and answer.status_code == httpx.codes.OK:
            text += _families_not_in(text, answer.text)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    app.mount("/", passage)
    return app


def _json(body: dict[str, str]) -> Response:
    return Response(json.dumps(body), media_type="application/json")


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
