"""Options that several verbs share, and the settings they lead to."""

from pathlib import Path
from typing import Annotated, Any

import typer

from moments.settings import Loaded, load

Data = Annotated[Path | None, typer.Option("--data", help="The data folder (MOMENTS_DATA, default ./data).")]
Url = Annotated[str | None, typer.Option("--url", help="A running platform (MOMENTS_URL).")]
Key = Annotated[str | None, typer.Option("--key", help="The API key to use (MOMENTS_KEY).")]
Site = Annotated[list[str] | None, typer.Option("--site", help="Only this site; repeatable.")]
Region = Annotated[list[str] | None, typer.Option("--region", help="Only this region; repeatable.")]


def settings_of(**flags: Any) -> Loaded:
    """The settings in force for a verb: its flags over environment, moments.toml and defaults."""
    return load(flags)
