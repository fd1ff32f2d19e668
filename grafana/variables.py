"""Variables of the boards, as Grafana keeps them; each query reads public views only."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.panels import PLUGIN, SOURCE
from grafana.scope import NO_CHANNEL, Scope
from grafana.sqltext import literal, sql
from grafana.texts import Texts
from grafana.theme import Json

ALL = "$__all"


def query_variable(name: str, label: str, raw_sql: str, *, multi: bool = True, all_: bool = True) -> Json:
    """A choice read from the data: the first column is the value, the second what is shown."""
    current: Json = {"text": ["All"], "value": [ALL]} if multi and all_ else {}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "query": {"refId": f"variable-{name}", "editorType": "sql", "rawSql": raw_sql},
        "definition": raw_sql,
        "refresh": 2,
        "sort": 0,
        "multi": multi,
        "includeAll": all_,
        "allValue": None,
        "current": current,
        "options": [],
        "regex": "",
        "hide": 0,
        "skipUrlSync": False,
    }


def text_variable(name: str, label: str) -> Json:
    """A value that is typed in or comes with a link."""
    return {
        "type": "textbox",
        "name": name,
        "label": label,
        "query": "",
        "current": {"text": "", "value": ""},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def data_source() -> Json:
    """Which ClickHouse the board reads: first of all variables, and never a fixed uid in a panel."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "ClickHouse",
        "query": PLUGIN,
        "current": {},
        "options": [],
        "regex": "",
        "multi": False,
        "includeAll": False,
        "refresh": 1,
        "hide": 0,
        "skipUrlSync": False,
    }


def region(texts: Texts, *, multi: bool = True) -> Json:
    return query_variable("region", texts("variable.region"), sql("variable_region"), multi=multi, all_=multi)


def site(texts: Texts, scope: Scope, *, multi: bool = True) -> Json:
    """Sites, of the chosen regions where the board has them."""
    name = "variable_site_of_region" if scope.region else "variable_site"
    return query_variable("site", texts("variable.site"), sql(name), multi=multi, all_=multi)


def channel(texts: Texts) -> Json:
    raw = sql(
        "variable_channel",
        title=f"title_{texts.language}",
        no_channel=literal(NO_CHANNEL),
        without=literal(texts("word.no_channel")),
    )
    return query_variable("channel", texts("variable.channel"), raw)


def department(texts: Texts, tiers: Sequence[str]) -> Json:
    """Departments of some tiers, by title; one at a time: it is a page of their own."""
    raw = sql(
        "variable_department",
        title=f"title_{texts.language}",
        tiers=", ".join(literal(tier) for tier in tiers),
    )
    return query_variable("department", texts("variable.department"), raw, multi=False, all_=False)


def common(texts: Texts, scope: Scope) -> list[Json]:
    """The variables of a scope, in the order in which they narrow each other down."""
    variables = [data_source()]
    if scope.region:
        variables.append(region(texts))
    if scope.site:
        variables.append(site(texts, scope))
    if scope.channel:
        variables.append(channel(texts))
    return variables
