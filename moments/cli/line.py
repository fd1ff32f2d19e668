"""moments relay, moments project: the line of the server mode, one process each."""

import typer

from moments.cli.options import Data, settings_of


def register(app: typer.Typer) -> None:
    """Adds the verbs."""
    app.command("relay")(relay)
    app.command("project")(project)


def relay(data: Data = None) -> None:
    """Send the log of the data folder to Kafka, in order, and remember how far (server mode).

    Runs beside the door of that folder until SIGINT or SIGTERM. Kafka may be away for hours: nothing is lost,
    the relay catches up by itself. Makes missing topics; refuses those that would lose events.

    Example: moments relay --data /srv/moments
    """
    from moments.collector import collect_seldom
    from moments.logs import to_stderr
    from moments.server import run_relay

    loaded = settings_of(data=data)
    to_stderr(loaded.settings.log_level)
    collect_seldom()
    run_relay(loaded.settings, _announce)


def project(data: Data = None) -> None:
    """Derive a share of the topic's partitions into ClickHouse (server mode).

    Start as many as there is work for: they share the partitions and take over from each other. Runs until
    SIGINT or SIGTERM.

    Example: moments project --data /srv/moments-projector
    """
    from moments.collector import collect_seldom
    from moments.logs import to_stderr
    from moments.server import run_project

    loaded = settings_of(data=data)
    to_stderr(loaded.settings.log_level)
    collect_seldom()
    run_project(loaded.settings, _announce)


def _announce(line: str) -> None:
    print(line, flush=True)  # noqa: T201
