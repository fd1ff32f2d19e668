"""Writes the secrets that docker-compose.yml reads: `make secrets`. What exists is kept; nothing is printed.

Files in secrets/, mode 0600: an env file for whoever needs a password, and clickhouse-users.sql, which makes
ClickHouse's users at its first start (projections/schema/server with the hashes of their passwords).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from pathlib import Path

from projections.generations import PUBLIC
from projections.store import render, sql_files

FOLDER = Path(__file__).parents[1] / "secrets"
DATABASE_USERS = ("writer", "reader", "grafana")


def contents() -> dict[str, str]:
    """Name and text of every file, with passwords made now."""
    passwords = {user: secrets.token_urlsafe(32) for user in DATABASE_USERS}
    log = secrets.token_urlsafe(32)
    files = {
        "moments.env": {
            "MOMENTS_ADMIN_KEY": secrets.token_urlsafe(32),
        },
        "writer.env": {
            "MOMENTS_CLICKHOUSE_URL": f"http://moments_writer:{passwords['writer']}@clickhouse:8123/{PUBLIC}",
        },
        "reader.env": {
            "MOMENTS_CLICKHOUSE_URL": f"http://moments_reader:{passwords['reader']}@clickhouse:8123/{PUBLIC}",
        },
        "clickhouse.env": {
            "CLICKHOUSE_USER": "moments_admin",
            "CLICKHOUSE_PASSWORD": secrets.token_urlsafe(32),
            "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT": "1",
        },
        "grafana.env": {
            "GF_SECURITY_ADMIN_USER": "admin",
            "GF_SECURITY_ADMIN_PASSWORD": secrets.token_urlsafe(24),
            "MOMENTS_CLICKHOUSE_USER": "moments_grafana",
            "MOMENTS_CLICKHOUSE_PASSWORD": passwords["grafana"],
        },
        "postgres.env": {
            "POSTGRES_USER": "moments",
            "POSTGRES_DB": "moments",
            "POSTGRES_PASSWORD": log,
        },
        # Copied to log.env, it moves door and relay from SQLite to the service `postgres`.
        "log-postgres.env": {
            "MOMENTS_LOG_URL": f"postgresql://moments:{log}@postgres:5432/moments",
        },
    }
    texts = {
        name: "".join(f"{key}={value}\n" for key, value in given.items()) for name, given in files.items()
    }
    return texts | {"clickhouse-users.sql": database_users(passwords)}


def database_users(passwords: dict[str, str]) -> str:
    """The statements that make ClickHouse's users: projections/schema/server, one file after the other."""
    hashes = {
        f"{user}_sha256": hashlib.sha256(password.encode()).hexdigest()
        for user, password in passwords.items()
    }
    return ";\n".join(
        render(file.read_text().strip(), {"public": PUBLIC, **hashes}) for file in sql_files("schema/server")
    ) + ";\n"


def write(folder: Path) -> list[str]:
    """Creates the missing files together, or none when all are there; gives their names.

    Raises FileExistsError when only some exist: passwords in them belong together.
    """
    texts = contents()
    there = [name for name in texts if (folder / name).exists()]
    if len(there) == len(texts):
        return []
    if there:
        raise FileExistsError(
            f"{folder} holds {', '.join(there)} only; these belong together: {', '.join(texts)}"
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, text in texts.items():
        fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(text)
    return list(texts)


if __name__ == "__main__":
    written = write(FOLDER)
    sys.stdout.write(f"written: {', '.join(written)}\n" if written else "secrets are there already\n")
