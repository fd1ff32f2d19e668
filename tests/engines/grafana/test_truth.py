"""A figure on a board is the figure of the API: the same sums, value, interval and judgement of what is
few."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import pytest

from domain.measures import CATALOGUE, Dimension, Direction, Interval, Kind, Measure
from domain.measures.figure import Figure, Sums, figure
from domain.statistics import SiteCount, byar, laney, rank_fairly, xmr
from grafana.alerts import groups
from grafana.build import dashboards
from projections.kpi import Grain, KpiQuery
from projections.public import record_status
from projections.scope import Scope, Span
from tests.engines.grafana.conftest import Boards, panels_of
from tests.engines.grafana.test_every_query import chosen
from tests.plugin import Frame, TimeRange

MODELS = {slug: model for language, slug, model in dashboards() if language == "en"}
VIEW = re.compile(r"FROM moments\.kpi_(\w+?)(_by_department)? AS facts")
CHOICES = ("all", "many")

Keyed = dict[tuple[str, ...], tuple[Figure, float]]


def close(value: Any, exact: Any) -> bool:
    return (
        value is exact if None in (value, exact) else bool(value == pytest.approx(exact, rel=1e-9, abs=1e-9))
    )


def scope_of(model: dict[str, Any], values: dict[str, Any], at: TimeRange) -> Scope:
    """The reader's choice as the API takes it: the same instants, the same names."""

    def many(name: str) -> tuple[str, ...]:
        value = values.get(name, ())
        return (value,) if isinstance(value, str) else tuple(value)

    here = {variable["name"] for variable in model["templating"]["list"]}
    return Scope(
        sites=many("site") if "site" in here else None,
        span=Span(at.from_ms, at.to_ms),
        regions=many("region"),
        channels=tuple("" if channel == "-" else channel for channel in many("channel")),
    )


def api(
    boards: Boards, measure: Measure, scope: Scope, grain: Grain = Grain.TOTAL, by: Sequence[Dimension] = ()
) -> Keyed:
    """What /v1/kpis answers, by period and dimensions: figure and n."""
    text, params = KpiQuery(measure, scope, grain, tuple(by)).to_sql()
    found: Keyed = {}
    for *keys, numerator, denominator, n, squares in boards.store.rows(text, params):
        shown = figure(measure, Sums(numerator, denominator, n, squares))
        if measure.interval is Interval.GARWOOD and shown.value is not None:
            ends = byar(numerator, denominator, measure.scale)
            assert ends is not None
            shown = shown._replace(lo=ends.lo, hi=ends.hi)
        found[tuple(map(str, keys))] = shown, n
    return found


def figures_on(
    boards: Boards, week: TimeRange, how: str, kind: Callable[[dict[str, Any]], bool]
) -> Iterator[tuple[str, str, Frame, Scope, dict[str, Any]]]:
    """(board, measure, frame, scope, values) of every panel of a kind that asks exactly one measure."""
    for slug, model in MODELS.items():
        values = chosen(model, boards, week, how)
        for panel in panels_of(model):
            (target,) = panel["targets"]
            codes = {code for code, _ in VIEW.findall(target["rawSql"])}
            if len(codes) == 1 and kind(panel):
                _, _, found = boards.ask(target["rawSql"], target["format"], week, values)
                yield f"{slug}: {panel['title']}", codes.pop(), found, scope_of(model, values, week), values


@pytest.mark.parametrize("how", CHOICES)
def test_every_tile_shows_the_value_n_and_interval_of_the_api(
    boards: Boards, week: TimeRange, how: str
) -> None:
    seen = set()
    for where, code, found, scope, _ in figures_on(boards, week, how, lambda panel: panel["type"] == "stat"):
        ((exact, n),) = api(boards, CATALOGUE[code], scope).values()
        (_, labels, values) = found.fields[1]
        assert close(values[0], exact.value), where
        assert f"n = {round(n)}" in labels["sure"], where
        assert ("○" in labels["sure"]) == (exact.low_n and exact.value is not None), where
        if exact.lo is not None and CATALOGUE[code].unit == "ratio":
            assert f"{round(100 * exact.lo, 1):g}" in labels["sure"], where
        seen.add(code)

    assert {"on_time", "ves", "nps", "complaints_per_1000", "evidence_coverage", "above_standard"} <= seen


@pytest.mark.parametrize("how", CHOICES)
def test_every_card_shows_what_the_api_answers(boards: Boards, week: TimeRange, how: str) -> None:
    seen = set()
    for slug, model in MODELS.items():
        values = chosen(model, boards, week, how)
        scope = scope_of(model, values, week)
        for panel in panels_of(model):
            (target,) = panel["targets"]
            if "AS measure," not in target["rawSql"] or "AS mine" in target["rawSql"]:
                continue
            _, _, found = boards.ask(target["rawSql"], 1, week, values)
            for row in found.rows():
                measure = CATALOGUE[row["measure"]]
                ((exact, n),) = api(boards, measure, scope).values()
                where = f"{slug}: {measure.code}"
                assert close(row["value"], exact.value), where
                assert close(row["lo"], exact.lo), where
                assert close(row["hi"], exact.hi), where
                assert row["n"] == n, where
                assert row["standard"] == measure.standard, where
                assert (row["judgement"] == "few") == (exact.low_n and exact.value is not None), where
                seen.add(measure.code)

    assert seen == set(CATALOGUE), "every measure stands on a board by its owner or its area"


@pytest.mark.parametrize("how", CHOICES)
def test_courses_have_the_api_s_value_of_each_business_day(boards: Boards, week: TimeRange, how: str) -> None:
    def whole(panel: dict[str, Any]) -> bool:
        text = panel["targets"][0]["rawSql"]
        return panel["type"] == "timeseries" and "WITH FILL" in text and "_by_department" not in text

    count = 0
    for where, code, found, scope, _ in figures_on(boards, week, how, whole):
        days = api(boards, CATALOGUE[code], scope, Grain.DAY)
        for row in found.rows():
            expected = days.get((row["time"].date().isoformat(),))
            if expected is None:
                assert row["value"] is None, where
                assert row["n"] == 0, where
            else:
                assert close(row["value"], expected[0].value), where
                assert close(row["lo"], expected[0].lo), where
                assert row["n"] == expected[1], where
            count += 1
        assert set(days) <= {(time.date().isoformat(),) for time in found.column("time")}

    assert count > 50


@pytest.mark.parametrize("how", CHOICES)
def test_owners_have_the_api_s_quantity_of_each_department(boards: Boards, week: TimeRange, how: str) -> None:
    def owning(panel: dict[str, Any]) -> bool:
        return "AS owned" in panel["targets"][0]["rawSql"]

    count = 0
    for where, code, found, scope, _ in figures_on(boards, week, how, owning):
        exact = api(boards, CATALOGUE[code], scope, by=[Dimension.DEPARTMENT])
        rows = {row["department"]: row for row in found.rows()}
        owing = {keys[1]: (shown, n) for keys, (shown, n) in exact.items() if shown.value}
        assert set(rows) == set(owing), where
        total = sum(shown.value or 0 for shown, _ in owing.values())
        for department, (shown, n) in owing.items():
            assert close(rows[department]["quantity"], shown.value), where
            assert close(rows[department]["share"], (shown.value or 0) / total), where
            assert rows[department]["n"] == n, where
            count += 1

    assert count


@pytest.mark.parametrize("how", CHOICES)
def test_a_department_s_page_has_its_own_part_and_everybody_s(
    boards: Boards, week: TimeRange, how: str
) -> None:
    model = MODELS["support"]
    values = chosen(model, boards, week, how)
    scope = scope_of(model, values, week)
    seen = set()
    for panel in panels_of(model):
        (target,) = panel["targets"]
        if "AS mine" not in target["rawSql"]:
            continue
        _, _, found = boards.ask(target["rawSql"], 1, week, values)
        for row in found.rows():
            measure = CATALOGUE[row["measure"]]
            own = replace(scope, departments=(str(values["department"]),))
            ((mine, n),) = api(boards, measure, own).values()
            ((everybody, _),) = api(boards, measure, scope).values()
            assert close(row["value"], mine.value), measure.code
            assert row["n"] == n, measure.code
            assert close(row["whole"], everybody.value) or everybody.value is None, measure.code
            seen.add(measure.code)

    assert seen == {code for code, measure in CATALOGUE.items() if measure.shared}


@pytest.mark.parametrize("how", CHOICES)
@pytest.mark.parametrize(("column", "dimension"), [("site_id", Dimension.SITE), ("region", Dimension.REGION)])
def test_sites_and_regions_side_by_side(
    boards: Boards, week: TimeRange, how: str, column: str, dimension: Dimension
) -> None:
    def compares(panel: dict[str, Any]) -> bool:
        text = panel["targets"][0]["rawSql"]
        return panel["type"] == "table" and "IS NULL, value" in text and text.rstrip().endswith(column)

    count = 0
    for where, code, found, scope, _ in figures_on(boards, week, how, compares):
        exact = {keys[1]: each for keys, each in api(boards, CATALOGUE[code], scope, by=[dimension]).items()}
        rows = {row[column]: row for row in found.rows()}
        assert set(rows) == set(exact), where
        for key, (shown, n) in exact.items():
            assert close(rows[key]["value"], shown.value), where
            assert close(rows[key]["lo"], shown.lo), where
            assert close(rows[key]["hi"], shown.hi), where
            assert rows[key]["n"] == n, where
            count += 1

    assert count


@pytest.mark.parametrize("how", CHOICES)
def test_rankings_are_those_of_the_domain(boards: Boards, week: TimeRange, how: str) -> None:
    count = 0
    for where, code, found, scope, _ in figures_on(
        boards, week, how, lambda panel: "AS shrunk" in panel["targets"][0]["rawSql"]
    ):
        text, params = KpiQuery(CATALOGUE[code], scope, group_by=(Dimension.SITE,)).to_sql()
        counts = [SiteCount(row[1], round(row[2]), round(row[3])) for row in boards.store.rows(text, params)]
        ranking = rank_fairly(counts)
        assert ranking is not None
        rows = {row["site_id"]: row for row in found.rows()}
        assert set(rows) == {site.site for site in ranking.sites}, where
        for site in ranking.sites:
            row = rows[site.site]
            assert close(row["raw"], site.raw), where
            assert close(row["shrunk"], site.shrunk), where
            assert close(row["lo"], site.interval.lo), where
            assert close(row["hi"], site.interval.hi), where
            assert (row["rank"], row["band"], row["n"]) == (site.rank, site.band, site.n), where
            assert (row["evidence"] == "differ") == ranking.ranked, where
            count += 1

    assert count


def test_process_charts_have_the_limits_of_the_domain(boards: Boards, week: TimeRange) -> None:
    kinds = set()
    for where, code, found, scope, _ in figures_on(
        boards, week, "all", lambda panel: "AS signal" in panel["targets"][0]["rawSql"]
    ):
        measure = CATALOGUE[code]
        text, params = KpiQuery(measure, scope, Grain.DAY).to_sql()
        days = boards.store.rows(text, params)
        rows = found.rows()
        if measure.kind is Kind.PROPORTION:
            chart = laney([day[1] for day in days], [day[2] for day in days])
            assert chart is not None
            limits = chart.limits
            assert all(close(row["centre"], chart.centre) for row in rows), where
        else:
            single = xmr([day[1] / day[2] for day in days])
            assert single is not None
            limits = tuple((single.limits.lower, single.limits.upper) for _ in days)
            assert all(close(row["centre"], single.limits.centre) for row in rows), where
        for row, (lower, upper) in zip(rows, limits, strict=True):
            assert close(row["lower"], lower), where
            assert close(row["upper"], upper), where
            assert (row["signal"] is not None) == (not lower <= row["value"] <= upper), where
        kinds.add(measure.kind)

    assert kinds == {Kind.PROPORTION, Kind.MEAN}


def test_the_freshness_is_complete_until_of_the_api(boards: Boards, week: TimeRange) -> None:
    from api.freshness import Freshness

    model = MODELS["chain"]
    (panel,) = [panel for panel in panels_of(model) if "complete_until" in panel["targets"][0]["rawSql"]]
    values = chosen(model, boards, week, "all")
    _, _, found = boards.ask(panel["targets"][0]["rawSql"], 1, week, values)
    marks = Freshness(boards.store).at("any")

    assert found.column("complete_until") == [min(marks.sites.values()).timestamp() * 1000]


def test_alert_rules_judge_the_api_s_bounds_of_each_site(boards: Boards, week: TimeRange) -> None:
    """Every rule runs on the platform's own views; those of the catalogue hold the API's bound of each site
    against the threshold, over the rule's own window."""
    count = 0
    for rule in (rule for group in groups() for rule in group["rules"]):
        query, window = rule["data"][0]["model"], rule["data"][0]["relativeTimeRange"]["from"]
        at = TimeRange(week.to_ms - window * 1000, week.to_ms)
        _, _, found = boards.ask(query["rawSql"], query["format"], at, {})
        for _, labels, values in found.fields[1:]:
            assert set(labels) <= {"region", "site"}, rule["uid"]
            assert all(isfinite(value) for value in values), rule["uid"]
        code = rule["uid"].removeprefix("moments-standard-").replace("-", "_")
        if not rule["uid"].startswith("moments-standard-"):
            continue
        measure = CATALOGUE[code]
        scope = Scope(sites=None, span=Span(at.from_ms, at.to_ms))
        exact = {
            keys[1]: shown.value
            if measure.interval is Interval.NONE
            else shown.lo
            if measure.direction is Direction.DOWN
            else shown.hi
            for keys, (shown, _) in api(boards, measure, scope, by=[Dimension.SITE]).items()
            if not shown.low_n
        }
        shown_here = {labels["site"]: values[0] for _, labels, values in found.fields[1:]}
        assert set(shown_here) == {site for site, bound in exact.items() if bound is not None}, rule["uid"]
        for site, bound in shown_here.items():
            assert close(bound, exact[site]), f"{rule['uid']}: {site}"
            count += 1

    assert count > 20


def test_the_line_s_state_is_that_of_the_projector_furthest_behind(boards: Boards, week: TimeRange) -> None:
    """Given three projectors that sampled within one round, the panel shows the greatest lag."""
    for ago_ms, lag in ((25_000, 7.0), (1_000, 3.0), (40_000, 90.0)):
        record_status(boards.store, "moments", week.to_ms - ago_ms, {("", "lag_events"): lag})
    boards.held.clear()
    (panel,) = [
        panel
        for panel in panels_of(MODELS["data-health"])
        if "last_at" in panel["targets"][0]["rawSql"] and "moments.status" in panel["targets"][0]["rawSql"]
    ]

    _, _, found = boards.ask(panel["targets"][0]["rawSql"], 1, week, {})
    assert {row["name"]: row["value"] for row in found.rows()}["lag_events"] == 7.0
