"""DATA/run/platform.json: how verbs find the platform that runs on a data folder.

The file is readable by its owner only, since its token is an admin key for as long as that platform runs.
"""

import os
from pathlib import Path

import msgspec

from moments.layout import unusable

RUN_FOLDER = "run"
_NAME = "platform.json"


class RunFile(msgspec.Struct, frozen=True):
    """The running platform: process, public address, the core's local socket, the token of this run."""

    pid: int
    url: str
    core_socket: str
    token: str
    started: str


def write(data: Path, running: RunFile) -> None:
    """Writes the file whole or not at all, mode 0600 from its first byte."""
    path = data / RUN_FOLDER / _NAME
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(running))
    fresh.replace(path)


def read(data: Path) -> RunFile | None:
    """The platform running on this data folder, or None (also when it died and left its file behind).

    Raises CommandFailed when the data folder is a file.
    """
    try:
        running = msgspec.json.decode((data / RUN_FOLDER / _NAME).read_bytes(), type=RunFile)
        os.kill(running.pid, 0)
    except NotADirectoryError as fault:
        raise unusable(data, fault) from fault
    except PermissionError:
        return None  # another user's platform, or another user's process under a number used again
    except (FileNotFoundError, ProcessLookupError, msgspec.MsgspecError):
        return None
    return running


def remove(data: Path) -> None:
    """Takes the file away at the end of a run."""
    (data / RUN_FOLDER / _NAME).unlink(missing_ok=True)
