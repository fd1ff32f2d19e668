"""`/v1/visits`: the visits behind a figure, and one explained in exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.answers import COUNT, FLAG, REAL, TEXT, Plain, Tabular, json_answer
from api.listing import Page, answer_page, chosen, page
from api.paging import Cursor, Limit, after
from api.problems import not_found
from api.promises import promise_shape
from api.reading import Read, Reading
from api.subjects import only_site
from domain.derive import MomentFact, OutcomeFact, VisitFact
from domain.scoring import Points, by_department
from domain.times import format_rfc3339
from projections.lists import VISITS, ListQuery

router = APIRouter(tags=["rows"])

TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("site", "visit_id", "channel", "business_date", "started_at", "ended_at"), TEXT),
    "moments": COUNT,
    **dict.fromkeys(("ves", "last_score"), REAL),
    **dict.fromkeys(("wow", "spoilt", "saved"), FLAG),
    **dict.fromkeys(("debit", "credit"), REAL),
}

VOICE = frozenset({"nps", "csat", "ces", "smiley", "talk", "review"})


@router.get("/visits", summary="The visits behind a figure, newest first")
async def list_visits(
    reading: Read,
    format_: Tabular,
    visit_id: Annotated[list[str] | None, Query(alias="id")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """`department` and `tier` pick visits in which it owes debit points."""
    query = ListQuery(
        listing=VISITS,
        scope=reading.scope,
        filters=chosen(visit_id=(visit_id, None)),
        after=after(VISITS, cursor),
        rows=limit + 1,
    )
    found = await reading.run(page, reading, query, limit)
    rows = [{**row, **{name: bool(row[name]) for name in ("wow", "spoilt", "saved")}} for row in found.rows]
    return answer_page(format_, TYPES, Page(found.head, rows))


@router.get("/visits/{id:path}", summary="One visit explained")
async def explain_visit(visit_id: Annotated[str, Path(alias="id")], reading: Read, _: Plain) -> Response:
    return await reading.run(_explain, visit_id, reading)


def _explain(visit_id: str, reading: Reading) -> Response:
    until = reading.complete_until()
    site, _ = only_site(reading, "visit", visit_id)
    facts = reading.services.explain.facts(site, "visit", visit_id)
    visit = facts.visits.get((site, visit_id))
    if visit is None:
        raise not_found("visit")
    told = [fact for fact in facts.outcomes.values() if (fact.site, fact.visit_id) == (site, visit_id)]
    told.sort(key=lambda fact: (fact.at_ms, fact.event_id, fact.source))
    now = reading.services.clock()
    promises = [fact for fact in facts.promises.values() if (fact.site, fact.visit_id) == (site, visit_id)]
    promises.sort(key=lambda fact: (fact.made_ms, fact.promise_id))
    body = {
        **visit_shape(visit),
        "outcomes": [_outcome(fact) for fact in told if fact.kind not in VOICE or fact.outcome],
        "feedback": [_feedback(fact) for fact in told if fact.kind in VOICE],
        "promises": [promise_shape(fact, reading.directory.departments, now, None) for fact in promises],
    }
    return json_answer({**body, "complete_until": until, "position": reading.position})


def visit_shape(visit: VisitFact) -> dict[str, Any]:
    """The contract's `visits/{id}` without what came after the visit. `ves` = 75 − Σ debit + Σ credit,
    exactly.
    """
    return {
        "site": visit.site,
        "visit_id": visit.visit_id,
        "channel": visit.channel,
        "business_date": visit.business_date.isoformat(),
        "started_at": _instant(visit.started_ms),
        "ended_at": _instant(visit.ended_ms),
        "ves": None if visit.ves is None else float(visit.ves),
        "ves_exact": None if visit.ves is None else str(visit.ves),
        "last_score": visit.last_score,
        "wow": visit.wow,
        "debit": _points(visit.debit),
        "credit": _points(visit.credit),
        "moments": [_moment(moment) for moment in visit.moments],
    }


def _points(points: Points) -> dict[str, str]:
    return {department: str(quantity) for department, quantity in sorted(by_department(points).items())}


def _moment(moment: MomentFact) -> dict[str, Any]:
    return {
        "moment": moment.moment,
        "moment_id": moment.moment_id,
        "promise_id": moment.promise_id,
        "at": _instant(moment.at_ms),
        "outcome": moment.outcome,
        "score": moment.score,
        "weight": str(moment.weight),
        "position": moment.position,
        "derived": moment.derived,
        "made_by": moment.made_by,
        "basis": moment.basis,
        "split": {department: str(share) for department, share in sorted(moment.split.items())},
        "debit": str(moment.debit),
        "credit": str(moment.credit),
    }


def _outcome(fact: OutcomeFact) -> dict[str, Any]:
    return {
        "source": fact.source,
        "id": fact.event_id,
        "kind": fact.kind,
        "outcome": fact.outcome,
        "at": _instant(fact.at_ms),
        "amount": None if fact.amount is None else str(fact.amount),
        "currency": fact.currency,
        "case_id": fact.case_id,
        "owners": {department: str(part) for department, part in sorted(fact.ledger.items())},
    }


def _feedback(fact: OutcomeFact) -> dict[str, Any]:
    return {
        "source": fact.source,
        "id": fact.event_id,
        "instrument": fact.kind,
        "score": fact.score,
        "at": _instant(fact.at_ms),
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else format_rfc3339(at)
