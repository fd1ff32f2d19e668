"""Alert rules: the thresholds of the catalogue, held against figures with their intervals.

Alert queries run in Grafana's backend, where variables and `$__conditionalAll` do not exist: their SQL has
none.
Each gives a time series of one point per site (labels region and site), which reduce and threshold judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.dictionary import LANGUAGES
from domain.measures import CATALOGUE, Direction, Interval, Kind, Measure
from grafana.dashboard import dashboard
from grafana.figures import figures, limits_of, view_of
from grafana.intervals import wilson
from grafana.links import uid_of
from grafana.panels import TIME_SERIES, target
from grafana.scope import Scope, sums
from grafana.sqltext import indent, sql
from grafana.texts import Texts
from grafana.theme import Json

SOURCE_UID = "moments-clickhouse"
"""Alerts cannot choose a data source by variable: the provisioned one has this uid."""

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400

_WINDOWS = {"promises": DAY_S, "recovery": 28 * DAY_S, "voice": 28 * DAY_S}
"""How far back a measure of an area is judged; as long as it takes most sites to have 30 observations."""
_WINDOW = 7 * DAY_S

SILENT_H = 24.0
BEHIND_S = 60.0
FALL = -0.1

_DAYS = {"site_id": "facts.site_id", "time": "toDateTime(facts.business_date, 'UTC')"}
_COMPLETE = "toDateTime(facts.business_date, 'UTC') < toStartOfDay($__toTime - toIntervalHour(12), 'UTC')"
"""A business day is over everywhere within half a day of its date's end."""


@dataclass(frozen=True)
class AlertRule:
    """One rule. `evaluator` and `threshold` fire it; `window_s` is how far back its query looks;
    title and summary are by language."""

    uid: str
    title: Mapping[str, str]
    summary: Mapping[str, str]
    raw_sql: str
    window_s: int
    evaluator: str
    threshold: float
    wait: str
    group: str
    severity: str
    board: str
    panel: str
    no_data: str = "OK"


def rules() -> list[AlertRule]:
    """Every rule, those of the catalogue first."""
    found = [standard(measure) for measure in CATALOGUE.values() if measure.thresholds is not None]
    found += [signal(CATALOGUE[code]) for code in ("on_time", "ves")]
    return [*found, *_others()]


def standard(measure: Measure) -> AlertRule:
    """A site is past the critical threshold beyond what chance explains."""
    assert measure.thresholds is not None
    down = measure.direction is Direction.DOWN
    bound = "value" if measure.interval is Interval.NONE else "lo" if down else "hi"
    rows = figures(measure, Scope(), {"site_id": "facts.site_id"})
    return _rule(
        f"standard-{measure.code}",
        "standard",
        sql("alert_standard", bound=bound, figures=indent(rows), low_n=measure.low_n),
        measure=measure,
        fires=("gt" if down else "lt", measure.thresholds.critical),
        window_s=_WINDOWS.get(measure.area, _WINDOW),
        wait="10m",
        group="standards",
        severity="critical",
        shown=("chain", measure.code),
    )


def signal(measure: Measure) -> AlertRule:
    """A site's last complete day tells of a change, not of ordinary spread."""
    down = measure.direction is Direction.DOWN
    part = "PARTITION BY site_id"
    if measure.kind is Kind.PROPORTION:
        inner = sums(Scope(), view_of(measure), _DAYS, also=(_COMPLETE,))
        limits = sql("laney", keys="site_id, ", part=part, sums=indent(inner, 16))
    else:
        inner = figures(measure, Scope(), _DAYS, also=(_COMPLETE,))
        limits = sql("xmr", keys="site_id, ", part=part, figures=indent(inner, 16))
    text = sql(
        "alert_signal",
        limits=indent(limits),
        worse=">" if down else "<",
        limit="upper" if down else "lower",
        runs=int(measure.kind is not Kind.PROPORTION),
    )
    return _rule(
        f"signal-{measure.code}",
        "signal",
        text,
        measure=measure,
        fires=("gt", 0.5),
        window_s=35 * DAY_S,
        group="signals",
        shown=("management", measure.code),
    )


def _others() -> Iterator[AlertRule]:
    _, critical = limits_of(CATALOGUE["above_standard"])
    assert critical is not None
    core = sql("alert_core", hi=wilson("x", "n")[1])
    yield _rule(
        "core-product", "core", core, fires=("lt", critical), window_s=_WINDOW, wait="10m", group="standards",
        severity="critical", shown=("providers", "costly_moments"),
    )  # fmt: skip
    yield _rule(
        "evidence-falling", "evidence", sql("alert_evidence"), fires=("lt", FALL), window_s=35 * DAY_S,
        wait="1h", group="data", shown=("data-health", "evidence_coverage"),
    )  # fmt: skip
    yield _rule(
        "silent-site", "silent", sql("alert_silent"), fires=("gt", SILENT_H), window_s=DAY_S, group="data",
        severity="critical", shown=("data-health", "sources"), no_data="Alerting",
    )  # fmt: skip
    yield _rule(
        "dead-letters", "letters", sql("alert_letters"), fires=("gt", 0.0), window_s=HOUR_S, group="line",
        shown=("data-health", "letters"),
    )  # fmt: skip
    yield _rule(
        "lag", "lag", sql("alert_lag"), fires=("gt", BEHIND_S), window_s=5 * MINUTE_S, wait="5m",
        group="line", severity="critical", shown=("data-health", "status"), no_data="Alerting",
    )  # fmt: skip


def _rule(
    name: str,
    texts: str,
    raw_sql: str,
    *,
    fires: tuple[str, float],
    window_s: int,
    group: str,
    shown: tuple[str, str],
    measure: Measure | None = None,
    wait: str = "0s",
    severity: str = "warning",
    no_data: str = "OK",
) -> AlertRule:
    """A rule whose title and summary are `texts` in the table of wording; `shown` is the board and the panel
    that explain it."""
    evaluator, threshold = fires
    board, panel = shown
    return AlertRule(
        uid=f"moments-{name}"[:40].replace("_", "-"),
        title=_title(texts, measure),
        summary=_summary(texts, threshold=f"{threshold:g}"),
        raw_sql=raw_sql,
        window_s=window_s,
        evaluator=evaluator,
        threshold=threshold,
        wait=wait,
        group=group,
        severity=severity,
        board=board,
        panel=panel,
        no_data=no_data,
    )


def _title(key: str, measure: Measure | None = None) -> dict[str, str]:
    """A rule's name in every language; with a measure, under that measure's own title."""
    return {
        language: Texts(language)(f"alert.{key}", **({"title": measure.title[language]} if measure else {}))
        for language in LANGUAGES
    }


def _summary(key: str, **values: object) -> dict[str, str]:
    return {language: Texts(language)(f"summary.{key}", **values) for language in LANGUAGES}


def rule_model(rule: AlertRule, boards: Mapping[str, Json], texts: Texts) -> Json:
    """A rule as file provisioning takes it: query A, its last value B, the threshold C.

    Title, summary and board are in the language of `texts`; the other languages are annotations beside them,
    for contact points that write to people who read those. `boards` are the models of that language by slug,
    to find the panel that explains the alarm.
    """
    query = {**target(rule.raw_sql, TIME_SERIES), "refId": "A"}
    query["datasource"] = {"type": query["datasource"]["type"], "uid": SOURCE_UID}
    panel = _panel_id(boards[rule.board], rule.panel, texts)
    board = uid_of(rule.board, texts.language)
    others = [language for language in LANGUAGES if language != texts.language]
    return {
        "uid": rule.uid,
        "title": texts.of(rule.title),
        "condition": "C",
        "for": rule.wait,
        "noDataState": rule.no_data,
        "execErrState": "Error",
        "isPaused": False,
        "dashboardUid": board,
        "panelId": panel,
        "labels": {"product": "moments", "severity": rule.severity},
        "annotations": {
            "summary": texts.of(rule.summary),
            **{f"title_{language}": rule.title[language] for language in others},
            **{f"summary_{language}": rule.summary[language] for language in others},
            "value": "{{ $values.B.Value }}",
            "__dashboardUid__": board,
            "__panelId__": str(panel),
        },
        "data": [
            _step("A", SOURCE_UID, rule.window_s, query),
            _step(
                "B",
                "__expr__",
                rule.window_s,
                {
                    "refId": "B",
                    "type": "reduce",
                    "expression": "A",
                    "reducer": "last",
                    "settings": {"mode": "dropNN"},
                },
            ),
            _step(
                "C",
                "__expr__",
                rule.window_s,
                {
                    "refId": "C",
                    "type": "threshold",
                    "expression": "B",
                    "conditions": [{"evaluator": {"type": rule.evaluator, "params": [rule.threshold]}}],
                },
            ),
        ],
    }


def _step(ref: str, source: str, window_s: int, model: Json) -> Json:
    return {
        "refId": ref,
        "datasourceUid": source,
        "relativeTimeRange": {"from": window_s, "to": 0},
        "model": model,
    }


def _panel_id(model: Json, name: str, texts: Texts) -> int:
    """The panel that asks for a measure's view, or the one with that text's title; else the board's first."""
    title = texts.or_code("panel", name)
    for panel in model["panels"]:
        asked = panel["targets"][0]["rawSql"] if "targets" in panel else ""
        if panel["title"] == title or f"moments.kpi_{name} " in asked:
            return int(panel["id"])
    return int(model["panels"][0]["id"])


def groups(language: str = "en") -> list[Json]:
    """Rules in the chain's language, by evaluation group: what is urgent is looked at every minute, what
    takes days every ten."""
    from grafana.boards import BOARDS

    texts = Texts(language)
    boards = {slug: dashboard(board(texts), texts) for slug, board in BOARDS.items()}
    intervals = {"standards": "10m", "signals": "1h", "data": "10m", "line": "1m"}
    found = rules()
    return [
        {
            "orgId": 1,
            "name": f"moments {name}",
            "folder": "Moments alerts",
            "interval": interval,
            "rules": [rule_model(rule, boards, texts) for rule in found if rule.group == name],
        }
        for name, interval in intervals.items()
    ]
