"""A real door process: answered means durable, one writer, many clients, kills in the middle."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from ingest.log.reader import LogReader
from tests.doorway import event, registration

SERVE = Path(__file__).with_name("serve.py")
ROOT = Path(__file__).parents[3]
HEADERS = {"Authorization": "Bearer " + "a" * 32, "Content-Type": "application/json"}


def now_text(offset_s=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset_s))


def moment(event_id):
    return event(event_id, time=now_text(-60))


class DoorProcess:
    """`serve.py` in a process group of its own."""

    def __init__(self, data, *, prefix=()):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1/events"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [*prefix, sys.executable, str(SERVE), str(data), str(self.port)]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )

    def __enter__(self):
        try:
            return self._answering()
        except BaseException:
            self.__exit__()
            raise

    def _answering(self):
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, self.process.stdout.read().decode()
            try:
                assert httpx.options(self.url, timeout=5).status_code == 200
                return self
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the door did not answer"
                time.sleep(0.02)

    def __exit__(self, *failure):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def post(self, *events):
        return httpx.post(self.url, content=json.dumps(events), headers=HEADERS, timeout=30)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def stored(data):
    reader = LogReader(data / "log" / "events.db")
    records = reader.read(0, 1_000_000).records
    reader.close()
    return [record.id for _, record in records]


def test_a_second_door_on_the_same_log_ends_with_one_line(tmp_path):
    with DoorProcess(tmp_path):
        second = subprocess.run(
            [sys.executable, str(SERVE), str(tmp_path), "1"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert second.returncode != 0
    assert "is written by another process" in second.stderr.strip().splitlines()[-1]


def test_kill_after_the_answer_loses_nothing(tmp_path):
    answered = []
    for round_ in range(3):
        with DoorProcess(tmp_path) as door:
            if not round_:
                assert door.post(registration() | {"time": now_text(-60)}).status_code == 202

            def send(name, door=door, round_=round_):
                for number in range(10_000):
                    batch = [moment(f"{round_}-{name}-{number}-{each}") for each in range(5)]
                    try:
                        answer = door.post(*batch)
                    except httpx.TransportError:
                        return
                    if answer.status_code == 202:
                        answered.extend(each["id"] for each in batch)

            clients = [threading.Thread(target=send, args=(name,)) for name in range(4)]
            for client in clients:
                client.start()
            before = len(answered)
            deadline = time.monotonic() + 20
            while len(answered) < before + 200 and time.monotonic() < deadline:
                time.sleep(0.01)
            door.kill()
            for client in clients:
                client.join()
    kept = stored(tmp_path)
    assert len(answered) >= 600
    assert set(answered) <= set(kept)
    assert len(kept) == len(set(kept)), "one identity once"


def test_many_clients_sending_the_same_file_store_it_once(tmp_path):
    with DoorProcess(tmp_path) as door:
        door.post(registration() | {"time": now_text(-60)})
        batches = [[moment(f"{batch}-{number}") for number in range(50)] for batch in range(20)]
        answers = []

        def send():
            answers.extend(door.post(*batch).json() for batch in batches)

        clients = [threading.Thread(target=send) for _ in range(6)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert sum(answer["accepted"] for answer in answers) == 1000
    assert sum(answer["duplicate"] for answer in answers) == 5000
    assert all(not result["conflict"] for answer in answers for result in answer["results"])
    assert len(stored(tmp_path)) == 1001


CALL = re.compile(r"^(?P<pid>\d+) +(?:\d+\.\d+ +)?(?P<name>\w+)\((?P<rest>.*)$")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_byte_of_an_answer_before_the_log_is_synced(tmp_path):
    """By its system calls: between a write to the log's WAL and the answer lies a completed sync."""
    trace = tmp_path / "trace"
    calls = "pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync"
    prefix = ["strace", "-f", "-y", "-s", "64", "-o", str(trace), "-e", f"trace={calls}"]
    data = tmp_path / "data"
    with DoorProcess(data, prefix=prefix) as door:
        assert door.post(registration() | {"time": now_text(-60)}).status_code == 202
        for number in range(10):
            assert door.post(moment(f"e-{number}")).status_code == 202
    steps = list(_steps(trace.read_text(errors="replace")))
    answers = [at for at, step in enumerate(steps) if step == "answer"]
    assert len(answers) == 11
    last = -1
    for at in answers:
        since = steps[last + 1 : at]
        assert "wal write" in since, "every accepted event is written"
        synced = len(since) - 1 - since[::-1].index("wal sync")
        written = len(since) - 1 - since[::-1].index("wal write")
        assert synced > written, "the sync ends after the last write and before the answer"
        last = at


def _steps(trace):
    """The calls that matter, each at the moment it ended (an answer: at the moment it began)."""
    begun = {}
    for line in trace.splitlines():
        resumed = re.match(r"^(\d+) +.*<\.\.\. (\w+) resumed>", line)
        if resumed:
            if begun.pop(resumed[1], None) == "wal sync":
                yield "wal sync"
            continue
        call = CALL.match(line)
        if call is None:
            continue
        name, rest = call["name"], call["rest"]
        unfinished = "<unfinished" in rest
        if "HTTP/1.1 202" in rest:
            yield "answer"
        elif "events.db-wal>" in rest and name in {"pwrite64", "write"}:
            yield "wal write"
        elif "events.db-wal>" in rest and name in {"fsync", "fdatasync"}:
            if unfinished:
                begun[call["pid"]] = "wal sync"
            else:
                yield "wal sync"
