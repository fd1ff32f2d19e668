"""Each alert rule is proven to fire and to resolve, by reduce and threshold as Grafana evaluates them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from domain.measures import CATALOGUE, Direction, Kind, Measure
from grafana.alerts import SOURCE_UID, groups, rules
from projections.measures import COLUMNS
from projections.store import Store
from tests.engines.grafana.conftest import Boards, asking
from tests.plugin import TimeRange

T0 = int(datetime(2026, 11, 20, 17, 0, tzinfo=UTC).timestamp() * 1000)
T1 = T0 + 60 * 86_400_000
"""When all has been well for longer than any rule looks back."""

MODELS = {rule["uid"]: rule for group in groups() for rule in group["rules"]}
BAD, GOOD, UNLUCKY = "bad-1", "good-1", "unlucky-1"


@dataclass
class Alerts:
    """The store, and Grafana's evaluation of one rule at an instant."""

    boards: Boards

    @property
    def store(self) -> Store:
        return self.boards.store

    def firing(self, uid: str, now: int) -> set[str]:
        """Labels `site` (or '' without one) of the instances that fire; a rule without any data gives {'no
        data'}
        when that is an alarm."""
        model = MODELS[uid]
        query, reduce, threshold = (step["model"] for step in model["data"])
        window = model["data"][0]["relativeTimeRange"]["from"]
        self.boards.held.clear()  # what is asked about changes between two evaluations
        at = TimeRange(now - window * 1000, now)
        _, _, found = self.boards.ask(query["rawSql"], query["format"], at, {})
        if not found.fields:
            return {"no data"} if model["noDataState"] == "Alerting" else set()
        assert (reduce["expression"], reduce["reducer"], reduce["settings"]) == (
            "A",
            "last",
            {"mode": "dropNN"},
        )
        (condition,) = threshold["conditions"]
        limit = condition["evaluator"]["params"][0]
        over = {"gt": lambda value: value > limit, "lt": lambda value: value < limit}[
            condition["evaluator"]["type"]
        ]
        firing = set()
        for _, labels, values in found.fields[1:]:
            known = [value for value in values if value is not None and not isnan(value)]
            if known and over(known[-1]):
                firing.add(labels.get("site", ""))
        return firing


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerts]:
    """Tables under the names of the public views that alert rules read, filled with two stretches of days:
    before
    T0 one site does badly, before T1 all do well."""
    folder = Path(tmp_path_factory.mktemp("clickhouse"))
    store = Store(str(folder))
    client = store.client()
    client.command("CREATE DATABASE moments ENGINE = Atomic")
    client.command(
        "CREATE TABLE moments.sites (site_id String, valid_from Date, region String, name String) "
        "ENGINE = MergeTree ORDER BY site_id"
    )
    client.command(
        "INSERT INTO moments.sites VALUES ('bad-1', '1970-01-01', 'north', 'b'), "
        "('good-1', '1970-01-01', 'west', 'g'), "
        ""
        "('unlucky-1', '1970-01-01', 'west', 'u')"
    )
    for code in CATALOGUE:
        client.command(
            f"CREATE TABLE moments.kpi_{code} (site_id String, business_date Date, "
            "hour DateTime('UTC'), dated_at DateTime64(3, 'UTC'), "
            "channel String, department String, numerator Float64, denominator Float64, n Float64, "
            "squares Float64) "
            "ENGINE = MergeTree ORDER BY site_id"
        )
    with asking(store, folder) as boards:
        yield Alerts(boards)


def days_before(now: int, count: int) -> list[datetime]:
    end = datetime.fromtimestamp(now / 1000, UTC).replace(minute=0)
    return [end - timedelta(days=ago, hours=1) for ago in range(count)]


def observation(measure: Measure, *, bad: bool) -> tuple[float, float, float, float]:
    """Numerator, denominator, n and squares of one observation, as bad or as good as can be."""
    high = bad == (measure.direction is Direction.DOWN)
    match measure.kind:
        case Kind.MEAN:
            value = 95.0 if high else 40.0
            return value, 1.0, 1.0, value * value
        case Kind.NPS:
            return (1.0 if high else -1.0), 1.0, 1.0, 1.0
        case _:
            return float(high), 1.0, 1.0, float(high)


def put(alerts: Alerts, measure: Measure, site: str, at: datetime, *, bad: bool, count: int) -> None:
    numbers = observation(measure, bad=bad)
    rows = [[site, at.date(), at, at, "", "", *numbers] for _ in range(count)]
    alerts.store.client().insert(f"kpi_{measure.code}", rows, column_names=list(COLUMNS), database="moments")


@pytest.mark.parametrize("code", [code for code, measure in CATALOGUE.items() if measure.thresholds])
def test_a_measure_past_its_critical_threshold(alerts: Alerts, code: str) -> None:
    """Given a site that does badly, one that does well, and one with three unlucky cases, only the first
    alarms;
    and no more when its last days are good."""
    measure = CATALOGUE[code]
    uid = f"moments-standard-{code}".replace("_", "-")
    for at in days_before(T0, 3):
        put(alerts, measure, BAD, at, bad=True, count=40)
        put(alerts, measure, GOOD, at, bad=False, count=40)
    put(alerts, measure, UNLUCKY, days_before(T0, 1)[0], bad=True, count=3)
    for at in days_before(T1, 3):
        put(alerts, measure, BAD, at, bad=False, count=40)

    assert alerts.firing(uid, T0) == {BAD}
    assert alerts.firing(uid, T1) == set()


def test_on_time_is_judged_by_its_interval_not_by_its_value(alerts: Alerts) -> None:
    """Given 27 of 31 kept (87 %, under 90 %), the interval still reaches above the threshold: no alarm."""
    measure = CATALOGUE["on_time"]
    now = T1 + 30 * 86_400_000
    at = days_before(now, 1)[0]
    put(alerts, measure, UNLUCKY, at, bad=False, count=27)
    put(alerts, measure, UNLUCKY, at, bad=True, count=4)

    assert alerts.firing("moments-standard-on-time", now) == set()


@pytest.mark.parametrize("code", ["on_time", "ves"])
def test_a_process_signal(alerts: Alerts, code: str) -> None:
    """Given 25 ordinary days and a last complete day far outside, the site alarms; a week later it does
    not."""
    measure = CATALOGUE[code]
    alerts.store.command(f"TRUNCATE TABLE moments.kpi_{code}")
    for number, at in enumerate(days_before(T0 + 6 * 86_400_000, 32)):
        ago = number - 6
        for site in (BAD, GOOD):
            broken = site == BAD and ago == 1
            put(alerts, measure, site, at, bad=True, count=38 if broken else 3 + number % 3)
            put(alerts, measure, site, at, bad=False, count=2 if broken else 37 - number % 3)

    assert alerts.firing(f"moments-signal-{code.replace('_', '-')}", T0) == {BAD}
    assert alerts.firing(f"moments-signal-{code.replace('_', '-')}", T0 + 5 * 86_400_000) == set()


def test_eight_days_on_the_worse_side(alerts: Alerts) -> None:
    """Given a shift too small for any single day to lie outside, the eighth day of it alarms."""
    alerts.store.command("TRUNCATE TABLE moments.kpi_ves")
    for number, at in enumerate(reversed(days_before(T0, 30))):
        value = 80.0 + (3 if number % 2 else -3) if number < 21 else 77.0 + number % 2
        row = [GOOD, at.date(), at, at, "", "", value, 1.0, 1.0, value * value]
        alerts.store.client().insert("kpi_ves", [row], column_names=list(COLUMNS), database="moments")

    assert alerts.firing("moments-signal-ves", T0) == {GOOD}
    assert alerts.firing("moments-signal-ves", T0 - 2 * 86_400_000) == set()


def test_the_core_product_under_standard(alerts: Alerts) -> None:
    """Of moments that the chain registered itself too: the ring is asked of the store, not of the product."""
    client = alerts.store.client()
    client.command(
        "CREATE TABLE moments.visit_moments (site_id String, dated_at DateTime64(3, 'UTC'), moment String, "
        "score UInt8) "
        "ENGINE = MergeTree ORDER BY site_id"
    )
    client.command(
        "CREATE TABLE moments.moment_types (code String, ring String) ENGINE = MergeTree ORDER BY code"
    )
    client.command(
        "INSERT INTO moments.moment_types VALUES ('sushi_cut', 'core'), ('greeting', 'experience')"
    )
    for now, score in ((T0, 50), (T1, 90)):
        at = days_before(now, 1)[0]
        rows = [[BAD, at, "sushi_cut", score] for _ in range(50)]
        rows += [[GOOD, at, "greeting", 0] for _ in range(50)]
        rows += [[UNLUCKY, at, "sushi_cut", 0] for _ in range(3)]
        client.insert(
            "visit_moments", rows, database="moments", column_names=["site_id", "dated_at", "moment", "score"]
        )

    assert alerts.firing("moments-core-product", T0) == {BAD}
    assert alerts.firing("moments-core-product", T1) == set()


def test_evidence_falling(alerts: Alerts) -> None:
    """Given coverage of 90 % for weeks and 50 % in the last one, it alarms; when it stays there it is no
    news."""
    alerts.store.command("TRUNCATE TABLE moments.kpi_evidence_coverage")
    measure = CATALOGUE["evidence_coverage"]
    for number, at in enumerate(days_before(T0 + 40 * 86_400_000, 74)):
        before = number - 40
        for site in (BAD, GOOD):
            share = 5 if site == BAD and before < 7 else 9
            put(alerts, measure, site, at, bad=False, count=share)
            put(alerts, measure, site, at, bad=True, count=10 - share)

    assert alerts.firing("moments-evidence-falling", T0) == {BAD}
    assert alerts.firing("moments-evidence-falling", T0 + 39 * 86_400_000) == set()


def test_a_silent_site(alerts: Alerts) -> None:
    client = alerts.store.client()
    client.command(
        "CREATE TABLE moments.sources (site_id String, source String, last_at DateTime64(3, 'UTC')) "
        "ENGINE = MergeTree ORDER BY site_id"
    )
    assert alerts.firing("moments-silent-site", T0) == {"no data"}
    now = datetime.fromtimestamp(T0 / 1000, UTC)
    rows = [[BAD, "till", now - timedelta(hours=25)], [GOOD, "till", now - timedelta(hours=1)]]
    client.insert("sources", rows, database="moments", column_names=["site_id", "source", "last_at"])
    assert alerts.firing("moments-silent-site", T0) == {BAD}
    client.insert(
        "sources", [[BAD, "till", now]], database="moments", column_names=["site_id", "source", "last_at"]
    )
    assert alerts.firing("moments-silent-site", T0) == set()


@pytest.fixture
def status(alerts: Alerts) -> Any:
    alerts.store.command("DROP TABLE IF EXISTS moments.status")
    alerts.store.create("moments", "status", public="moments")

    def sample(name: str, ago_s: int, value: float) -> None:
        at = datetime.fromtimestamp(T0 / 1000 - ago_s, UTC)
        alerts.store.client().insert(
            "status",
            [[at, "", name, value]],
            database="moments",
            column_names=["at", "site_id", "name", "value"],
        )

    return sample


def test_events_refused(alerts: Alerts, status: Any) -> None:
    """Old letters are no alarm; new ones are, for an hour."""
    for ago_s, value in ((7000, 5.0), (3000, 5.0), (30, 5.0)):
        status("dead_letters", ago_s, value)
    assert alerts.firing("moments-dead-letters", T0) == set()
    status("dead_letters", 10, 6.0)
    assert alerts.firing("moments-dead-letters", T0) == {""}
    status("dead_letters", -3700, 6.0)
    assert alerts.firing("moments-dead-letters", T0 + 3_800_000) == set()


def test_derivation_behind_the_log(alerts: Alerts, status: Any) -> None:
    """No sample at all alarms too: a platform that is down cannot say that it is behind."""
    assert alerts.firing("moments-lag", T0) == {"no data"}
    status("behind_s", 60, 90.0)
    assert alerts.firing("moments-lag", T0) == {""}
    status("behind_s", 10, 0.0)
    assert alerts.firing("moments-lag", T0) == set()


def test_one_projector_of_several_behind(alerts: Alerts, status: Any) -> None:
    """Each samples its own partitions: one that is level does not hide one that is not."""
    status("behind_s", -4000, 90.0)
    status("behind_s", -4010, 0.0)
    assert alerts.firing("moments-lag", T0 + 4_015_000) == {""}
    status("behind_s", -4045, 0.0)
    assert alerts.firing("moments-lag", T0 + 4_050_000) == set()


def test_every_rule_is_proven_here() -> None:
    """A rule that never fires looks like a chain where all is well."""
    standards = {
        f"moments-standard-{code}".replace("_", "-") for code, m in CATALOGUE.items() if m.thresholds
    }
    others = {
        "moments-signal-on-time", "moments-signal-ves", "moments-core-product", "moments-evidence-falling",
        "moments-silent-site", "moments-dead-letters", "moments-lag",
    }  # fmt: skip

    assert {rule.uid for rule in rules()} == standards | others


def test_rules_need_no_variable_and_name_the_provisioned_source() -> None:
    """Variables do not exist in Grafana's backend: they would go into the SQL as they stand."""
    for model in MODELS.values():
        query = model["data"][0]
        assert "${" not in query["model"]["rawSql"], model["uid"]
        assert query["datasourceUid"] == query["model"]["datasource"]["uid"] == SOURCE_UID
        assert query["model"]["format"] == 0
