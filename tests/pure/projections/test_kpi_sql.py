"""KPI queries as text: the whole statement and its parameters, no engine."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from domain.measures import CATALOGUE, Dimension
from projections.kpi import ClockPiece, Grain, KpiQuery
from projections.measures import measure_select
from projections.scope import Scope, Span

NOVEMBER = Span(date(2026, 11, 1), date(2026, 12, 1))


def indented(text: str) -> str:
    return dedent(text).strip()


def test_a_department_of_a_measure_that_has_none_is_refused() -> None:
    query = KpiQuery(CATALOGUE["ves"], Scope(sites=None), group_by=(Dimension.DEPARTMENT,))
    with pytest.raises(ValueError, match="ves is not shared among departments"):
        query.to_sql()


def test_one_site_a_month_by_day() -> None:
    sql, params = KpiQuery(
        CATALOGUE["on_time"], Scope(sites=("msk-01",), span=NOVEMBER), Grain.DAY, rows=101
    ).to_sql()
    assert sql == indented("""
        SELECT
            toString(facts.business_date) AS period,
            sum(facts.numerator) AS numerator,
            sum(facts.denominator) AS denominator,
            sum(facts.n) AS n,
            sum(facts.squares) AS squares
        FROM
        (
        SELECT
            site_id, business_date, hour, dated_at, channel, '' AS department,
            CAST(state = 'kept', 'Float64') AS numerator, toFloat64(1) AS denominator,
            toFloat64(1) AS n, CAST(state = 'kept', 'Float64') AS squares
        FROM moments.promises
        WHERE state IN ('kept', 'late', 'broken')
        ) AS facts
        WHERE facts.site_id IN {sites:Array(String)}
            AND facts.business_date >= {from:Date}
            AND facts.business_date < {to:Date}
        GROUP BY period
        ORDER BY period
        LIMIT {rows:UInt32}
    """)
    assert params == {"sites": ["msk-01"], "from": "2026-11-01", "to": "2026-12-01", "rows": 101}


def test_the_total_has_one_row_whatever_there_is() -> None:
    sql, _ = KpiQuery(CATALOGUE["ves"], Scope(sites=None)).to_sql()
    assert "GROUP BY" not in sql
    assert sql.startswith("SELECT\n    'total' AS period,")


def test_regions_by_week_join_sums_to_the_region_of_the_day() -> None:
    sql, params = KpiQuery(
        CATALOGUE["late_minutes"],
        Scope(sites=None, regions=("north",), departments=("kitchen",), span=NOVEMBER),
        Grain.WEEK,
        (Dimension.TIER, Dimension.REGION),
    ).to_sql()
    select = measure_select("late_minutes").departments
    inner = f"""SELECT
    facts.site_id AS site_id,
    facts.business_date AS business_date,
    facts.department AS department,
    sum(facts.numerator) AS numerator,
    sum(facts.denominator) AS denominator,
    sum(facts.n) AS n,
    sum(facts.squares) AS squares
FROM
(
{select}
) AS facts
WHERE facts.business_date >= {{from:Date}}
    AND facts.business_date < {{to:Date}}
    AND facts.department IN {{departments:Array(String)}}
GROUP BY site_id, business_date, department"""
    assert (
        sql
        == f"""SELECT
    toString(toMonday(sums.business_date)) AS period,
    places.region AS region,
    roles.tier AS tier,
    sum(sums.numerator) AS numerator,
    sum(sums.denominator) AS denominator,
    sum(sums.n) AS n,
    sum(sums.squares) AS squares
FROM
(
{inner}
) AS sums
INNER JOIN moments.sites AS places ON places.site_id = sums.site_id
INNER JOIN moments.departments AS roles ON roles.department = sums.department
WHERE sums.business_date >= places.valid_from
    AND sums.business_date < places.valid_to
    AND places.region IN {{regions:Array(String)}}
GROUP BY period, region, tier
ORDER BY period, region, tier
LIMIT {{rows:UInt32}}"""
    )
    assert params == {
        "from": "2026-11-01",
        "to": "2026-12-01",
        "departments": ["kitchen"],
        "regions": ["north"],
        "rows": 100_000,
    }


def test_instants_filter_by_the_instant_that_dates_a_fact() -> None:
    span = Span(1_793_614_200_001, 1_793_616_000_000)
    sql, params = KpiQuery(CATALOGUE["csat"], Scope(sites=None, span=span)).to_sql()
    assert "facts.dated_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')" in sql
    assert "facts.dated_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')" in sql
    assert params == {"from": 1_793_614_200_001, "to": 1_793_616_000_000, "rows": 100_000}


def test_hours_are_labelled_with_the_offset_of_their_zone() -> None:
    clocks = (ClockPiece("Europe/Moscow", 0, 4_102_444_800, 10_800),)
    sql, params = KpiQuery(CATALOGUE["nps"], Scope(sites=None), Grain.HOUR, clocks=clocks).to_sql()
    assert "ON clocks.zone = places.timezone" in sql
    assert "ORDER BY any(sums.hour), period" in sql
    assert (params["zones"], params["offsets"]) == (["Europe/Moscow"], [10_800])


def test_a_scope_of_no_site_is_no_scope_of_all() -> None:
    _, params = KpiQuery(CATALOGUE["ves"], Scope(sites=())).to_sql()
    assert params["sites"] == []
