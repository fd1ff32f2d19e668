"""One PostgreSQL for the tests that only use it; those that kill it start their own."""

from collections.abc import Iterator

import pytest

from tests.engines.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server nobody may kill: every test finds it empty."""
    with running() as started:
        yield started


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The address of an empty database."""
    return postgres.emptied()
