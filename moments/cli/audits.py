"""moments verify, moments rebuild."""

from typing import TYPE_CHECKING

import typer

from moments.cli.options import Data, settings_of
from moments.cli.screen import note, progress, say
from moments.errors import CommandFailed
from moments.settings import Settings

if TYPE_CHECKING:  # the engine is loaded only when a job is really asked for
    from moments import jobs

_SHOWN = 50


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)
    app.command("rebuild")(rebuild)


def verify(data: Data = None) -> None:
    """Audit: every event of the log is in ClickHouse exactly once, and every derived table equals a fresh
    derivation.

    A fresh generation is derived beside the live one and held against it and against exact arithmetic, to
    1e-9. A running platform does it itself and goes on meanwhile. Exit 1 and a list when something differs.

    Example: moments verify
    """
    outcome = _run(settings_of(data=data).settings, "verify")
    say(f"{outcome.events:,} events derived afresh · {outcome.exact:,} subjects computed exactly")
    _list(outcome.found)
    if outcome.differences:
        raise CommandFailed(f"{outcome.differences:,} differences")
    say("everything holds")


def rebuild(data: Data = None) -> None:
    """Build every projection afresh beside the live one from the log, compare, then switch over.

    Example: moments rebuild
    """
    outcome = _run(settings_of(data=data).settings, "rebuild")
    say(f"{outcome.events:,} events derived afresh · live now: {outcome.switched_to}")
    _list(outcome.found)
    if outcome.differences:
        say(f"{outcome.differences:,} rows were different before")


def _run(settings: Settings, job: "jobs.Job") -> "jobs.Outcome":
    from moments.jobs import do

    with progress(job) as tell:
        return do(settings, job, lambda _, done, __: tell(done))


def _list(found: list[str]) -> None:
    for line in found[:_SHOWN]:
        note(line)
    if len(found) > _SHOWN:
        note(f"and {len(found) - _SHOWN:,} more")
