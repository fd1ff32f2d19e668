"""One site, for whoever runs the shift: today against the standard, what is at risk now, who owes whom."""

from __future__ import annotations

from domain.measures import CATALOGUE
from grafana.boards.chain import FIRST
from grafana.boards.lists import late_promises, who_owes_whom, worst_visits
from grafana.columns import columns
from grafana.dashboard import Board
from grafana.links import to_promise, to_visit
from grafana.panels import heading, heatmap, table
from grafana.scope import Scope
from grafana.sections import courses, owners, tiles, told
from grafana.sqltext import sql
from grafana.texts import Texts
from grafana.theme import Json, defaults, named, thresholds_of
from grafana.variables import channel, data_source
from grafana.variables import site as site_variable

SITE = Scope(site=True, channel=True)

ZONE = (
    "(SELECT if(count() = 0, 'UTC', argMax(timezone, valid_from)) FROM moments.sites "
    "WHERE site_id IN (${site:sqlstring}))"
)
"""The site's own clock. A scalar subquery is a constant, and only a constant zone is taken by ClickHouse."""


def site(texts: Texts) -> Board:
    """Now and today first; the causes and the rows behind them below."""
    first = [CATALOGUE[code] for code in FIRST]
    panels = [
        *tiles(texts, first, SITE),
        heading(texts("heading.now")),
        at_risk(texts),
        open_cases(texts),
        today(texts),
        misses_by_hour(texts),
        heading(texts("heading.owes")),
        who_owes_whom(texts, SITE),
        owners(texts, CATALOGUE["debit_points"], SITE, keep=("site",)),
        heading(texts("heading.course")),
        *courses(texts, first, SITE),
        late_promises(texts, SITE),
        worst_visits(texts, SITE),
    ]
    variables = [data_source(), site_variable(texts, SITE, multi=False), channel(texts)]
    return Board("site", "site", panels, variables, since="now-7d", up=("region", "chain"), refresh="1m")


def at_risk(texts: Texts) -> Json:
    """Open promises by the time they have left."""
    names = (
        "site_id", "promise_id", "visit_id", "kind", "kind_title", "made_by", "made_by_title",
        "due", "left_s", "risk",
    )  # fmt: skip
    return table(
        texts("panel.at_risk"),
        told(texts, "at_risk", "moments.promises"),
        sql("promises_at_risk", zone=ZONE, title=f"title_{texts.language}"),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"promise_id": to_promise(), "visit_id": to_visit()}),
        size=(12, 9),
    )


def open_cases(texts: Texts) -> Json:
    """Failures reported and not yet made good."""
    names = ("site_id", "case_id", "visit_id", "opened", "age_h", "last_step", "owner", "owner_title")
    return table(
        texts("panel.open_cases"),
        told(texts, "open_cases", "moments.events"),
        sql("open_cases", zone=ZONE, title=f"title_{texts.language}"),
        defaults(texts, "count"),
        overrides=columns(texts, names, links={"visit_id": to_visit()}),
        size=(12, 9),
    )


def today(texts: Texts) -> Json:
    """The business day by the site's own hours, coloured against the standard."""
    names = ("local_hour", "on_time", "promises", "ves", "visits", "complaints")
    overrides = columns(texts, names)
    for code in ("on_time", "ves"):
        steps = thresholds_of(CATALOGUE[code])
        overrides.append(named(code, thresholds=steps, custom__cellOptions={"type": "color-text"}))
    return table(
        texts("panel.today"),
        told(texts, "today", "moments.kpi_on_time, moments.kpi_ves, moments.kpi_complaints_per_1000"),
        sql("today_by_hour"),
        defaults(texts, "count"),
        overrides=overrides,
        size=(12, 9),
    )


def misses_by_hour(texts: Texts) -> Json:
    """At which hours promises break."""
    return heatmap(
        texts("panel.misses_by_hour"),
        told(texts, "misses_by_hour", "moments.kpi_promise_equivalents"),
        sql("misses_by_hour", where=SITE.tail()),
        defaults(texts, "count", displayName="${__field.labels.local_hour}"),
        size=(12, 9),
    )
