"""One broker for the tests that only use it, a broker of its own for each test that kills it."""

from collections.abc import Iterator

import pytest

from tests.engines.kafka.broker import Broker, running


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker nobody may kill: shared by all tests, which use topics of their own names."""
    with running(tmp_path_factory.mktemp("kafka")) as started:
        yield started


@pytest.fixture
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker to kill, stop and restart."""
    with running(tmp_path_factory.mktemp("kafka-own")) as started:
        yield started
