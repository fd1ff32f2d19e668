"""The means of making trouble do what they say: a link that never failed would prove nothing."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.disks import Disk, small_disk
from tests.system.faults.clocks import Clock
from tests.system.faults.network import Fault, Link

BYTES = bytes(range(256)) * 400


@contextmanager
def linked(answer: bytes = b"") -> Iterator[tuple[Link, socket.socket, list[bytes]]]:
    """(a link, a connection over it, what the server behind it has received)."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with closing(connection):
                connection.sendall(answer)
                try:
                    while chunk := connection.recv(1 << 16):
                        received.append(chunk)
                except ConnectionError:
                    received.append(b"reset")

        thread = threading.Thread(target=serve)
        thread.start()
        link = Link(server.getsockname()[1])
        with closing(link), socket.create_connection(("127.0.0.1", link.port)) as client:
            client.settimeout(10)
            yield link, client, received
            client.close()
            thread.join(10)
            assert not thread.is_alive()


def test_a_quiet_link_passes_every_byte() -> None:
    with linked(answer=b"welcome") as (_, client, received):
        assert client.recv(100) == b"welcome"
        client.sendall(BYTES)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
    assert b"".join(received) == BYTES


def test_a_cut_comes_at_its_byte_and_resets_both_ends() -> None:
    with linked() as (link, client, received):
        link.arm(Fault("cut", 1_000))
        client.sendall(BYTES[:5_000])
        with pytest.raises(ConnectionResetError):
            client.recv(100)
        assert link.done == ["cut"]
    assert len(b"".join(received).removesuffix(b"reset")) <= 1_000


def test_half_of_a_connection_ends_and_the_other_half_goes_on() -> None:
    with linked(answer=b"welcome") as (link, client, received):
        assert client.recv(100) == b"welcome"
        link.arm(Fault("half", 1_000))
        client.sendall(BYTES[:5_000])
        assert client.recv(100) == b""  # the server saw the end and closed
    assert b"".join(received) == BYTES[:1_000]


def test_a_stall_holds_the_rest_back_and_loses_nothing() -> None:
    with linked() as (link, client, received):
        link.arm(Fault("stall", 1_000, seconds=0.5))
        begun = time.monotonic()
        client.sendall(BYTES)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b""
        assert time.monotonic() - begun >= 0.5
    assert b"".join(received) == BYTES


WRITING = """
import sys
with open(sys.argv[1], "wb", buffering=0) as file:
    file.write(b"x" * 8192)
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            file.write(b"x" * 8192)
            print("written", flush=True)
        except OSError as full:
            print(full.errno, flush=True)
"""


@pytest.mark.parametrize("mounted", [True, False], ids=["file system", "limit"])
def test_a_full_disk_refuses_and_an_emptied_one_takes(tmp_path: Path, *, mounted: bool) -> None:
    with small_disk(tmp_path / "disk", 2) as small:
        # where nothing may be mounted, the limit is what all tests have
        disk = small if mounted else Disk(tmp_path, mounted=False)
        command = [sys.executable, "-c", WRITING, str(disk.folder / "file")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None

            def write() -> str:
                print("now", file=writer.stdin, flush=True)
                return writer.stdout.readline().strip()

            assert writer.stdout.readline() == "ready\n"
            assert write() == "written"
            disk.fill(writer.pid)
            assert write() == str(errno.ENOSPC if disk.mounted else errno.EFBIG)
            disk.free()
            assert write() == "written"


TELLING = """
import sys, time
for line in sys.stdin:
    before = time.monotonic()
    time.sleep(0.1)
    print(time.time(), time.monotonic() - before, flush=True)
"""


def test_a_wrong_clock_jumps_in_the_running_process_and_leaves_durations_alone(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    clock.move(-86_400)
    command = [sys.executable, "-c", TELLING]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clock.environment
    ) as told:
        assert told.stdin is not None
        assert told.stdout is not None

        def wrong() -> float:
            print("now", file=told.stdin, flush=True)
            now, waited = map(float, told.stdout.readline().split())
            assert 0.09 < waited < 60
            return now - time.time()

        assert wrong() == pytest.approx(-86_400, abs=60)
        clock.move(3 * 86_400)
        deadline = time.monotonic() + 10
        while wrong() < 0:
            assert time.monotonic() < deadline, "the clock never jumped"
        assert wrong() == pytest.approx(3 * 86_400, abs=60)
