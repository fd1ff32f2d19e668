"""The register of generations, as processes that start at the same time read it."""

from collections.abc import Iterator

import pytest

from projections.generations import Generations
from projections.store import Store


@pytest.fixture
def meta(store: Store) -> Iterator[str]:
    yield "registered_meta"
    for name in ("registered_meta", "moments", "g1"):
        store.command("DROP DATABASE IF EXISTS $name SYNC", name=name)


class Slow(Store):
    """Another process looks at the register whenever this one has made something."""

    def __init__(self, store: Store, other: Generations) -> None:
        self.__dict__.update(store.__dict__)
        self._other = other
        self.seen: list[tuple[str, str]] = []

    def create(self, database: str, folder: str, **names: object) -> None:
        self.seen.append((folder, self._other.refresh()))
        super().create(database, folder, **names)


def test_what_is_called_live_has_its_tables(store: Store, meta: str) -> None:
    """A KPI API that starts beside the first projector publishes views of whatever is called live."""
    other = Generations(store, meta=meta)
    slow = Slow(store, other)
    opened = Generations(slow, meta=meta).open(alone=False)
    assert ("generation", "") in slow.seen
    assert other.open(alone=False) == opened == "g1"
