"""Hundreds of small streams in which everything collides, each at sites of its own, in one projection."""

import random
from collections.abc import Callable, Iterable

import pytest

from domain.errors import Invalid
from projections.compare import compare
from projections.store import Store
from tests.colliding_streams import CollidingStream, as_own_sites, blocked_joins_stream, colliding_stream
from tests.engines.projections.told import exact_facts, projector_of, records_of
from tests.site_stories import CloudEventDict
from tests.streams import to_event

SEEDS = range(120)


@pytest.mark.parametrize("stream", [colliding_stream, blocked_joins_stream])
def test_what_collides_is_derived_exactly(
    store: Store, generation: str, stream: Callable[[int], CollidingStream]
) -> None:
    # given many seeds as one chain, their decisions before their events
    told, as_of = one_chain(stream)
    accepted = list(acceptable(told))
    assert len(told) - len(accepted) < len(told) / 50

    # when they are projected in batches that cut through every seed
    records = records_of(accepted)
    projector = projector_of(store, records, generation, batch=4_000, clock=lambda: as_of)
    projector.drain()

    # then every fact is exact, and all sorts of them are there
    facts, _ = exact_facts(records, projector.as_of)
    states = {promise.state for promise in facts.promises.values()}
    assert states >= {"kept", "late", "broken", "cancelled"}
    assert min(len(facts.promises), len(facts.visits)) > 120
    assert len(facts.outcomes) > 40
    assert compare(store, generation, facts) == []


def one_chain(stream: Callable[[int], CollidingStream]) -> tuple[list[CloudEventDict], int]:
    """All seeds, and the clock of the middle one: to some of them it is early, to others late."""
    decisions, events, clocks = [], [], []
    for seed in SEEDS:
        made, happened, as_of = stream(seed)
        own_decisions, own_events = as_own_sites(seed, made, happened)
        decisions += own_decisions
        events += own_events
        clocks.append(as_of)
    random.Random("all seeds").shuffle(events)
    return decisions + events, sorted(clocks)[len(clocks) // 2]


def acceptable(events: Iterable[CloudEventDict]) -> Iterable[CloudEventDict]:
    """What the door takes; an event it refuses does not use up its identity (R1)."""
    for event in events:
        try:
            to_event(event)
        except Invalid:
            continue
        yield event
