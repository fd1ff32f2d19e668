"""What is said on stderr must never stop who says it."""

import subprocess
import sys

SAYING = """
import structlog
from moments.logs import to_stderr
to_stderr("info")
structlog.get_logger("x").error("append_failed", error="database or disk is full")
print("goes on")
"""


def test_a_full_disk_under_the_log_lines_stops_nothing() -> None:
    """The door's writer says that it cannot write: on the same disk it would end itself by saying so."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-c", SAYING], stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "goes on\n"


def test_lines_are_said_on_stderr() -> None:
    done = subprocess.run([sys.executable, "-c", SAYING], capture_output=True, text=True, check=True)
    assert "append_failed" in done.stderr
