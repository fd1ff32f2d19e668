"""Two logs on one Kafka, one in PostgreSQL that two doors share and one in SQLite: exact facts of both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest.log import open_sqlite_log
from tests.engines import postgres as servers
from tests.engines.kafka import broker as brokers
from tests.engines.kafka.broker import Broker, free_port
from tests.engines.postgres import Postgres
from tests.site_stories import CloudEventDict
from tests.system.server_mode import ROOT, Chain, Part, opening, story, until


class SeveralLogs(Chain):
    """The chain with three doors: `door` and `beside` share a log in PostgreSQL, `other` has its own."""

    def __init__(self, folder: Path, broker: Broker, postgres: Postgres) -> None:
        super().__init__(folder, broker)
        self.postgres = postgres
        del self.projectors[1:]
        shared = {"MOMENTS_LOG_URL": postgres.url()}
        self.door = self.made("door", "serve", "door", data="door", port=self.url, **shared)
        self.relay = self.made("relay", "relay", data="door", **shared)
        self.beside_url, self.other_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.beside = self.made("beside", "serve", "door", data="beside", port=self.beside_url, **shared)
        alone = {"MOMENTS_LOG_NO": "2"}
        self.other = self.made("other", "serve", "door", data="other", port=self.other_url, **alone)
        self.other_relay = self.made("other-relay", "relay", data="other", **alone)
        self.positions: dict[str, str] = {}
        self.turn = 0

    def made(self, name: str, *verb: str, data: str, port: str = "", **settings: str) -> Part:
        given = {**self.api.environment, **settings, "MOMENTS_DATA": str(self.folder / data)}
        ports = ["--port", port.rpartition(":")[2]] if port else []
        return Part(name, ["-m", "moments", *verb, *ports], given, self.folder / f"{name}.log")

    @property
    def parts(self) -> list[Part]:
        return [*super().parts, self.beside, self.other, self.other_relay]

    def start(self) -> SeveralLogs:
        for each in (self.front, self.door, self.other, self.relay, self.other_relay, *self.projectors):
            each.start()
        until(lambda: self.answers(self.url), 90, self.door.told)
        # as docs/operations.md says: doors that share a log share the key of its persons
        (self.folder / "beside" / "vault").mkdir(parents=True)
        shutil.copy(self.folder / "door" / "vault" / "vault.key", self.folder / "beside" / "vault")
        self.beside.start()
        # the API reads tables that a projector makes
        until(lambda: "projecting" in self.projectors[0].told(), 90, self.projectors[0].told)
        self.api.start()
        for url, part in (
            (self.beside_url, self.beside),
            (self.other_url, self.other),
            (self.api_url, self.api),
        ):
            until(lambda url=url: self.answers(url), 90, part.told)
        return self

    def to(self, url: str, events: Sequence[CloudEventDict]) -> dict[str, Any]:
        """One batch to one door, until it is answered."""
        at, self.url = self.url, url
        try:
            answer = self.post(events)
        finally:
            self.url = at
        self.positions[answer["position"].partition("-")[0]] = answer["position"]
        self.position = ",".join(self.positions.values())
        return answer

    def door_of(self, site: str) -> str:
        """Sites of the shared log take turns between its doors."""
        if belongs_to_other(site):
            return self.other_url
        self.turn += 1
        return (self.url, self.beside_url)[self.turn % 2]

    def take(self, events: Sequence[CloudEventDict]) -> None:
        """What names no site holds for the chain: every log's doors have to know it, as one event."""
        sites = sorted({event.get("siteid", "") for event in events})
        for start in range(0, len(events), 60):
            part = events[start : start + 60]
            for site in sites:
                batch = [event for event in part if event.get("siteid", "") == site]
                for url in ((self.door_of(site),) if site else (self.url, self.other_url)) if batch else ():
                    told = self.to(url, batch)
                    assert told["rejected"] == 0, told
        self.sent += events

    def refusal(self, url: str, event: CloudEventDict) -> str:
        """The code with which a door refuses an event."""
        answer = self.http.post(
            url + "/v1/events", json=event, headers={"Content-Type": "application/cloudevents+json"}
        )
        assert answer.status_code == 422, answer.text
        return answer.json()["results"][0]["code"]

    def refused(self, part: Part) -> str:
        """The one line with which a part that must not run ends."""
        ended = subprocess.run(
            [sys.executable, *part._arguments[1:]],
            cwd=ROOT,
            env=part.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1, ended.stderr
        said = [line for line in ended.stderr.splitlines() if not line.startswith("timestamp=")]
        assert len(said) == 1, ended.stderr
        return said[0]


def belongs_to_other(site: str) -> bool:
    return sum(site.encode()) % 2 == 1


def in_one_log(events: Sequence[CloudEventDict]) -> list[CloudEventDict]:
    """Without events whose identity an event of the other log had first: a log only knows its own."""
    log_of: dict[tuple[str, str], bool] = {}
    return [
        event
        for event in events
        if "siteid" not in event
        or log_of.setdefault((event["source"], event["id"]), belongs_to_other(event["siteid"]))
        == belongs_to_other(event["siteid"])
    ]


@contextmanager
def several_logs(folder: Path) -> Iterator[SeveralLogs]:
    with brokers.running(folder / "kafka") as broker, servers.running() as postgres:
        whole = SeveralLogs(folder, broker, postgres)
        try:
            yield whole.start()
            whole.end()
        finally:
            for each in whole.parts:
                if each.process is not None and each.process.poll() is None:
                    each.process.kill()
                    each.process.wait()


@pytest.mark.timeout(600)
def test_two_logs_of_three_doors_give_the_exact_facts_of_one_chain(tmp_path: Path) -> None:
    with several_logs(tmp_path) as whole:
        first, told = story(7, 150)
        events = in_one_log(told)
        whole.take(opening())
        whole.take(first)
        both = {belongs_to_other(event["siteid"]) for event in events if event.get("siteid")}
        assert both == {True, False}
        whole.take(events[:60])
        # while the shared log's server dies in the middle of sending, its doors answer 503 and lose nothing
        whole.postgres.kill()
        at_a_site = [event for event in events if event.get("siteid")]
        elsewhere = next(event for event in at_a_site if belongs_to_other(event["siteid"]))
        here = next(event for event in at_a_site if not belongs_to_other(event["siteid"]))
        whole.to(whole.other_url, [elsewhere])
        with pytest.raises(AssertionError):
            whole.post([here], seconds=1)
        whole.postgres.start()
        whole.take(events[60:110])
        whole.relay.kill()
        whole.other_relay.kill()
        whole.relay.start()
        whole.other_relay.start()
        whole.take(events[110:])

        # a site belongs to one log: its events are refused at the doors of the other
        stray = {**elsewhere, "id": "at-the-wrong-door"}
        until(lambda: whole.refusal(whole.beside_url, stray) == "wrong_door", 30, whole.beside.told)

        whole.derived(240)
        assert set(whole.positions) == {"1", "2"}
        answer = whole.http.get(whole.api_url + "/v1/sites").json()
        assert [part.partition("-")[0] for part in answer["position"].split(",")] == ["1", "2"]
        assert whole.differences() == []

        # a second relay of the shared log, a relay of another log with a number that is taken
        shared = {"MOMENTS_LOG_URL": whole.postgres.url()}
        line = whole.refused(whole.made("second", "relay", data="beside", **shared))
        assert "another relay already sends the log in postgresql://127.0.0.1" in line
        open_sqlite_log(tmp_path / "stranger" / "log", min_free_bytes=0).close()
        line = whole.refused(whole.made("stranger", "relay", data="stranger"))
        assert "the log number 1 is another log's on this Kafka (topic moments.logs)" in line
        wrong = {"MOMENTS_LOG_NO": "3", "MOMENTS_LOG_URL": whole.postgres.url()}
        line = whole.refused(whole.made("renumbered", "serve", "door", data="third", **wrong))
        assert "has the number 1 for good: MOMENTS_LOG_NO=3 cannot change it" in line
        assert "everything holds" in whole.job("verify")


