"""moments kpis: the catalogue of measures, and a value when a span is named."""

from typing import Annotated

import typer

from domain.measures import CATALOGUE, Measure
from moments.cli.options import Data, Key, Region, Site, Url, settings_of
from moments.cli.screen import say, table
from moments.client import connect
from moments.errors import WrongUsage


def register(app: typer.Typer) -> None:
    app.command("kpis")(kpis)


def kpis(
    code: Annotated[str | None, typer.Argument(help="One measure; without it, all of them.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First business date: show its value.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The business date after the last.")] = None,
    site: Site = None,
    region: Region = None,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Show the KPI catalogue: formula, unit, owner and source; with --from and --to a measure's value.

    Example: moments kpis on_time --from 2026-11-01 --to 2026-12-01 --site msk-01
    """
    if code is None:
        table(
            ("code", "unit", "owner", "formula"),
            [(each.code, each.unit, _owner(each), each.formula["en"]) for each in CATALOGUE.values()],
        )
        return
    if code not in CATALOGUE:
        raise WrongUsage(f"there is no measure {code!r}: `moments kpis` lists them")
    measure = CATALOGUE[code]
    if from_ is None and to is None:
        _describe(measure)
        return
    if from_ is None or to is None:
        raise WrongUsage("--from and --to go together")
    params = {"from": from_, "to": to, "site": site or [], "region": region or []}
    with connect(settings_of(url=url, key=key, data=data).settings, patience_s=10) as platform:
        answer = platform.ask("GET", f"/v1/kpis/{code}", params=params)
    heads = ("value", "lo", "hi", "n", "numerator", "denominator")
    table(heads, [[row.get(head) for head in heads] for row in answer["rows"]])


def _describe(measure: Measure) -> None:
    for name, value in (
        ("code", measure.code),
        *((f"title ({language})", title) for language, title in measure.title.items()),
        ("unit", measure.unit),
        ("better", str(measure.direction)),
        ("formula", measure.formula["en"]),
        ("numerator", measure.numerator["en"]),
        ("denominator", measure.denominator["en"]),
        ("source", ", ".join(measure.source)),
        ("owner", _owner(measure)),
        ("standard", "-" if measure.standard is None else str(measure.standard)),
        ("interval", str(measure.interval)),
    ):
        say(f"{name:<12} {value}")


def _owner(measure: Measure) -> str:
    return f"{measure.owner_tier}: {', '.join(measure.owner_departments)}"
