"""The server mode in quiet times: what it answers, samples and audits. In trouble: tests/system/faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from moments.samples import EVERY_S
from tests.system.server_mode import Chain, chain, opening, story


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """One chain for all tests that only use it; each sends a story of its own."""
    with chain(tmp_path_factory.mktemp("chain")) as started:
        started.take(opening())
        yield started


@pytest.mark.timeout(300)
def test_the_answer_waits_for_the_broker(tmp_path: Path) -> None:
    with chain(tmp_path, MOMENTS_ACK="kafka") as whole:
        first, events = story(2, 60)
        whole.take(opening())
        whole.take(first)
        whole.take(events)
        # given a broker that stands still, when an event is sent, then nobody promises anything
        whole.broker.pause()
        event = {**events[0], "id": "while-away"}
        with pytest.raises(AssertionError):
            whole.post([event], seconds=1)
        # and when the broker goes on, the same event is answered for
        whole.broker.resume()
        assert whole.post([event])["duplicate"] == 1
        whole.derived()


@pytest.mark.timeout(300)
def test_reads_by_position_follow_what_the_door_answered(whole: Chain) -> None:
    first, events = story(3, 300)
    whole.take(first)
    whole.take(events)
    whole.derived()
    assert whole.differences() == []
    on_time = whole.http.get(
        whole.api_url + "/v1/kpis/on_time", params={"from": "2020-01-01", "to": "2100-01-01"}
    )
    assert on_time.status_code == 200, on_time.text
    assert on_time.json()["rows"][0]["n"] > 0
    assert whole.http.get(whole.api_url + "/v1/status").status_code == 200
    never = whole.http.get(whole.api_url + "/v1/sites", params={"min_position": "1-99999999"}, timeout=30)
    assert never.status_code == httpx.codes.GATEWAY_TIMEOUT


@pytest.mark.timeout(300)
def test_a_position_that_ends_in_a_decision_is_reached(whole: Chain) -> None:
    """Nobody has to wait for the next event to read what was decided."""
    first, _ = story(6, 20)
    whole.take(first)
    whole.derived()
    sites = whole.http.get(whole.api_url + "/v1/sites", params={"min_position": whole.position}).json()
    assert {event["siteid"] for event in first} <= {site["site"] for site in sites["rows"]}


@pytest.mark.timeout(400)
def test_verify_and_rebuild_read_the_topic_while_projectors_go_on(whole: Chain) -> None:
    first, events = story(4, 300)
    whole.take(first)
    whole.take(events[:200])
    whole.derived()
    assert "everything holds" in whole.job("verify")
    before = whole.generation
    assert "live now" in whole.job("rebuild")
    assert whole.generation != before
    whole.take(events[200:])
    whole.derived()
    assert whole.differences() == []
    assert "everything holds" in whole.job("verify")


@pytest.mark.timeout(300)
def test_the_line_is_sampled_for_boards_and_alerts(whole: Chain) -> None:
    """Each process tells what it knows: projectors their lag, the relay the door's letters, the API more."""
    wanted = {
        "behind_s",
        "lag_events",
        "dead_letters",
        "waiting_letters",
        "queued_rederivations",
        "poison",
    }

    def missing() -> set[str]:
        names = whole.store.rows("SELECT DISTINCT name FROM moments.status WHERE site_id = ''")
        return wanted - {name for (name,) in names}

    deadline = time.monotonic() + 3 * EVERY_S
    while missing() and time.monotonic() < deadline:
        time.sleep(1)
    assert missing() == set()
