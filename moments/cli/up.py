"""moments up, moments serve: the platform, or one of its parts."""

from typing import Annotated

import typer

from moments.cli.options import Data, settings_of
from moments.cli.screen import note
from moments.errors import WrongUsage

Host = Annotated[str | None, typer.Option("--host", help="The address to listen on (MOMENTS_HOST).")]
Port = Annotated[int | None, typer.Option("--port", help="The port; 0 takes a free one (MOMENTS_PORT).")]


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("serve")(serve)


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Fill a demonstration chain, then keep it alive.")
    ] = False,
    data: Data = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Run the whole platform behind one address: door, log, projector and KPI API.

    Prints `ready http://HOST:PORT` on stdout once it answers. The first start makes an admin key and shows
    it once. Stops cleanly on SIGINT and SIGTERM.

    Example: moments up --demo
    """
    from moments import platform
    from moments.demo import live
    from moments.logs import to_stderr

    loaded = settings_of(data=data, host=host, port=port)
    to_stderr(loaded.settings.log_level)
    platform.up(loaded, _announce, beside=live if demo else None, warn=_warn)


def serve(
    part: Annotated[str | None, typer.Argument(help="door or api; without it, both.")] = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Run one part in the foreground, for a supervisor of your own: door (listens), api (projector and KPI
    API).

    Both work on one data folder and meet at the socket in DATA/run.

    Example: moments serve door --data /srv/moments
    """
    from moments import platform
    from moments.app import in_server_mode, refuse_unmade, serve_api_alone, serve_core, serve_door_alone
    from moments.collector import collect_seldom
    from moments.logs import to_stderr

    loaded = settings_of(data=data, host=host, port=port)
    to_stderr(loaded.settings.log_level)
    collect_seldom()
    if part is None:
        refuse_unmade(loaded.settings)
        platform.up(loaded, _announce, warn=_warn, embedded=False)
    elif part == "door":
        serve_door_alone(loaded.settings, _announce)
    elif part == "api" and in_server_mode(loaded.settings):
        serve_api_alone(loaded.settings, _announce)
    elif part == "api":
        serve_core(loaded.settings)
    else:
        raise WrongUsage(f"{part!r} is no part; parts are door and api")


def _announce(line: str) -> None:
    # Whoever waits for `ready` reads through a pipe: every line has to leave at once.
    print(line, flush=True)  # noqa: T201


def _warn(line: str) -> None:
    note(f"moments: {line}")
