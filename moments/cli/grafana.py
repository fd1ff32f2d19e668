"""moments grafana: boards and alert rules as files, their check, and publishing."""

import json
import time
from typing import Annotated, Any, Literal

import typer

from moments.cli.options import Data, Key, Url, settings_of
from moments.cli.screen import note, say
from moments.client import Platform, connect
from moments.errors import CommandFailed, WrongUsage

Language = Annotated[
    Literal["en", "uk", "ru"], typer.Option("--language", help="Which of the three sets of boards.")
]


def register(app: typer.Typer) -> None:
    verbs = typer.Typer(help="Dashboards and alert rules: build, check, push.", rich_markup_mode=None)
    verbs.command("build")(build)
    verbs.command("check")(check)
    verbs.command("push")(push)
    app.add_typer(verbs, name="grafana")


def build() -> None:
    """Write the dashboards and provisioning files of this checkout from the catalogue; say which changed.

    Example: moments grafana build
    """
    from grafana.build import write

    changed = write()
    for name in changed:
        say(name)
    note(f"{len(changed)} files changed" if changed else "nothing changed")


def check() -> None:
    """Check that the committed files are what the code builds, and that no board fails in silence.

    Example: moments grafana check
    """
    from grafana.build import dashboards, stale
    from grafana.rules import broken_links, faults_of

    models = {f"{language}/{slug}": model for language, slug, model in dashboards()}
    faults = [f"{name}: {fault}" for name, model in models.items() for fault in faults_of(model)]
    faults += broken_links(models)
    faults += [f"{name}: not what the code builds (moments grafana build)" for name in stale()]
    for fault in faults:
        say(fault)
    if faults:
        raise CommandFailed(f"{len(faults)} faults in the boards")
    note(f"{len(models)} boards checked, no fault")


def push(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    language: Language = "en",
    grafana_url: Annotated[str | None, typer.Option("--grafana-url", help="(MOMENTS_GRAFANA_URL)")] = None,
    url: Url = None,
    key: Key = None,
    data: Data = None,
) -> None:
    """Publish boards, folders, teams, permissions and decisions to a Grafana; a second time changes nothing.

    Regions, sites and decisions come from the running platform; MOMENTS_GRAFANA_TOKEN is the service
    account's.

    Example: moments grafana push --dry-run --grafana-url https://grafana.example
    """
    from grafana.build import dashboards
    from grafana.publisher import push as publishing
    from grafana.publisher.port import Grafana, GrafanaRefused
    from grafana.publisher.wanted import DECISIONS, deployment, wanted

    settings = settings_of(url=url, key=key, data=data, grafana_url=grafana_url).settings
    if not settings.grafana_url or settings.grafana_token is None:
        raise WrongUsage("name a Grafana: --grafana-url (or MOMENTS_GRAFANA_URL), and MOMENTS_GRAFANA_TOKEN")
    with connect(settings) as platform:
        sites = platform.ask("GET", "/v1/sites")["rows"]
        decisions = [each for type_ in DECISIONS for each in _events(platform, type_)]
    models = {slug: model for each, slug, model in dashboards() if each == language}
    goal = wanted(models, language, sites, decisions)
    grafana = Grafana(settings.grafana_url, settings.grafana_token.get_secret_value())
    try:
        count = publishing.push(grafana, goal, dry_run=dry_run, tell=say)
        if count and not dry_run:
            published = deployment(models, time.time_ns() // 1_000_000)
            publishing.push(grafana, publishing.only_annotations([published]), dry_run=False, tell=say)
    except GrafanaRefused as refused:
        raise CommandFailed(str(refused)) from refused
    note(
        f"{count} differences{' (nothing was changed)' if dry_run else ''}" if count else "nothing to change"
    )


def _events(platform: Platform, type_: str) -> list[dict[str, Any]]:
    """All decisions of a type, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"type": type_, "limit": 1000} | ({"cursor": cursor} if cursor else {})
        answer = platform.ask("GET", "/v1/events", params=params)
        rows += [
            {**row, "data": json.loads(row["data"]) if isinstance(row["data"], str) else row["data"]}
            for row in answer["rows"]
        ]
        cursor = answer["next"]
        if not cursor:
            return rows
