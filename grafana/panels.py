"""Panels of Grafana's Classic model: the kinds that the boards use, each with its options said in full.

A panel is a plain dictionary without place and number; `grafana.dashboard` gives it both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Kind:
    """A kind of panel with a query; called with what a panel of it asks, it makes one without its place.

    `defaults` and `custom` are what all its fields have in common, `size` is width of 24 and height in
    Grafana's rows.
    """

    type: str
    format: int
    options: Json
    custom: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    overrides: Sequence[Json] = ()
    size: tuple[int, int] = (12, 8)

    def __call__(
        self,
        title: str,
        description: str,
        raw_sql: str,
        defaults: Json,
        *,
        overrides: Sequence[Json] = (),
        size: tuple[int, int] | None = None,
    ) -> Json:
        """The panel; what links and means a column is in `overrides`."""
        width, height = size or self.size
        custom = {**self.custom, **defaults.get("custom", {})}
        return {
            "type": self.type,
            "title": title,
            "description": description,
            "datasource": SOURCE,
            "targets": [target(raw_sql, self.format)],
            "fieldConfig": {
                "defaults": {**self.defaults, **defaults, **({"custom": custom} if custom else {})},
                "overrides": [*overrides, *self.overrides],
            },
            "options": self.options,
            "transparent": False,
            "pluginVersion": GRAFANA_VERSION,
            "gridPos": {"w": width, "h": height, "x": 0, "y": 0},
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


_SHOWN: Json = {"legend": False, "tooltip": False, "viz": False}


def _legend(**more: Any) -> Json:
    return {"displayMode": "list", "placement": "bottom", "showLegend": True, **more}


def _figure(text_mode: str) -> Json:
    return {
        "reduceOptions": {"values": False, "calcs": ["last"], "fields": ""},
        "orientation": "auto",
        "textMode": text_mode,
        "wideLayout": False,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "showPercentChange": False,
        "text": {"titleSize": 13},
    }


cell = Kind("stat", TABLE, _figure("value"), size=(4, 5))
"""One figure: a table of one cell."""

stat = Kind(
    "stat",
    TIME_SERIES,
    _figure("value_and_name"),
    defaults={"displayName": "${__field.labels.sure}"},
    overrides=[matching("/○|✕|–/", color=fixed(GREY))],
    size=(4, 5),
)
"""One figure with how sure it is: a time series of one point and a label; a few answers are grey."""


def _over_time(*, bars: bool = False, targets: bool = False) -> Kind:
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
        "thresholdsStyle": {"mode": "dashed" if targets else "off"},
        "hideFrom": _SHOWN,
    }
    options = {"legend": _legend(calcs=[]), "tooltip": {"mode": "multi", "sort": "none"}}
    return Kind("timeseries", TIME_SERIES, options, custom)


lines = _over_time()
stacked = _over_time(bars=True)
"""Counts, one upon the other."""

_against_targets = _over_time(targets=True)
"""The steps of the thresholds are dashed lines."""

table = Kind(
    "table",
    TABLE,
    {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": [], "countRows": False, "fields": ""},
        "sortBy": [],
    },
    {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True},
)

bargauge = Kind(
    "bargauge",
    TABLE,
    {
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
        "legend": _legend(showLegend=False, calcs=[]),
    },
    defaults={"min": 0},
)
"""One bar per row: a text column names it, one number is its length."""

state_timeline = Kind(
    "state-timeline",
    TIME_SERIES,
    {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "center",
        "rowHeight": 0.8,
        "perPage": 20,
        "legend": _legend(),
        "tooltip": {"mode": "single", "sort": "none"},
    },
    {"lineWidth": 0, "fillOpacity": 80, "spanNulls": False, "hideFrom": _SHOWN},
    size=(24, 8),
)
"""A state per label over time; states are numbers with a word and a sign each."""

heatmap = Kind(
    "heatmap",
    TIME_SERIES,
    {
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
        "cellValues": {"unit": "none"},
        "filterValues": {"le": 1e-9},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "yAxis": {"axisPlacement": "left", "reverse": False},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
    },
    {"scaleDistribution": {"type": "linear"}, "hideFrom": _SHOWN},
)
"""Rows already counted into buckets: a column of time, a label per bucket, a number per cell. The data source
sorts buckets by their label."""


def course(title: str, description: str, raw_sql: str, defaults: Json, texts: Texts, **more: Any) -> Json:
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
    return _against_targets(title, description, raw_sql, defaults, overrides=overrides, **more)
