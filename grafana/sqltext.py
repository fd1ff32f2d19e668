"""SQL of panels, variables and alerts: one `.sql` file a question, places written `@{name}`.

Grafana's own `$` macros and variables pass through untouched, which is why places have another sign.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template


class _Places(Template):
    delimiter = "@"
    idpattern = "(?a:[a-z_]+)"


@cache
def _file(name: str) -> _Places:
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith("--")]
    return _Places("\n".join(kept).strip())


def sql(name: str, /, **places: object) -> str:
    """The text of `sql/<name>.sql` with its places filled; its comments stay in the file.

    Raises KeyError for a place without a value.
    """
    return _file(name).substitute(places)


def literal(text: str) -> str:
    """A text of ours as an SQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def chosen(variable: str) -> str:
    """What a reader chose, as a list of quoted strings.

    The plugin's own formatter does not escape quotes, hence a format, for single values too; and of Grafana's
    two, `:sqlstring` pairs them. `:singlequote` puts a backslash before them, which the plugin's reader of
    macros takes for a text's end: from there on a `--` in what was chosen cuts the query off.
    """
    return "${" + variable + ":sqlstring}"


def indent(text: str, by: int = 4) -> str:
    """The text moved right, for a subquery that should stay readable in Grafana's editor."""
    pad = " " * by
    return "\n".join(pad + line if line else line for line in text.splitlines())
