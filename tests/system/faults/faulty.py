"""A chain whose network, disks and clocks fail when they are told to."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kafka.admin import NewPartitions

from tests.disks import Disk, small_disk
from tests.engines.kafka.broker import Broker, running
from tests.site_stories import CloudEventDict
from tests.system.faults.clocks import Clock
from tests.system.faults.network import Link
from tests.system.server_mode import KEY, ROOT, Chain, Part, Ports, ended

_BATCH = 10
_PACE_S = 0.03
_SIZES_MIB = {"door": 160, "broker": 192, "clickhouse": 768}


class FaultyChain(Chain):
    """Relay and projectors reach the broker, projectors ClickHouse, and tills the door over links of this
    test's; door, broker and ClickHouse write to small disks; any part can be given a clock of its own."""

    def __init__(
        self, folder: Path, broker: Broker, ports: Ports, links: dict[str, Link], disks: dict[str, Disk]
    ) -> None:
        self.links = links
        self.disks = disks
        self.wrong: dict[str, Clock] = {}
        """The clocks of the parts that run with one of their own."""
        super().__init__(folder, broker, ports, MOMENTS_FREE_DISK_MIB="0")
        self.door_url, self.url = self.url, f"http://{links['door'].address}"
        self.third = self.projector(3)

    def given(self, name: str) -> dict[str, str]:
        """The links of a part."""
        told = {}
        if name == "relay":
            told["MOMENTS_KAFKA_BOOTSTRAP"] = self.links["relay"].address
        if name.startswith("project"):
            told["MOMENTS_KAFKA_BOOTSTRAP"] = self.links["project"].address
            told["MOMENTS_CLICKHOUSE_URL"] = f"http://default:@{self.links['clickhouse'].address}/moments"
        return told

    @property
    def parts(self) -> list[Part]:
        """The third projector too, when it runs."""
        return [*super().parts, *([self.third] if hasattr(self, "third") else [])]

    def start(self) -> Chain:
        """All but the third projector."""
        third = self.__dict__.pop("third")
        super().start()
        self.third = third
        return self

    def named(self, name: str) -> Part:
        """A part by its name."""
        return next(part for part in self.parts if part.name == name)

    def mislead(self, name: str, seconds: int) -> None:
        """The part goes on with a clock that is so far off."""
        if name in self.wrong:
            self.wrong[name].move(seconds)
            return
        part, clock = self.named(name), Clock(self.folder / f"{name}.clock")
        clock.move(seconds)
        part.end()
        part.start(clock.environment)
        self.wrong[name] = clock

    def right(self, name: str) -> None:
        """The part goes on with the machine's clock."""
        del self.wrong[name]
        self.named(name).end()
        self.named(name).start()

    def restart_broker(self) -> None:
        """After it has died or was killed; it answers when this returns."""
        if self.broker.process is not None and self.broker.process.poll() is None:
            self.broker.kill()
        self.broker.start()

    def add_partition(self) -> None:
        """The topic of the events gets one more."""
        admin = self.broker.admin()
        try:
            (topic,) = admin.describe_topics(["moments.events"])
            admin.create_partitions({"moments.events": NewPartitions(len(topic["partitions"]) + 1)})
        finally:
            admin.close()

    def emit(self, events: Sequence[CloudEventDict], *, times: int = 1) -> None:
        """A whole file by `moments emit`, which tries again by itself when its connection breaks."""
        file = self.folder / f"{threading.get_ident()}.ndjson"
        verb = ["emit", str(file), "--import", "--url", self.url, "--key", KEY]
        file.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events))
        for _ in range(times):
            done = subprocess.run(
                [sys.executable, "-m", "moments", *verb],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            self.position = done.stdout.split()[-1]

    def calm(self) -> None:
        """Everything runs, passes, has room and is on time again."""
        for link in self.links.values():
            link.calm()
        for disk in self.disks.values():
            disk.free()
        for name in list(self.wrong):
            self.right(name)
        if self.broker.process is None or self.broker.process.poll() is not None:
            self.broker.start()
        for part in self.parts:
            if part is not self.third and (part.process is None or part.process.poll() is not None):
                part.start()


class Sender:
    """A till that sends events in the background, in order and at its own pace, until all are answered."""

    def __init__(self, whole: FaultyChain, events: Sequence[CloudEventDict]) -> None:
        self._whole = whole
        self._events = events
        self._moved = threading.Condition()
        self.answered = 0
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._send, name="till", daemon=True)
        self._thread.start()

    def reached(self, count: int) -> None:
        """Waits until so many events are answered for."""
        with self._moved:
            held = self._moved.wait_for(lambda: self.answered >= count or self._fault is not None, 120)
        if self._fault is not None:
            raise self._fault
        assert held, f"{self.answered} of {count} events are answered"

    def _send(self) -> None:
        try:
            for start in range(0, len(self._events), _BATCH):
                batch = self._events[start : start + _BATCH]
                self._whole.take(batch)
                with self._moved:
                    self.answered += len(batch)
                    self._moved.notify_all()
                time.sleep(_PACE_S)
        except BaseException as fault:  # noqa: BLE001 - told to whoever waits
            with self._moved:
                self._fault = fault
                self._moved.notify_all()


@contextmanager
def faulty_chain(folder: Path) -> Iterator[FaultyChain]:
    """A whole server mode on loopback, with everything in between in the test's hands."""
    ports = Ports.free()
    links = {name: Link() for name in ("relay", "project")}
    links |= {"clickhouse": Link(ports.clickhouse), "door": Link(ports.door)}
    with ExitStack() as stack:
        for link in links.values():
            stack.callback(link.close)
        places = {"door": "door", "broker": "kafka/data", "clickhouse": "clickhouse"}
        disks = {
            name: stack.enter_context(small_disk(folder / places[name], _SIZES_MIB[name])) for name in places
        }
        behind = {name.upper(): (links[name].to, links[name].port) for name in ("relay", "project")}
        broker = stack.enter_context(running(folder / "kafka", behind=behind))
        whole = FaultyChain(folder, broker, ports, links, disks)
        stack.enter_context(ended(whole))
        whole.start()
        yield whole
