"""moments keys: creates, lists and revokes API keys, whether or not the platform runs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ingest.keys import ROLES, Act, KeyRefused, Keys
from moments.cli.options import Data, settings_of
from moments.cli.screen import note, say, table
from moments.errors import CommandFailed, WrongUsage
from moments.layout import Layout

_WHO = "command line"


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(help="API keys: create, list, revoke.", rich_markup_mode=None)
    verbs.command("create")(create)
    verbs.command("list")(list_)
    verbs.command("revoke")(revoke)
    app.add_typer(verbs, name="keys")


def create(
    name: Annotated[str, typer.Argument(help="What or who uses it; never reused.")],
    role: Annotated[str, typer.Option("--role", help="ingest, read or admin.")],
    site: Annotated[list[str] | None, typer.Option("--site", help="Only this site; repeatable.")] = None,
    region: Annotated[
        list[str] | None, typer.Option("--region", help="Only this region; repeatable.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", help="When it ends: 90d, 12h, or an RFC 3339 instant.")
    ] = None,
    data: Data = None,
) -> None:
    """Create a key and show it once; only its hash is kept.

    Example: moments keys create till-2 --role ingest --site msk-04 --expires 365d
    """
    if role not in ROLES:
        raise WrongUsage(f"--role: {role!r} is not allowed; allowed: {', '.join(ROLES)}")
    expires_ms = _instant(expires) if expires else None
    with _keys(data) as keys:
        token = keys.create(name, role, sites=site or None, regions=region or None, expires_ms=expires_ms)
        limits = {"role": role, "sites": site, "regions": region, "expires": expires}
        keys.audit(_WHO, Act("key.created", name, limits))
    say(token)
    note(f"key {name!r} ({role}): shown once, only its hash is kept")


def list_(data: Data = None) -> None:
    """List all keys ever made, without their secrets.

    Example: moments keys list
    """
    with _keys(data) as keys:
        rows = [(key.name, key.role, key.sites, key.regions, *map(_day, key[4:8])) for key in keys.list()]
    table(("name", "role", "sites", "regions", "created", "expires", "last used", "revoked"), rows)


def revoke(name: Annotated[str, typer.Argument(help="The key's name.")], data: Data = None) -> None:
    """End a key at once, also in a running platform.

    Example: moments keys revoke till-2
    """
    with _keys(data) as keys:
        if not keys.revoke(name):
            raise CommandFailed(f"there is no key named {name!r} in force")
        keys.audit(_WHO, Act("key.revoked", name))
    say(f"revoked {name}")


@contextmanager
def _keys(data: Data) -> Iterator[Keys]:
    layout = Layout(settings_of(data=data).settings.data)
    layout.make()
    keys = Keys(layout.keys)
    try:
        yield keys
    except KeyRefused as refused:
        raise CommandFailed(str(refused)) from refused
    finally:
        keys.close()


def _instant(text: str) -> int:
    """UTC epoch milliseconds of a span from now (90d, 12h) or of an RFC 3339 instant."""
    if span := re.fullmatch(r"(\d+)([dh])", text):
        until = datetime.now(UTC) + timedelta(**{"days" if span[2] == "d" else "hours": int(span[1])})
        return int(until.timestamp() * 1000)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as fault:
        raise WrongUsage(f"--expires: {text!r} is neither 90d, 12h nor an RFC 3339 instant") from fault
    if instant.tzinfo is None:
        raise WrongUsage(f"--expires: {text!r} has no offset")
    return int(instant.timestamp() * 1000)


def _day(ms: int | None) -> str | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")
