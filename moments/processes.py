"""What `moments up` starts: `python -m moments.processes door|core`, settings and tokens in the
environment."""

import argparse
import socket
import sys

from moments.app import serve_core, serve_door
from moments.collector import collect_seldom
from moments.errors import CommandFailed
from moments.logs import to_stderr
from moments.settings import load


def main() -> int:
    """Serves one part until stopped; 1 with one line on stderr when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m moments.processes")
    parser.add_argument("part", choices=("door", "core"))
    parser.add_argument("--listen-fd", type=int)
    parser.add_argument("--parent-fd", type=int)
    chosen = parser.parse_args()
    settings = load().settings
    to_stderr(settings.log_level)
    collect_seldom()
    try:
        if chosen.part == "door":
            serve_door(settings, socket.socket(fileno=chosen.listen_fd), parent_fd=chosen.parent_fd)
        else:
            serve_core(settings, parent_fd=chosen.parent_fd)
    except CommandFailed as failed:
        print(f"moments {chosen.part}: {failed}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
