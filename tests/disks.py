"""A disk that can be full: a small file system where mounting is allowed, else a limit on files."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNK = 1 << 20


class Disk:
    """The folder one part writes to.

    On a mounted tmpfs `fill` leaves no block free: the kernel answers ENOSPC. Where nothing may be mounted
    (a container without CAP_SYS_ADMIN) it lowers the limit on the size of files of the running process, and
    the kernel answers EFBIG: no write beyond what is there succeeds either.
    """

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self.folder = folder
        self.mounted = mounted
        self._filler = folder / "filler"
        self._limited: int | None = None

    def fill(self, pid: int) -> None:
        """Nothing more can be written by the process `pid`."""
        if not self.mounted:
            _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, most))
            self._limited = pid
            return
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        size = _CHUNK
        try:
            while size:
                try:
                    os.write(descriptor, bytes(size))
                except OSError as full:
                    if full.errno != errno.ENOSPC:
                        raise
                    size //= 2
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """There is room again."""
        self._filler.unlink(missing_ok=True)
        if self._limited is not None:
            with contextlib.suppress(ProcessLookupError):  # it ended; its successor has no limit
                _, most = resource.prlimit(self._limited, resource.RLIMIT_FSIZE)
                resource.prlimit(self._limited, resource.RLIMIT_FSIZE, (most, most))
            self._limited = None


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Disk]:
    """A disk of that size, or an unlimited folder whose writers can be limited."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "moments-test", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    try:
        yield Disk(folder, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
