"""moments emit: sends events to a door."""

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from moments import emit as sending
from moments.cli.options import Data, Key, Url, settings_of
from moments.cli.screen import note, progress, say
from moments.client import connect
from moments.errors import CommandFailed, WrongUsage

_SHOWN_REFUSALS = 20


def register(app: typer.Typer) -> None:
    app.command("emit")(emit)


def emit(
    file: Annotated[str, typer.Argument(help="NDJSON (one CloudEvent a line) or a JSON array; - is stdin.")],
    import_: Annotated[bool, typer.Option("--import", help="Events of any age (admin key).")] = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
    patience: Annotated[
        float, typer.Option("--patience", help="Seconds to go on trying while the platform is away.")
    ] = 300.0,
) -> None:
    """Send events to a door; sending the same file again changes nothing.

    Prints accepted, duplicate and rejected events and the final position. Exit 1 when events were rejected:
    they are kept, see `moments dead-letters list`.

    Example: moments emit events.ndjson --url http://127.0.0.1:8080 --key KEY
    """
    settings = settings_of(url=url, key=key, data=data).settings
    stream = sys.stdin.buffer if file == "-" else _open(file)
    with (
        connect(settings, patience_s=patience, tell=lambda why: note(f"moments: {why}")) as platform,
        progress("events") as tell,
        stream,
    ):
        totals = sending.send(
            platform, sending.lines(stream), import_=import_, progress=lambda t: tell(t.sent)
        )
    for number, refusal in totals.refusals[:_SHOWN_REFUSALS]:
        note(f"event {number}: {refusal}")
    if len(totals.refusals) > _SHOWN_REFUSALS:
        note(f"and {len(totals.refusals) - _SHOWN_REFUSALS:,} more: moments dead-letters list")
    conflicts = f" ({totals.conflicts} with other content)" if totals.conflicts else ""
    say(
        f"accepted {totals.accepted} · duplicate {totals.duplicate}{conflicts} · rejected {totals.rejected}"
        f" · position {totals.position or '-'}"
    )
    if totals.rejected:
        raise CommandFailed(f"{totals.rejected} of {totals.sent} events were rejected")


def _open(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except OSError as fault:
        raise WrongUsage(f"{file}: {fault.strerror}") from fault
