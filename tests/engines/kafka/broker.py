"""A real Apache Kafka for tests: fetched by Maven into the user's cache, run by Java on loopback, killed."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests import fetched

POM = Path(__file__).with_name("pom.xml")
VERSION = "4.1.0"
_READY_S = 60.0


def jars() -> Path:
    """The broker's jars, fetched once; skips with the reason when there is no Java, Maven or registry."""
    if shutil.which("java") is None:
        pytest.skip("a real broker needs java (17 or later) on PATH")
    return fetched.jars(f"kafka-{VERSION}", POM)


def free_port() -> int:
    """A port nobody listens on now, below those that the kernel gives to outgoing connections: a server that
    is killed and started again must find it free again.
    """
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Broker:
    """One KRaft node on loopback; the same data folder and ports through kills and restarts.

    Args:
        folder: its files; `data` in it is the log directory.
        behind: names of further listeners, each with its port and the port it tells clients to come back to:
            what stands in between carries all their connections.
        overrides: settings of the broker.
    """

    def __init__(
        self, folder: Path, *, behind: Mapping[str, tuple[int, int]] | None = None, **overrides: str
    ) -> None:
        self.folder = folder
        behind = behind or {}
        self.port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._classpath = f"{jars()}/*"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log4j2.properties").write_text(
            "rootLogger.level=WARN\nrootLogger.appenderRef.out.ref=out\nappender.out.type=Console\nappender.out.name=out\n"
            "appender.out.layout.type=PatternLayout\nappender.out.layout.pattern=%d %p %m%n\n"
        )
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": _addresses(
                ("PLAINTEXT", self.port),
                ("CONTROLLER", controller),
                *((name, port) for name, (port, _) in behind.items()),
            ),
            "advertised.listeners": _addresses(
                ("PLAINTEXT", self.port), *((name, told) for name, (_, told) in behind.items())
            ),
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *behind)
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",  # members that die are missed sooner than in production
            "auto.create.topics.enable": "false",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "log.cleaner.dedupe.buffer.size": "2097152",
            # a killed broker is registered again only when its old session is over
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
            **overrides,
        }
        (folder / "server.properties").write_text(
            "".join(f"{name}={value}\n" for name, value in properties.items())
        )
        self._tool(
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "bW9tZW50cy1vZi10cnV0aA",
            "-c",
            str(folder / "server.properties"),
        )

    def start(self) -> Broker:
        """Starts the process and waits until it answers."""
        assert self.process is None or self.process.poll() is not None
        with (self.folder / "broker.log").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    "java",
                    "-Xmx512m",
                    "-Xms256m",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
                    "-cp",
                    self._classpath,
                    "kafka.Kafka",
                    str(self.folder / "server.properties"),
                ],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Polls until the broker answers a client."""
        deadline = time.monotonic() + _READY_S
        while True:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "broker.log").read_text()[-2000:]
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    pass  # a client that finds no listener waits much longer before it tries again
                with closing(self.admin(request_timeout_ms=3000)) as admin:
                    admin.list_topics()
                return
            except (KafkaError, OSError, ValueError):
                assert time.monotonic() < deadline, "the broker did not come up"
                time.sleep(0.1)

    def admin(self, **settings: int) -> KafkaAdminClient:
        """A client for topics."""
        return KafkaAdminClient(bootstrap_servers=self.bootstrap, **settings)

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM and time to finish; SIGKILL when that takes too long."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def console(self, tool: str, *arguments: str, given: bytes = b"", timeout: float = 60.0) -> str:
        """Runs one of Kafka's own Java tools (`org.apache.kafka.tools.…`) and gives what it prints."""
        return self._tool(tool, *arguments, given=given, timeout=timeout)

    def _tool(self, main: str, *arguments: str, given: bytes = b"", timeout: float = 60.0) -> str:
        done = subprocess.run(
            [
                "java",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
                "-cp",
                self._classpath,
                main,
                *arguments,
            ],
            input=given,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()[-2000:]
        return done.stdout.decode()


def _addresses(*listeners: tuple[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners)


@contextmanager
def running(
    folder: Path, *, behind: Mapping[str, tuple[int, int]] | None = None, **overrides: str
) -> Iterator[Broker]:
    """A started broker that is stopped at the end, whatever happened to it."""
    broker = Broker(folder, behind=behind, **overrides)
    try:
        yield broker.start()
    finally:
        broker.stop()
