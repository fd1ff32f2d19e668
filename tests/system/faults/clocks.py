"""Clocks that are wrong: libfaketime between a process and the kernel, moved while the process runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_NAME = "faketime/libfaketime.so.1"


def library() -> Path:
    """libfaketime: of the system, or taken out of its Debian package once into the user's cache.

    Skips with the reason where there is neither.
    """
    for found in Path("/usr/lib").glob(f"*/{_NAME}"):
        return found
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moments"
    base.mkdir(parents=True, exist_ok=True)
    kept = base / "libfaketime.so.1"
    with (base / "fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            _fetch(kept)
    return kept


def _fetch(kept: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("moving a clock needs libfaketime (Debian package libfaketime)")
    with tempfile.TemporaryDirectory() as folder:
        got = subprocess.run(
            ["apt-get", "download", "-qq", "libfaketime"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        packages = list(Path(folder).glob("*.deb"))
        if got.returncode or not packages:
            pytest.skip(f"moving a clock needs the Debian package libfaketime: {got.stderr.strip()[-200:]}")
        subprocess.run(["dpkg-deb", "-x", str(packages[0]), folder], check=True)
        (found,) = Path(folder).glob(f"usr/lib/*/{_NAME}")
        beside = kept.with_suffix(".part")
        shutil.copy(found, beside)
        beside.rename(kept)


class Clock:
    """The wall clock of one part: right until it is moved. What measures durations is left alone, as it is
    when somebody sets a machine's clock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.move(0)
        self.environment = {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(Path(__file__).with_name("under_faketime")),
            "FAKETIME_DISABLE_SHM": "1",
        }

    def move(self, seconds: int) -> None:
        """So far ahead of (or behind) the right time from now on; a running process sees it within 1 s."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}\n")
        beside.rename(self._file)
