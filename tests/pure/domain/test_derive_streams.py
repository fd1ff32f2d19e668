"""What must hold of the facts of any stream, tried on random nasty ones (tests/streams.py)."""

import random
from collections import Counter
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.cloudevents import from_structured, parse_event
from domain.decisions.application import Decisions
from domain.derive import Facts, derive
from tests.streams import (
    DAY,
    distinct,
    facts_of,
    random_stream,
    site_decisions,
    structure_of,
    to_event,
)

NOW = 1_795_003_217_345
SEEDS = st.integers(0, 10_000)
few = settings(max_examples=12, deadline=None)


def facts(seed: int, size: int = 400) -> Facts:
    return facts_of(random_stream(seed, size, NOW), site_decisions(seed, NOW), NOW)


# The generator itself


def test_a_stream_is_a_function_of_its_seed():
    assert random_stream(3, 200, NOW) == random_stream(3, 200, NOW)
    assert random_stream(3, 200, NOW) != random_stream(4, 200, NOW)


@given(SEEDS)
@few
def test_its_decisions_pass_the_rules_of_the_aggregates_in_their_order(seed):
    application = Decisions()
    for told in site_decisions(seed, NOW):
        event = from_structured(msgspec.json.encode(told))
        application.decide(event, parse_event(event), admin=True, now_ms=NOW)


def test_a_stream_contains_what_makes_it_nasty():
    events = random_stream(5, 4000, NOW)
    seen = facts_of(events, site_decisions(5, NOW), NOW)
    promises = seen.promises.values()
    ledgers = [promise.ledger for promise in promises if promise.ledger is not None]
    lines = [line for ledger in ledgers for line in ledger.lines]
    moments = [moment for visit in seen.visits.values() for moment in visit.moments]

    assert len(distinct(events)) < len(events)
    assert {promise.state for promise in promises} == {"open", "kept", "late", "broken", "cancelled"}
    assert {(moment.basis, moment.derived) for moment in moments} == {
        (basis, derived) for basis in ("stage_overrun", "root_cause", "default") for derived in (True, False)
    }
    assert any(ledger.overlap_s for ledger in ledgers)
    assert any(ledger.unreported for ledger in ledgers)
    assert any(ledger.over_promise_s for ledger in ledgers)
    assert any(line.overrun_s.denominator > 1 and line.group for line in lines), "a join that shares"
    assert any(line.stage.startswith("blocked:") and line.group for line in lines), "a blocked join"
    assert any(line.stage == "blocked:unmeasured" for line in lines)
    assert seen.waiting
    assert seen.loose_moments
    assert Counter(len(fact.ledger) > 1 for fact in seen.outcomes.values())[True] > 10
    assert len({promise_id for _, promise_id in seen.promises}) < len(seen.promises), "ids of several sites"


# Derivation


@given(SEEDS, st.randoms(use_true_random=False))
@few
def test_the_order_of_arrival_is_irrelevant(seed, order):
    structure = structure_of(site_decisions(seed, NOW))
    events = [to_event(event) for event in distinct(random_stream(seed, 300, NOW))]
    first = derive(events, structure, NOW)
    order.shuffle(events)

    assert derive(events, structure, NOW) == first


@given(SEEDS)
@few
def test_every_missed_promise_has_owners_of_exactly_one_equivalent(seed):
    for promise in facts(seed).promises.values():
        missed = promise.state in {"late", "broken"}
        assert sum(promise.equivalents.values()) == (1 if missed else 0)
        assert all(share > 0 for share in promise.equivalents.values())
        assert (promise.ledger is not None) == (promise.state in {"kept", "late"})


@given(SEEDS)
@few
def test_every_ledger_balances(seed):
    for promise in facts(seed).promises.values():
        ledger = promise.ledger
        if ledger is not None:
            assert ledger.overrun_s - ledger.absorbed_s == ledger.late_s
            assert sum(line.late_s for line in ledger.departments) == ledger.late_s
            assert sum(line.hidden_s for line in ledger.departments) == ledger.absorbed_s
            rescued = sum(line.rescue_s for line in ledger.departments)
            assert rescued + ledger.slack_rescue_s == ledger.absorbed_s


@given(SEEDS)
@few
def test_the_mean_score_of_any_visits_is_75_less_their_debit_plus_their_credit(seed):
    visits = [visit for visit in facts(seed).visits.values() if visit.ves is not None]
    debit = sum(sum(visit.debit.values()) for visit in visits)
    credit = sum(sum(visit.credit.values()) for visit in visits)

    assert sum(visit.ves for visit in visits) == 75 * len(visits) - debit + credit


@given(SEEDS)
@few
def test_every_outcome_is_shared_out_whole(seed):
    for outcome in facts(seed).outcomes.values():
        unit = outcome.amount if outcome.kind.startswith("refund") else Fraction(1)
        assert sum(outcome.ledger.values()) == (unit if outcome.outcome else 0)


@given(SEEDS)
@few
def test_the_clock_only_breaks_open_promises(seed):
    structure = structure_of(site_decisions(seed, NOW))
    events = [to_event(event) for event in distinct(random_stream(seed, 300, NOW))]
    now, later = derive(events, structure, NOW), derive(events, structure, NOW + 60 * DAY)

    assert now.visits == later.visits
    assert now.outcomes == later.outcomes
    for key, promise in now.promises.items():
        assert later.promises[key].state == ("broken" if promise.state == "open" else promise.state)


@pytest.mark.parametrize("seed", range(3))
def test_other_sites_change_nothing(seed):
    events, decisions = distinct(random_stream(seed, 600, NOW)), site_decisions(seed, NOW)
    every = facts_of(events, decisions, NOW)
    site = random.Random(seed).choice(sorted({event["siteid"] for event in events}))
    alone = facts_of([event for event in events if event["siteid"] == site], decisions, NOW)

    assert alone.promises == {key: fact for key, fact in every.promises.items() if key[0] == site}
    assert alone.visits == {key: fact for key, fact in every.visits.items() if key[0] == site}
