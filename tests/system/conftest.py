"""Real processes: `moments up` on a folder and port of its own, asked over HTTP, killed and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ADMIN_KEY = "an-admin-key-of-the-tests-0123456789"
START_S = 60.0


class UpAndRunning:
    """One `moments up`."""

    def __init__(self, data: Path, *arguments: str, key: str = ADMIN_KEY) -> None:
        self.data = data
        self.key = key
        self.out = data.with_suffix(".out")
        self.err = data.with_suffix(".err")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOMENTS_")}
        environment |= {"MOMENTS_DATA": str(data), "MOMENTS_ADMIN_KEY": key}
        with self.out.open("ab") as out, self.err.open("ab") as err:
            begin = out.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "moments", "up", "--port", "0", *arguments],
                env=environment,
                cwd=data.parent,
                stdout=out,
                stderr=err,
            )
        try:
            self.url = self._ready(begin)
        except BaseException:
            self.process.kill()  # its parts end with it
            self.process.wait()
            raise
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=httpx.Timeout(30.0)
        )

    def _ready(self, begin: int) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            for line in self.out.read_text()[begin:].splitlines():
                if line.startswith("ready "):
                    return line.removeprefix("ready ")
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"not ready: {self.said()}")

    def said(self) -> str:
        return f"stdout: {self.out.read_text()[-2000:]}\nstderr: {self.err.read_text()[-4000:]}"

    def part(self, name: str) -> int:
        """The process of a part: a child of ours that serves it."""
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    line = (folder / "cmdline").read_bytes().split(b"\0")
                    parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                except OSError:
                    continue
                if b"moments.processes" in line and name.encode() in line and int(parent) == self.process.pid:
                    return int(folder.name)
        raise AssertionError(f"no {name} process")

    def send(self, events: list[dict[str, Any]], **params: str) -> dict[str, Any]:
        body = "".join(json.dumps(event) + "\n" for event in events)
        answer = self.http.post(
            "/v1/events", content=body, params=params, headers={"Content-Type": "application/x-ndjson"}
        )
        assert answer.status_code in {202, 207, 422}, answer.text
        return answer.json()

    def ask(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """A verb on the same data folder."""
        return moments(*arguments, data=self.data, **options)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends the run; SIGKILL leaves the children to notice by themselves."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def moments(
    *arguments: str, data: Path | None = None, stdin: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """One verb, to its end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOMENTS_")}
    if data is not None:
        inherited["MOMENTS_DATA"] = str(data)
    done = subprocess.run(
        [sys.executable, "-m", "moments", *arguments],
        env=inherited | environment,
        input=stdin,
        capture_output=True,
        timeout=150,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def alive(process: int) -> bool:
    """Whether a process runs (one that ended and was not waited for does not)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def eventually(holds: Callable[[], Any], within_s: float = 20.0) -> Any:
    """Asks until the answer is true; the last answer when time is over is an assertion error."""
    deadline = time.monotonic() + within_s
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {answer!r}"
        time.sleep(0.02)
    return answer


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., UpAndRunning]]:
    """Starts platforms; whatever still runs at the end is stopped."""
    started: list[UpAndRunning] = []

    def start(*arguments: str, data: Path | None = None) -> UpAndRunning:
        platform = UpAndRunning(data or tmp_path / "data", *arguments)
        started.append(platform)
        return platform

    yield start
    for platform in started:
        if platform.process.poll() is None:
            platform.stop()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpAndRunning]:
    """One platform for all tests of a module that only send and ask."""
    running = UpAndRunning(tmp_path_factory.mktemp("system") / "data")
    yield running
    running.stop()


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process that does not get any time for a while (SIGSTOP), as on a machine that swaps."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
