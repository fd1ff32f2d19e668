"""A real PostgreSQL for tests: a throw-away cluster of Debian's package on loopback, killed and restarted."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.engines.kafka.broker import free_port

_READY_S = 60.0
PASSWORD = "p@ss/word"  # to be escaped in an address, as a real one may have to be
ESCAPED = "p%40ss%2Fword"


def programs() -> Path:
    """The folder of initdb and postgres; skips with the reason when they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        pytest.skip("a real PostgreSQL server needs Debian's package postgresql (initdb, postgres)")
    return Path(on_path).resolve().parent


def somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it is run as the package's own user."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("root cannot run PostgreSQL, and there is no user postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Postgres:
    """One server; the same folder and port through kills and restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._programs = programs()
        self._as = somebody()
        self.process: subprocess.Popen[bytes] | None = None
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        if self._as:
            for path in (folder, secret):
                os.chown(path, self._as["user"], self._as["group"])
        done = subprocess.run(
            [
                self._programs / "initdb",
                "-D",
                folder / "data",
                "-U",
                "moments",
                "--auth=scram-sha-256",
                f"--pwfile={secret}",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self._as,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, **settings: str) -> Postgres:
        """Starts the server and waits until it answers."""
        assert self.process is None or self.process.poll() is not None
        given = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_connections": "60",
            **settings,
        }
        with (self.folder / "server.log").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    "-D",
                    self.folder / "data",
                    *(f"--{name}={value}" for name, value in given.items()),
                ],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                **self._as,
            )
        self._wait_ready()
        return self

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while True:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            with suppress(psycopg.OperationalError):
                self.run("SELECT 1")
                return
            assert time.monotonic() < deadline, "PostgreSQL did not come up"
            time.sleep(0.05)

    def url(self, database: str = "postgres") -> str:
        """The address of a database, as a setting."""
        return f"postgresql://moments:{ESCAPED}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """One statement in a connection of its own."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def emptied(self) -> str:
        """The address of the one database, with nothing in it: a database a test would cost many files."""
        self.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE pid != pg_backend_pid() AND backend_type = 'client backend'"
        )
        self.run("SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return self.url()

    def kill_backends(self) -> int:
        """SIGKILL to every process that serves a client: the server then restarts all its others too."""
        served = (
            "SELECT pid FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid != pg_backend_pid()"
        )
        self._wait_ready()
        pids = [pid for (pid,) in self.run(served)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def kill(self) -> None:
        """SIGKILL to the whole server at once: nothing is flushed, nobody is told."""
        if self.process is None or self.process.poll() is not None:
            return
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (str(pid), *children):
            with suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """A quick clean stop: open connections are ended."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running() -> Iterator[Postgres]:
    """A started server that is stopped at the end and leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="moments-postgres-"))  # pytest's own folders are closed to others
    try:
        server = Postgres(folder)
        try:
            yield server.start()
        finally:
            server.kill()  # a clean end would write out what is thrown away
    finally:
        shutil.rmtree(folder, ignore_errors=True)
