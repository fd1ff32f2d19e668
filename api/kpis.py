"""`/v1/kpis`: the catalogue and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.answers import COUNT, FLAG, REAL, TEXT, Format, Plain, Table, Tabular, json_answer, stacked
from api.clocks import clock_pieces
from api.languages import Language
from api.problems import Problem, invalid
from api.reading import Read, Reading
from domain.measures import CATALOGUE, Dimension, Measure
from domain.measures.figure import Sums, figure
from domain.times import format_rfc3339
from projections.kpi import Grain, KpiQuery

router = APIRouter(tags=["measures"])

_FIGURES: Mapping[str, pa.DataType] = {
    "value": REAL,
    "n": COUNT,
    "numerator": REAL,
    "denominator": REAL,
    "lo": REAL,
    "hi": REAL,
    "low_n": FLAG,
    "hidden": FLAG,
}


@router.get("/kpis", summary="The catalogue of measures")
async def list_kpis(reading: Read, _: Plain, language: Language) -> Response:
    until = await reading.run(reading.complete_until)
    rows = [_entry(measure, language) for measure in CATALOGUE.values()]
    return json_answer({"complete_until": until, "position": reading.position, "rows": rows})


@router.get("/kpis/{codes}", summary="Figures of one measure, or of several separated by commas")
async def read_kpis(
    codes: str,
    reading: Read,
    format_: Tabular,
    grain: Annotated[Grain, Query()] = Grain.TOTAL,
    group_by: Annotated[
        list[str] | None, Query(description="site, region, channel, department, tier")
    ] = None,
) -> Response:
    measures = known_measures(codes)
    dimensions = _dimensions(group_by or [])
    for measure in measures:
        check_dimensions(measure, reading, dimensions)
    return await reading.run(_answer, measures, reading, format_, grain, dimensions)


def known_measures(codes: str) -> list[Measure]:
    """Measures of a path, each once and in its order; 404 for one that does not exist."""
    found = []
    for code in dict.fromkeys(codes.split(",")):
        if code not in CATALOGUE:
            raise Problem(404, "unknown_measure", f"no measure {code}", allowed=sorted(CATALOGUE))
        found.append(CATALOGUE[code])
    return found


def check_dimensions(measure: Measure, reading: Reading, dimensions: Sequence[Dimension]) -> None:
    """422 for grouping or filtering by what the measure does not have."""
    scope = reading.scope
    asked = dict.fromkeys(dimensions, "group_by")
    if scope.departments:
        asked.setdefault(Dimension.DEPARTMENT, "department")
    if scope.tiers:
        asked.setdefault(Dimension.TIER, "tier")
    for dimension, parameter in asked.items():
        if dimension not in measure.dimensions:
            detail = f"{measure.code} has no {dimension.value}"
            raise invalid(
                parameter, detail, "no_such_dimension", [known.value for known in measure.dimensions]
            )


def span_head(reading: Reading) -> dict[str, Any]:
    """`from` and `to` as asked for."""
    span = reading.scope.span
    return {
        name: format_rfc3339(bound) if isinstance(bound, int) else bound and bound.isoformat()
        for name, bound in (("from", span.start), ("to", span.end))
    }


def figures(query: KpiQuery, reading: Reading) -> Table:
    """Runs one query and makes each of its rows a figure. Blocking."""
    sql, params = query.to_sql()
    sums = reading.services.store.arrow(sql, params)
    keys = ["period", *(dimension.value for dimension in query.dimensions)]
    columns: dict[str, Sequence[Any]] = {key: sums.column(key).to_pylist() for key in keys}
    if Dimension.CHANNEL in query.dimensions:  # a fact without one: null, as in the explanations
        columns["channel"] = [channel or None for channel in columns["channel"]]
    values: dict[str, list[Any]] = {name: [] for name in _FIGURES}
    for numerator, denominator, n, squares in zip(
        *(sums.column(name).to_pylist() for name in Sums._fields), strict=True
    ):
        shown = figure(query.measure, Sums(numerator, denominator, n, squares))
        values["value"].append(shown.value)
        values["n"].append(round(n))
        values["numerator"].append(None if shown.hidden else numerator)
        values["denominator"].append(None if shown.hidden else denominator)
        values["lo"].append(shown.lo)
        values["hi"].append(shown.hi)
        values["low_n"].append(shown.low_n)
        values["hidden"].append(shown.hidden)
    return Table({**dict.fromkeys(keys, TEXT), **_FIGURES}, {**columns, **values})


def _answer(
    measures: list[Measure],
    reading: Reading,
    format_: Format,
    grain: Grain,
    dimensions: tuple[Dimension, ...],
) -> Response:
    until = reading.complete_until()
    clocks = clock_pieces(reading.directory.timezones, reading.scope.span) if grain is Grain.HOUR else ()
    limit = format_.row_limit
    tables: dict[str, Table] = {}
    for measure in measures:
        query = KpiQuery(measure, reading.scope, grain, dimensions, clocks, rows=limit + 1)
        tables[measure.code] = figures(query, reading)
        limit -= len(tables[measure.code].columns["value"])
        if limit < 0:
            raise Problem(422, "too_many_rows", f"more than {format_.row_limit} rows")
    heads = [
        {
            "kpi": measure.code,
            "unit": measure.unit,
            "direction": measure.direction.value,
            "grain": grain.value,
            **span_head(reading),
            "complete_until": until,
            "position": reading.position,
        }
        for measure in measures
    ]
    named = [_named(code, table) for code, table in tables.items()]
    if len(measures) == 1:
        return format_.answer(
            heads[0], named[0], lambda: {**heads[0], "rows": tables[measures[0].code].rows()}
        )
    results = [{**head, "rows": tables[str(head["kpi"])].rows()} for head in heads]
    together = {"complete_until": until, "position": reading.position}
    return format_.answer(together, stacked(named), lambda: {"results": results, **together})


def _named(code: str, table: Table) -> Table:
    """With the measure's code as first column, for the formats that have no head."""
    return Table({"kpi": TEXT, **table.types}, {"kpi": [code] * len(table.columns["value"]), **table.columns})


def _dimensions(asked: list[str]) -> tuple[Dimension, ...]:
    names = [name for item in asked for name in item.split(",") if name]
    for name in names:
        if name not in set(Dimension):
            raise invalid(
                "group_by", f"no dimension {name}", "invalid_parameter", [d.value for d in Dimension]
            )
    return tuple(Dimension(name) for name in dict.fromkeys(names))


def _entry(measure: Measure, language: str | None) -> dict[str, Any]:
    return {
        "code": measure.code,
        "area": measure.area,
        "title": measure.title if language is None else measure.title[language],
        "unit": measure.unit,
        "direction": measure.direction.value,
        "kind": measure.kind.value,
        "scale": measure.scale,
        "formula": measure.formula["en"],
        "numerator": measure.numerator["en"],
        "denominator": measure.denominator["en"],
        "n": measure.n["en"],
        "source": measure.source,
        "owner": {"tier": measure.owner_tier, "departments": measure.owner_departments},
        "dimensions": [dimension.value for dimension in measure.dimensions],
        "standard": measure.standard,
        "thresholds": measure.thresholds
        and {"warning": measure.thresholds.warning, "critical": measure.thresholds.critical},
        "interval": measure.interval.value,
        "low_n": measure.low_n,
        "people": measure.people,
    }
