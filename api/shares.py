"""`/v1/shares` and `/v1/outcomes/{outcomes}/shares`: who owns a quantity, in basis points that sum to
10000.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import COUNT, REAL, TEXT, Format, Table, Tabular, table_of
from api.kpis import check_dimensions, figures, span_head
from api.problems import Problem, invalid
from api.reading import Read, Reading
from domain.measures import CATALOGUE, EVIDENCE, SHARED, Dimension, Measure
from domain.rounding import basis_points
from projections.kpi import KpiQuery
from projections.outcome_shares import MONEY, OUTCOMES, OutcomeSharesQuery

router = APIRouter(tags=["shares"])

NOTE = "Shares allocate what the evidence shows; they do not prove cause."
UNASSIGNED = "unassigned"


class By(StrEnum):
    """Level of the owners."""

    DEPARTMENT = "department"
    TIER = "tier"


ByOwner = Annotated[By, Query()]


@router.get("/shares", summary="Who owns minutes, promises or points")
async def read_shares(
    reading: Read,
    format_: Tabular,
    measure: Annotated[str, Query(description="a measure shared among departments")],
    by: ByOwner = By.DEPARTMENT,
) -> Response:
    if measure not in SHARED:
        raise invalid("measure", f"no shares of {measure}", "unknown_measure", SHARED)
    return await reading.run(_shares, CATALOGUE[measure], by, reading, format_)


@router.get("/outcomes/{outcomes}/shares", summary="Who owns an outcome")
async def read_outcome_shares(
    outcomes: str, reading: Read, format_: Tabular, by: ByOwner = By.DEPARTMENT
) -> Response:
    codes = tuple(dict.fromkeys(outcomes.split(",")))
    for code in codes:
        if code not in OUTCOMES:
            raise Problem(404, "unknown_outcome", f"no outcome {code}", allowed=OUTCOMES)
    return await reading.run(_outcome_shares, codes, by, reading, format_)


def share_rows(quantities: Mapping[str, float], by: By, tiers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of one level, the greatest owner first, owners of nothing left out (R24)."""
    shares = basis_points(quantities)
    rows = []
    for owner, share in sorted(shares.items(), key=lambda item: (-quantities[item[0]], item[0])):
        row: dict[str, Any] = {by.value: owner}
        if by is By.DEPARTMENT:
            row["tier"] = tiers.get(owner, UNASSIGNED)
        rows.append(row | {"quantity": quantities[owner], "share_bp": share})
    return rows


def _types(by: By, *first: str) -> dict[str, Any]:
    owners = ("department", "tier") if by is By.DEPARTMENT else ("tier",)
    return {**dict.fromkeys((*first, *owners), TEXT), "quantity": REAL, "share_bp": COUNT}


def _shares(measure: Measure, by: By, reading: Reading, format_: Format) -> Response:
    until = reading.complete_until()
    check_dimensions(measure, reading, [Dimension(by.value)])
    owned = figures(KpiQuery(measure, reading.scope, group_by=(Dimension(by.value),)), reading)
    quantities = {
        owner: value or 0.0
        for owner, value in zip(owned.columns[by.value], owned.columns["value"], strict=True)
    }
    head = {
        "measure": measure.code,
        "by": by.value,
        "unit": measure.unit,
        **span_head(reading),
        "total": sum(quantities.values()),
        "evidence_coverage": evidence_coverage(reading),
        "note": NOTE,
        "complete_until": until,
        "position": reading.position,
    }
    if measure.unowned:
        head["slack"] = _unowned(CATALOGUE[measure.unowned], reading)
    rows = share_rows(quantities, by, reading.directory.departments)
    return format_.answer(head, table_of(_types(by), rows))


def _unowned(measure: Measure, reading: Reading) -> float | None:
    """What is nobody's part; not to be told apart once a department or tier is picked."""
    if reading.scope.departments or reading.scope.tiers:
        return None
    return _only(figures(KpiQuery(measure, reading.scope), reading)) or 0.0


def evidence_coverage(reading: Reading) -> float | None:
    """How much of the debit in scope rests on evidence; None without debit."""
    return _only(figures(KpiQuery(EVIDENCE, reading.scope), reading))


def _only(table: Table) -> float | None:
    value: float | None = table.columns["value"][0] if table.columns["value"] else None
    return value


def _outcome_shares(codes: tuple[str, ...], by: By, reading: Reading, format_: Format) -> Response:
    until = reading.complete_until()
    sql, params = OutcomeSharesQuery(codes, reading.scope).to_sql()
    owned = _by_outcome(reading.services.store.rows(sql, params), by, reading.directory.departments)
    coverage = evidence_coverage(reading)
    bodies, flat = [], []
    for code in codes:
        parts = []
        for currency, quantities in sorted(owned[code].items()) or [("", {})]:
            rows = share_rows(quantities, by, reading.directory.departments)
            flat += [{"outcome": code, "currency": currency, **row} for row in rows]
            parts.append({"currency": currency, "total": sum(quantities.values()), "rows": rows})
        bodies.append(_outcome_body(code, by, parts, coverage))
    head = {"complete_until": until, "position": reading.position}
    span = span_head(reading)
    shown = [{**body, **span, **head} for body in bodies]
    table = table_of(_types(by, "outcome", "currency"), flat)
    if len(shown) == 1:
        return format_.answer(head, table, lambda: shown[0])
    return format_.answer(head, table, lambda: {"results": shown, **head})


def _outcome_body(code: str, by: By, parts: list[dict[str, Any]], coverage: float | None) -> dict[str, Any]:
    head = {"outcome": code, "by": by.value, "evidence_coverage": coverage, "note": NOTE}
    if code in MONEY:
        return {**head, "unit": "money", "currencies": [part for part in parts if part["currency"]]}
    return {**head, "unit": "events", "total": parts[0]["total"], "rows": parts[0]["rows"]}


def _by_outcome(
    rows: Iterable[tuple[Any, ...]], by: By, tiers: Mapping[str, str]
) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Outcome → currency → owner → quantity; tiers are summed before anything is rounded."""
    owned: dict[str, dict[str, dict[str, float]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(float))
    )
    for outcome, currency, department, quantity in rows:
        owner = department if by is By.DEPARTMENT else tiers.get(department, UNASSIGNED)
        owned[outcome][currency if outcome in MONEY else ""][owner] += quantity
    return owned
