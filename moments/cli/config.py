"""moments config: the settings in force."""

import os

import typer

from moments.cli.options import Data, settings_of
from moments.cli.screen import note, table
from moments.settings import PREFIX, Settings

_NOT_SETTINGS = {PREFIX + "CONFIG"}


def register(app: typer.Typer) -> None:
    app.command("config")(config)


def config(data: Data = None) -> None:
    """Show every setting in force and where it came from; secrets are masked.

    Example: moments config
    """
    table(("setting", "value", "from"), settings_of(data=data).shown())
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _NOT_SETTINGS
    for name in sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        note(f"{name} is set but is no setting")
