"""`/v1/status` for people, `/healthz`, `/readyz` and `/metrics` for machines."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from api.answers import Plain, json_answer
from api.auth import App
from api.freshness import Watermarks, utc
from api.problems import Problem
from api.reading import Read, Reading
from api.threads import QueryThreads

router = APIRouter(tags=["state"])
probes = APIRouter(tags=["state"])


@router.get("/status", summary="Per site: last event, watermark, gaps; the line's own lag")
async def read_status(reading: Read, _: Plain) -> Response:
    return await reading.run(_status, reading)


@probes.get("/healthz", summary="Alive")
async def healthz() -> Response:
    return json_answer({"status": "ok"})


@probes.get("/readyz", summary="Fit to take traffic")
async def readyz(request: Request, services: App) -> Response:
    threads: QueryThreads = request.app.state.threads
    reasons = await threads.run(services.readiness)
    if reasons:
        faults = [{"code": code, "detail": detail} for code, detail in sorted(reasons.items())]
        raise Problem(503, "not_ready", "; ".join(sorted(reasons.values())), faults, {"Retry-After": "1"})
    return json_answer({"status": "ready"})


@probes.get("/metrics", summary="Prometheus text")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _status(reading: Reading) -> Response:
    marks = reading.freshness.at(reading.position)
    extra = reading.services.status.sites()
    allowed = reading.answer_sites()
    sites = sorted(set(reading.directory.sites) if allowed is None else allowed)
    rows = [{**_site(site, marks), **extra.get(site, {})} for site in sites]
    body: dict[str, Any] = {
        "sites": rows,
        "complete_until": reading.complete_until(),
        "position": reading.position,
    }
    if reading.whole_chain:
        body["platform"] = dict(reading.services.status.platform())
    return json_answer(body)


def _site(site: str, marks: Watermarks) -> dict[str, Any]:
    sources = [mark for mark in marks.sources if mark.site == site]
    last = max((mark.last_at for mark in sources), default=None)
    watermark = marks.sites.get(site)
    return {
        "site": site,
        "last_event": last and utc(last),
        "complete_until": watermark and utc(watermark),
        "silent_sources": sorted(mark.source for mark in sources if marks.silent(mark)),
        "sequence_gaps": sorted(mark.source for mark in sources if mark.gap),
        "sources": [
            {
                "source": mark.source,
                "last_event": utc(mark.last_at),
                "complete_until": utc(mark.complete_until),
                "gap": mark.gap,
                "silent": marks.silent(mark),
            }
            for mark in sorted(sources, key=lambda mark: mark.source)
        ],
    }
