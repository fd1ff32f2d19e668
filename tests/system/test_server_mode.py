"""The server mode under kills: whatever dies, stops or restarts when, the tables equal exact arithmetic."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import httpx
import pytest

from moments.samples import EVERY_S
from tests.system.server_mode import Chain, chain, story

ROUNDS = int(os.environ.get("MOMENTS_SOAK_ROUNDS", "50"))


def trouble(whole: Chain, rng: random.Random) -> str:
    """Something goes wrong with some part; what was stopped goes on later, what died is started again."""
    part = rng.choice([whole.relay, *whole.projectors, whole.door, whole.relay, *whole.projectors])
    kind = rng.choice(("kill", "kill", "stop", "leave", "broker"))
    if kind == "broker":
        if rng.random() < 0.5:
            whole.broker.kill()
            whole.broker.start()
        else:
            whole.broker.pause()
            time.sleep(rng.random())
            whole.broker.resume()
        return "broker"
    if kind == "kill":
        part.kill()
        part.start()
    elif kind == "stop":
        part.send(signal.SIGSTOP)
        time.sleep(rng.random() * 2)
        part.send(signal.SIGCONT)
    else:
        part.end()
        part.start()
    return f"{kind} {part.name}"


@pytest.mark.timeout(max(900, ROUNDS * 20))
def test_kills_at_any_moment_leave_exact_tables(tmp_path: Path) -> None:
    """One chain of processes, seeded rounds of trouble in the middle of sending; exact at every tenth."""
    with chain(tmp_path) as whole:
        first, events = story(1, ROUNDS * 40)
        whole.take(first)
        rng = random.Random(1)
        per_round = len(events) // ROUNDS + 1
        for number in range(ROUNDS):
            batch = events[number * per_round : (number + 1) * per_round]
            cut = rng.randint(0, len(batch))
            whole.take(batch[:cut])
            told = trouble(whole, rng)
            whole.take(batch[cut:])
            if rng.random() < 0.2:
                whole.post(events[:per_round])  # a till that sends its file again
            if number % 10 == 9 or number == ROUNDS - 1:
                whole.derived()
                assert whole.differences() == [], f"after round {number}: {told}"


@pytest.mark.timeout(300)
def test_the_answer_waits_for_the_broker(tmp_path: Path) -> None:
    with chain(tmp_path, MOMENTS_ACK="kafka") as whole:
        first, events = story(2, 60)
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
def test_reads_by_position_follow_what_the_door_answered(tmp_path: Path) -> None:
    with chain(tmp_path) as whole:
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
def test_the_line_is_sampled_for_boards_and_alerts(tmp_path: Path) -> None:
    """Each process tells what it knows: projectors their lag, the relay the door's letters, the API more."""
    with chain(tmp_path) as whole:
        first, events = story(5, 100)
        whole.take(first)
        whole.take(events)
        whole.derived()
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


@pytest.mark.timeout(400)
def test_verify_and_rebuild_read_the_topic_while_projectors_go_on(tmp_path: Path) -> None:
    with chain(tmp_path) as whole:
        first, events = story(4, 400)
        whole.take(first)
        whole.take(events[:250])
        whole.derived()
        assert "everything holds" in whole.job("verify")
        before = whole.generation
        assert "live now" in whole.job("rebuild")
        assert whole.generation != before
        whole.take(events[250:])
        whole.derived()
        assert whole.differences() == []
        assert "everything holds" in whole.job("verify")
