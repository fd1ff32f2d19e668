"""The README's quickstart runs as it stands and checks its own result."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def block() -> str:
    found = re.search(r"<!-- quickstart -->\n```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, "the README has no quickstart"
    return found[1]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def run(script: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MOMENTS_")}
    shell = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=checkout,
        env=inherited
        | {"MOMENTS_PORT": free_port(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = shell.communicate(timeout=150)
    finally:
        # Whatever the script started and did not stop: its platform is in its process group.
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    return subprocess.CompletedProcess(script, shell.returncode, out, err)


def test_the_quickstart_finds_what_it_says(checkout: Path) -> None:
    done = run(block(), checkout)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == (
        "six minutes late: kitchen 6/7, accounting 1/7; none of 1 promise kept"
    )
    assert (checkout / "quickstart" / "log" / "events.db").exists()


def test_the_quickstart_fails_when_its_check_does(checkout: Path) -> None:
    wrong = block().replace('"kitchen": "6/7"', '"kitchen": "5/7"')
    done = run(wrong, checkout)

    assert done.returncode != 0
    assert "AssertionError" in done.stderr
