"""moments sites: registers and lists sites."""

import csv
import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer

from moments import emit
from moments.cli.options import Data, Key, Url, settings_of
from moments.cli.screen import note, say, table
from moments.client import connect
from moments.errors import CommandFailed, WrongUsage
from moments.uuid7 import uuid7_of

_FIELDS = ("region", "kind", "timezone", "business_day_start", "currency", "name", "opened", "valid_from")
_REQUIRED = ("region", "kind", "timezone", "currency")
_SOURCE = "/moments/sites"


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(help="Register and list sites.", rich_markup_mode=None, no_args_is_help=False)
    verbs.command("add")(add)
    verbs.command("list")(list_)
    verbs.command("import")(import_)
    app.add_typer(verbs, name="sites")


def add(
    site: Annotated[str, typer.Argument(help="The site's code, such as msk-04; never reused.")],
    region: Annotated[str, typer.Option("--region", help="The region it belongs to.")],
    kind: Annotated[str, typer.Option("--kind", help="restaurant or store.")],
    timezone: Annotated[str, typer.Option("--timezone", help="IANA zone, such as Europe/Moscow.")],
    currency: Annotated[str, typer.Option("--currency", help="ISO 4217, such as RUB.")],
    day_start: Annotated[
        str, typer.Option("--day-start", help="Local HH:MM at which its business day begins.")
    ] = "00:00",
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    opened: Annotated[str | None, typer.Option("--opened", help="YYYY-MM-DD.")] = None,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Register a site. Events that waited for it are taken in by themselves.

    Example: moments sites add msk-04 --region north --kind restaurant --timezone Europe/Moscow --currency RUB
    """
    fields = {
        "region": region,
        "kind": kind,
        "timezone": timezone,
        "business_day_start": day_start,
        "currency": currency,
        "name": name,
        "opened": opened,
    }
    _send([registration(site, fields)], url=url, key=key, data=data)


def list_(url: Url = None, key: Key = None, data: Data = None) -> None:
    """List the sites in force.

    Example: moments sites list
    """
    with connect(settings_of(url=url, key=key, data=data).settings) as platform:
        answer = platform.ask("GET", "/v1/sites")
    sites = answer["sites"] if "sites" in answer else answer["rows"]
    heads = ("site", "region", "kind", "timezone", "business_day_start", "currency", "name")
    table(heads, [[site.get(head) for head in heads] for site in sites])


def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header: site, region, kind, timezone, currency, …")
    ],
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Register every site of a CSV file; the same file twice changes nothing.

    Columns: site, region, kind, timezone, currency, and if wanted business_day_start, name, opened,
    valid_from.

    Example: moments sites import sites.csv
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError) as fault:
        raise WrongUsage(f"{file}: {fault}") from fault
    missing = {"site", *_REQUIRED} - set(rows[0] if rows else ())
    if missing:
        raise WrongUsage(f"{file}: no column {', '.join(sorted(missing))}")
    _send([registration(row["site"], row) for row in rows], url=url, key=key, data=data)


def registration(site: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The decision that registers a site; its id is a function of what it says, so that a repetition is a
    duplicate."""
    data = {name: fields[name] for name in _FIELDS if fields.get(name)}
    data.setdefault("business_day_start", "00:00")
    now = datetime.now(UTC)
    return {
        "specversion": "1.0",
        # The id holds no time: the same registration is the same decision on every day it is sent.
        "id": uuid7_of(0, site, json.dumps(data, sort_keys=True)),
        "source": _SOURCE,
        "type": "moments.site.registered",
        "time": re.sub(r"\.\d+", "", now.isoformat()),
        "siteid": site,
        "data": data,
    }


def _send(events: list[dict[str, Any]], **flags: Any) -> None:
    stream = BytesIO("\n".join(json.dumps(event, ensure_ascii=False) for event in events).encode())
    with connect(settings_of(**flags).settings, patience_s=10) as platform:
        totals = emit.send(platform, emit.lines(stream))
    for number, refusal in totals.refusals:
        note(f"{events[number - 1]['siteid']}: {refusal}")
    if totals.rejected:
        raise CommandFailed(f"{totals.rejected} of {totals.sent} sites were refused")
    said = f"registered {totals.accepted}"
    say(said if not totals.duplicate else f"{said} · there already {totals.duplicate}")
