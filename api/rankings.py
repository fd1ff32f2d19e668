"""`/v1/rankings/{code}`: sites compared fairly: shrunk towards the chain by as much as they prove to be
alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from fastapi import APIRouter
from starlette.responses import Response

from api.answers import COUNT, REAL, TEXT, Format, Tabular, table_of
from api.kpis import check_dimensions, figures, known_measures, span_head
from api.problems import Problem
from api.reading import Read, Reading
from domain.measures import Dimension, Kind, Measure
from domain.statistics import FairRanking, SiteCount, rank_fairly
from projections.kpi import KpiQuery

router = APIRouter(tags=["measures"])

TYPES: Mapping[str, pa.DataType] = {
    "site": TEXT, "n": COUNT, "raw": REAL, "shrunk": REAL, "lo": REAL, "hi": REAL, "band": TEXT,
    "rank": COUNT,
}  # fmt: skip

NO_EVIDENCE = "no evidence that sites differ"


@router.get("/rankings/{code}", summary="Sites, fairly")
async def read_ranking(code: str, reading: Read, format_: Tabular) -> Response:
    """Proportions only: the chain's mean and spread come from the sites the key may see."""
    (measure,) = known_measures(code.replace(",", "\x00"))
    if measure.kind is not Kind.PROPORTION:
        raise Problem(422, "no_such_dimension", f"{code} is no proportion: sites are not ranked by it")
    check_dimensions(measure, reading, [Dimension.SITE])
    return await reading.run(_ranking, measure, reading, format_)


def _ranking(measure: Measure, reading: Reading, format_: Format) -> Response:
    until = reading.complete_until()
    table = figures(KpiQuery(measure, reading.scope, group_by=(Dimension.SITE,)), reading)
    counts = [
        SiteCount(site, round(successes), round(n))
        for site, successes, n in zip(
            *(table.columns[name] for name in ("site", "numerator", "denominator")), strict=True
        )
    ]
    ranking = rank_fairly(counts)
    head = {
        "kpi": measure.code,
        "unit": measure.unit,
        "direction": measure.direction.value,
        **span_head(reading),
        "ranked": bool(ranking and ranking.ranked),
        "reason": _reason(ranking),
        "mean": ranking and ranking.mean,
        "kappa": ranking and ranking.kappa,
        "complete_until": until,
        "position": reading.position,
    }
    return format_.answer(head, table_of(TYPES, _rows(ranking)))


def _reason(ranking: FairRanking | None) -> str | None:
    if ranking is None:
        return "no observations"
    return None if ranking.ranked else NO_EVIDENCE


def _rows(ranking: FairRanking | None) -> list[dict[str, Any]]:
    """Ranked sites first, the others by code."""
    if ranking is None:
        return []
    rows = [
        {
            "site": site.site,
            "n": site.n,
            "raw": site.raw,
            "shrunk": site.shrunk,
            "lo": site.interval.lo,
            "hi": site.interval.hi,
            "band": site.band,
            "rank": site.rank,
        }
        for site in ranking.sites
    ]
    return sorted(rows, key=lambda row: (row["rank"] is None, row["rank"] or 0, row["site"]))
