"""One chDB for a module of tests (a process holds one path at a time), one generation for a test."""

from collections.abc import Iterator
from itertools import count

import pytest

from projections.store import Store

_numbers = count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(str(tmp_path_factory.mktemp("clickhouse")))
    yield store
    store.close()


@pytest.fixture
def generation(store: Store) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield name
    store.command("DROP DATABASE IF EXISTS $name SYNC", name=name)
