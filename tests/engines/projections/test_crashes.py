"""A projector that dies between any two steps of a flush, and starts again, ends in the same tables."""

import pytest

from projections.compare import compare
from projections.store import Store
from tests.engines.projections.told import ListFeed, chain_records, exact_facts, projector_of

STEPS = (
    "1_subjects",
    "2_links",
    "4_events",
    "5_touch",
    "5_close",
    "5_stage",
    "5_derive",
    "5_write",
)


class Died(Exception):
    """In the place of the process's death."""


@pytest.mark.parametrize("step", STEPS)
def test_dying_after_each_step_of_every_third_flush_changes_nothing(
    store: Store, generation: str, step: str
) -> None:
    # given a projector that dies after this step, time and again
    records = chain_records(STEPS.index(step) + 50, 300)
    left = {"alive": 0}

    def observe(name: str, _: float) -> None:
        left["alive"] -= name == step
        if left["alive"] < 0:
            left["alive"] = 2
            raise Died(name)

    # when a new one takes over each time, reading batches of another size
    deaths = 0
    while True:
        projector = projector_of(store, records, generation, batch=90 + 7 * deaths, observe=observe)
        try:
            projector.drain()
            break
        except Died:
            deaths += 1

    # then the facts are exact
    assert deaths >= 2
    facts, _ = exact_facts(records, projector.as_of)
    assert compare(store, generation, facts) == []


def test_events_read_again_after_a_crash_are_not_there_twice(store: Store, generation: str) -> None:
    # given a projector that died after the facts were written, before the place was
    records = chain_records(60, 300)

    def observe(name: str, _: float) -> None:
        if name == "5_write":
            raise Died(name)

    with pytest.raises(Died):
        projector_of(store, records, generation, batch=1_000, observe=observe).drain()

    # when another one starts from the stored place, with other batches
    projector_of(store, records, generation, batch=120).drain()

    # then each event is there once
    rows = store.rows(
        "SELECT count(), uniqExact(source, event_id) FROM $gen.events FINAL WHERE main = 1", gen=generation
    )
    assert rows == [(len(records), len(records))]


def test_rows_of_a_projector_that_lost_its_place_lose(store: Store, generation: str) -> None:
    # given a projector that stopped half-way, and a second one that took over and finished
    records = chain_records(61, 300)
    zombie = projector_of(store, records[:150], generation, batch=1_000)
    zombie.drain()
    successor = projector_of(store, records, generation, batch=1_000)
    successor.drain()

    # when the first one wakes up and derives what it knew
    zombie.sweep_to(zombie.as_of)
    zombie.flush(*_next(zombie, records[:150]))

    # then its rows are older than those of its successor, and so is its place
    facts, _ = exact_facts(records, successor.as_of)
    assert compare(store, generation, facts) == []
    resumed = projector_of(store, records, generation, batch=1_000)
    assert resumed.position() == {1: len(records)}


def _next(projector: object, records: list) -> tuple:  # type: ignore[type-arg]
    from projections.flush import Batch

    read = ListFeed(records).read({}, 1_000)
    return read, Batch.of(read.told)
