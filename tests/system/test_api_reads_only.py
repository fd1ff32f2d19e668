"""The KPI API of the server mode serves everything as a ClickHouse user who may only read."""

import re
from pathlib import Path

import pytest

from projections.store import Store
from tests.system.server_mode import Chain, story, until
from tests.system.unstarted import unstarted


@pytest.mark.timeout(240)
def test_the_api_needs_no_right_but_reading(tmp_path: Path) -> None:
    with unstarted(tmp_path) as whole:
        reader = whole.clickhouse_url.replace("default:", "moments_reader:")
        whole.api.environment["MOMENTS_CLICKHOUSE_URL"] = reader
        # given an API that is there before any projector, it waits instead of making tables
        whole.front.start()
        whole.door.start()
        whole.relay.start()
        whole.api.start()
        until(lambda: "no projector of this version" in whole.api.told(), 60, whole.api.told)
        databases = {name for (name,) in whole.store.rows("SELECT name FROM system.databases")}
        assert not {name for name in databases if name.startswith(("moments", "g1"))}
        # when projectors come, then it serves
        for projector in whole.projectors:
            projector.start()
        until(lambda: whole.answers(whole.api_url) and whole.answers(whole.url), 60, whole.api.told)
        first, events = story(6, 120)
        whole.take(first)
        whole.take(events)
        whole.derived()
        answers = [whole.http.get(whole.api_url + path, params=params) for path, params in asked(whole)]
        assert [a.text for a in answers if a.status_code not in {200, 404}] == []
        served = sum(answer.status_code == 200 for answer in answers)
        assert served > 10
        # and nothing of it was refused by the engine, which does refuse this user everything else
        assert "readonly" not in whole.api.told()
        store = Store(reader)
        with pytest.raises(Exception, match=r"(?i)readonly"):
            store.command("CREATE TABLE default.mine (x UInt8) ENGINE = Memory")
        store.close()
        # a stop before there is anything to serve is a clean one, too
        whole.api.end()
        assert whole.api.process.returncode == 0


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
