"""`/v1/trends/{code}`: process-behaviour charts: what is signal and what is the ordinary spread of days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import COUNT, REAL, TEXT, Format, Tabular, table_of
from api.kpis import check_dimensions, figures, known_measures, span_head
from api.reading import Read, Reading
from domain.measures import Kind, Measure
from domain.statistics import laney, xmr
from domain.statistics.charts import BASELINE
from projections.kpi import Grain, KpiQuery

router = APIRouter(tags=["measures"])

TYPES: Mapping[str, pa.DataType] = {
    "period": TEXT, "value": REAL, "n": COUNT, "lower": REAL, "upper": REAL, "signal": TEXT,
}  # fmt: skip


class TrendGrain(StrEnum):
    """Periods a chart can have: each a point."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@router.get("/trends/{code}", summary="Process-behaviour chart of a measure")
async def read_trend(
    code: str, reading: Read, format_: Tabular, grain: Annotated[TrendGrain, Query()] = TrendGrain.DAY
) -> Response:
    """Limits come from the first 20 points once there are as many (XmR); a proportion's by Laney's p′ have
    no such baseline.
    """
    (measure,) = known_measures(code.replace(",", "\x00"))
    check_dimensions(measure, reading, [])
    return await reading.run(_trend, measure, Grain(grain.value), reading, format_)


def _trend(measure: Measure, grain: Grain, reading: Reading, format_: Format) -> Response:
    until = reading.complete_until()
    table = figures(KpiQuery(measure, reading.scope, grain), reading)
    points = [row for row in table.rows() if row["value"] is not None]
    chart, rows = _laney(points) if measure.kind is Kind.PROPORTION else _xmr(points)
    head = {
        "kpi": measure.code,
        "unit": measure.unit,
        "direction": measure.direction.value,
        "grain": grain.value,
        **span_head(reading),
        **chart,
        "complete_until": until,
        "position": reading.position,
    }
    return format_.answer(head, table_of(TYPES, rows))


def _head(method: str, **limits: float | None) -> dict[str, Any]:
    return {"method": method, "centre": None, "lower": None, "upper": None, "baseline": None} | limits


def _xmr(points: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    values = [point["value"] for point in points]
    baseline = BASELINE if len(values) >= BASELINE else None
    chart = xmr(values, baseline)
    if chart is None:
        return _head("xmr"), [_row(point, None, None, None) for point in points]
    limits = chart.limits
    signals: dict[int, str] = {signal.index: signal.rule for signal in chart.signals}
    rows = [_row(point, limits.lower, limits.upper, signals.get(index)) for index, point in enumerate(points)]
    head = _head(
        "xmr",
        centre=limits.centre,
        lower=limits.lower,
        upper=limits.upper,
        baseline=baseline or len(values),
    )
    return head, rows


def _laney(points: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Limits of its own for each period, since days have different numbers of promises or visits."""
    chart = laney([point["numerator"] for point in points], [point["denominator"] for point in points])
    if chart is None:
        return _head("laney"), [_row(point, None, None, None) for point in points]
    rows = [
        _row(point, lower, upper, None if lower <= point["value"] <= upper else "outside")
        for point, (lower, upper) in zip(points, chart.limits, strict=True)
    ]
    return _head("laney", centre=chart.centre, baseline=len(points)), rows


def _row(
    point: Mapping[str, Any], lower: float | None, upper: float | None, signal: str | None
) -> dict[str, Any]:
    shown = {name: point[name] for name in ("period", "value", "n")}
    return {**shown, "lower": lower, "upper": upper, "signal": signal}
