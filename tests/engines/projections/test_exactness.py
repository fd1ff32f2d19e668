"""The SQL derivation equals the exact domain, whatever the order, the batches, the moment of a decision."""

import random

import msgspec
import pytest

from projections.compare import compare
from projections.store import Store
from tests.engines.projections.told import NOW, chain_records, exact_facts, projector_of


@pytest.mark.parametrize("seed", range(6))
def test_nasty_streams_in_any_batches_give_the_exact_facts(store: Store, generation: str, seed: int) -> None:
    # given a shuffled stream with decisions among its events
    records = chain_records(seed, 600)
    batch = (45, 170, 2_000)[seed % 3]

    # when it is projected batch by batch
    projector = projector_of(store, records, generation, batch=batch)
    projector.drain()

    # then every promise, visit, outcome and loose moment is exact
    facts, _ = exact_facts(records, projector.as_of)
    assert min(len(facts.promises), len(facts.visits)) > 20
    assert len(facts.outcomes) > 5
    assert compare(store, generation, facts) == []


def test_another_order_of_arrival_gives_the_same_facts(store: Store, generation: str) -> None:
    # given the same events, registrations first, the rest in another order
    records = chain_records(99, 800)
    first = [record for record in records if record.type.endswith(".registered")]
    rest = [record for record in records if not record.type.endswith(".registered")]
    random.Random(1).shuffle(rest)
    projector = projector_of(store, first + rest, generation, batch=301)
    projector.drain()

    # then they are what the first order makes them
    facts, _ = exact_facts(records, projector.as_of)
    assert compare(store, generation, facts) == []


def test_a_row_that_cannot_be_read_is_kept_with_its_reason_and_stops_nothing(
    store: Store, generation: str
) -> None:
    # given a record of a type this version does not know, between good ones
    records = chain_records(7, 200)
    strange = msgspec.structs.replace(records[50], id="strange", type="moments.comet.seen")
    records.insert(51, strange)

    # when the stream is projected
    projector = projector_of(store, records, generation, batch=40)
    projector.drain()

    # then the row is kept with its reason, and everything else is exact
    rows = store.rows("SELECT position, event_id, reason FROM $gen.poison", gen=generation)
    assert [(position, event_id) for position, event_id, _ in rows] == [(52, "strange")]
    assert rows[0][2].startswith("unknown_type")
    facts, _ = exact_facts(records, projector.as_of)
    assert compare(store, generation, facts) == []


def test_the_clock_alone_breaks_a_promise(store: Store, generation: str) -> None:
    # given a stream derived when many promises were still open
    records = chain_records(5, 600)
    clock = {"now": NOW - 20 * 86_400_000}
    projector = projector_of(store, records, generation, batch=200, clock=lambda: clock["now"])
    projector.drain()
    open_before = store.rows("SELECT count() FROM $gen.promises FINAL WHERE state = 'open'", gen=generation)[
        0
    ][0]
    assert open_before

    # when no event comes, and the clock goes on
    clock["now"] = NOW + 3 * 86_400_000
    projector.drain()

    # then what was open and overdue is broken, as of the later clock
    facts, _ = exact_facts(records, projector.as_of)
    assert projector.as_of == NOW + 3 * 86_400_000
    assert compare(store, generation, facts) == []
    assert (
        store.rows("SELECT count() FROM $gen.promises FINAL WHERE state = 'open'", gen=generation)[0][0]
        < open_before
    )
