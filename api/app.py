"""The read side as an application: `create_app(services)` is all that composition and tests call."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from api import (
    dictionaries,
    events,
    kpis,
    meta,
    problems,
    promises,
    rankings,
    shares,
    status,
    trends,
    visits,
)
from api.freshness import Freshness
from api.head import HeadAsGet
from api.reading import known_parameters
from api.services import Services
from api.threads import QueryThreads

AREAS = (kpis, shares, rankings, trends, promises, visits, events, dictionaries, meta, status)


def create_app(services: Services) -> FastAPI:
    """The application over these services; it owns nothing that has to be closed."""
    app = FastAPI(
        title="moments",
        summary="Measures, shares and explanations of a chain's moments of truth",
        redoc_url=None,
    )
    app.state.services = services
    app.state.freshness = Freshness(services.store)
    app.state.threads = QueryThreads(services.threads)
    problems.install(app)
    reads = APIRouter(prefix="/v1", dependencies=[Depends(known_parameters)])
    for area in AREAS:
        reads.include_router(area.router)
    app.include_router(reads)
    app.include_router(status.probes)
    app.add_middleware(HeadAsGet)
    return app
