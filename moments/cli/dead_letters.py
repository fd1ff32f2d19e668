"""moments dead-letters: what was refused, why, and another try."""

from typing import Annotated, Any

import typer

from moments.cli.options import Data, Key, Url, settings_of
from moments.cli.screen import note, say, table
from moments.client import connect, explain
from moments.errors import CommandFailed, WrongUsage

_PAGE = 1_000


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(help="Refused events: list, show, replay.", rich_markup_mode=None)
    verbs.command("list")(list_)
    verbs.command("show")(show)
    verbs.command("replay")(replay)
    app.add_typer(verbs, name="dead-letters")


def list_(
    code: Annotated[str | None, typer.Option("--code", help="Only letters with this error code.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="waiting, refused or taken.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Only letters that name this site.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=_PAGE, help="How many, newest first.")] = 100,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """List refused events, newest first, with the reason of each.

    Example: moments dead-letters list --code unknown_site
    """
    wanted = {"code": code, "status": status, "site": site, "limit": limit}
    params = {name: value for name, value in wanted.items() if value is not None}
    with connect(settings_of(url=url, key=key, data=data).settings) as platform:
        rows = platform.ask("GET", "/v1/dead-letters", params=params)["rows"]
    heads = ("letter", "status", "code", "times", "site", "type", "id", "detail")
    table(heads, [[row[head] for head in heads] for row in rows])


def show(
    letter: Annotated[int, typer.Argument(help="The letter's number.")],
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show one refused event with its raw text (admin key; the look is written into the audit trail).

    Example: moments dead-letters show 12
    """
    with connect(settings_of(url=url, key=key, data=data).settings) as platform:
        opened = platform.ask("GET", f"/v1/dead-letters/{letter}")
    for name, value in opened.items():
        if name not in {"raw", "raw_base64"} and value is not None:
            note(f"{name:<15} {value}")
    say(opened["raw"] if opened.get("raw") is not None else opened["raw_base64"])


def replay(
    letter: Annotated[int | None, typer.Argument(help="The letter's number.")] = None,
    code: Annotated[str | None, typer.Option("--code", help="All letters with this error code.")] = None,
    import_: Annotated[bool, typer.Option("--import", help="Whatever their age.")] = False,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Try one refused event again after a fix, or all with one error code (admin key).

    Example: moments dead-letters replay 12
    """
    if (letter is None) == (code is None):
        raise WrongUsage("name a letter or --code, one of them")
    params = {"import": "true"} if import_ else {}
    with connect(settings_of(url=url, key=key, data=data).settings, patience_s=10) as platform:
        numbers = [letter] if letter is not None else _with_code(platform, code)
        refused = 0
        for number in numbers:
            answer = platform.send("POST", f"/v1/dead-letters/{number}/replay", params=params)
            result: dict[str, Any] = answer.json() if answer.status_code in {200, 422} else {}
            if answer.status_code == 200 and result.get("status") != "rejected":
                say(f"letter {number}: {result.get('status')} at {result.get('position')}")
                continue
            refused += 1
            why = f"{result['code']}: {result.get('detail', '')}" if "code" in result else explain(answer)
            note(f"letter {number}: {why}")
    if refused:
        raise CommandFailed(f"{refused} of {len(numbers)} letters were refused again")


def _with_code(platform: Any, code: str | None) -> list[int]:
    """The letters not yet taken in with this code, oldest first."""
    numbers: list[int] = []
    params: dict[str, Any] = {"code": code, "limit": _PAGE}
    while True:
        page = platform.ask("GET", "/v1/dead-letters", params=params)
        numbers += [row["letter"] for row in page["rows"] if row["status"] != "taken"]
        if page["cursor"] is None:
            return sorted(numbers)
        params["cursor"] = page["cursor"]
