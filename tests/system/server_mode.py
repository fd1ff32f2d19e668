"""The server mode as it runs: broker, ClickHouse front on chDB, door, relay, projectors, API as processes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from projections.compare import compare
from projections.generations import Generations
from projections.store import Store
from tests.engines.kafka.broker import Broker, free_port, running
from tests.engines.projections.told import exact_facts, records_of
from tests.site_stories import SITES, CloudEventDict
from tests.streams import random_stream, site_decisions

ROOT = Path(__file__).parents[2]
KEY = "server-mode-test-key-" + "x" * 20
DAY_MS = 86_400_000


class Part:
    """One process, to be killed, stopped and started again."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._arguments = [sys.executable, *arguments]
        self.environment = {**os.environ, **environment}
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str] | None = None) -> Part:
        """`environment`: what this life of it is told beside what every one is."""
        assert self.process is None or self.process.poll() is not None
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                self._arguments,
                cwd=ROOT,
                env={**self.environment, **(environment or {})},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        return self

    def send(self, what: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(what)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def end(self) -> None:
        """A clean stop; its exit code must be 0."""
        if self.process is None or self.process.poll() is not None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} does not stop: {self.told()}") from None

    def end_at_once(self) -> None:
        """Whatever it is doing."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def said(self, text: str) -> int:
        """How often it has said this in all its lives."""
        return self._log.read_text(errors="replace").count(text) if self._log.exists() else 0

    def told(self) -> str:
        """The last of what it said."""
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else "never started"


class Ports(NamedTuple):
    """Where the parts of a chain listen."""

    clickhouse: int
    door: int
    api: int

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody listens on now."""
        return cls(free_port(), free_port(), free_port())


class Chain:
    """All parts on one machine, and what has been sent through them."""

    session_s = "4"
    """A projector that dies is missed after this time: waiting longer proves nothing more."""

    def __init__(self, folder: Path, broker: Broker, ports: Ports | None = None, **settings: str) -> None:
        self.folder = folder
        self.broker = broker
        clickhouse, door, api = ports or Ports.free()
        self.url, self.api_url = f"http://127.0.0.1:{door}", f"http://127.0.0.1:{api}"
        self.clickhouse_url = f"http://default:@127.0.0.1:{clickhouse}/moments"
        self.environment = {
            "MOMENTS_ADMIN_KEY": KEY,
            "MOMENTS_KAFKA_BOOTSTRAP": broker.bootstrap,
            "MOMENTS_KAFKA_PARTITIONS": "4",
            "MOMENTS_CLICKHOUSE_URL": self.clickhouse_url,
            "MOMENTS_KAFKA_SESSION_S": self.session_s,
            **settings,
        }
        self.front = self.part(
            "front", "-m", "tests.engines.clickhouse_http", str(folder / "clickhouse"), str(clickhouse)
        )
        self.door = self.part("door", "-m", "moments", "serve", "door", "--port", str(door))
        self.relay = self.part("relay", "-m", "moments", "relay")
        self.projectors = [self.projector(n) for n in (1, 2)]
        self.api = self.part("api", "-m", "moments", "serve", "api", "--port", str(api), data="api")
        self.sent: list[CloudEventDict] = []
        self.position = ""
        self.http = httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=30)
        self.store = Store(self.clickhouse_url)

    def part(self, name: str, *arguments: str, data: str = "door") -> Part:
        """A process of this chain, not started yet."""
        given = {**self.environment, "MOMENTS_DATA": str(self.folder / data), **self.given(name)}
        return Part(name, arguments, given, self.folder / f"{name}.log")

    def projector(self, number: int) -> Part:
        """One of the projectors that share the partitions."""
        return self.part(f"project{number}", "-m", "moments", "project", data=f"project{number}")

    def given(self, name: str) -> dict[str, str]:
        """What one part is told beside the settings of all."""
        del name
        return {}

    @property
    def parts(self) -> list[Part]:
        return [self.front, self.door, self.relay, *self.projectors, self.api]

    def start(self) -> Chain:
        for each in self.parts:
            each.start()
        until(
            lambda: self.answers(self.url) and self.answers(self.api_url),
            90,
            lambda: self.api.told() + self.door.told(),
        )
        return self

    def answers(self, url: str) -> bool:
        with suppress(httpx.TransportError):
            return self.http.get(url + "/healthz").status_code == 200
        return False

    def post(self, events: Sequence[CloudEventDict], *, seconds: float = 60) -> dict[str, Any]:
        """Sends one batch until it is answered, as a till would: the door may be down or busy."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(httpx.TransportError):
                answer = self.http.post(
                    self.url + "/v1/events?import=true",
                    content=msgspec.json.encode(events),
                    headers={"Content-Type": "application/cloudevents-batch+json"},
                )
                if answer.status_code in {202, 207}:
                    self.position = answer.json()["position"]
                    return answer.json()
                assert answer.status_code in {429, 503}, answer.text
            assert time.monotonic() < deadline, self.door.told()
            time.sleep(0.1)

    def take(self, events: Sequence[CloudEventDict]) -> None:
        """Sends events in batches; all must be accepted, now or by an attempt whose answer was lost."""
        for start in range(0, len(events), 50):
            told = self.post(events[start : start + 50])
            assert told["rejected"] == 0, told
        self.sent += events

    def derived(self, seconds: float = 90) -> None:
        """Waits until the API holds everything that was answered for."""

        def holds() -> bool:
            with suppress(httpx.TransportError):
                answer = self.http.get(self.api_url + "/v1/sites", params={"min_position": self.position})
                return answer.status_code == 200
            return False

        until(holds, seconds, lambda: "".join(f"--- {each.name}\n{each.told()}" for each in self.parts))
        until(lambda: not self._queued(), 2 * seconds, lambda: f"still to be derived anew: {self._queued()}")

    @property
    def generation(self) -> str:
        """The live generation's database."""
        return Generations(self.store).refresh()

    def job(self, *verb: str) -> str:
        """Runs a verb of the command to its end, and gives what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "moments", *verb],
            cwd=ROOT,
            env={**os.environ, **self.environment, "MOMENTS_DATA": str(self.folder / "api")},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _queued(self) -> list[tuple[Any, ...]]:
        """What decisions reach back to and is not derived anew yet, with who wrote it last and when."""
        return self.store.rows(
            "SELECT id, site_id, part, cursor, version FROM $gen.rederivations FINAL WHERE done = 0",
            gen=self.generation,
        )

    def differences(self) -> list[str]:
        """What the store holds against exact arithmetic over the distinct events sent."""
        records = records_of(self.sent)
        facts, _ = exact_facts(records, int(time.time() * 1000))
        found = compare(self.store, self.generation, facts)
        ((rows, distinct),) = self.store.rows(
            "SELECT count(), uniqExact(source, event_id) FROM $gen.events FINAL WHERE main = 1",
            gen=self.generation,
        )
        if (rows, distinct) != (len(records), len(records)):
            found.append(f"{rows} rows, {distinct} events, {len(records)} were sent")
        return found

    def end(self) -> None:
        """Everything stops cleanly, wherever it stands."""
        for each in reversed(self.parts):
            each.end()
        self.http.close()
        self.store.close()


@contextmanager
def ended(whole: Chain) -> Iterator[None]:
    """A chain that stops cleanly, or after a failure at once; no process outlives it."""
    try:
        yield
        whole.end()
    finally:
        for each in whole.parts:
            each.end_at_once()


@contextmanager
def chain(folder: Path, **settings: str) -> Iterator[Chain]:
    """A whole server mode on loopback."""
    with running(folder / "kafka") as broker:
        whole = Chain(folder, broker, **settings)
        with ended(whole):
            yield whole.start()


def past() -> int:
    """The end of all streams: long enough ago that no clock changes anything any more."""
    return int(time.time() * 1000) // DAY_MS * DAY_MS - 10 * DAY_MS


def opening(now_ms: int | None = None) -> list[CloudEventDict]:
    """What a chain decides for all its sites before anything else; the same for every story."""
    decisions = site_decisions(0, past() if now_ms is None else now_ms)
    return [event for event in decisions if "siteid" not in event]


def story(
    seed: int,
    size: int,
    now_ms: int | None = None,
    *,
    sites: Sequence[str] = tuple(SITES),
    decisions: int = 10,
) -> tuple[list[CloudEventDict], list[CloudEventDict]]:
    """(registrations, everything else) of sites of this seed's own, after `opening`.

    Identities and sites carry the seed, so that stories share a chain and a difference names its story.
    """
    now_ms = past() if now_ms is None else now_ms
    rng = random.Random(f"story {seed}")
    decided = [event for event in site_decisions(seed, now_ms, sites=sites) if "siteid" in event]
    first = [event for event in decided if event["type"].endswith(".registered")]
    later = [event for event in decided if not event["type"].endswith(".registered")]
    events = random_stream(seed, size, now_ms, sites=sites)
    for decision in rng.sample(later, min(decisions, len(later))):
        events.insert(rng.randint(0, len(events)), decision)
    return [_named(event, seed) for event in first], [_named(event, seed) for event in events]


def _named(event: CloudEventDict, seed: int) -> CloudEventDict:
    return {
        **event,
        "id": f"{event['id']} s{seed}",
        "siteid": f"{event['siteid']}_s{seed}",
        "source": f"{event['source']}_s{seed}",
    }


def until(holds: Callable[[], bool], seconds: float, told: Callable[[], str]) -> None:
    """Polls with a deadline."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)
