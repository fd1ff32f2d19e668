"""Panels of Grafana's Classic model: the seven types that the boards use, each with its options said in full.

A panel is a plain dictionary without place and number; `grafana.dashboard` gives it both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafana.texts import Texts
from grafana.theme import GREY, Json, fixed, matching, named

PLUGIN = "grafana-clickhouse-datasource"
PLUGIN_VERSION = "4.20.0"
GRAFANA_VERSION = "13.0.0"
SOURCE: Json = {"type": PLUGIN, "uid": "${datasource}"}

TIME_SERIES, TABLE = 0, 1
_FORMATS = {TIME_SERIES: "timeseries", TABLE: "table"}


def target(raw_sql: str, format_: int) -> Json:
    """A query as the plugin's editor saves it: with its version, or the editor would migrate it on
    opening."""
    return {
        "refId": "A",
        "datasource": SOURCE,
        "editorType": "sql",
        "rawSql": raw_sql,
        "format": format_,
        "queryType": _FORMATS[format_],
        "pluginVersion": PLUGIN_VERSION,
    }


def panel(
    kind: str,
    title: str,
    description: str,
    raw_sql: str,
    format_: int,
    *,
    field: Json,
    options: Json,
    overrides: Sequence[Json] = (),
    size: tuple[int, int] = (12, 8),
) -> Json:
    """Any panel with a query; `size` is width of 24 and height in Grafana's rows."""
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "targets": [target(raw_sql, format_)],
        "fieldConfig": {"defaults": field, "overrides": list(overrides)},
        "options": options,
        "transparent": False,
        "pluginVersion": GRAFANA_VERSION,
        "gridPos": {"w": size[0], "h": size[1], "x": 0, "y": 0},
    }


def heading(text: str, *, height: int = 2) -> Json:
    """A text panel: what the panels below answer."""
    return {
        "type": "text",
        "title": "",
        "description": "",
        "options": {"mode": "markdown", "content": text},
        "transparent": True,
        "pluginVersion": GRAFANA_VERSION,
        "gridPos": {"w": 24, "h": height, "x": 0, "y": 0},
    }


def stat(
    title: str,
    description: str,
    raw_sql: str,
    field: Json,
    *,
    size: tuple[int, int] = (4, 5),
    format_: int = TIME_SERIES,
) -> Json:
    """One figure. A time series of one point, whose label says how sure it is; a few answers are grey."""
    labelled = {**field, "displayName": "${__field.labels.sure}"} if format_ == TIME_SERIES else field
    options = {
        "reduceOptions": {"values": False, "calcs": ["last"], "fields": ""},
        "orientation": "auto",
        "textMode": "value_and_name" if format_ == TIME_SERIES else "value",
        "wideLayout": False,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "showPercentChange": False,
        "text": {"titleSize": 13},
    }
    grey = [matching("/○|✕|–/", color=fixed(GREY))] if format_ == TIME_SERIES else []
    return panel(
        "stat",
        title,
        description,
        raw_sql,
        format_,
        field=labelled,
        options=options,
        overrides=grey,
        size=size,
    )


def timeseries(
    title: str,
    description: str,
    raw_sql: str,
    field: Json,
    *,
    overrides: Sequence[Json] = (),
    size: tuple[int, int] = (12, 8),
    bars: bool = False,
    lines: bool = False,
) -> Json:
    """A course over time. `bars` are stacked counts; `lines` draws the steps of the thresholds as targets."""
    custom: Json = {
        "drawStyle": "bars" if bars else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1 if bars else 2,
        "fillOpacity": 60 if bars else 0,
        "showPoints": "never" if bars else "always",
        "pointSize": 5,
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if bars else "none"},
        "axisPlacement": "auto",
        "axisLabel": "",
        "scaleDistribution": {"type": "linear"},
        "thresholdsStyle": {"mode": "dashed" if lines else "off"},
        "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    }
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    return panel(
        "timeseries",
        title,
        description,
        raw_sql,
        TIME_SERIES,
        field={**field, "custom": {**custom, **field.get("custom", {})}},
        options=options,
        overrides=overrides,
        size=size,
    )


def course(title: str, description: str, raw_sql: str, field: Json, texts: Texts, **more: Any) -> Json:
    """The course of one measure as `figures.by_day` gives it: value, interval as a band, few answers grey, n
    in
    the tooltip."""
    quiet = {"legend": True, "tooltip": False, "viz": False}
    overrides = [
        named("value", displayName=texts("column.value"), color=fixed("#5794F2")),
        named(
            "lo",
            displayName=texts("column.lo"),
            color=fixed(GREY),
            custom__lineWidth=0,
            custom__showPoints="never",
            custom__hideFrom=quiet,
        ),
        named(
            "hi",
            displayName=texts("column.hi"),
            color=fixed(GREY),
            custom__lineWidth=0,
            custom__showPoints="never",
            custom__fillBelowTo=texts("column.lo"),
            custom__fillOpacity=12,
            custom__hideFrom=quiet,
        ),
        named(
            "few",
            displayName=texts("column.few"),
            color=fixed(GREY),
            custom__drawStyle="points",
            custom__pointSize=9,
        ),
        named(
            "n",
            displayName=texts("column.n"),
            unit="none",
            decimals=0,
            custom__hideFrom={"legend": True, "tooltip": False, "viz": True},
            custom__axisPlacement="hidden",
        ),
    ]
    return timeseries(title, description, raw_sql, field, overrides=overrides, lines=True, **more)


def table(
    title: str,
    description: str,
    raw_sql: str,
    field: Json,
    *,
    overrides: Sequence[Json] = (),
    size: tuple[int, int] = (12, 8),
) -> Json:
    """Rows; what a cell links to and means is in the overrides."""
    options = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": [], "countRows": False, "fields": ""},
        "sortBy": [],
    }
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}
    return panel(
        "table",
        title,
        description,
        raw_sql,
        TABLE,
        field={**field, "custom": custom},
        options=options,
        overrides=overrides,
        size=size,
    )


def bargauge(
    title: str,
    description: str,
    raw_sql: str,
    field: Json,
    *,
    overrides: Sequence[Json] = (),
    size: tuple[int, int] = (12, 8),
) -> Json:
    """One bar per row: a text column names it, one number is its length."""
    options = {
        "reduceOptions": {"values": True, "calcs": ["last"], "fields": "", "limit": 30},
        "orientation": "horizontal",
        "displayMode": "basic",
        "valueMode": "color",
        "namePlacement": "left",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
    }
    return panel(
        "bargauge",
        title,
        description,
        raw_sql,
        TABLE,
        field={"min": 0, **field},
        options=options,
        overrides=overrides,
        size=size,
    )


def state_timeline(
    title: str, description: str, raw_sql: str, field: Json, *, size: tuple[int, int] = (24, 8)
) -> Json:
    """A state per label over time; states are numbers with a word and a sign each."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "center",
        "rowHeight": 0.8,
        "perPage": 20,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {
        "lineWidth": 0,
        "fillOpacity": 80,
        "spanNulls": False,
        "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    }
    return panel(
        "state-timeline",
        title,
        description,
        raw_sql,
        TIME_SERIES,
        field={**field, "custom": custom},
        options=options,
        size=size,
    )


def heatmap(
    title: str,
    description: str,
    raw_sql: str,
    field: Json,
    *,
    unit: str,
    size: tuple[int, int] = (12, 8),
) -> Json:
    """Rows already counted into buckets: a column of time, a label per bucket, a number per cell."""
    options = {
        "calculate": False,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "fill": "dark-orange",
            "scale": "linear",
            "exponent": 0.5,
            "steps": 32,
            "reverse": False,
        },
        "cellGap": 1,
        "cellValues": {"unit": unit},
        "filterValues": {"le": 1e-9},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "yAxis": {"axisPlacement": "left", "reverse": False},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
    }
    custom = {
        "scaleDistribution": {"type": "linear"},
        "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    }
    return panel(
        "heatmap",
        title,
        description,
        raw_sql,
        TIME_SERIES,
        field={**field, "custom": custom},
        options=options,
        size=size,
    )
