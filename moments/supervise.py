"""`moments up`: two child processes behind one listening socket, started again when they die.

The parent makes the listening socket and keeps it, so that connections wait in its backlog while the door
restarts; the door inherits it. The core listens on a Unix socket in DATA/run. Both also inherit the reading
end of a pipe whose writing end only the parent holds: when the parent is gone, even by SIGKILL, they read
its end and stop.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from moments import runfile
from moments.errors import CommandFailed

log = structlog.get_logger("moments.supervise")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 30.0
_STOP_S = 20.0
_ENDS_BEFORE_READY = 3


class FolderLock:
    """One platform a data folder: an flock that ends with its process."""

    def __init__(self, data: Path) -> None:
        """Raises CommandFailed with who holds it."""
        folder = data / runfile.RUN_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._file = (folder / "platform.lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            other = runfile.read(data)
            where = f" (process {other.pid}, {other.url})" if other else ""
            raise CommandFailed(f"a platform already runs on {data}{where}") from taken

    def release(self) -> None:
        """Lets the next platform have the folder."""
        self._file.close()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket that is not yet accepting. Raises CommandFailed when the address is taken or not
    ours."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as fault:
        raise CommandFailed(f"cannot listen on {host}:{port}: {fault.strerror or fault}") from fault
    bound.listen(2048)
    return bound


def address_of(listener: socket.socket) -> str:
    """http://HOST:PORT as a client on this machine reaches it."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass
class Child:
    """A part of the platform in a process of its own."""

    name: str
    arguments: list[str]
    fds: tuple[int, ...]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    pause: float = _FIRST_PAUSE_S
    ends: int = field(default=0)

    def start(self) -> None:
        """Starts the process in a session of its own: a Ctrl-C in the terminal reaches the parent only."""
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "moments.processes", *self.arguments],
            env=dict(self.environment),
            pass_fds=self.fds,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        self.started = time.monotonic()

    def tend(self) -> None:
        """Notices an end and starts the process again after a pause that grows while it keeps dying."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        self.ends += 1
        self.pause = (
            _FIRST_PAUSE_S if now - self.started > _STEADY_S else min(self.pause * 2, _LONGEST_PAUSE_S)
        )
        self.due = now + self.pause
        log.error("part_ended", part=self.name, exit=code, again_in_s=round(self.pause, 2))

    def stop(self) -> None:
        """SIGTERM, time to finish, SIGKILL."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            log.warning("part_killed", part=self.name)
            self.process.kill()
            self.process.wait()


class Supervisor:
    """Runs the children until `stop` is called or a signal comes."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._was_ready = False
        self.children: list[Child] = []
        self._read_end, self._write_end = os.pipe()

    @property
    def parent_fd(self) -> int:
        """What children read the end of the parent from."""
        return self._read_end

    def catch_signals(self) -> None:
        """SIGINT, SIGTERM and SIGHUP end the run cleanly."""

        def stop(_signal: int, _frame: FrameType | None) -> None:
            self._wanted.set()

        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, stop)

    def start(self, *children: Child) -> None:
        """Starts the children; they are stopped in this order."""
        for child in children:
            self.children.append(child)
            child.start()

    def ready(self) -> None:
        """From now on a part that ends is started again for ever."""
        self._was_ready = True

    @property
    def stopping(self) -> bool:
        return self._wanted.is_set()

    def stop(self) -> None:
        """Asks for the end of the run."""
        self._wanted.set()

    def wait(self, seconds: float) -> None:
        """Sleeps, but not past the end of the run."""
        self._wanted.wait(seconds)

    def run(self) -> None:
        """Tends the children until the end is wanted.

        Raises CommandFailed when a part keeps ending before the platform was ever ready: what keeps it from
        starting is on stderr and will not heal by itself.
        """
        while not self._wanted.wait(0.05):
            for child in self.children:
                child.tend()
                if not self._was_ready and child.ends >= _ENDS_BEFORE_READY:
                    raise CommandFailed(f"the {child.name} does not start; see the lines before")

    def close(self) -> None:
        """Stops the children one after the other and closes the pipe."""
        for child in self.children:
            child.stop()
        os.close(self._write_end)
        os.close(self._read_end)
