"""`/v1/promises`: the promises behind a figure, and one explained in exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.answers import COUNT, REAL, TEXT, Plain, Tabular, json_answer
from api.listing import answer_page, chosen, page
from api.paging import Cursor, Limit, after, plain
from api.problems import not_found
from api.reading import Read, Reading
from api.subjects import only_site
from domain.attribution import LedgerLine, PlannedStage, planned_budget
from domain.derive import PromiseFact
from domain.derive.promises import BROKEN_AFTER_MS, FINAL_AFTER_MS
from domain.rounding import basis_points
from domain.times import Ms, format_rfc3339
from projections.lists import PROMISES, ListQuery

router = APIRouter(tags=["rows"])

STATES = ("open", "kept", "late", "broken", "cancelled", "waiting")

TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(
        (
            "site", "promise_id", "visit_id", "case_id", "kind", "made_by", "channel", "business_date",
            "state", "made_at", "due_at", "closed_at", "revised_at",
        ),
        TEXT,
    ),
    **dict.fromkeys(("window_s", "budget_s", "elapsed_s", "slack_s", "late_s", "over_promise_s"), COUNT),
    **dict.fromkeys(("overrun_s", "credit_s", "absorbed_s", "slack_rescue_s"), REAL),
}  # fmt: skip


@router.get("/promises", summary="The promises behind a figure, newest first")
async def list_promises(
    reading: Read,
    format_: Tabular,
    state: Annotated[list[str] | None, Query(description=", ".join(STATES))] = None,
    kind: Annotated[list[str] | None, Query()] = None,
    made_by: Annotated[list[str] | None, Query()] = None,
    promise_id: Annotated[list[str] | None, Query(alias="id")] = None,
    visit_id: Annotated[list[str] | None, Query()] = None,
    case_id: Annotated[list[str] | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """`department` and `tier` pick promises in which it owns a part of a miss."""
    query = ListQuery(
        listing=PROMISES,
        scope=reading.scope,
        filters=chosen(
            state=(state, STATES),
            kind=(kind, None),
            made_by=(made_by, reading.directory.departments),
            promise_id=(promise_id, None),
            visit_id=(visit_id, None),
            case_id=(case_id, None),
        ),
        after=after(PROMISES, cursor),
        rows=limit + 1,
    )
    return answer_page(format_, TYPES, await reading.run(page, reading, query, limit))


@router.get("/promises/{id:path}", summary="One promise explained")
async def explain_promise(promise_id: Annotated[str, Path(alias="id")], reading: Read, _: Plain) -> Response:
    return await reading.run(_explain, promise_id, reading)


def _explain(promise_id: str, reading: Reading) -> Response:
    until = reading.complete_until()
    site, (revised_at,) = only_site(reading, "promise", promise_id, ("revised_at",))
    fact = reading.services.explain.facts(site, "promise", promise_id).promises.get((site, promise_id))
    if fact is None:
        raise not_found("promise")
    now = reading.services.clock()
    body = promise_shape(fact, reading.directory.departments, now, revised_at)
    return json_answer({**body, "complete_until": until, "position": reading.position})


def promise_shape(
    fact: PromiseFact, tiers: Mapping[str, str], now: Ms, revised_at: datetime | None
) -> dict[str, Any]:
    """The contract's `promises/{id}`; exact quantities as text, null before the promise is fulfilled."""
    ledger = fact.ledger
    whole = (
        "slack_s", "late_s", "overrun_s", "credit_s", "absorbed_s", "over_promise_s", "slack_rescue_s",
    )  # fmt: skip
    return {
        "site": fact.site,
        "promise_id": fact.promise_id,
        "visit_id": fact.visit_id,
        "case_id": fact.case_id,
        "kind": fact.kind,
        "made_by": fact.made_by,
        "channel": fact.channel,
        "business_date": fact.business_date.isoformat(),
        "state": fact.state,
        "made_at": format_rfc3339(fact.made_ms),
        "due_at": format_rfc3339(fact.due_ms),
        "closed_at": None if fact.closed_ms is None else format_rfc3339(fact.closed_ms),
        "window_s": fact.window_s,
        "budget_s": planned_budget(fact.planned) if ledger is None else ledger.budget_s,
        "elapsed_s": None if ledger is None else ledger.elapsed_s,
        **{name: None if ledger is None else str(getattr(ledger, name)) for name in whole},
        "final": is_final(fact, now),
        "revised_at": plain(revised_at),
        "stages": [_planned_row(stage) for stage in fact.planned]
        if ledger is None
        else [_stage_row(line) for line in ledger.lines],
        "departments": _departments(fact, tiers),
    }


def is_final(fact: PromiseFact, now: Ms) -> bool:
    """72 hours after closing, judged when it is read; later events still correct it, visibly."""
    closed = fact.closed_ms
    if closed is None and fact.state == "broken":
        closed = fact.due_ms + BROKEN_AFTER_MS
    return closed is not None and now >= closed + FINAL_AFTER_MS


_EXACT = ("budget_s", "actual_s", "overrun_s", "credit_s", "share", "late_s", "hidden_s", "rescue_s")


def _stage_row(line: LedgerLine) -> dict[str, Any]:
    head = {"stage": line.stage, "department": line.department, "group": line.group}
    return head | {name: str(getattr(line, name)) for name in _EXACT}


def _planned_row(stage: PlannedStage) -> dict[str, Any]:
    head = {"stage": stage.stage, "department": stage.department, "group": stage.group}
    return head | dict.fromkeys(_EXACT) | {"budget_s": str(stage.budget_s)}


def _departments(fact: PromiseFact, tiers: Mapping[str, str]) -> list[dict[str, Any]]:
    """A broken promise has no seconds: its owners come from the root cause, else `unmeasured`."""
    points = basis_points(fact.equivalents)
    lines = {line.department: line for line in fact.ledger.departments} if fact.ledger else {}
    rows = []
    for department in sorted(lines.keys() | fact.equivalents.keys()):
        line = lines.get(department)
        rows.append(
            {
                "department": department,
                "tier": tiers.get(department, "unassigned"),
                "share": str(fact.equivalents.get(department, Fraction(0))),
                "share_bp": points.get(department, 0),
                **{
                    name: str(getattr(line, name)) if line else "0"
                    for name in ("late_s", "hidden_s", "rescue_s", "overrun_s", "credit_s")
                },
                "but_for": line.but_for if line else None,
            }
        )
    return rows
