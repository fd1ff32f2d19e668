"""What a board must be so that nothing on it fails in silence; `moments grafana check` and the tests read
these.

Each rule yields faults in words. Its docstring names what would go wrong without anybody being told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grafana.dashboard import SCHEMA_VERSION, WIDTH
from grafana.links import LONGEST_UID
from grafana.panels import PLUGIN

Model = Mapping[str, Any]
Rule = Callable[[Model], Iterator[str]]

PANEL_TYPES = frozenset({"stat", "timeseries", "state-timeline", "bargauge", "heatmap", "table", "text"})
MOST_PANELS = 25
VARIABLE = re.compile(r"\$\{?([a-z]\w*)(?::(\w+))?\}?")
MACROS = re.compile(r"\$__(\w+)")
KNOWN_MACROS = frozenset({"fromTime", "toTime", "interval_s", "timeFilter"})
TARGET_KEYS = frozenset(
    {"refId", "datasource", "editorType", "rawSql", "format", "queryType", "pluginVersion"}
)


def asking(model: Model) -> Iterator[Mapping[str, Any]]:
    """Panels with a query."""
    return (panel for panel in model["panels"] if panel["type"] != "text")


def classic_model(model: Model) -> Iterator[str]:
    """File provisioning takes Classic JSON only: a v2 or exported one is left out with a line in the
    server's log."""
    if model.get("schemaVersion") != SCHEMA_VERSION:
        yield f"schemaVersion is {model.get('schemaVersion')}, not {SCHEMA_VERSION}"
    yield from (
        f"{key} belongs to another model"
        for key in ("__inputs", "__requires", "apiVersion", "spec", "elements")
        if key in model
    )
    if model.get("id") is not None:
        yield "a database id overwrites whatever board has that number elsewhere"


def fixed_uid(model: Model) -> Iterator[str]:
    """A board without a uid of its own gets a random one: every link and alert to it breaks at the next
    start."""
    uid = model.get("uid", "")
    if not re.fullmatch(rf"[a-z0-9-]{{1,{LONGEST_UID}}}", uid):
        yield f"uid {uid!r}"


def unique_panel_ids(model: Model) -> Iterator[str]:
    """Of two panels with one id the second is dropped on loading."""
    ids = [panel.get("id") for panel in model["panels"]]
    if len(set(ids)) != len(ids) or not all(isinstance(each, int) and each > 0 for each in ids):
        yield f"panel ids {ids}"


def known_panel_types(model: Model) -> Iterator[str]:
    """A type that is not installed shows as "panel plugin not found", on /boards as nothing."""
    yield from (
        f"{panel['title']}: type {panel['type']}"
        for panel in model["panels"]
        if panel["type"] not in PANEL_TYPES
    )


def inside_the_grid(model: Model) -> Iterator[str]:
    """Grafana moves panels that overlap or stick out, and rows no longer read from left to right."""
    taken: set[tuple[int, int]] = set()
    for panel in model["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > WIDTH:
            yield f"{panel['title']}: {place}"
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        if cells & taken:
            yield f"{panel['title']} lies upon another panel"
        taken |= cells


def few_enough_panels(model: Model) -> Iterator[str]:
    """A board of forty queries is slow for everybody and read by nobody."""
    count = len(list(asking(model)))
    if count > MOST_PANELS:
        yield f"{count} panels with a query, more than {MOST_PANELS}"


def whole_queries(model: Model) -> Iterator[str]:
    """A query under another name is sent to the engine empty; without `format` a table is read as a time
    series;
    without `pluginVersion` the editor migrates it as if from version 3."""
    for panel in asking(model):
        for target in panel["targets"]:
            if set(target) != TARGET_KEYS:
                yield f"{panel['title']}: keys {sorted(set(target) ^ TARGET_KEYS)}"
            elif not target["rawSql"].strip() or target["editorType"] != "sql":
                yield f"{panel['title']}: no SQL"
            elif (target["format"], target["queryType"]) not in {(0, "timeseries"), (1, "table")}:
                yield f"{panel['title']}: format {target['format']} with {target['queryType']}"


def chosen_data_source(model: Model) -> Iterator[str]:
    """A fixed data source uid is right on one machine: elsewhere every panel says "data source not found"."""
    first = model["templating"]["list"][0]
    if (first["type"], first["name"], first["query"]) != ("datasource", "datasource", PLUGIN):
        yield "the first variable is not the data source"
    wanted = {"type": PLUGIN, "uid": "${datasource}"}
    for panel in asking(model):
        if panel["datasource"] != wanted or any(
            target["datasource"] != wanted for target in panel["targets"]
        ):
            yield f"{panel['title']}: {panel['datasource']}"
    for variable in model["templating"]["list"]:
        if variable["type"] == "query" and variable["datasource"] != wanted:
            yield f"variable {variable['name']}: {variable['datasource']}"


def declared_variables(model: Model) -> Iterator[str]:
    """A variable that is not declared goes into the SQL as its own name, and matches nothing."""
    declared: set[str] = set()
    for variable in model["templating"]["list"]:
        if variable["type"] == "query":
            used = _variables(variable["query"]["rawSql"])
            yield from (f"variable {variable['name']} needs {name} before it" for name in used - declared)
        declared.add(variable["name"])
    for panel in asking(model):
        for name in _variables(panel["targets"][0]["rawSql"]) - declared:
            yield f"{panel['title']}: ${{{name}}} is not declared"


def quoted_variables(model: Model) -> Iterator[str]:
    """The plugin's own formatter does not escape quotes: a site named O'Brien breaks the query, or worse."""
    texts = [(panel["title"], panel["targets"][0]["rawSql"]) for panel in asking(model)]
    texts += [
        (variable["name"], variable["query"]["rawSql"])
        for variable in model["templating"]["list"]
        if variable["type"] == "query"
    ]
    for title, text in texts:
        for match in VARIABLE.finditer(text):
            if match.group(0) != f"${{{match.group(1)}:sqlstring}}":
                yield f"{title}: {match.group(0)}"
            elif text[match.start() - 1] == "'":
                yield f"{title}: {match.group(0)} is quoted twice"


def known_macros(model: Model) -> Iterator[str]:
    """`$__conditionalAll` and ad-hoc filters exist in the browser only, and `$__timeFilter` takes in the
    hour after
    the range: figures would differ from the API's without an error."""
    for panel in asking(model):
        for name in MACROS.findall(panel["targets"][0]["rawSql"]):
            if name not in KNOWN_MACROS - {"timeFilter"}:
                yield f"{panel['title']}: $__{name}"


def ordered_time_series(model: Model) -> Iterator[str]:
    """A time series that does not begin with `time` in ascending order is drawn as a tangle, or not at
    all."""
    for panel in asking(model):
        for target in panel["targets"]:
            if target["format"] == 0 and not re.search(r"ORDER BY time\b(?! DESC)", target["rawSql"]):
                yield f"{panel['title']}: no ORDER BY time"


def explained(model: Model) -> Iterator[str]:
    """A figure without formula, source and freshness is believed or doubted, never checked."""
    if not model.get("title") or not model.get("description"):
        yield "no title or question"
    for panel in asking(model):
        if not panel.get("title") or "moments." not in panel.get("description", ""):
            yield f"{panel.get('title')!r}: no title, or no source in the description"


def units_and_no_data(model: Model) -> Iterator[str]:
    """Without a unit 0.93 is read as 0.93 percent; without `noValue` an empty panel looks like a broken
    one."""
    for panel in asking(model):
        field = panel["fieldConfig"]["defaults"]
        if "unit" not in field or "decimals" not in field:
            yield f"{panel['title']}: no unit or decimals"
        if not field.get("noValue"):
            yield f"{panel['title']}: nothing is said for no data"


def no_lines_over_gaps(model: Model) -> Iterator[str]:
    """A line drawn over days without observations shows figures that nobody measured."""
    for panel in asking(model):
        if panel["type"] in {"timeseries", "state-timeline"}:
            custom = panel["fieldConfig"]["defaults"]["custom"]
            if custom.get("spanNulls") is not False:
                yield f"{panel['title']}: spanNulls"


def reading_only(model: Model) -> Iterator[str]:
    """A board edited by hand is overwritten at the next start, and the change is lost; a browser's own zone
    moves
    business days."""
    if model.get("editable") is not False or model.get("timezone") != "utc":
        yield "editable, or in the browser's time zone"
    if model.get("refresh") not in {"1m", "5m", "15m"}:
        yield f"refresh {model.get('refresh')!r}"


def links_keep_time(model: Model) -> Iterator[str]:
    """A link that forgets the range opens another week than the one that raised the question."""
    for panel in asking(model):
        for rule in panel["fieldConfig"]["overrides"]:
            for item in rule["properties"]:
                for link in item["value"] if item["id"] == "links" else ():
                    if "${__url_time_range}" not in link["url"] or "var-datasource" not in link["url"]:
                        yield f"{panel['title']}: {link['url']}"
    for link in model["links"]:
        if not (link["keepTime"] and link["includeVars"]):
            yield f"link {link['title']}"


def _variables(text: str) -> set[str]:
    return {match.group(1) for match in VARIABLE.finditer(text)}


RULES: tuple[Rule, ...] = (
    classic_model,
    fixed_uid,
    unique_panel_ids,
    known_panel_types,
    inside_the_grid,
    few_enough_panels,
    whole_queries,
    chosen_data_source,
    declared_variables,
    quoted_variables,
    known_macros,
    ordered_time_series,
    explained,
    units_and_no_data,
    no_lines_over_gaps,
    reading_only,
    links_keep_time,
)


def faults_of(model: Model) -> list[str]:
    """Every fault of a board, each with the rule it breaks."""
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(model)]


def broken_links(models: Mapping[str, Model]) -> list[str]:
    """Links to boards or variables that do not exist: Grafana opens an empty page for the first, and ignores
    the
    second."""
    variables = {
        model["uid"]: {variable["name"] for variable in model["templating"]["list"]}
        for model in models.values()
    }
    faults = []
    for name, model in models.items():
        text = [
            link["url"]
            for panel in asking(model)
            for rule in panel["fieldConfig"]["overrides"]
            for item in rule["properties"]
            if item["id"] == "links"
            for link in item["value"]
        ]
        text += [link["url"] for link in model["links"] if link["url"]]
        for url in text:
            uid = url.removeprefix("/d/").split("?")[0]
            if uid not in variables:
                faults.append(f"{name}: no board {uid}")
                continue
            set_ = set(re.findall(r"var-(\w+)=", url)) | set(re.findall(r"\$\{(\w+):queryparam\}", url))
            faults += [f"{name}: {uid} has no variable {each}" for each in set_ - variables[uid]]
    return faults
