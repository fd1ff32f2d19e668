"""moments backup, moments restore."""

from pathlib import Path
from typing import Annotated

import typer

from moments.backup import Copied, back_up
from moments.backup import restore as put_back
from moments.cli.options import Data, settings_of
from moments.cli.screen import say
from moments.errors import CommandFailed
from moments.layout import Layout

Folder = Annotated[Path, typer.Argument(help="The backup's folder.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(folder: Folder, data: Data = None) -> None:
    """Copy log, vault, keys, dead letters and places into a new folder, while the platform runs.

    The copy holds the key of the vault: keep it where only you can read it. ClickHouse is not in it, since
    it is derived again from the log (or, in the server mode, from the topic).

    Example: moments backup /backups/2026-11-26
    """
    _say("backed up", back_up(_layout(data), folder), folder)


def restore(folder: Folder, data: Data = None) -> None:
    """Put a backup into an empty data folder, every file checked first; then start the platform on it.

    Example: moments restore /backups/2026-11-26 --data /srv/moments
    """
    layout = _layout(data)
    _say("restored", put_back(layout, folder), layout.data)


def _layout(data: Path | None) -> Layout:
    settings = settings_of(data=data).settings
    if settings.log_url is not None:
        raise CommandFailed("the log is on PostgreSQL: see docs/operations.md for its backup (pg_dump)")
    return Layout(settings.data)


def _say(done: str, copied: Copied, where: Path) -> None:
    say(f"{done} {copied.rows:,} events and {len(copied.files)} files: {where}")
