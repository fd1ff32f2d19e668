"""What a verb shows: results on stdout, progress on stderr; a moving bar on a terminal, plain lines
elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

_PLAIN_EVERY_S = 5.0


def say(line: str = "") -> None:
    """A line of the result."""
    typer.echo(line)


def note(line: str) -> None:
    """A line about the result, kept out of what a pipe reads."""
    typer.echo(line, err=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Aligned columns: readable, and still one row a line for `awk` and `grep`."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(len(head), *(len(row[i]) for row in texts), 0) for i, head in enumerate(heads)]
    for row in [list(heads), *texts]:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with how much is done; draws only where somebody watches."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    told = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _PLAIN_EVERY_S:
            told = time.monotonic()
            note(f"{what}: {done:,}" + (f" of {total:,}" if total else ""))

    yield tell


def _text(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.4f}"
    if isinstance(cell, list | tuple | set | frozenset):
        return ",".join(sorted(map(str, cell))) or "-"
    return str(cell)
