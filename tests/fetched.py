"""What tests need beside Python's packages: fetched once, by its own package tool, into a cache elsewhere."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def fetched(label: str, named_by: Path, tool: str, command: Callable[[Path], list[str]]) -> Path:
    """The folder of what `named_by` names; fetched by `command(folder)` where it is not there yet.

    Skips with the reason when the tool is missing or what it asks does not answer.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "moments"
    folder = base / f"{label}-{hashlib.sha256(named_by.read_bytes()).hexdigest()[:8]}"
    if shutil.which(tool) is None and not folder.is_dir():
        pytest.skip(f"{label} needs {tool} on PATH, for the first time")
    base.mkdir(parents=True, exist_ok=True)
    with (base / f"{label}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            beside = folder.with_name(folder.name + ".part")
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir()
            done = subprocess.run(
                command(beside), capture_output=True, text=True, timeout=300, check=False, cwd=named_by.parent
            )
            if done.returncode or not any(beside.iterdir()):
                pytest.skip(f"{label} could not be fetched: {(done.stdout + done.stderr).strip()[-300:]}")
            beside.rename(folder)
    return folder


def jars(label: str, pom: Path) -> Path:
    """The jars that a pom names, with all they need."""
    return fetched(
        label,
        pom,
        "mvn",
        lambda into: [
            *("mvn", "-B", "-q", "-f", str(pom)),
            *("dependency:copy-dependencies", f"-DoutputDirectory={into}"),
        ],
    )


def node_modules(label: str, package: Path) -> Path:
    """The packages that a package.json names; for NODE_PATH."""
    install = 'cp "$1" "$2/package.json" && npm install --no-audit --no-fund --prefix "$2"'
    into = fetched(
        label, package, "npm", lambda into: ["sh", "-c", install, "sh", str(package), str(into)]
    )
    return into / "node_modules"


def go_program(label: str, module: Path) -> Path:
    """The program of a Go module, built."""
    folder = fetched(
        label, module / f"{label}.go", "go", lambda into: ["go", "build", "-C", str(module), "-o", f"{into}/"]
    )
    return next(folder.iterdir())
