"""A server mode whose parts a test starts itself, in an order and with programs of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.kafka.broker import running
from tests.system.server_mode import Chain, Part


@contextmanager
def unstarted(folder: Path, **settings: str) -> Iterator[Chain]:
    """A chain of which only the broker runs; whatever was started is gone at the end."""
    with running(folder / "kafka") as broker:
        whole = Chain(folder, broker, **settings)
        try:
            yield whole
        finally:
            for part in whole.parts:
                end(part)
            whole.http.close()
            whole.store.close()


def end(part: Part) -> None:
    """Kills a part that still runs."""
    if part.process is not None and part.process.poll() is None:
        part.process.kill()
        part.process.wait()
