"""The processes of the server mode, each with no more rights and no less to tell than it needs."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from projections.store import Store
from tests.engines.kafka.broker import free_port
from tests.system.conftest import eventually, moments
from tests.system.server_mode import KEY, Chain, opening, story, until
from tests.system.unstarted import unstarted

READER = "moments_reader"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A chain with an API that was there before any projector, as a user who may only read."""
    with unstarted(tmp_path_factory.mktemp("processes")) as whole:
        reader = whole.clickhouse_url.replace("default:", f"{READER}:")
        whole.api.environment["MOMENTS_CLICKHOUSE_URL"] = reader
        for part in (whole.relay, *whole.projectors):
            part.environment["MOMENTS_METRICS_PORT"] = str(free_port())
        for part in (whole.front, whole.door, whole.relay, whole.api):
            part.start()
        # it waits instead of making tables
        until(lambda: "no projector of this version" in whole.api.told(), 60, whole.api.told)
        databases = {name for (name,) in whole.store.rows("SELECT name FROM system.databases")}
        assert not {name for name in databases if name.startswith(("moments", "g1"))}
        for projector in whole.projectors:
            projector.start()
        until(lambda: whole.answers(whole.api_url) and whole.answers(whole.url), 60, whole.api.told)
        first, events = story(6, 120)
        whole.take([*opening(), *first])
        whole.take(events)
        whole.derived()
        yield whole


@pytest.mark.timeout(240)
def test_the_api_needs_no_right_but_reading(whole: Chain) -> None:
    answers = [whole.http.get(whole.api_url + path, params=params) for path, params in asked(whole)]
    assert [a.text for a in answers if a.status_code not in {200, 404}] == []
    assert sum(answer.status_code == 200 for answer in answers) > 10
    # and nothing of it was refused by the engine, which does refuse this user everything else
    assert "readonly" not in whole.api.told()
    store = Store(whole.api.environment["MOMENTS_CLICKHOUSE_URL"])
    with pytest.raises(Exception, match=r"(?i)readonly"):
        store.command("CREATE TABLE default.mine (x UInt8) ENGINE = Memory")
    store.close()


def test_every_process_shows_its_figures(whole: Chain) -> None:
    door, api = figures(f"{whole.url}/metrics"), figures(f"{whole.api_url}/metrics")
    assert door["moments_door_accepted_total"] == len(
        {(event["source"], event["id"]) for event in whole.sent}
    )
    assert api['moments_http_requests_total{status="200"}'] > 0
    assert door["moments_log_append_seconds_count"] > 0
    eventually(lambda: of(whole.relay)["moments_relay_lag_rows"] == 0)
    assert of(whole.relay)["moments_relay_place_row"] >= len(whole.sent)

    def projected() -> list[dict[str, float]]:
        return [of(projector) for projector in whole.projectors]

    # the same event may be on the topic twice, never fewer times than once
    eventually(lambda: sum(each["moments_project_events_total"] for each in projected()) >= len(whole.sent))
    assert sum(each["moments_project_partitions"] for each in projected()) == 4
    assert max(each["moments_project_last_flush_seconds"] for each in projected()) > 0
    eventually(lambda: max(each["moments_project_complete_until_seconds"] for each in projected()) > 0, 90)


def test_what_is_refused_is_found_by_the_request_that_brought_it(whole: Chain) -> None:
    answer = whole.http.post(
        f"{whole.url}/v1/events",
        json={**whole.sent[-1], "id": "odd", "data": []},
        headers={"X-Request-Id": "till-7"},
    )
    assert (answer.status_code, answer.headers["x-request-id"]) == (422, "till-7")
    (line,) = [line for line in whole.door.told().splitlines() if "event=refused" in line]
    assert "request=till-7" in line
    code = answer.json()["results"][0]["code"]
    assert code in line
    listed = moments("dead-letters", "list", "--url", whole.url, "--key", KEY)
    assert listed.returncode == 0, listed.stderr
    assert code in listed.stdout


def test_an_api_that_waits_is_stopped_cleanly(whole: Chain, tmp_path: Path) -> None:
    whole.api.end()
    assert whole.api.process.returncode == 0
    whole.api.environment["MOMENTS_CLICKHOUSE_URL"] = f"http://{READER}:@127.0.0.1:{free_port()}/moments"
    told = len(whole.api.told())
    whole.api.start()
    until(lambda: "event=waiting" in whole.api.told()[told:], 60, whole.api.told)
    whole.api.end()
    assert whole.api.process.returncode == 0


def of(part: object) -> dict[str, float]:
    """The figures of a relay or projector."""
    return figures(f"http://127.0.0.1:{part.environment['MOMENTS_METRICS_PORT']}/metrics")


def figures(url: str) -> dict[str, float]:
    lines = httpx.get(url, headers={"Authorization": f"Bearer {KEY}"}).text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}


GIVEN = {"from": "2020-01-01", "to": "2100-01-01", "measure": "late_minutes", "by": "department"}
NAMED = {"code": "on_time", "kpi": "on_time", "outcome": "detractors", "type": "promise.made", "version": "1"}


def asked(whole: Chain) -> list[tuple[str, dict[str, str]]]:
    """Every path that the API documents for reading, with parameters that it declares."""
    paths = whole.http.get(whole.api_url + "/openapi.json").json()["paths"]
    found = []
    for path, verbs in paths.items():
        if "get" in verbs and path.startswith("/v1/"):
            declared = {each["name"] for each in verbs["get"].get("parameters", ())}
            named = re.sub(r"{(\w+)(?::path)?}", lambda name: NAMED.get(name[1], "p-none"), path)
            found.append((named, {name: value for name, value in GIVEN.items() if name in declared}))
    return found
