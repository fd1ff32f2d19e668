"""One process writes a log: the lock file beside it says which."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ingest.errors import LogInUse


class WriterLock:
    """An flock on `path`, held until `release` or the end of the process, however it ends."""

    def __init__(self, path: Path) -> None:
        """Takes the lock or raises `LogInUse` with one line that names the holder."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as busy:
            holder = os.read(self._fd, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise LogInUse(f"the log in {path.parent} is written by another process (pid {holder})") from busy
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Gives the lock back; the file stays, since removing it would race with the next holder."""
        os.close(self._fd)
