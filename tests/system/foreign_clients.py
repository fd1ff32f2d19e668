"""Clients of others against the running platform: how each is started and heard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.fetched import go_program, jars, node_modules

HERE = Path(__file__).parent / "foreign"


def commands() -> dict[str, tuple[list[str], dict[str, str]]]:
    """By client: how it is started, and what its environment has on top."""
    java = f"{jars('foreign-java', HERE / 'pom.xml')}/*"
    modules = node_modules("foreign-js", HERE / "package.json")
    return {
        "java": (
            ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", java, str(HERE / "Foreign.java")],
            {},
        ),
        "js": (["node", str(HERE / "foreign.cjs")], {"NODE_PATH": str(modules)}),
        "go": ([str(go_program("foreign", HERE / "go"))], {}),
        "python": ([sys.executable, str(HERE / "foreign.py")], {}),
    }


def run(verb: str, work: Path, clients: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Lets clients do something at the same time; what each has printed, line by line."""
    known = commands()
    processes = {
        name: subprocess.Popen(
            [*known[name][0], verb, str(work)],
            env={**os.environ, **known[name][1]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in clients
    }
    printed = {}
    try:
        for name, process in processes.items():
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, f"{name}: {err[-3000:]}"
            printed[name] = [json.loads(line) for line in out.splitlines()]
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
    return printed
