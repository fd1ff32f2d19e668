"""moments simulate: a demonstration chain as NDJSON."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from moments.cli.screen import note, progress
from moments.errors import WrongUsage
from moments.simulate import chain_of, decisions, history

DAY_MS = 86_400_000


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    sites: Annotated[int, typer.Option("--sites", min=1, help="How many sites.")] = 20,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days of history.")] = 7,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bytes.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="Write here instead of stdout.")] = None,
    visits: Annotated[int, typer.Option("--visits", min=1, help="A day's visits at an average site.")] = 60,
    until: Annotated[
        str | None,
        typer.Option("--until", help="The end of the history, RFC 3339 (default today 00:00 UTC)."),
    ] = None,
) -> None:
    """Write a demonstration chain as NDJSON: its decisions first, then its history.

    The same sites, days, seed, visits and until give the same bytes. Decisions need an admin key, and so
    does history older than 35 days: moments emit --import.

    Example: moments simulate --sites 20 --days 7 --seed 1 --until 2026-11-01T00:00:00Z --out chain.ndjson
    """
    end = _instant(until)
    chain = chain_of(sites)
    written = 0
    target = out.open("w", encoding="utf-8") if out else sys.stdout
    with progress("events") as tell:
        for line in decisions(chain, seed=seed):
            target.write(line)
            written += 1
        for _, line in history(chain, days=days, until_ms=end, seed=seed, visits=visits):
            target.write(line)
            written += 1
            if written % 10_000 == 0:
                tell(written)
    if out:
        target.close()
    note(f"{written:,} events of {sites} sites")


def _instant(text: str | None) -> int:
    """UTC epoch milliseconds of --until, or of the last midnight in UTC."""
    if text is None:
        now = int(datetime.now(UTC).timestamp() * 1000)
        return now - now % DAY_MS
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as fault:
        raise WrongUsage(
            f"--until: {text!r} is not an RFC 3339 instant such as 2026-11-01T00:00:00Z"
        ) from fault
    if instant.tzinfo is None:
        raise WrongUsage(f"--until: {text!r} has no offset: write 2026-11-01T00:00:00Z")
    return int(instant.timestamp() * 1000)
