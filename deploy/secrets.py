"""Writes the secrets that docker-compose.yml reads: `make secrets`. What exists is kept; nothing is printed.

Files in secrets/ (mode 0600): moments.env, clickhouse.env, grafana.env.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "secrets"


def write(folder: Path) -> list[str]:
    """Creates the missing files together, or none when all are there; gives their names.

    Raises FileExistsError when only some exist: passwords in them belong together.
    """
    names = ("moments.env", "clickhouse.env", "grafana.env")
    there = [name for name in names if (folder / name).exists()]
    if len(there) == len(names):
        return []
    if there:
        raise FileExistsError(f"{folder} holds {', '.join(there)} only; the three belong together")
    folder.mkdir(mode=0o700, exist_ok=True)
    store = secrets.token_urlsafe(32)
    contents = {
        "moments.env": {
            "MOMENTS_ADMIN_KEY": secrets.token_urlsafe(32),
            "MOMENTS_KAFKA_BOOTSTRAP": "kafka:9092",
            "MOMENTS_CLICKHOUSE_URL": f"http://moments:{store}@clickhouse:8123/moments",
        },
        "clickhouse.env": {
            "CLICKHOUSE_USER": "moments",
            "CLICKHOUSE_PASSWORD": store,
            "CLICKHOUSE_DB": "moments",
            "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT": "1",
        },
        "grafana.env": {
            "GF_SECURITY_ADMIN_USER": "admin",
            "GF_SECURITY_ADMIN_PASSWORD": secrets.token_urlsafe(24),
        },
    }
    for name in names:
        fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.writelines(f"{key}={value}\n" for key, value in contents[name].items())
    return list(names)


if __name__ == "__main__":
    written = write(FOLDER)
    sys.stdout.write(f"written: {', '.join(written)}\n" if written else "secrets are there already\n")
