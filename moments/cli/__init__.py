"""The command `moments`: one module a verb; this one assembles them and turns every error into one line.

Exit codes: 0 done, 1 a refused or failed job, 2 wrong usage.
"""

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from moments import __version__
from moments.cli import (
    audits,
    backup,
    config,
    dead_letters,
    emit,
    grafana,
    keys,
    kpis,
    line,
    simulate,
    sites,
    up,
)
from moments.errors import CommandFailed

app = typer.Typer(
    name="moments",
    help="Moments of truth as events, and each department's exact share of what customers lived through.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _verbs in (up, line, emit, simulate, audits, backup, dead_letters, sites, keys, kpis, grafana, config):
    _verbs.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"moments {__version__}")
        raise typer.Exit


@app.callback()
def _every_verb(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_version, help="Print the version and leave."
    ),
    debug: bool = typer.Option(
        False, "--debug", help="Show the traceback of an error; works after a verb too."
    ),
) -> None:
    """Nothing of their own: what holds for every verb is done in `main`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a verb and leaves with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        run(["--help"])
        sys.exit(2)
    debug = "--debug" in given
    sys.exit(run([argument for argument in given if argument != "--debug"], debug=debug))


def run(arguments: list[str], *, debug: bool = False) -> int:
    """The exit code of a verb; errors are one line on stderr, with a traceback only in debug."""
    try:
        outcome = app(args=arguments, prog_name="moments", standalone_mode=False)
    except CommandFailed as failed:
        return _refuse(str(failed), failed.exit_code, debug=debug)
    except typer.TyperException as wrong:
        return _refuse(f"{wrong.format_message()} (moments --help)", wrong.exit_code, debug=debug)
    except (typer.Abort, KeyboardInterrupt):
        return _refuse("stopped", 130, debug=False)
    except BrokenPipeError:
        # The reader of our output left: leave quietly, and keep the interpreter from flushing into the
        # closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, the user gets one line
        return _refuse(f"{type(error).__name__}: {error}", 1, debug=debug)
    return outcome if isinstance(outcome, int) else 0


def _refuse(message: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.echo("moments: " + " ".join(message.split()), err=True)
    return code
