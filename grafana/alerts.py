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
    return AlertRule(
        uid=f"moments-standard-{measure.code}"[:40].replace("_", "-"),
        title=_title("standard", measure),
        summary=_summary("standard", threshold=f"{measure.thresholds.critical:g}"),
        raw_sql=sql("alert_standard", bound=bound, figures=indent(rows), low_n=measure.low_n),
        window_s=_WINDOWS.get(measure.area, _WINDOW),
        evaluator="gt" if down else "lt",
        threshold=measure.thresholds.critical,
        wait="10m",
        group="standards",
        severity="critical",
        board="chain",
        panel=measure.code,
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
    return AlertRule(
        uid=f"moments-signal-{measure.code}".replace("_", "-"),
        title=_title("signal", measure),
        summary=_summary("signal"),
        raw_sql=sql(
            "alert_signal",
            limits=indent(limits),
            worse=">" if down else "<",
            limit="upper" if down else "lower",
            runs=int(measure.kind is not Kind.PROPORTION),
        ),
        window_s=35 * DAY_S,
        evaluator="gt",
        threshold=0.5,
        wait="0s",
        group="signals",
        severity="warning",
        board="management",
        panel=measure.code,
    )


def _others() -> Iterator[AlertRule]:
    above = CATALOGUE["above_standard"]
    _, critical = limits_of(above)
    assert critical is not None
    yield AlertRule(
        uid="moments-core-product",
        title=_title("core"),
        summary=_summary("core"),
        raw_sql=sql("alert_core", hi=wilson("x", "n")[1]),
        window_s=_WINDOW,
        evaluator="lt",
        threshold=critical,
        wait="10m",
        group="standards",
        severity="critical",
        board="providers",
        panel="costly_moments",
    )
    yield AlertRule(
        uid="moments-evidence-falling",
        title=_title("evidence"),
        summary=_summary("evidence"),
        raw_sql=sql("alert_evidence"),
        window_s=35 * DAY_S,
        evaluator="lt",
        threshold=FALL,
        wait="1h",
        group="data",
        severity="warning",
        board="data-health",
        panel="evidence_coverage",
    )
    yield AlertRule(
        uid="moments-silent-site",
        title=_title("silent"),
        summary=_summary("silent", threshold=f"{SILENT_H:g}"),
        raw_sql=sql("alert_silent"),
        window_s=DAY_S,
        evaluator="gt",
        threshold=SILENT_H,
        wait="0s",
        group="data",
        severity="critical",
        board="data-health",
        panel="sources",
        no_data="Alerting",
    )
    yield AlertRule(
        uid="moments-dead-letters",
        title=_title("letters"),
        summary=_summary("letters"),
        raw_sql=sql("alert_letters"),
        window_s=HOUR_S,
        evaluator="gt",
        threshold=0.0,
        wait="0s",
        group="line",
        severity="warning",
        board="data-health",
        panel="letters",
    )
    yield AlertRule(
        uid="moments-lag",
        title=_title("lag"),
        summary=_summary("lag", threshold=f"{BEHIND_S:g}"),
        raw_sql=sql("alert_lag"),
        window_s=5 * MINUTE_S,
        evaluator="gt",
        threshold=BEHIND_S,
        wait="5m",
        group="line",
        severity="critical",
        board="data-health",
        panel="status",
        no_data="Alerting",
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
