"""The platform under measurement: real processes on a folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

KEY = "the-admin-key-of-the-benchmarks-01"


class Measured:
    """One `moments up`, its parts and its answers."""

    def __init__(self, data: Path) -> None:
        self.data = data
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MOMENTS_")}
        environment |= {"MOMENTS_DATA": str(data), "MOMENTS_ADMIN_KEY": KEY, "MOMENTS_LOG_LEVEL": "warning"}
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moments", "up", "--port", "0"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"the platform did not start: {line!r}")
        self.cold_start_s = time.perf_counter() - started
        self.url = line.split()[1]
        self.environment = environment
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=httpx.Timeout(60)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def ask(self, path: str, **params: Any) -> Any:
        """A read that has to succeed."""
        answer = self.http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def wait_for(self, position: str, within_s: float = 3600.0) -> None:
        """Returns when the projections hold the position."""
        row = int(position.split("-")[1])
        deadline = time.monotonic() + within_s
        while int(self.ask("/v1/departments")["position"].split("-")[1]) < row:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{position} is not derived within {within_s} s")
            time.sleep(0.02)

    def seconds_of(self, path: str, times: int, **params: Any) -> list[float]:
        """How long each of `times` reads took, over the public address."""
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            answer = self.http.get(path, params=params)
            taken.append(time.perf_counter() - started)
            answer.raise_for_status()
        return taken

    def verb(self, *arguments: str) -> float:
        """Seconds that a verb took; it has to succeed."""
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "moments", *arguments],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - started

    @contextmanager
    def core_standing(self) -> Iterator[None]:
        """The core gets no time meanwhile: it neither follows the log nor answers."""
        core = self._parts()["core"]
        os.kill(core, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(core, signal.SIGCONT)

    def memory_mib(self) -> dict[str, float]:
        """The highest resident memory of each part so far."""
        return {
            part: int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
            for part, process in self._parts().items()
        }

    def _parts(self) -> dict[str, int]:
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                line = (folder / "cmdline").read_bytes().decode().split("\0")
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, UnicodeDecodeError):
                continue
            if parent == self.process.pid and "moments.processes" in line:
                found[line[line.index("moments.processes") + 1]] = int(folder.name)
        return found

    def disk_mib(self) -> dict[str, float]:
        """Bytes on disk by folder."""
        return {
            folder: sum(file.stat().st_size for file in (self.data / folder).rglob("*") if file.is_file())
            / (1 << 20)
            for folder in ("log", "clickhouse")
        }
